"""Google Cloud keys and secrets."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, blocks, text
from domain.usage import Usage

_SECRET_VERSION = "gcp:secretmanager/secretVersion:SecretVersion"


_SECRETS = (
    "gcp:secretmanager/secret:Secret",
    "gcp:secretmanager/regionalSecret:RegionalSecret",
)


def key(context: Context) -> Iterator[Usage]:
    """One active version by the month, and its use, dearer in hardware."""
    context.note("A key has one active version; each rotation adds another.")
    template = block(context.get("versionTemplate"))
    level = text(template.get("protectionLevel")) or "SOFTWARE"
    algorithm = text(template.get("algorithm")) or ""
    item, requests = "key", "requests"
    if level == "HSM":
        item = "key.hsm"
        if algorithm and "SYMMETRIC" not in algorithm and "2048" not in algorithm:
            item, requests = "key.hsm_asymmetric", "requests.hsm_asymmetric"
    elif level.startswith("EXTERNAL"):
        item = "key.external"
    yield context.hours("key_management", item)
    yield context.use("key_management", requests, "requests", context.quantities.requests)


def secret(context: Context) -> Iterator[Usage]:
    """What is rotated; versions that are declared are billed, and read, on their own."""
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
    yield context.use("secrets", "requests", "requests", context.quantities.requests)


COSTERS: dict[str, Coster] = {
    "gcp:kms/cryptoKey:CryptoKey": key,
    **dict.fromkeys(_SECRETS, secret),
    _SECRET_VERSION: secret_version,
    "gcp:secretmanager/regionalSecretVersion:RegionalSecretVersion": secret_version,
}
