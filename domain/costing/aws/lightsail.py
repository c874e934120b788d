"""Amazon Lightsail: virtual servers by bundle, disks and load balancers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.context import Context, Coster
from domain.costing.values import GIB, number, text
from domain.usage import Usage

# Generations of bundles that have today's prices.
_GENERATIONS = ("2_0", "3_0")


def instance(context: Context) -> Iterator[Usage]:
    """The server by its bundle: ``small_win_2_0`` is a small one with Windows."""
    bundle = text(context.get("bundleId")) or ""
    size, _, rest = bundle.partition("_")
    windows = rest.startswith("win_")
    if rest.removeprefix("win_") not in _GENERATIONS:
        reason = f"no price of the bundle {bundle or 'that it takes'} is known"
        yield context.unpriceable("virtual server", reason)
        return
    system = "windows" if windows else "linux"
    server = context.hours("virtual_server", f"{size}.{system}")
    yield replace(server, name=f"virtual server, {size}, {system.capitalize()}")


def disk(context: Context) -> Iterator[Usage]:
    """A disk by its size."""
    gib = number(context.get("sizeInGb"))
    yield context.kept("virtual_server", "disk", None if gib is None else gib * GIB)


def load_balancer(context: Context) -> Iterator[Usage]:
    """A load balancer by the hour."""
    yield context.hours("virtual_server", "load_balancer")


COSTERS: dict[str, Coster] = {
    "aws:lightsail/instance:Instance": instance,
    "aws:lightsail/disk:Disk": disk,
    "aws:lightsail/lb:Lb": load_balancer,
}
