"""What the catalog holds: one frozen record a fact, in SI units.

Unknown is None, never 0. ``source`` is a key of ``sources.csv`` (several joined by ``|``),
``as_of`` the day on which the fact was observed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.environment import Market

_MADE_WITH = {"megatron": "pytorch"}
"""A framework runs wherever that runs which it is made with."""

DESCRIBED = "described"


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from."""

    key: str
    title: str
    address: str | None
    licence: str | None
    observed: date | None
    holds_prices: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One accelerator chip as its vendor rates it.

    ``peak_flops`` maps a precision (fp32, tf32, fp16, bf16, fp8, int8) to dense operations
    per second, without sparsity; a precision that is absent is unsupported or unpublished.
    Peaks are at boost clock: parts with a low power limit (T4, L4) stay well below.
    ``memory_bytes`` is nominal; drivers leave a few per cent less.
    """

    id: str
    vendor: str
    memory_bytes: float | None
    memory_bytes_per_second: float | None
    peak_flops: Mapping[str, float]
    link_kind: str
    link_bytes_per_second: float | None
    """All links of one chip together, one direction."""
    links: int | None
    tdp_watts: float | None
    measured_bf16_flops: float | None
    """Best matrix product that was measured, where somebody did."""
    frameworks: tuple[str, ...]
    tensorflow_support: str
    tensorflow_reason: str | None
    confidence: str
    source: str
    as_of: date | None
    note: str | None
    network_bytes_per_second: float | None = None
    """Of a node of such accelerators, where its description says it."""

    @property
    def is_described(self) -> bool:
        """Whether a user described it, rather than the catalog."""
        return self.confidence == DESCRIBED

    def supports(self, framework: str) -> str | None:
        """Why ``framework`` does not run here, or None where it does."""
        wanted = framework.lower()
        if _MADE_WITH.get(wanted, wanted) in self.frameworks:
            return None
        runs = f"{self.id} runs {' and '.join(self.frameworks)}"
        if wanted == "tensorflow" and self.tensorflow_reason:
            return f"{self.tensorflow_reason}; {runs}"
        return f"{framework} does not run on {self.id}; {runs}"


@dataclass(frozen=True, slots=True)
class Machine:
    """The shape of one machine type. A TPU slice is one machine of ``vm_count`` hosts.

    Everything is a total over the hosts, but ``accelerator_memory_bytes``, which is of one
    accelerator. ``network_bytes_per_second`` is what the provider allows at most,
    ``network_baseline_bytes_per_second`` what lasts (None where it is not published), and
    ``network_gpu_bytes_per_second`` the part of the former on cards meant for traffic
    between GPUs.
    """

    provider: str
    name: str
    family: str
    host_machine: str | None
    vm_count: int
    vcpu: float | None
    memory_bytes: float | None
    accelerator: str | None
    accelerator_count: int
    accelerator_memory_bytes: float | None
    is_tpu: bool
    network_bytes_per_second: float | None
    network_baseline_bytes_per_second: float | None
    network_gpu_bytes_per_second: float | None
    local_nvme_bytes: float
    """In the price of the machine."""
    local_nvme_optional_bytes: float
    """What may be attached at extra cost."""
    efa_interfaces: int
    source: str
    as_of: date | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What one machine type costs in one region; a price that nobody observed is None.

    Spot is the median over zones where zones were seen, else the regional price, with the
    lowest and highest zone beside it. Commitments are per cent off the on-demand price.
    ``spot_interruption_per_month`` is the share of instances that the provider took back
    within a month, as a range whose upper end is None where the provider does not say.
    """

    provider: str
    region: str
    machine: str
    on_demand_usd_per_hour: float | None
    spot_usd_per_hour: float | None
    spot_low_usd_per_hour: float | None
    spot_high_usd_per_hour: float | None
    commit_1y_usd_per_hour: float | None
    commit_3y_usd_per_hour: float | None
    spot_interruption_per_month: tuple[float, float | None] | None
    reason_unpriced: str | None
    """Why there is no on-demand price."""
    source: str
    as_of: date | None
    spot_source: str | None = None
    spot_as_of: date | None = None
    commitment_source: str | None = None
    commitment_as_of: date | None = None

    def usd_per_hour(self, market: Market) -> float | None:
        """The price on one market; ``reserved`` is a commitment of one year."""
        if market == "on_demand":
            return self.on_demand_usd_per_hour
        return self.spot_usd_per_hour if market == "spot" else self.commit_1y_usd_per_hour

    def origin(self, market: Market) -> tuple[str, date | None]:
        """Source and day of the price on one market."""
        if market == "spot" and self.spot_source:
            return self.spot_source, self.spot_as_of
        if market == "reserved" and self.commitment_source:
            return self.commitment_source, self.commitment_as_of
        return self.source, self.as_of

    def why_unpriced(self, market: Market) -> str:
        """The reason for a missing price, for the bill."""
        if market == "on_demand" and self.reason_unpriced:
            return self.reason_unpriced
        name = {"on_demand": "on-demand", "spot": "spot", "reserved": "one-year commitment"}[market]
        return f"no {name} price of {self.machine} is known for {self.region}"


@dataclass(frozen=True, slots=True)
class Tier:
    """A price, or another figure, that holds above a quantity (in the unit's own measure)."""

    above: float
    value: float


@dataclass(frozen=True, slots=True)
class ServicePrice:
    """A figure of a service: a price per unit, graduated where it has more than one tier.

    ``region`` is where the figure was observed ('*' = everywhere); where it is not
    ``asked_region`` the price is assumed to hold there too, and bills say so.
    """

    provider: str
    service: str
    item: str
    region: str
    asked_region: str
    tiers: tuple[Tier, ...]
    unit: str
    source: str
    as_of: date | None
    note: str | None

    @property
    def value(self) -> float:
        """The figure of the first tier."""
        return self.tiers[0].value

    @property
    def assumed_from(self) -> str | None:
        """The region whose price stands in for the one asked for, if any does."""
        return None if self.region in ("*", self.asked_region) else self.region
