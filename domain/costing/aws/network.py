"""AWS networks: gateways, addresses, private endpoints, tunnels."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import is_list, text
from domain.usage import InterfaceEndpoint, NatGateway, Usage


def nat_gateway(context: Context) -> Iterator[Usage]:
    """Hours, and what goes through. Its address is billed with the address."""
    yield NatGateway(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        seconds=context.seconds,
        bytes=context.quantities.processed_bytes,
    )


def address(context: Context) -> Iterator[Usage]:
    """A public IPv4 address, whether it is in use or not."""
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
    elif kind != "Gateway":
        yield context.unpriceable("endpoint", f"no price of {kind} endpoints is known")


def transit_attachment(context: Context) -> Iterator[Usage]:
    """Hours of an attachment to a transit gateway, and what goes through."""
    yield context.hours("transit_gateway", "attachment_hour")
    yield context.use("transit_gateway", "data", "bytes", context.quantities.processed_bytes)


def vpn(context: Context) -> Iterator[Usage]:
    """Hours of a tunnel, and of its attachment where it ends at a transit gateway."""
    yield context.hours("vpn", "connection_hour")
    if "transitGatewayId" in context.resource.inputs:
        yield from transit_attachment(context)


COSTERS: dict[str, Coster] = {
    "aws:ec2/vpnConnection:VpnConnection": vpn,
    "aws:ec2/natGateway:NatGateway": nat_gateway,
    "aws:ec2/eip:Eip": address,
    "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": transit_attachment,
    "aws:ec2transitgateway/peeringAttachment:PeeringAttachment": transit_attachment,
}
