"""What a Compute Engine machine is billed as: a machine type, its parts, or both.

A custom machine is billed by the vCPU and the GiB; a GPU that is attached to a machine without
one is a line of its own where the catalog has no price of the two together. No other region's
price stands in for either: they differ by half.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.catalog import Catalog
from domain.costing.context import KNOWN_LATER, Context
from domain.costing.values import integer, last_part, waits
from domain.environment import Market
from domain.errors import CatalogError

_CUSTOM = re.compile(
    r"(?:(?P<family>[a-z]\w*)-)?custom-(?P<vcpu>\d+)-(?P<mib>\d+)(?P<extended>-ext)?"
)
# GiB of each vCPU, above which memory is extended (Compute Engine documentation).
_USUAL_GIB = {"n1": 6.5}
_USUAL_GIB_OF_OTHERS = 8.0

Surcharge = tuple[str, str, float | None]


@dataclass(frozen=True, slots=True)
class BilledAs:
    """The name of a machine with its GPUs, and what is billed for it; as in ``Nodes``."""

    machine: str
    billed_as: str | None = None
    surcharges: tuple[Surcharge, ...] = ()
    gap: str | None = None
    vcpu: float | None = None


def billed_as(
    context: Context, written: str, gpus: list[Mapping[str, Any]], market: Market
) -> BilledAs:
    """The lines of a machine type with these GPUs."""
    name = last_part(written) or written
    later = [key for key in ("type", "count") if gpus and waits(gpus[0].get(key))]
    if later:
        return BilledAs(name, gap=f"the {later[0]} of its GPUs is {KNOWN_LATER}")
    if "custom-" in name:
        return _custom(context, name, market)
    whole = with_gpus(name, gpus, context.catalog)
    if whole == name or _is_offered(context, whole, market):
        return BilledAs(whole, vcpu=_vcpu(context.catalog, whole))
    item = f"{_gpu(gpus[0])}.spot" if market == "spot" else _gpu(gpus[0])
    if market == "reserved" or not _is_priced_there(context, "gpu", item):
        gap = f"no price of {name} with {_gpu(gpus[0])} is known there"
        return BilledAs(whole, gap=gap)
    surcharge = ("gpu", item, float(integer(gpus[0].get("count")) or 1))
    return BilledAs(whole, name, (surcharge,), vcpu=_vcpu(context.catalog, name))


def with_gpus(machine: str, gpus: list[Mapping[str, Any]], catalog: Catalog) -> str:
    """The catalog's name: ``n1-standard-8`` with one T4 is ``n1-standard-8+t4x1``.

    Families that bring their own GPUs keep their name.
    """
    if not gpus:
        return machine
    try:
        if catalog.machine("gcp", machine).accelerator_count:
            return machine
    except CatalogError:
        if not machine.startswith("n1-"):
            return machine
    return f"{machine}+{_gpu(gpus[0])}x{integer(gpus[0].get('count')) or 1}"


def _gpu(written: Mapping[str, Any]) -> str:
    name = last_part(written.get("type")) or ""
    return name.removeprefix("nvidia-").removeprefix("tesla-").removesuffix("-vws")


def _custom(context: Context, name: str, market: Market) -> BilledAs:
    match = _CUSTOM.fullmatch(name)
    if match is None or market == "reserved":
        return BilledAs(name, gap=f"no price of custom machine type {name} is known")
    family = match["family"] or "n1"
    vcpu, gib = float(match["vcpu"]), int(match["mib"]) / 1024
    usual = min(gib, vcpu * _USUAL_GIB.get(family, _USUAL_GIB_OF_OTHERS))
    extended = gib - usual if match["extended"] else 0.0
    prefix = f"{family}.spot" if market == "spot" else family
    parts = [("vcpu", vcpu), ("memory", gib - extended), ("extended_memory", extended)]
    surcharges = tuple(
        ("custom_machine", f"{prefix}.{part}", amount) for part, amount in parts if amount
    )
    for service, item, _ in surcharges:
        if not _is_priced_there(context, service, item):
            gap = f"no price of custom machines is known there ({item.replace('.', ' ')})"
            return BilledAs(name, gap=gap)
    return BilledAs(name, "", surcharges, vcpu=vcpu)


def _is_priced_there(context: Context, service: str, item: str) -> bool:
    price = context.price(service, item)
    return price is not None and price.assumed_from is None


def _is_offered(context: Context, machine: str, market: Market) -> bool:
    try:
        offer = context.catalog.offer("gcp", context.region, machine)
    except CatalogError:
        return False
    return offer.usd_per_hour(market) is not None


def _vcpu(catalog: Catalog, machine: str) -> float | None:
    try:
        return catalog.machine("gcp", machine).vcpu
    except CatalogError:
        return None
