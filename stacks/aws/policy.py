"""Policy documents: what is allowed and denied, as IAM, S3 and KMS read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = dict[str, Any]
Conditions = Mapping[str, Mapping[str, Any]]


def allow(
    actions: Sequence[str] | str,
    resources: Any,
    *,
    principal: Any = None,
    conditions: Conditions | None = None,
) -> Statement:
    """A statement that allows; with a principal where it stands at what it is about."""
    return _statement("Allow", actions, resources, principal, conditions)


def document(*statements: Statement) -> Any:
    """The JSON of a policy; statements may hold outputs."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def service(name: str) -> dict[str, str]:
    """The principal that is a service, like ``ec2.amazonaws.com``."""
    return {"Service": name}


def trust(service_name: str, conditions: Conditions | None = None) -> Any:
    """Who may take on a role: one service."""
    statement = allow(
        "sts:AssumeRole", None, principal=service(service_name), conditions=conditions
    )
    return document(statement)


def only_encrypted(actions: str, resources: Any) -> Statement:
    """Denies whatever does not come over TLS."""
    return _statement("Deny", actions, resources, "*", {"Bool": {"aws:SecureTransport": "false"}})


def _statement(
    effect: str,
    actions: Sequence[str] | str,
    resources: Any,
    principal: Any,
    conditions: Conditions | None,
) -> Statement:
    found: Statement = {"Effect": effect, "Action": actions}
    if resources is not None:
        found["Resource"] = resources
    if principal is not None:
        found["Principal"] = principal
    if conditions:
        found["Condition"] = conditions
    return found
