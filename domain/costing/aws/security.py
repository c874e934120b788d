"""AWS keys, secrets and parameters."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import number, text
from domain.usage import Usage

_STANDARD_MACHINES = 1000
"""Of an account in a region (Systems Manager user guide, "Configuring instance tiers")."""
_PLAIN_KINDS = ("SYMMETRIC_DEFAULT", "RSA_2048")


def key(context: Context) -> Iterator[Usage]:
    """A key by the month, and its use."""
    yield context.hours("key_management", "key")
    kind = text(context.get("customerMasterKeySpec")) or "SYMMETRIC_DEFAULT"
    plain = kind in _PLAIN_KINDS or kind.startswith("HMAC")
    item = "requests" if plain else "asymmetric_requests"
    yield context.use("key_management", item, "requests", context.quantities.requests)


def secret(context: Context) -> Iterator[Usage]:
    """A secret by the month, and its use."""
    yield context.hours("secrets", "secret")
    yield context.use("secrets", "requests", "requests", context.quantities.requests)


def parameter(context: Context) -> Iterator[Usage]:
    """Advanced parameters by the month; standard ones are free."""
    if text(context.get("tier")) == "Advanced":
        yield context.hours("secrets", "advanced_parameter")
        calls = context.quantities.requests
        yield context.use("secrets", "parameter_requests", "requests", calls)


def activation(context: Context) -> Iterator[Usage]:
    """More machines outside of AWS than the standard tier takes, by the hour."""
    most = number(context.get("registrationLimit"))
    if most is not None and most > _STANDARD_MACHINES:
        yield context.hours("systems_manager", "advanced_machine_hour", None)


COSTERS: dict[str, Coster] = {
    "aws:kms/key:Key": key,
    "aws:kms/replicaKey:ReplicaKey": key,
    "aws:kms/externalKey:ExternalKey": key,
    "aws:kms/replicaExternalKey:ReplicaExternalKey": key,
    "aws:secretsmanager/secret:Secret": secret,
    "aws:ssm/parameter:Parameter": parameter,
    "aws:ssm/activation:Activation": activation,
}
