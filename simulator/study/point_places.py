"""Where a run that is asked for by hand takes place: a machine type, an accelerator alone, or a
file that describes one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

from domain.catalog import Accelerator, Catalog, Machine
from domain.described import AcceleratorChoice, DescribedAccelerator
from domain.environment import CustomMachine, Market
from domain.errors import CatalogError, InputError, near_misses
from domain.located import Located, parse, read_yaml

_DESCRIPTIONS = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The nodes that it runs on. Without a machine type there is no price, and
    ``network_bytes_per_second`` is NaN: the vendor's reference system is taken."""

    name: str
    accelerator: Accelerator
    accelerators_per_node: int
    is_machine: bool = False
    provider: str | None = None
    region: str | None = None
    market: Market | None = None
    network_bytes_per_second: float = math.nan
    usd_per_hour: float = math.nan
    unpriced: str = "an accelerator alone has no price; name a machine type"
    described: DescribedAccelerator | None = None
    """What ``accelerator`` was made of, where somebody described it."""


def find_place(
    name: str,
    catalog: Catalog,
    *,
    provider: str | None = None,
    region: str | None = None,
    market: Market = "on_demand",
    accelerators_per_node: int | None = None,
) -> Place:
    """A machine type of the catalog, nodes of an accelerator, or what a YAML file describes.

    Without a region a machine is taken where it is cheapest on that market.

    Raises:
        CatalogError: neither a machine nor an accelerator, or not offered there.
    """
    if name.endswith(_DESCRIPTIONS):
        if region is not None:
            raise InputError(f"{name} describes a machine, which no region sells", where="--region")
        return described_place(read_yaml(Path(name), "machine"), catalog, accelerators_per_node)
    shapes = {each.name: each for each in catalog.machines(provider)}
    if name in shapes:
        if accelerators_per_node is not None:
            raise InputError(
                f"{name} has {shapes[name].accelerator_count} accelerators, whatever is asked "
                "for; leave it out, or give an accelerator with --on",
                where="--accelerators-per-node",
            )
        return _machine_place(shapes[name], catalog, region, market)
    try:
        chip = catalog.accelerator(name)
    except CatalogError:
        known = {*shapes, *(each.id for each in catalog.accelerators())}
        at = f" at {provider}" if provider else ""
        raise CatalogError(
            f"no machine type or accelerator '{name}'{at} in the catalog"
            f"{near_misses(name, known) or '; windtunnel catalog show lists them'}",
            where="--on",
        ) from None
    if region is not None:
        raise InputError(
            f"{chip.id} is an accelerator, which no region sells alone; name a machine type",
            where="--region",
        )
    return Place(
        name=chip.id,
        accelerator=chip,
        accelerators_per_node=(1 if chip.is_described else 8)
        if accelerators_per_node is None
        else accelerators_per_node,
    )


def described_place(
    located: Located, catalog: Catalog, accelerators_per_node: int | None = None
) -> Place:
    """Nodes that somebody describes: an accelerator, or a machine as a scenario has it.

    An accelerator alone is one a node, unless more are asked for.

    Raises:
        InputError: the description does not hold together, or names no accelerator.
    """
    if "accelerators" not in located.data:
        described = parse(DescribedAccelerator, located)
        return _accelerator_place(described, located, catalog, accelerators_per_node or 1)
    machine = parse(CustomMachine, located)
    if machine.accelerator is None or not machine.accelerators:
        raise InputError(
            "describes a machine without accelerators; a host without them is described as one "
            "accelerator, like {accelerators: 1, accelerator: {id: lab-host, …}}",
            where=located.name,
        )
    if accelerators_per_node not in (None, machine.accelerators):
        raise InputError(
            f"{located.name} has {machine.accelerators} accelerators, whatever is asked for",
            where="--accelerators-per-node",
        )
    place = _accelerator_place(machine.accelerator, located, catalog, machine.accelerators)
    network = machine.network or place.accelerator.network_bytes_per_second
    return replace(
        place,
        name=Path(located.name).stem,
        is_machine=network is not None,
        provider="custom",
        network_bytes_per_second=network or math.nan,
        usd_per_hour=math.nan if machine.price is None else machine.price,
        unpriced="its description has no price, like 'price: $12/h'",
    )


def _accelerator_place(
    choice: AcceleratorChoice, located: Located, catalog: Catalog, per_node: int
) -> Place:
    try:
        chip = catalog.resolved_accelerator(choice)
    except CatalogError as error:
        raise error.at(located.place(("accelerator",))) from None
    return Place(
        name=chip.id,
        accelerator=chip,
        accelerators_per_node=per_node,
        described=None if isinstance(choice, str) else choice,
        unpriced="a described accelerator has no price; describe its machine, with 'price: $12/h'",
    )


def _machine_place(machine: Machine, catalog: Catalog, region: str | None, market: Market) -> Place:
    if machine.accelerator is None:
        raise InputError(f"{machine.name} has no accelerators", where="--on")
    if region is not None:
        offer = catalog.offer(machine.provider, region, machine.name)
    else:
        offers = catalog.offers(machine.provider, machine=machine.name)
        priced = [each for each in offers if each.usd_per_hour(market) is not None]
        if not offers:
            raise CatalogError(f"{machine.name} is offered in no region known", where="--on")
        offer = min(
            priced or offers, key=lambda each: (each.usd_per_hour(market) or 0, each.region)
        )
    usd = offer.usd_per_hour(market)
    baseline = machine.network_baseline_bytes_per_second
    network = machine.network_bytes_per_second if baseline is None else baseline
    return Place(
        name=machine.name,
        accelerator=catalog.accelerator(machine.accelerator),
        accelerators_per_node=machine.accelerator_count,
        is_machine=True,
        provider=machine.provider,
        region=offer.region,
        market=market,
        network_bytes_per_second=math.nan if network is None else network,
        usd_per_hour=math.nan if usd is None else usd,
        unpriced=offer.why_unpriced(market) if usd is None else "",
    )
