"""The nodes of a pool as the models and the engine see them: facts joined, defaults filled.

What the catalog does not know stays NaN here. Three figures have a prior because a flight
needs them: the provisioning time, the interruptions of spot capacity whose provider
publishes none, and the page of a bucket that is open above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain.catalog import Accelerator, Catalog, Machine, Offer
from domain.environment import CustomMachine, Environment, Market
from domain.errors import CatalogError, InputError, ScenarioError, near_misses
from domain.figures import money
from simulator.models.failures import interruption_rate_per_second

# Minutes from a request to a node that takes work: assumed, clouds publish none.
_CLOUD_PROVISIONING_SECONDS = 180.0
PROVISIONING_CV = 0.3
# Published spells of scarce spot accelerators last hours (SkyPilot spot traces 2022-2023), and
# Google ended preemptible machines within a day: one interruption a day of each node is
# assumed where the provider gives no rate, or only "above 20 % a month".
_SCARCE_INTERRUPTIONS_PER_SECOND = 1.0 / 86_400.0
_READ_LIMITS = {"aws": "limit.read_requests_per_prefix", "gcp": "limit.initial_read_requests"}
_ASSUMED_RATE = "one interruption a day of each node is assumed"


@dataclass(frozen=True, slots=True)
class Hardware:
    """One node of a pool. A TPU slice is one node of all its chips."""

    pool: str
    provider: str
    region: str
    machine: str
    market: Market
    accelerator: Accelerator | None
    accelerators_per_node: int
    vcpu: float
    network_bytes_per_second: float
    local_nvme_bytes: float
    hosts_per_node: int
    reads_per_second: float
    """First reads that one prefix of a bucket answers."""
    usd_per_hour: float
    unpriced_reason: str
    """What to say where the price is not known."""
    interruptions_per_second: float
    provisioning_seconds: float
    own_usd_per_hour: float | None = None
    """The price that the scenario itself gives, which no catalog knows."""
    notes: tuple[str, ...] = ()

    @property
    def slots(self) -> int:
        """What the scheduler hands out: accelerators, or the node itself where it has none."""
        return max(self.accelerators_per_node, 1)


def resolve_hardware(environment: Environment, pool_name: str, catalog: Catalog) -> Hardware:
    """Joins a pool with what the catalog knows of its machine.

    Raises:
        CatalogError: the machine or its accelerator is unknown, or not offered there.
        ScenarioError: a machine that does not go with the provider.
    """
    pool = environment.pools[pool_name]
    where = f"environment.pools.{pool_name}.machine"
    if isinstance(pool.machine, CustomMachine):
        return _custom(environment, pool_name, pool.machine, catalog, where)
    if environment.provider == "custom":
        raise ScenarioError(
            f"provider 'custom' has no machine '{pool.machine}'; describe it, like "
            "{accelerators: 8, accelerator: a100-sxm4-80gb, price: $12/h}",
            where=where,
        )
    _check_bucket_regions(environment, catalog)
    region = environment.pool_region(pool_name) or ""
    try:
        offer = catalog.offer(environment.provider, region, pool.machine)
    except CatalogError as error:
        raise error.at(where) from None
    machine = catalog.machine(environment.provider, pool.machine)
    rate, note = _interruptions(offer, pool.market)
    return Hardware(
        pool=pool_name,
        provider=environment.provider,
        region=region,
        machine=machine.name,
        market=pool.market,
        accelerator=_accelerator(machine, catalog),
        accelerators_per_node=machine.accelerator_count,
        vcpu=known(machine.vcpu),
        network_bytes_per_second=_sustained(machine),
        local_nvme_bytes=machine.local_nvme_bytes,
        hosts_per_node=machine.vm_count,
        reads_per_second=_reads_per_second(environment.provider, region, catalog),
        usd_per_hour=known(offer.usd_per_hour(pool.market)),
        unpriced_reason=offer.why_unpriced(pool.market),
        interruptions_per_second=rate,
        provisioning_seconds=_CLOUD_PROVISIONING_SECONDS
        if pool.provisioning is None
        else pool.provisioning,
        notes=tuple(each for each in (note, _commitment(offer, pool.market)) if each),
    )


def _custom(
    environment: Environment, name: str, machine: CustomMachine, catalog: Catalog, where: str
) -> Hardware:
    if environment.provider != "custom":
        raise ScenarioError(
            f"a machine that is described belongs to provider 'custom', "
            f"not '{environment.provider}'; name a machine type here",
            where=where,
        )
    pool = environment.pools[name]
    try:
        choice = machine.accelerator
        accelerator = catalog.resolved_accelerator(choice) if choice else None
    except CatalogError as error:
        raise error.at(where) from None
    price = known(machine.price)
    if math.isnan(price):
        try:
            price = known(catalog.offer("custom", "", name).usd_per_hour("on_demand"))
        except CatalogError:
            price = math.nan
    return Hardware(
        pool=name,
        provider="custom",
        region="",
        machine=name,
        market=pool.market,
        accelerator=accelerator,
        accelerators_per_node=machine.accelerators,
        vcpu=known(machine.vcpu),
        network_bytes_per_second=known(
            machine.network or (accelerator.network_bytes_per_second if accelerator else None)
        ),
        local_nvme_bytes=machine.local_nvme,
        hosts_per_node=1,
        reads_per_second=math.inf,
        usd_per_hour=price,
        unpriced_reason=f"pool '{name}' has no price; give its machine one, like 'price: $12/h'",
        interruptions_per_second=_SCARCE_INTERRUPTIONS_PER_SECOND if pool.market == "spot" else 0.0,
        provisioning_seconds=pool.provisioning or 0.0,
        own_usd_per_hour=machine.price,
        notes=(f"spot pool '{name}': {_ASSUMED_RATE}",) if pool.market == "spot" else (),
    )


def _accelerator(machine: Machine, catalog: Catalog) -> Accelerator | None:
    if machine.accelerator is None:
        return None
    return catalog.accelerator(machine.accelerator)


def _interruptions(offer: Offer, market: Market) -> tuple[float, str | None]:
    """Interruptions per second of one node, and what was assumed about them."""
    if market != "spot":
        return 0.0, None
    published = offer.spot_interruption_per_month
    if published is not None and published[1] is not None:
        return interruption_rate_per_second((published[0] + published[1]) / 2), None
    return _SCARCE_INTERRUPTIONS_PER_SECOND, (
        f"spot {offer.machine}: {_ASSUMED_RATE}; "
        + (
            "its provider publishes no rate"
            if published is None
            else "published: above 20 % a month"
        )
    )


def _commitment(offer: Offer, market: Market) -> str | None:
    """What reserving really binds, where the market is that."""
    usd = offer.usd_per_hour(market)
    if market != "reserved" or usd is None:
        return None
    return (
        f"reserved {offer.machine}: billed here for the hours used; the commitment itself is "
        f"{money(usd * 8760)} a node and year, used or not"
    )


def _check_bucket_regions(environment: Environment, catalog: Catalog) -> None:
    regions = catalog.regions(environment.provider)
    for name, storage in environment.storage.items():
        region = getattr(storage, "region", None)
        if region is not None and region not in regions:
            raise CatalogError(
                f"no region '{region}' at {environment.provider} in the catalog"
                f"{near_misses(region, regions)}",
                where=f"environment.storage.{name}.region",
            )


def _sustained(machine: Machine) -> float:
    """The rate that lasts, where the provider tells it; what it allows at most, where not."""
    baseline = machine.network_baseline_bytes_per_second
    return known(machine.network_bytes_per_second if baseline is None else baseline)


def _reads_per_second(provider: str, region: str, catalog: Catalog) -> float:
    limit = catalog.service(provider, "object_storage", _READ_LIMITS[provider], region)
    return limit.value if limit else math.inf


def known(value: float | None) -> float:
    """The value, or NaN where the catalog has none."""
    return math.nan if value is None else float(value)


def pool_nodes(environment: Environment, name: str) -> int:
    """How many nodes a pool flies with.

    Raises:
        ScenarioError: an elastic pool; the engine flies pools of a fixed size.
    """
    pool = environment.pools[name]
    if pool.count is not None:
        return pool.count
    if pool.min == pool.max and pool.min:
        return pool.min
    raise InputError(
        f"is elastic ({pool.min} to {pool.max} nodes); the simulator flies pools of a fixed "
        f"size, so give 'count', for example --set environment.pools.{name}.count={pool.max}",
        where=f"environment.pools.{name}",
    )
