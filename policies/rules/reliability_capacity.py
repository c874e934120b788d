"""Whether the machines can be had, kept, and scaled within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from domain.costing.kinds import usual_type
from domain.costing.values import block, blocks, text
from domain.errors import CatalogError
from domain.figures import digits, percent
from domain.frozen import Frozen
from domain.resources import Resource
from policies.fleets import AUTOSCALERS, Fleet
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.rules.cost_machines import reserved
from policies.rules.cost_traffic import zones_of
from policies.world import World

_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_GCP_TEMPLATES = (
    "gcp:compute/instanceTemplate:InstanceTemplate",
    "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate",
)
_GCP_GROUPS = (
    "gcp:compute/instanceGroupManager:InstanceGroupManager",
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager",
)
_ZONAL_GROUP = _GCP_GROUPS[0]
_RESERVATIONS = (
    "aws:ec2/capacityReservation:CapacityReservation",
    "aws:ec2/capacityBlockReservation:CapacityBlockReservation",
    "gcp:compute/reservation:Reservation",
)
_LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_PLACEMENT = "aws:ec2/placementGroup:PlacementGroup"
_BALANCED_BY = ("targetGroupArns", "loadBalancers", "trafficSources")


class SeveralZones(Frozen):
    """How many zones a service has to stand in."""

    min_zones: PositiveInt = 2


class ScalingLimits(Frozen):
    """How far a group may grow by itself."""

    max_nodes: PositiveInt = 100


class Quota(Frozen):
    """What the provider lets an account run at once, of some machines in some regions."""

    machines: str
    """A pattern, like ``p4d.*``."""
    limit: PositiveFloat
    unit: Literal["nodes", "vcpu", "accelerators"] = "nodes"
    region: str = "*"
    market: Literal["on_demand", "spot", "reserved", "*"] = "*"


class Quotas(Frozen):
    """The quotas of the account, and the share of each to leave free."""

    quotas: tuple[Quota, ...] = ()
    headroom: float = Field(default=0.1, ge=0, lt=1)


class ScarceCapacity(Frozen):
    """From how many accelerators of one pool on capacity has to be reserved."""

    from_accelerators: PositiveInt = 16


def several_zones(world: World, settings: SeveralZones) -> Iterator[Judgement]:
    """Services stand in several zones, so that one that fails does not take them down. Groups of
    accelerators are left to training-in-one-zone, unless a load balancer sends them requests."""
    for fleet in world.fleets:
        resource = fleet.resource
        if usual_type(resource.type) not in (_GROUP, *_GCP_GROUPS):
            continue
        if fleet.accelerators and not any(resource.inputs.get(key) for key in _BALANCED_BY):
            continue
        zones = {"its zone"} if resource.type == _ZONAL_GROUP else zones_of(world, fleet)
        if zones is not None and len(zones) < settings.min_zones:
            where = ", ".join(sorted(zones))
            yield Finding(f"{fleet.called} stands in {where} only", resource)
    for balancer in world.of_type(_LOAD_BALANCER):
        subnets = balancer.inputs.get("subnets") or balancer.inputs.get("subnetMappings")
        if isinstance(subnets, list | tuple) and len(subnets) < settings.min_zones:
            yield Finding(f"'{balancer.name}' stands in {len(subnets)} zone only", balancer)


def scaling_limits(world: World, settings: ScalingLimits) -> Iterator[Judgement]:
    """A group grows to a bound that somebody chose: a loop in a scheduler is a bill otherwise."""
    for fleet in world.fleets:
        if fleet.largest is not None and fleet.largest > settings.max_nodes:
            yield Finding(
                f"{fleet.called} may grow to {fleet.largest} nodes, {settings.max_nodes} are "
                "allowed",
                fleet.resource,
            )
    for scaler in world.of_type(*AUTOSCALERS):
        policy = block(scaler.get("autoscalingPolicy"))
        if policy and policy.get("mode") == "OFF":
            yield Finding(f"'{scaler.name}' is turned off, so that nothing scales", scaler)


def quota_headroom(world: World, settings: Quotas) -> Iterator[Judgement]:
    """What may run at once stays below the account's quotas: beyond them, nodes do not start."""
    for quota in settings.quotas:
        used = 0.0
        for fleet in world.fleets:
            if not _falls_under(quota, fleet):
                continue
            each = {"nodes": 1.0, "vcpu": fleet.vcpu, "accelerators": float(fleet.accelerators)}
            size = each[quota.unit]
            if fleet.largest is None or size is None:
                yield Undecided(f"how many {quota.unit} it takes is not known", fleet.resource)
                continue
            used += fleet.largest * size
        if used > quota.limit * (1 - settings.headroom):
            yield Finding(
                f"{quota.machines} in {quota.region} take up to {digits(used)} of "
                f"{digits(quota.limit)} {quota.unit}, and {percent(settings.headroom)} are to "
                "stay free"
            )


def _falls_under(quota: Quota, fleet: Fleet) -> bool:
    return (
        fnmatchcase(fleet.machine or "", quota.machines)
        and fnmatchcase(fleet.region or "", quota.region)
        and quota.market in ("*", fleet.market)
    )


def scarce_capacity(world: World, settings: ScarceCapacity) -> Iterator[Judgement]:
    """Many accelerators at once are reserved: on demand they may not be there on the day of the
    deadline."""
    held = {reserved(each)[0] for each in world.of_type(*_RESERVATIONS)}
    for fleet in world.fleets:
        accelerators = fleet.accelerators * (fleet.count or 0)
        if fleet.market != "on_demand" or accelerators < settings.from_accelerators:
            continue
        machine = (fleet.machine or "").partition("+")[0]
        if machine not in held and not _names_reservation(world, fleet.resource):
            yield Finding(
                f"{fleet.called} asks for {accelerators} accelerators at once, and nothing "
                "reserves them",
                fleet.resource,
            )


