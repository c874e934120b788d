"""Which machines a stack buys, on which market, and whether they would be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import Field

from domain.costing.values import block, integer, last_part, text
from domain.figures import money, percent
from domain.frozen import Frozen
from domain.quantity import PositiveUsd, UsdPerHour
from domain.resources import Resource
from policies.fleets import Fleet
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.watching import IDLE, is_watched
from policies.world import World

_HOURS_PER_MONTH = 730
_RESERVATIONS = (
    "aws:ec2/capacityReservation:CapacityReservation",
    "gcp:compute/reservation:Reservation",
)
_SCHEDULE = "aws:autoscaling/schedule:Schedule"
_RESOURCE_POLICY = "gcp:compute/resourcePolicy:ResourcePolicy"

# Families that their providers sell newer ones of (EC2 user guide, "Previous generation
# instances"; Compute Engine, "GPU platforms": P4, P100 and V100 are on N1 only).
_OLDER = {
    "aws": {
        "p2.*": "g5 or g6",
        "p3.*": "p4d or g6e",
        "p3dn.*": "p4d",
        "g3.*": "g5 or g6",
        "g3s.*": "g5 or g6",
        "inf1.*": "inf2",
        "m3.*": "m7i",
        "m4.*": "m7i",
        "c3.*": "c7i",
        "c4.*": "c7i",
        "r3.*": "r7i",
        "r4.*": "r7i",
        "t2.*": "t3 or t4g",
        "i2.*": "i4i",
    },
    "gcp": {
        "n1-*+*k80*": "g2",
        "n1-*+*p4*": "g2",
        "n1-*+*p100*": "a2",
        "n1-*+*v100*": "a2",
        "tpu-v2-*": "tpu-v5litepod",
        "tpu-v3-*": "tpu-v5litepod",
    },
}


class SpotShare(Frozen):
    """How many of the nodes may, and must, be on spot."""

    max_share: float = Field(default=1.0, ge=0, le=1)
    min_share: float = Field(default=0.0, ge=0, le=1)


class MachineTypes(Frozen):
    """The machine types that may be bought; none named allows all. ``*`` stands for anything."""

    allowed: tuple[str, ...] = ()


class IdleAccelerators(Frozen):
    """From which price on accelerators must not idle unseen."""

    from_usd_per_hour: UsdPerHour = 1.0


class Commitments(Frozen):
    """From which saving on a commitment is worth a look."""

    from_usd_per_month: PositiveUsd = 1000.0


def spot_share(world: World, settings: SpotShare) -> Iterator[Judgement]:
    """The share of nodes on spot is within what the environment allows."""
    nodes = {"spot": 0, "all": 0}
    for fleet in world.fleets:
        if fleet.count is None:
            yield Undecided(f"how many nodes there are is not known: {fleet.gap}", fleet.resource)
            return
        nodes["all"] += fleet.count
        nodes["spot"] += fleet.count * (fleet.market == "spot")
    if not nodes["all"]:
        return
    share = nodes["spot"] / nodes["all"]
    told = f"{nodes['spot']} of {nodes['all']} nodes ({percent(share)}) are on spot"
    if share > settings.max_share:
        yield Finding(f"{told}, at most {percent(settings.max_share)} may be")
    elif share < settings.min_share:
        yield Finding(
            f"{told}, at least {percent(settings.min_share)} ought to be",
            remedy="buy pools that can be interrupted on spot (market: spot)",
        )


def machine_types(world: World, settings: MachineTypes) -> Iterator[Judgement]:
    """Machines are of the types that the environment allows."""
    if not settings.allowed:
        return
    for fleet in world.fleets:
        if fleet.machine is None:
            yield Undecided(f"the machine type is not known: {fleet.gap}", fleet.resource)
        elif not any(fnmatchcase(fleet.machine, each) for each in settings.allowed):
            yield Finding(
                f"{fleet.called} is not one of the allowed types: {', '.join(settings.allowed)}",
                fleet.resource,
            )


def idle_accelerators(world: World, settings: IdleAccelerators) -> Iterator[Judgement]:
    """Expensive accelerators stop when nothing runs on them, or somebody hears of it."""
    for fleet in world.fleets:
        dear = (fleet.usd_per_hour or 0) >= settings.from_usd_per_hour
        if not fleet.accelerators or not dear or fleet.smallest == 0:
            continue
        if not _is_scheduled(world, fleet) and not is_watched(world, fleet, IDLE, below=True):
            yield Finding(
                f"{fleet.called} costs {money(fleet.usd_per_hour or 0)} an hour, used or not, and "
                "nothing stops it or rings when it idles",
                fleet.resource,
            )


def _is_scheduled(world: World, fleet: Fleet) -> bool:
    if world.users(fleet.resource, _SCHEDULE):
        return True
    policy = world.referred(fleet.resource, "resourcePolicies", _RESOURCE_POLICY)
    return policy is not None and bool(policy.get("instanceSchedulePolicy"))


def commitments(world: World, settings: Commitments) -> Iterator[Judgement]:
    """Machines that run all month are bought with a commitment where that saves much."""
    for fleet in world.fleets:
        saving = (fleet.saving_usd_per_hour or 0) * _HOURS_PER_MONTH
        steady = fleet.smallest is None or fleet.smallest == fleet.count
        if steady and saving >= settings.from_usd_per_month:
            yield Finding(
                f"{fleet.called} runs on demand all month; a commitment of one year would save "
                f"{money(saving)} a month",
                fleet.resource,
            )


def reservations_used(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Reserved capacity is paid for whether it is used or not; as many nodes use it."""
    running: dict[tuple[str, str], int] = defaultdict(int)
    unknown: set[str] = set()
    for fleet in world.fleets:
        if fleet.machine and fleet.count is not None and fleet.market != "spot":
            # The catalog's names of GCP machines end in the accelerators that are attached.
            running[fleet.provider, fleet.machine.partition("+")[0]] += fleet.count
        elif fleet.market != "spot":
            unknown.add(fleet.provider)
    for reservation in world.of_type(*_RESERVATIONS):
        provider = reservation.type.partition(":")[0]
        machine, count = reserved(reservation)
        if machine is None or count is None:
            yield Undecided("what is reserved is known only after deployment", reservation)
        elif running[provider, machine] < count:
            if provider in unknown:
                yield Undecided("how many nodes use it is not known", reservation)
                continue
            yield Finding(
                f"'{reservation.name}' reserves {count} × {machine}, and "
                f"{running[provider, machine]} run here: the rest is paid for and idle",
                reservation,
            )


