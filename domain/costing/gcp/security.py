"""Google Cloud keys and secrets."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, blocks
from domain.usage import Usage

_SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"


_SECRETS = (
    "gcp:secretmanager/secret:Secret",
    "gcp:secretmanager/regionalSecret:RegionalSecret",
)


def key(context: Context) -> Iterator[Usage]:
    """One active version by the month, and its use."""
    context.note("A key has one active version; each rotation adds another.")
    yield context.hours("key_management", "key")
    yield context.use("key_management", "requests", "requests", context.quantities.requests)


def secret(context: Context) -> Iterator[Usage]:
    """Reads of a secret; its versions are billed with the versions."""
    if not any(True for _ in context.users(_SECRET_VERSION)):
        yield context.hours("secrets", "version", None)
    yield context.use("secrets", "requests", "requests", context.quantities.requests)
    yield context.use("secrets", "rotations", "requests", None)


def secret_version(context: Context) -> Iterator[Usage]:
    """An active version by the month, in each place that it is kept."""
    parent = context.referred("secret", *_SECRETS)
    replication = block(parent.get("replication")) if parent is not None else {}
    places = blocks(block(replication.get("userManaged")).get("replicas"))
    yield context.hours("secrets", "version", float(max(len(places), 1)))


COSTERS: dict[str, Coster] = {
    "gcp:kms/cryptoKey:CryptoKey": key,
    **dict.fromkeys(_SECRETS, secret),
    _SECRET_VERSION: secret_version,
}
