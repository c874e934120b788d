"""What costs nothing by itself, by name, and why.

Each provider's table lists, for a module, the types in it that are free, as they stand in a
Pulumi type between ``/`` and the last colon. What is neither there nor in the registry is
unpriced, and said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from domain.costing.aws import free as aws
from domain.costing.gcp import free as gcp
from domain.costing.kubernetes import COSTERS as OF_CLUSTERS
from domain.costing.reasons import IDENTITY

# What a program makes of these only its own code tells.
_DYNAMIC = ("pulumi-nodejs:dynamic:Resource", "pulumi-python:dynamic:Resource")
# Provider of a type → why nothing of it is billed by a cloud.
_PROVIDERS = {
    "pulumi": "Pulumi's own",
    "pulumi-nodejs": "Pulumi's own",
    "pulumi-python": "Pulumi's own",
    "kubernetes": "it runs on nodes that are billed themselves",
    "random": "no cloud resource",
    "tls": "no cloud resource",
    "command": "no cloud resource",
    "null": "no cloud resource",
    "time": "no cloud resource",
    "local": "no cloud resource",
    "archive": "no cloud resource",
    "cloudinit": "no cloud resource",
    "docker": "no cloud resource",
    "docker-build": "no cloud resource",
    "http": "no cloud resource",
    "std": "no cloud resource",
    "synced-folder": "no cloud resource",
}


@cache
def _by_type() -> Mapping[str, str]:
    return {
        f"{module}/{name}" if name != "*" else module: reason
        for module, names, reason in (*aws.FREE, *gcp.FREE)
        for name in names.split()
    }


def why_free(kind: str) -> str | None:
    """Why a type costs nothing by itself, or None where it is not known to be free."""
    provider, _, _ = kind.partition(":")
    if kind in _DYNAMIC:
        return None
    if provider in _PROVIDERS and kind not in OF_CLUSTERS:
        return _PROVIDERS[provider]
    name, _, _ = kind.rpartition(":")
    module, _, _ = name.partition("/")
    table = _by_type()
    permission = provider == "gcp" and name.lower().endswith(gcp.PERMISSIONS)
    return table.get(name) or table.get(module) or (IDENTITY if permission else None)
