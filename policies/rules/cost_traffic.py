"""Traffic that is billed by the gigabyte and need not be: through NAT, between zones."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.values import blocks, is_list, last_part, text, truth
from domain.resources import UNKNOWN, Resource
from domain.resources.regions import region_of
from policies.fleets import Fleet
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World, texts

_NAT = "aws:ec2/natGateway:NatGateway"
_SUBNET = "aws:ec2/subnet:Subnet"
_VPC = "aws:ec2/vpc:Vpc"
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_ROUTE = "aws:ec2/route:Route"
_TABLE = "aws:ec2/routeTable:RouteTable"
_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
_CLOUD_NAT = "gcp:compute/routerNat:RouterNat"
_SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
_NOT_FOR_NODES = ("REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "PRIVATE_SERVICE_CONNECT")


def object_store_endpoint(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Buckets are read by a private way: through a NAT gateway every gigabyte of a dataset is
    billed, through an endpoint none is."""
    for gateway in world.of_type(_NAT):
        subnet = world.referred(gateway, "subnetId", _SUBNET)
        vpc = None if subnet is None else world.referred(subnet, "vpcId", _VPC)
        if vpc is None:
            yield Undecided("its network is not in this stack", gateway)
            continue
        services = [each.inputs.get("serviceName") for each in world.users(vpc, _ENDPOINT)]
        if any((text(each) or "").endswith(".s3") for each in services):
            continue
        if UNKNOWN in services:
            yield Undecided(f"which endpoints '{vpc.name}' has is not known yet", gateway)
        else:
            yield Finding(
                f"what nodes of '{vpc.name}' read from S3 goes through '{gateway.name}', which "
                "bills each gigabyte",
                gateway,
            )
    gateways = {region_of(each, world.graph) for each in world.of_type(_CLOUD_NAT)}
    for subnetwork in world.of_type(_SUBNETWORK):
        private = subnetwork.inputs.get("privateIpGoogleAccess")
        if subnetwork.get("purpose") in _NOT_FOR_NODES or truth(private):
            continue
        if region_of(subnetwork, world.graph) not in gateways:
            continue
        if private == UNKNOWN:
            yield Undecided("privateIpGoogleAccess is known only after deployment", subnetwork)
        else:
            yield Finding(
                f"what nodes of '{subnetwork.name}' read from Cloud Storage goes through Cloud NAT",
                subnetwork,
            )


def nat_in_own_zone(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Subnets leave through a NAT gateway of their own zone: traffic between zones is billed, and
    one zone that fails takes no other offline."""
    for holder, table in _nat_routes(world):
        gateway = world.referred(holder, "natGatewayId", _NAT) or world.referred(
            holder, "routes", _NAT
        )
        home = None if gateway is None else world.referred(gateway, "subnetId", _SUBNET)
        zone = None if home is None else text(home.get("availabilityZone"))
        for association in world.users(table, _ASSOCIATION):
            subnet = world.referred(association, "subnetId", _SUBNET)
            own = None if subnet is None else text(subnet.get("availabilityZone"))
            if subnet is None or gateway is None:
                continue
            if own is None or zone is None:
                yield Undecided("the zone of the subnet or of its gateway is not known", subnet)
            elif own != zone:
                yield Finding(
                    f"'{subnet.name}' in {own} leaves through '{gateway.name}' in {zone}", subnet
                )


def _nat_routes(world: World) -> Iterator[tuple[Resource, Resource]]:
    """What routes to a NAT gateway, and its route table."""
    for route in world.of_type(_ROUTE):
        table = world.referred(route, "routeTableId", _TABLE)
        if table is not None and route.inputs.get("natGatewayId"):
            yield route, table
    for table in world.of_type(_TABLE):
        if any(each.get("natGatewayId") for each in blocks(table.inputs.get("routes"))):
            yield table, table


def training_in_one_zone(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Nodes with accelerators that work together stand in one zone: between zones gradients are
    slower, and each gigabyte is billed in both directions."""
    for fleet in world.fleets:
        if fleet.accelerators and (fleet.largest or 0) > 1:
            zones = zones_of(world, fleet)
            if zones is not None and len(zones) > 1:
                yield Finding(
                    f"{fleet.called} spreads over {', '.join(sorted(zones))}", fleet.resource
                )


def zones_of(world: World, fleet: Fleet) -> set[str] | None:
    """The zones that a group may put nodes into; None where they are not known, or where the
    group takes one of them for all its nodes."""
    resource = fleet.resource
    if fleet.provider == "aws":
        named = resource.get("availabilityZones")
        if is_list(named) and named:
            return {str(each) for each in named}
        for key in ("vpcZoneIdentifiers", "subnetIds"):
            targets = resource.property_dependencies.get(key, ())
            subnets = [world.graph.by_urn.get(urn) for urn in targets]
            if not subnets:
                ids = texts(resource.inputs.get(key))
                subnets = [found for each in ids for found in world.graph.by_identity.get(each, ())]
            zones = [
                text(each.get("availabilityZone"))
                for each in subnets
                if each is not None and each.type == _SUBNET
            ]
            if zones and None not in zones:
                return {str(each) for each in zones}
        return None
    if zone := text(resource.get("zone")):
        return {last_part(zone) or zone}
    if resource.get("distributionPolicyTargetShape") == "ANY_SINGLE_ZONE":
        return None
    named = resource.get("distributionPolicyZones") or resource.get("nodeLocations")
    return {str(each) for each in named} if is_list(named) and named else None


RULES: tuple[Rule, ...] = (
    Rule(
        id="object-store-endpoint",
        title="Buckets are read through a private endpoint",
        category="cost",
        judge=object_store_endpoint,
        severity="advisory",
        remedy="put object_store into network.endpoints (AWS: a gateway endpoint of S3 in the "
        "route tables; GCP: private_ip_google_access=True)",
        guides=("VPC user guide: gateway endpoints", "VPC: Private Google Access"),
    ),
    Rule(
        id="nat-in-own-zone",
        title="Each zone has a NAT gateway of its own",
        category="cost",
        judge=nat_in_own_zone,
        severity="advisory",
        remedy="set network.nat to per_zone, or use one zone",
        guides=("VPC user guide: NAT gateway basics",),
    ),
    Rule(
        id="training-in-one-zone",
        title="Nodes that train together stand in one zone",
        category="cost",
        judge=training_in_one_zone,
        severity="advisory",
        remedy="set placement: cluster, or give the group the subnet of one zone",
        guides=("EC2 user guide: placement strategies", "Compute Engine: placement policies"),
    ),
)
