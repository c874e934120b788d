"""Instances that a service runs for itself: db.*, cache.*, kafka.* and their like, by the hour."""

from __future__ import annotations

import re
from dataclasses import replace

from domain.costing.context import KNOWN_LATER, Context
from domain.usage import Usage

# Regions in which AWS lists the same price of such an instance; elsewhere it is up to half
# as much again, so that the reference region's price is no answer there.
_PRICED_ALIKE = frozenset({"", "us-east-1", "us-east-2", "us-west-2"})
_VCPUS_OF_SMALL = {"t2.micro": 1, "t2.small": 1, "m3.medium": 1, "m1.small": 1}
_VCPUS_UP_TO_LARGE = 2
_VCPUS_OF_XLARGE = 4


def class_hours(
    context: Context,
    service: str,
    kind: str | None,
    variant: str = "",
    count: float = 1,
    what: str = "",
) -> Usage:
    """So many instances of a class for the whole period.

    A gap where the class is not known, or where no price of it is known for this region.

    Args:
        context: the resource that runs them.
        service: the service in the price catalog.
        kind: the class, as ``db.t3.large``.
        variant: what else the price depends on, as an engine.
        count: how many.
        what: what bills call them; the service's name if empty.
    """
    shown = (what or service).replace("_", " ")
    if kind is None:
        return context.unpriceable(shown, f"its class is {KNOWN_LATER}")
    name = f"{shown}, {kind} {variant}".rstrip().replace("_", " ")
    item = f"{kind}.{variant}" if variant else kind
    price = context.price(service, item)
    unlike = price is not None and price.assumed_from and context.region not in _PRICED_ALIKE
    if price is None or unlike:
        where = context.region or "any region"
        return context.unpriceable(name, f"no price of {name} is known for {where}")
    return replace(context.hours(service, item, count), name=name)


def is_burstable(kind: str | None) -> bool:
    """Whether a class earns credits while it idles: t2, t3, t4g."""
    return kind is not None and re.fullmatch(r"t\d\w*", family_of(kind)) is not None


def vcpus_of(kind: str) -> float | None:
    """Processors of a class by its size; None where its name does not tell."""
    family_and_size = ".".join(kind.split(".")[-2:])
    size = kind.rsplit(".", 1)[-1]
    if family_and_size in _VCPUS_OF_SMALL:
        return _VCPUS_OF_SMALL[family_and_size]
    if size in ("micro", "small", "medium", "large"):
        return _VCPUS_UP_TO_LARGE
    times = size.removesuffix("xlarge")
    if times == size or not (times.isdigit() or times == ""):
        return None
    return _VCPUS_OF_XLARGE * float(times or 1)


def family_of(kind: str) -> str:
    """The family in the middle of a class: ``db.t3.large`` → ``t3``."""
    parts = kind.split(".")
    return parts[-2] if len(parts) > 1 else kind
