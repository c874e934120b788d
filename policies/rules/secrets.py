"""Secrets that stand in plain where everybody who may look at a stack can read them.

No message repeats what it found.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.kinds import usual_type
from domain.costing.values import block, is_list
from domain.resources import SECRET, UNKNOWN, Resource
from policies.attributes import is_json
from policies.demands import at
from policies.remedies import snake
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_SHAPES = {
    "an access key of AWS": r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",
    "a secret key of AWS": r"(?i:secret_?(?:access_?)?key)[\"']?\s*[=:]\s*[\"']?"
    r"[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    "a private key": r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a token of Slack": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a webhook of Slack": r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/\w{16,}",
    "a key of Google's APIs": r"\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{34}(?![A-Za-z0-9])",
    "a key of OpenAI or Anthropic": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{40,}",
    "a live key of Stripe": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a token of npm": r"\bnpm_[A-Za-z0-9]{36}(?![A-Za-z0-9])",
    "a token of PyPI": r"\bpypi-AgEI[A-Za-z0-9_-]{50,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@{$<]+:[^\s/:@{$<]{3,}@(?!sha256:)[^\s/]+",
}
"""What it is → how it looks. Only shapes that nothing else has: to guess by randomness alone
would take every hash for a secret."""

_ANY = re.compile(
    "|".join(f"(?P<shape{number}>{shape})" for number, shape in enumerate(_SHAPES.values()))
)
_KINDS = tuple(_SHAPES)

_USER_DATA = (
    "userData",
    "userDataBase64",
    "metadataStartupScript",
    "metadata.startup-script",
)
_ENCODED = frozenset({"userData", "userDataBase64"})

_PASSWORDS = frozenset(
    {
        "adminPassword",
        "authToken",
        "masterPassword",
        "masterUserPassword",
        "password",
        "preSharedKey",
        "rootPassword",
        "secretData",
        "secretKey",
        "secretString",
        "sharedSecret",
    }
)
_ENVIRONMENT = re.compile(r"env|environment|variables", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_?KEY)$",
    re.IGNORECASE,
)
_SECRET_WORD = re.compile(
    r"(?:^|[_\-./])(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]key|"
    r"secret[_-]?key|private[_-]?key)$"
)
_ELSEWHERE = re.compile(
    r"arn:|projects/|/|https?://|gs://|s3://|\$\{|\{\{|ref-|true$|false$|\d{0,3}$", re.IGNORECASE
)
"""How a value begins that only says where a secret is kept."""


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a value and where it stands, also in JSON that is written as text.

    Pairs of a ``name`` and a ``value``, as containers have their variables, stand under their
    name.
    """
    if isinstance(value, Mapping):
        name = value.get("name")
        if isinstance(name, str) and "value" in value:
            yield from leaves(value["value"], (*path, name))
            return
        for key, each in value.items():
            yield from leaves(each, (*path, str(key)))
    elif is_list(value):
        for each in value:
            yield from leaves(each, path)
    elif isinstance(value, str):
        if is_json(value):
            try:
                yield from leaves(json.loads(value), path)
                return
            except (ValueError, RecursionError):
                pass
        yield path, value


def _decoded(path: tuple[str, ...], value: str) -> str:
    if path and path[-1] in _ENCODED:
        try:
            return base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError):
            return value
    return value


def _ours(world: World) -> Iterator[Resource]:
    """Everything that the stack manages, and the settings of its providers."""
    return (each for each in world.graph.resources if each.custom and not each.external)