def reserved(reservation: Resource) -> tuple[str | None, int | None]:
    """Machine type and number of a capacity reservation."""
    if reservation.type.startswith("aws:"):
        return text(reservation.get("instanceType")), integer(reservation.get("instanceCount"))
    specific = block(reservation.get("specificReservation"))
    properties = block(specific.get("instanceProperties"))
    return last_part(properties.get("machineType")), integer(specific.get("count"))


def current_generation(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Machines are of a generation that is still built: newer ones do more for the money."""
    for fleet in world.fleets:
        for pattern, newer in _OLDER.get(fleet.provider, {}).items():
            if fleet.machine and fnmatchcase(fleet.machine, pattern):
                yield Finding(
                    f"{fleet.called} is of an older generation; {newer} does more for the money",
                    fleet.resource,
                )


RULES: tuple[Rule, ...] = (
    Rule(
        id="spot-share",
        title="The share of spot nodes is within limits",
        category="cost",
        judge=spot_share,
        settings=SpotShare,
        remedy="buy pools that must not be interrupted on demand or reserved",
    ),
    Rule(
        id="machine-types-allowed",
        title="Machines are of the allowed types",
        category="cost",
        judge=machine_types,
        settings=MachineTypes,
        remedy="take an allowed type, or add this one to the environment's list in policy.yaml",
    ),
    Rule(
        id="idle-accelerators",
        title="Expensive accelerators do not idle unseen",
        category="cost",
        severity="advisory",
        judge=idle_accelerators,
        settings=IdleAccelerators,
        remedy="let the group shrink to nothing (min: 0), stop it by a schedule, or set an alarm "
        "on the utilisation of its accelerators",
        guides=("AWS Well-Architected, cost optimisation: COST09", "Cloud TPU: monitoring"),
    ),
    Rule(
        id="commitments-used",
        title="What runs all month is committed where that saves much",
        category="cost",
        severity="advisory",
        judge=commitments,
        settings=Commitments,
        remedy="buy a savings plan, reserved instances or a committed use discount (market: "
        "reserved), or let the pool run part of the month",
        guides=("AWS Well-Architected, cost optimisation: COST07", "Compute Engine: CUDs"),
    ),
    Rule(
        id="reservations-used",
        title="Reserved capacity is used",
        category="cost",
        severity="advisory",
        judge=reservations_used,
        remedy="reserve as many as run, or let the pool take the rest",
        guides=("EC2 user guide: On-Demand Capacity Reservations",),
    ),
    Rule(
        id="current-machine-generation",
        title="Machines are of a current generation",
        category="cost",
        severity="advisory",
        judge=current_generation,
        remedy="take a machine of a newer family; 'windtunnel choose' compares architectures",
        guides=("EC2 user guide: previous generation instances", "Compute Engine: GPU machines"),
    ),
)
