"""The network of one region: private subnets with the nodes, and what leads out of them.

Nothing leads in: there are no public addresses on nodes, no rule lets the internet reach a
port, and people come through Session Manager.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.environment import Environment
from stacks.aws.flow_log import declare_flow_log
from stacks.aws.policy import allow, document
from stacks.aws.regions import Region
from stacks.aws.security_group import declare_host_group
from stacks.names import Names

# AWS allows nothing smaller, and a gateway needs one address.
_GATEWAY_PREFIX = 28
# Local zones and wavelength zones have neither the machines nor the services.
_ORDINARY_ZONES = aws.GetAvailabilityZonesFilterArgs(
    name="opt-in-status", values=["opt-in-not-required"]
)


@dataclass(frozen=True)
class Place:
    """Where nodes and file systems go: what a network, new or given, offers."""

    region: Region
    vpc_id: Any
    subnet_ids: Sequence[Any]
    zones: Sequence[Any]
    """The zone of each subnet."""
    security_group_id: Any


@dataclass(frozen=True)
class NetworkArgs:
    """What a network is made of."""

    environment: Environment
    names: Names
    region: Region
    key_arn: Any = None


class Network(pulumi.ComponentResource):
    """A VPC with a private subnet in each zone."""

    def __init__(self, name: str, args: NetworkArgs) -> None:
        super().__init__("windtunnel:aws:Network", name, None, args.region.component)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        block = IPv4Network(args.environment.network.cidr)
        self._private_half, self._public_half = block.subnets()
        self._vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(block),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._tags("vpc"),
            opts=self._child,
        )
        # The group that every VPC is born with lets its members talk; nobody should use it.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default",
            vpc_id=self._vpc.id,
            tags=self._tags("default"),
            opts=self._child,
        )
        zones = self._zones()
        subnets = self._private_subnets(zones)
        tables = self._route_tables(subnets)
        self._gateways(zones, tables)
        s3 = self._object_store_endpoint(tables)
        group = declare_host_group(
            name,
            vpc_id=self._vpc.id,
            tags=self._tags("hosts"),
            reaches_internet=args.environment.network.nat != "none",
            s3_prefix_list=s3.prefix_list_id if s3 else None,
            opts=self._child,
        )
        self._session_endpoints(subnets, group)
        if args.environment.governance.audit:
            declare_flow_log(name, self._vpc.id, args.region, args.names, args.key_arn, parent=self)
        self.place = Place(
            region=args.region,
            vpc_id=self._vpc.id,
            subnet_ids=[subnet.id for subnet in subnets],
            zones=zones,
            security_group_id=group.id,
        )
        self.register_outputs(
            {"vpcId": self._vpc.id, "privateSubnetIds": list(self.place.subnet_ids)}
        )

    def _tags(self, what: str) -> dict[str, str]:
        names = self._args.names
        return {"Name": names.prefix(f"{self._name}-{what}"), **names.aws_tags()}

    def _zones(self) -> list[Any]:
        environment, region = self._args.environment, self._args.region
        if environment.zones and region.name == environment.region:
            return list(environment.zones)
        found = aws.get_availability_zones_output(
            state="available",
            filters=[_ORDINARY_ZONES],
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        return [found.names[0]]

    def _private_subnets(self, zones: Sequence[Any]) -> list[Any]:
        steps = (len(zones) - 1).bit_length()
        blocks = self._private_half.subnets(prefixlen_diff=steps)
        return [
            self._subnet(f"private-{index}", zone, block)
            for index, (zone, block) in enumerate(zip(zones, blocks, strict=False))
        ]

    def _subnet(self, what: str, zone: Any, block: IPv4Network) -> Any:
        return aws.ec2.Subnet(
            f"{self._name}-{what}",
            vpc_id=self._vpc.id,
            availability_zone=zone,
            cidr_block=str(block),
            map_public_ip_on_launch=False,
            tags=self._tags(what),
            opts=self._child,
        )

    def _route_tables(self, subnets: Sequence[Any]) -> list[Any]:
        return [
            self._route_table(f"private-{index}", subnet) for index, subnet in enumerate(subnets)
        ]

    def _route_table(self, what: str, subnet: Any) -> Any:
        table = aws.ec2.RouteTable(
            f"{self._name}-{what}", vpc_id=self._vpc.id, tags=self._tags(what), opts=self._child
        )
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{what}",
            route_table_id=table.id,
            subnet_id=subnet.id,
            opts=self._child,
        )
        return table

    def _gateways(self, zones: Sequence[Any], tables: Sequence[Any]) -> None:
        count = blueprint.nat_gateways(self._args.environment, self._args.region.name)
        if count == 0:
            return
        internet = aws.ec2.InternetGateway(
            f"{self._name}-internet",
            vpc_id=self._vpc.id,
            tags=self._tags("internet"),
            opts=self._child,
        )
        blocks = self._public_half.subnets(new_prefix=_GATEWAY_PREFIX)
        gateways = [
            self._gateway(index, zones[index], next(blocks), internet) for index in range(count)
        ]
        for index, table in enumerate(tables):
            self._default_route(
                f"private-{index}", table, nat_gateway_id=gateways[min(index, count - 1)].id
            )

    def _gateway(self, index: int, zone: Any, block: IPv4Network, internet: Any) -> Any:
        what = f"public-{index}"
        subnet = self._subnet(what, zone, block)
        table = self._route_table(what, subnet)
        self._default_route(what, table, gateway_id=internet.id)
        address = aws.ec2.Eip(
            f"{self._name}-nat-{index}",
            domain="vpc",
            tags=self._tags(f"nat-{index}"),
            opts=self._child,
        )
        return aws.ec2.NatGateway(
            f"{self._name}-nat-{index}",
            subnet_id=subnet.id,
            allocation_id=address.allocation_id,
            connectivity_type="public",
            tags=self._tags(f"nat-{index}"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
        )

    def _default_route(self, what: str, table: Any, **target: Any) -> None:
        aws.ec2.Route(
            f"{self._name}-{what}-default",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            opts=self._child,
            **target,
        )

    def _object_store_endpoint(self, tables: Sequence[Any]) -> Any:
        if "object_store" not in self._args.environment.network.endpoints:
            return None
        region = self._args.region
        return aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self._vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{region.name}.s3",
            route_table_ids=[table.id for table in tables],
            # Anything may be read, such as public datasets and packages; only buckets of this
            # account may be written, so that data cannot leave by this door.
            policy=document(
                allow(["s3:GetObject*", "s3:ListBucket*"], "*", principal="*"),
                allow(
                    "s3:*",
                    "*",
                    principal="*",
                    conditions={"StringEquals": {"aws:ResourceAccount": region.account}},
                ),
            ),
            tags=self._tags("s3"),
            opts=self._child,
        )

    def _session_endpoints(self, subnets: Sequence[Any], group: Any) -> None:
        if "session" not in self._args.environment.network.endpoints:
            return
        for service in blueprint.SESSION_SERVICES:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=self._vpc.id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self._args.region.name}.{service}",
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=self._tags(service),
                opts=self._child,
            )
