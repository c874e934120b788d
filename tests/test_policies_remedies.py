"""Remedies name properties that there are, with values that fit, in the program's language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from declared import declare, graph_of
from pulumi._types import input_type_py_to_pulumi_names, is_input_type
from typed_inputs import _alternatives, _arguments_class, _hints, _value

from domain.resources import UNKNOWN
from policies import rules
from policies.attributes import Row, Rows, remedy_of
from policies.remedies import camel, in_language_of, snake
from policies.rule import Finding, Rule
from policies.world import World

MODULES = [import_module(f"{rules.__name__}.{each.name}") for each in iter_modules(rules.__path__)]
PARTS: list[Rule] = [rule for module in MODULES for rule in getattr(module, "RULES", ())]
TYPES = sorted(
    {
        type_
        for module in MODULES
        for type_ in re.findall(
            r'"((?:aws|gcp):\w+/\w+:\w+)"', Path(str(module.__file__)).read_text(encoding="utf-8")
        )
    }
)


def typed(hint: Any, value: Any) -> Any:
    """A value whose keys are spelt as in Python, as the engine spells them."""
    choices = _alternatives(hint)
    if isinstance(value, Mapping):
        for each in choices:
            if isinstance(each, type) and is_input_type(each):
                names = input_type_py_to_pulumi_names(each)
                hints = _hints(each)
                return {
                    names.get(key, f"no {key}"): typed(
                        hints[names[key]][0] if key in names else Any, inner
                    )
                    for key, inner in value.items()
                }
        return dict(value)
    if isinstance(value, list):
        inner = [arg for each in choices for arg in getattr(each, "__args__", ())[:1]]
        return [typed(inner[0] if inner else Any, each) for each in value]
    return value


def literal(node: ast.expr) -> Any:
    """What is written; what names another resource is known only after deployment."""
    match node:
        case ast.Dict():
            return {
                literal(key): literal(value)
                for key, value in zip(node.keys, node.values, strict=True)
                if key is not None
            }
        case ast.List():
            return [literal(each) for each in node.elts]
        case ast.Constant():
            return node.value
        case _:
            return UNKNOWN


_OF_THE_PROGRAM = (
    "artifactIdentifier",
    "bucketName",
    "bucketPrefix",
    "clientSubnets",
    "computeType",
    "createRule",
    "encryptionType",
    "fromPort",
    "image",
    "instanceType",
    "name",
    "prefix",
    "protocol",
    "region",
    "retainRule",
    "retentionPeriodHours",
    "securityGroups",
    "storageType",
    "subnetIds",
    "subnets",
    "toPort",
    "type",
)
"""What a block must have beside, and what whoever wrote the block has said already."""


def is_told(fault: str) -> bool:
    path, _, what = fault.partition(": ")
    return what.startswith("missing") and path.rpartition(".")[2] in _OF_THE_PROGRAM


def faults(type_: str, remedy: str) -> Iterator[str]:
    """What the SDK has against what a remedy sets."""
    if not remedy.startswith("set ") or "=" not in remedy:
        return
    arguments = _arguments_class(type_)
    names, hints = input_type_py_to_pulumi_names(arguments), _hints(arguments)
    written = remedy.removeprefix("set ")
    for end in range(len(written), 0, -1):
        try:
            call = ast.parse(f"it({written[:end]})", mode="eval").body
            break
        except SyntaxError:
            continue
    assert isinstance(call, ast.Call)
    for keyword in call.keywords:
        if keyword.arg == "opts":
            continue
        if keyword.arg not in names:
            yield f"{type_}: {arguments.__name__} has no {keyword.arg} ({remedy})"
            continue
        hint, _ = hints[names[keyword.arg]]
        value = typed(hint, literal(keyword.value))
        found = _value(hint, value, str(keyword.arg))
        yield from (f"{type_}: {each}" for each in found if not is_told(each))


ROWS = [
    each
    for rule in PARTS
    if isinstance(rule.judge, Rows)
    for some in rule.judge.table.values()
    for each in some
]


@pytest.mark.parametrize("demand", ROWS, ids=lambda each: f"{each.type} {each.path}")
def test_what_a_table_says_fits_the_sdk(demand: Row) -> None:
    assert list(faults(demand.type, remedy_of([demand]) or "")) == []


@pytest.mark.parametrize("type_", TYPES)
def test_what_a_bare_resource_is_told_fits_the_sdk(type_: str) -> None:
    world = World(graph_of(declare(type_, "it", {})))
    wrong = [
        f"{rule.id}: {fault}"
        for rule in PARTS
        for each in rule.judge(world, rule.settings())
        if isinstance(each, Finding) and each.resource is not None
        for fault in faults(type_, each.remedy or rule.remedy)
    ]
    assert wrong == []


@pytest.mark.parametrize("demand", ROWS, ids=lambda each: f"{each.type} {each.path}")
def test_names_come_back_from_python(demand: Row) -> None:
    first = re.split(r"[.\[?]", demand.path)[0]
    assert camel(snake(first)) == first


KEY = "set server_side_encryption={'enabled': True, 'kms_key_arn': '<ARN>'}, kms_key=key.id"


@pytest.mark.parametrize(
    ("source", "written"),
    [
        (None, KEY),
        ("a.py:7", KEY),
        (
            "index.ts:12",
            "set serverSideEncryption: { enabled: true, kmsKeyArn: '<ARN>' }, kmsKey: key.id",
        ),
        (
            "Pulumi.yaml",
            "set serverSideEncryption: { enabled: true, kmsKeyArn: '<ARN>' }, kmsKey: key.id",
        ),
        (
            "main.go:3",
            'set ServerSideEncryption: { Enabled: true, KmsKeyArn: "<ARN>" }, KmsKey: key.id',
        ),
        (
            "Program.cs:3",
            'set ServerSideEncryption = { Enabled = true, KmsKeyArn = "<ARN>" }, KmsKey = key.id',
        ),
    ],
)
def test_a_remedy_is_in_the_language_of_the_program(source: str | None, written: str) -> None:
    assert in_language_of(source, KEY) == written


@pytest.mark.parametrize(
    ("remedy", "written"),
    [
        (
            "leave can_ip_forward out, or set it to False",
            "leave canIpForward out, or set it to false",
        ),
        ("set metadata={'enable-oslogin': 'TRUE'}", "set metadata: { 'enable-oslogin': 'TRUE' }"),
        ("set opts=ResourceOptions(protect=True)", "set opts: { protect: true }"),
        ("set governance.alert_emails", "set governance.alert_emails"),
        ("name it in logging={'log_bucket': …}", "name it in logging: { logBucket: … }"),
    ],
)
def test_names_in_a_sentence_are_respelt(remedy: str, written: str) -> None:
    assert in_language_of("index.ts", remedy) == written
