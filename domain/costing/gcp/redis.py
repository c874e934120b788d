"""Memorystore for Redis: capacity, cheaper by the GiB in larger instances."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, integer, number, text
from domain.usage import Usage

# The largest size in GiB of each band of prices (Memorystore for Redis pricing).
_BANDS = {"m1": 4.0, "m2": 10.0, "m3": 35.0, "m4": 100.0, "m5": float("inf")}


def instance(context: Context) -> Iterator[Usage]:
    """Capacity of one node, or of two that stand in for each other."""
    gib = number(context.get("memorySizeGb"))
    if gib is None:
        yield context.unpriceable("memory", f"its size is {KNOWN_LATER}")
        return
    if (integer(context.get("replicaCount")) or 0) > 1:
        yield context.unpriceable("memory", "no price of several read replicas is known")
        return
    tier = "standard" if text(context.get("tier")) == "STANDARD_HA" else "basic"
    band = next(name for name, most in _BANDS.items() if gib <= most)
    yield context.kept("cache", f"redis.{tier}.{band}", gib * GIB)


COSTERS: dict[str, Coster] = {"gcp:redis/instance:Instance": instance}
