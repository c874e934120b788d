"""Policy documents of AWS: what they allow, to whom, on what, and under which conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.costing.values import blocks, is_list
from domain.resources import SECRET, UNKNOWN, Resource
from policies.attributes import opened
from policies.rule import Undecided
from policies.world import World

# Keys that hold a caller to an account, a network or an organisation (Amazon S3 user guide,
# "the meaning of public", and the like of KMS and EFS).
_CONFINING_KEYS = frozenset(
    (
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:userid",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "elasticfilesystem:accessedviamounttarget",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "sts:externalid",
    )
)
_CONFINING_OPERATORS = frozenset(
    (
        "arnequals",
        "arnlike",
        "bool",
        "ipaddress",
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
    )
)
# The most that one organisation holds of its own: 10.0.0.0/8.
_SHORTEST_PREFIX = 8


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Names of actions are in lower case, as IAM compares them."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    """Kind and name: ``("AWS", "*")``, ``("Service", "ec2.amazonaws.com")``."""
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Operator, key in lower case, values."""
    all_but: bool = False
    """Whether it names the actions that it does *not* speak of (``NotAction``)."""

    @property
    def identities(self) -> tuple[str, ...]:
        """The accounts, roles and users that it names, ``*`` for everybody."""
        return tuple(name for kind, name in self.principals if kind in ("AWS", "*"))


@dataclass(frozen=True, slots=True)
class Document:
    """The statements of one policy of one resource; None where they cannot be read."""

    resource: Resource
    statements: tuple[Statement, ...] | None

    @property
    def unread(self) -> Undecided:
        """That only a deployment will tell what it says."""
        return Undecided(
            f"the policy of '{self.resource.name}' is known only after deployment", self.resource
        )


def documents(world: World, places: Mapping[str, str]) -> Iterator[Document]:
    """The policies of the types of a table of type → input.

    ``inlinePolicies[].policy`` looks into each element of a list.
    """
    for kind, path in places.items():
        name, _, inner = path.partition("[].")
        for resource in world.of_type(kind):
            value = resource.inputs.get(name)
            found = [each.get(inner) for each in blocks(value)] if inner else [value]
            for each in found:
                if each not in (None, ""):
                    yield Document(resource, statements(each))


def statements(value: Any) -> tuple[Statement, ...] | None:
    """The statements of a document, an object or its text; None where it cannot be read."""
    if value in (UNKNOWN, SECRET):
        return None
    document = opened(value)
    if not isinstance(document, Mapping) or document.get("Statement") in (UNKNOWN, SECRET):
        return None
    return tuple(_statement(each) for each in blocks(document.get("Statement")))


def _statement(written: Mapping[str, Any]) -> Statement:
    allows = written.get("Effect", "Allow") == "Allow"
    # What is allowed to all but some is allowed to everybody, strangers too.
    all_but_some = allows and "NotPrincipal" in written
    return Statement(
        allows=allows,
        actions=tuple(
            each.lower() for each in _several(written.get("Action", written.get("NotAction")))
        ),
        # A policy of a resource may leave out which: it is the one it hangs on.
        resources=_several(written.get("Resource", written.get("NotResource", "*"))),
        principals=tuple(_principals("*" if all_but_some else written.get("Principal"))),
        conditions=tuple(_conditions(written.get("Condition"))),
        all_but="NotAction" in written,
    )


def _principals(written: Any) -> Iterator[tuple[str, str]]:
    if isinstance(written, Mapping):
        for kind, names in written.items():
            for name in _several(names):
                yield kind, name
    else:
        for name in _several(written):
            yield "*", name


def _conditions(written: Any) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for operator, keys in written.items() if isinstance(written, Mapping) else ():
        for key, names in keys.items() if isinstance(keys, Mapping) else ():
            yield operator, key.lower(), _several(names)


def _several(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(each) for each in value) if is_list(value) else (str(value),)


def is_confined(statement: Statement) -> bool:
    """Whether a condition says, narrowly enough, who may call or from where."""
    return any(
        key in _CONFINING_KEYS
        and operator.lower().rpartition(":")[2] in _CONFINING_OPERATORS
        and values
        and all(_is_narrow(each) for each in values)
        for operator, key, values in statement.conditions
    )


def is_everybody(principal: str) -> bool:
    """Whether a principal is everybody, or somebody of any account."""
    return principal == "*" or re.match(r"arn:aws[\w-]*:(iam|sts)::\*", principal) is not None


def _is_narrow(value: str) -> bool:
    """Whether a value of a condition picks one account, network or thing."""
    if value.startswith("arn:"):
        parts = value.split(":", 5)
        account = parts[4] if len(parts) > 5 else "*"
        thing = parts[5] if len(parts) > 5 else ""
        # Names of buckets are unique in the world; their ARNs name no account.
        return thing[:1] not in ("*", "") if parts[2] == "s3" else "*" not in account
    if "/" in value and value[:1] in "0123456789abcdef:":
        network = value.rpartition("/")[2]
        return network.isdigit() and int(network) >= _SHORTEST_PREFIX
    # What all organisations, networks or endpoints have in common picks none of them.
    return value.split("*")[0] not in ("", "o-", "vpc-", "vpce-")
