"""AWS networks: gateways, addresses, private endpoints, tunnels."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.egress import egress
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import is_list, text, truth
from domain.usage import InterfaceEndpoint, NatGateway, Usage

_ACCELERATORS_A_CONNECTION = 2.0
"""One for each tunnel (Site-to-Site VPN pricing, "Accelerated")."""


def nat_gateway(context: Context) -> Iterator[Usage]:
    """Hours, and what goes through. Its address is billed with the address."""
    yield NatGateway(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        seconds=context.seconds,
        bytes=context.quantities.processed_bytes,
    )
    if text(context.get("connectivityType")) != "private":
        yield from egress(context)


def address(context: Context) -> Iterator[Usage]:
    """A public IPv4 address, whether it is in use or not; one that was brought along is free."""
    pool = text(context.written("publicIpv4Pool"))
    if pool is None or pool == "amazon":
        yield context.hours("public_address", "in_use.hour")


def endpoint(context: Context) -> Iterator[Usage]:
    """Interface endpoints by the hour and zone; gateway endpoints are free."""
    kind = text(context.get("vpcEndpointType")) or "Gateway"
    if context.is_waiting("vpcEndpointType"):
        yield context.unpriceable("endpoint", f"its type is {KNOWN_LATER}")
    elif kind == "Interface":
        subnets = context.get("subnetIds")
        if context.is_waiting("subnetIds"):
            yield context.unpriceable("endpoint", f"the number of its zones is {KNOWN_LATER}")
            return
        yield InterfaceEndpoint(
            resource=context.resource.urn,
            provider=context.provider,
            region=context.region,
            seconds=context.seconds,
            bytes=context.quantities.processed_bytes,
            zones=max(len(subnets or ()), 1) if is_list(subnets) else 1,
            period_seconds=context.seconds,
        )
    elif kind == "GatewayLoadBalancer":
        yield context.hours("interface_endpoint", "gateway_load_balancer.hour")
        moved = context.quantities.processed_bytes
        yield context.use("interface_endpoint", "gateway_load_balancer.data", "bytes", moved)
    elif kind != "Gateway":
        yield context.unpriceable("endpoint", f"no price of {kind} endpoints is known")


def transit_attachment(context: Context) -> Iterator[Usage]:
    """Hours of an attachment to a transit gateway, and what goes through."""
    yield context.hours("transit_gateway", "attachment_hour")
    yield context.use("transit_gateway", "data", "bytes", context.quantities.processed_bytes)


def vpn(context: Context) -> Iterator[Usage]:
    """Hours of a tunnel, and of its attachment where it ends at a transit gateway."""
    yield context.hours("vpn", "connection_hour")
    if truth(context.get("enableAcceleration")):
        yield context.hours("global_accelerator", "hour", _ACCELERATORS_A_CONNECTION)
    if "transitGatewayId" in context.resource.inputs:
        yield from transit_attachment(context)


def client_association(context: Context) -> Iterator[Usage]:
    """A subnet that clients come in through."""
    yield context.hours("vpn", "client_association_hour")


def client_endpoint(context: Context) -> Iterator[Usage]:
    """Clients that are connected."""
    yield context.hours("vpn", "client_connection_hour", None)


def mirror_session(context: Context) -> Iterator[Usage]:
    """A network card whose traffic is copied."""
    yield context.hours("traffic_mirroring", "session_hour")


def address_manager(context: Context) -> Iterator[Usage]:
    """Addresses that the advanced tier looks after; the free one costs nothing."""
    if text(context.get("tier")) != "free":
        yield context.hours("address_manager", "address_hour", None)


def path_analysis(context: Context) -> Iterator[Usage]:
    """A look at whether one place can reach another."""
    context.note("An analysis is counted in the month in which it is run.")
    yield context.use("reachability", "analyses", "requests", 1.0)


def verified_endpoint(context: Context) -> Iterator[Usage]:
    """An application behind Verified Access by the hour, and what goes through."""
    moved = context.quantities.processed_bytes
    yield context.hours("verified_access", "application_hour")
    yield context.use("verified_access", "data", "bytes", moved)


def route_server_endpoint(context: Context) -> Iterator[Usage]:
    """An endpoint of a route server by the hour."""
    yield context.hours("route_server", "endpoint_hour")


def lattice_service(context: Context) -> Iterator[Usage]:
    """A service of VPC Lattice by the hour, and what goes through."""
    stated = context.quantities
    yield context.hours("service_network", "service_hour")
    yield context.use("service_network", "data", "bytes", stated.processed_bytes)
    yield context.use("service_network", "requests", "requests", stated.requests)


COSTERS: dict[str, Coster] = {
    "aws:ec2/vpnConnection:VpnConnection": vpn,
    "aws:ec2clientvpn/networkAssociation:NetworkAssociation": client_association,
    "aws:ec2clientvpn/endpoint:Endpoint": client_endpoint,
    "aws:ec2/networkInsightsAnalysis:NetworkInsightsAnalysis": path_analysis,
    "aws:verifiedaccess/endpoint:Endpoint": verified_endpoint,
    "aws:vpc/routeServerEndpoint:RouteServerEndpoint": route_server_endpoint,
    "aws:vpclattice/service:Service": lattice_service,
    "aws:ec2/natGateway:NatGateway": nat_gateway,
    "aws:ec2/trafficMirrorSession:TrafficMirrorSession": mirror_session,
    "aws:ec2/vpcIpam:VpcIpam": address_manager,
    "aws:ec2/eip:Eip": address,
    "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": transit_attachment,
    "aws:ec2transitgateway/peeringAttachment:PeeringAttachment": transit_attachment,
}