def known_shapes(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No user data, variable, property or configuration holds what looks like a credential.

    Whoever may read the stack's state, the machine's metadata or the program may use it.
    """
    for resource in _ours(world):
        for path, value in leaves(resource.inputs):
            # A name and its value are looked at together: the shape of some is in both.
            found = _ANY.search(f"{path[-1] if path else ''}={_decoded(path, value)}")
            if found:
                kind = _KINDS[int(str(found.lastgroup).removeprefix("shape"))]
                yield Finding(f"'{resource.name}' holds {kind} in {'.'.join(path)}", resource)
                break
    for key, setting in world.graph.config.items():
        found = _ANY.search(f"{key}={setting}")
        if found:
            kind = _KINDS[int(str(found.lastgroup).removeprefix("shape"))]
            yield Finding(
                f"the configuration holds {kind} in {key}",
                remedy=f"set it with: pulumi config set --secret {key}",
            )


def user_data(world: World, _: NoSettings) -> Iterator[Judgement]:
    """What machines run when they start is not made from a secret.

    User data and start-up scripts stand in the machine's metadata, in plain, for everything
    that runs there and everybody who may describe the machine.
    """
    for resource in _ours(world):
        for path in _USER_DATA:
            value = at(resource, path)
            if value == SECRET:
                yield Finding(f"'{resource.name}' builds {path} from a secret", resource)
            elif value == UNKNOWN:
                yield Undecided(
                    f"{path} of '{resource.name}' is known only after deployment", resource
                )


def passwords(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Passwords are Pulumi secrets, or names of secrets, in properties and in variables.

    What is not marked a secret stands in plain in the state and in every preview.
    """
    for resource in _ours(world):
        plain = _plain_text(resource)
        if plain:
            yield plain
            continue
        for path, value in leaves(resource.inputs):
            if value in (SECRET, UNKNOWN) or not value or _ELSEWHERE.match(value):
                continue
            variable = any(_ENVIRONMENT.fullmatch(each) for each in path[:-1])
            named = variable and _SECRET_NAME.search(path[-1])
            if named or (path and path[-1] in _PASSWORDS):
                yield Finding(f"'{resource.name}' holds {'.'.join(path)} in plain", resource)
                break


def _plain_text(resource: Resource) -> Finding | None:
    """What is called like a password where nothing is encrypted: a plain parameter of Systems
    Manager, or metadata of machines of Google, which whoever runs on them may read."""
    kind = usual_type(resource.type)
    if kind == "aws:ssm/parameter:Parameter":
        named = {str(resource.inputs.get("name") or resource.name): resource.inputs.get("value")}
        kept, remedy = "as a String", "set type='SecureString', with a value marked as a secret"
        found = named if resource.inputs.get("type") in ("String", "StringList") else {}
    elif kind.startswith(("gcp:compute/", "gcp:tpu/")):
        kept, remedy = "in metadata", "keep it in Secret Manager and let the machine fetch it"
        found = dict(block(resource.inputs.get("metadata")))
        if kind == "gcp:compute/projectMetadataItem:ProjectMetadataItem":
            found = {str(resource.inputs.get("key")): resource.inputs.get("value")}
    else:
        return None
    for name, value in found.items():
        written = isinstance(value, str) and value and value not in (SECRET, UNKNOWN)
        if written and _SECRET_WORD.search(snake(name)) and not _ELSEWHERE.match(str(value)):
            return Finding(f"'{resource.name}' holds {name} in plain, {kept}", resource, remedy)
    return None


RULES: tuple[Rule, ...] = (
    Rule(
        id="no-secrets-in-plain",
        title="Nothing holds a credential in plain",
        category="security",
        judge=known_shapes,
        remedy="withdraw that credential, keep a new one in a secret manager and let the machine "
        "fetch it as its own role",
        references=("CKV_AWS_41", "CKV_AWS_45", "CKV_AWS_46"),
        guides=(
            "EC2 user guide: do not store sensitive data in user data",
            "CIS GCP Foundation: secrets are not stored in Cloud Functions environment variables",
        ),
    ),
    Rule(
        id="user-data-without-secrets",
        title="What machines run at start is not made from a secret",
        category="security",
        judge=user_data,
        remedy="keep it in a secret manager and let the machine fetch it as its own role",
        guides=("EC2 user guide: user data is not protected", "Secret Manager: best practices"),
        scope="resource",
    ),
    Rule(
        id="passwords-marked-secret",
        title="Passwords are marked as secrets",
        category="security",
        judge=passwords,
        remedy="read it with config.require_secret(…), or wrap it in pulumi.Output.secret(…)",
        references=("CKV_AWS_295",),
        guides=("Pulumi: secrets handling", "Secret Manager: best practices"),
        scope="resource",
    ),
)