def _names_reservation(world: World, resource: Resource) -> bool:
    places = [resource]
    for key in ("launchTemplate", "mixedInstancesPolicy", "versions", "instanceTemplate"):
        template = world.referred(resource, key, _TEMPLATE, *_GCP_TEMPLATES)
        if template is not None:
            places.append(template)
    for each in places:
        specification = block(each.get("capacityReservationSpecification"))
        affinity = block(each.get("reservationAffinity"))
        if specification.get("capacityReservationTarget"):
            return True
        if affinity.get("type") == "SPECIFIC_RESERVATION":
            return True
    return False


def offered_here(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A machine type is sold in the region that asks for it, as far as the catalog knows."""
    for fleet in world.fleets:
        if not fleet.machine or not fleet.region:
            continue
        try:
            world.catalog.machine(fleet.provider, fleet.machine)
        except CatalogError:
            continue  # a machine that the catalog does not know may be sold anywhere
        try:
            world.catalog.offer(fleet.provider, fleet.region, fleet.machine)
        except CatalogError as error:
            yield Finding(f"{fleet.called}: {error.message}", fleet.resource)


def cluster_placement(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A group that is placed together has one zone to be in: a cluster placement group spans no
    zones, and launches in a second one fail."""
    for fleet in world.fleets:
        template = world.referred(fleet.resource, "launchTemplate", _TEMPLATE)
        for each in (fleet.resource, *([template] if template else [])):
            key = "placement" if each is template else "placementGroup"
            group = world.referred(each, key, _PLACEMENT)
            if group is None or group.get("strategy") != "cluster":
                continue
            zones = zones_of(world, fleet)
            if zones is not None and len(zones) > 1:
                yield Finding(
                    f"{fleet.called} is placed together, and given the zones "
                    f"{', '.join(sorted(zones))}",
                    fleet.resource,
                )


def spot_alternatives(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """A group on spot takes more than one machine type: where one is gone, another may be had."""
    for group in world.of_type(_GROUP):
        mixed = block(group.get("mixedInstancesPolicy"))
        spread = block(mixed.get("instancesDistribution"))
        share = spread.get("onDemandPercentageAboveBaseCapacity")
        if not mixed or share in (None, 100, 100.0, "100"):
            continue
        overrides = blocks(block(mixed.get("launchTemplate")).get("overrides"))
        if len(overrides) == 1 and text(overrides[0].get("instanceType")):
            yield Finding(
                f"'{group.name}' asks the spot market for {overrides[0]['instanceType']} only",
                group,
            )


def spot_tpus(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """TPU slices are not on spot where work must be done: one host that is taken back stops the
    whole slice."""
    for fleet in world.fleets:
        if fleet.market == "spot" and (fleet.machine or "").startswith("tpu-"):
            yield Finding(f"{fleet.called} may be taken back at any time", fleet.resource)


RULES: tuple[Rule, ...] = (
    Rule(
        id="several-zones",
        title="Services stand in several zones",
        category="reliability",
        severity="advisory",
        judge=several_zones,
        settings=SeveralZones,
        remedy="name zones of the environment, so that the group gets a subnet in each",
        guides=("AWS Well-Architected, reliability: REL10", "Security Hub AutoScaling.2, ELB.13"),
    ),
    Rule(
        id="autoscaling-limits",
        title="Groups grow to a chosen bound",
        category="reliability",
        judge=scaling_limits,
        settings=ScalingLimits,
        remedy="lower the largest size of the group, or raise the bound in policy.yaml",
    ),
    Rule(
        id="quota-headroom",
        title="Quotas leave room",
        category="reliability",
        judge=quota_headroom,
        settings=Quotas,
        remedy="ask the provider for more, or take fewer nodes",
        guides=("AWS Well-Architected, reliability: REL01", "Google Cloud: quotas"),
    ),
    Rule(
        id="scarce-capacity-reserved",
        title="Many accelerators at once are reserved",
        category="reliability",
        severity="advisory",
        judge=scarce_capacity,
        settings=ScarceCapacity,
        remedy="set reservation: new, or the id of a capacity reservation or block",
        guides=("EC2 user guide: On-Demand Capacity Reservations", "Compute Engine: reservations"),
    ),
    Rule(
        id="machines-offered-here",
        title="Machines are sold in the region",
        category="reliability",
        severity="advisory",
        judge=offered_here,
        remedy="take a region that sells the machine, or a machine that the region sells",
    ),
    Rule(
        id="cluster-placement-one-zone",
        title="What is placed together has one zone",
        category="reliability",
        judge=cluster_placement,
        remedy="give the group the subnet of one zone",
        guides=("EC2 user guide: placement strategies",),
    ),
    Rule(
        id="spot-has-alternatives",
        title="Groups on spot take several machine types",
        category="reliability",
        severity="advisory",
        judge=spot_alternatives,
        remedy="name machine types that may stand in (alternatives)",
        guides=("EC2 user guide: best practices for Spot", "Security Hub AutoScaling.6"),
        scope="resource",
    ),
    Rule(
        id="no-spot-tpus",
        title="TPU slices are not on spot",
        category="reliability",
        severity="advisory",
        judge=spot_tpus,
        remedy="set market to on_demand or reserved",
        guides=("Cloud TPU: Spot VMs",),
    ),
)
