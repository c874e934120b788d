"""A program of 86 resources on both clouds, against what a real engine said about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from domain.located import Located
from domain.resources import SECRET, STACK_TYPE, UNKNOWN, ResourceGraph
from stacks.synthesis import synthesise
from stacks.synthesis.passphrase import Decrypter

STACK = """
config:
  aws:region: us-east-1
  gcp:project: demo
  gcp:region: us-central1
  gcp:zone: us-central1-a
  gcp: {machineType: a3-highgpu-8g, size: 2}
  pools:
    - {name: train, instanceType: p4d.24xlarge, desired: 2, market: on-demand}
    - {name: spot, instanceType: g5.12xlarge, desired: 4, market: spot}
  dbPassword: {secure: AAABAP}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    shared = request.getfixturevalue("shared_data").parent / "reference" / "pulumi"
    source = shared / "resource_arguments_checked.py"
    if not source.is_file():
        pytest.skip("no shared data: the reference program")
    folder = tmp_path_factory.mktemp("reference")
    (folder / "Pulumi.yaml").write_text("name: accel-demo\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(STACK)
    (folder / "__main__.py").write_text(source.read_text())
    return folder


@pytest.fixture(scope="module")
def graph(program: Path) -> ResourceGraph:
    return synthesise(program, "dev", cache=None)


def test_a_preview_is_what_the_real_cli_previews(graph: ResourceGraph, shared_data: Path) -> None:
    preview = json.loads((shared_data / "pulumi" / "cli_preview_create.json").read_text())
    states = {step["urn"]: step["newState"] for step in preview["steps"]}
    ours = {each.urn: each for each in graph.resources if not each.external}
    assert set(ours) == set(states)
    for urn, state in states.items():
        mine = ours[urn]
        assert mine.parent == state.get("parent"), urn
        assert mine.provider == state.get("provider"), urn
        assert set(mine.dependencies) == set(state.get("dependencies", ())), urn
        assert {key: set(urns) for key, urns in mine.property_dependencies.items()} == {
            key: set(urns) for key, urns in state.get("propertyDependencies", {}).items()
        }, urn
        assert mine.protect == state.get("protect", False), urn
        assert list(mine.ignore_changes) == state.get("ignoreChanges", []), urn
        if "__main__.py" in (position := state.get("sourcePosition", "")):
            assert f"project:///{mine.source}" == position.replace("#", ":"), urn
        if not mine.is_provider:
            assert _same_inputs(dict(mine.inputs), state.get("inputs", {})), urn


def _same_inputs(ours: Any, theirs: Any) -> bool:
    """Equal but for what the stand-in cloud of the real preview made up as its answer."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return set(ours) == set(theirs) and all(_same_inputs(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_same_inputs, ours, theirs))
    made_up = isinstance(ours, str) and ours.startswith(("ami-", "serviceAccount:service-"))
    return bool(ours == theirs or made_up)


def test_every_resource_says_where_it_is_declared(graph: ResourceGraph) -> None:
    places = {
        each.name: each.source
        for each in graph.resources
        if each.type not in ("pulumi:pulumi:Stack",)
    }
    assert all(place and place.startswith("__main__.py:") for place in places.values())


def test_user_data_made_of_a_secret_is_not_shown(graph: ResourceGraph) -> None:
    template = next(each for each in graph.resources if each.name == "lt-train")
    assert template.inputs["userData"] == SECRET
    assert graph.outputs["password"] == SECRET
    assert graph.outputs["bucket"] == UNKNOWN


def test_resolved_mode_knows_everything_and_finds_references(program: Path) -> None:
    resolved = synthesise(program, "dev", mode="resolved", cache=None)
    by_name = {each.name: each for each in resolved.resources}
    group = by_name["asg-train"]
    template = resolved.referred(group, "launchTemplate", "aws:ec2/launchTemplate:LaunchTemplate")
    assert template is by_name["lt-train"]
    policy = json.loads(by_name["data-tls"].inputs["policy"])
    assert policy["Statement"][0]["Resource"][0].startswith("arn:aws:s3:::data-")
    assert UNKNOWN not in json.dumps([dict(each.inputs) for each in resolved.resources])


def test_the_real_clis_passphrase_encryption_opens(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = json.loads((shared_data / "pulumi" / "cli_stack_export.json").read_text())
    deployment = export["deployment"]
    salt = deployment["secrets_providers"]["state"]["salt"]
    stack = next(each for each in deployment["resources"] if each["type"] == STACK_TYPE)
    ciphertext = stack["outputs"]["password"]["ciphertext"]
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    decrypter = Decrypter(Located({"encryptionsalt": salt}, "export"))
    assert json.loads(decrypter.open(ciphertext, "export") or "null") == "hunter2"
