"""The network of one region: VPC, subnet, Cloud NAT, and the peering for managed services.

Each region has a VPC of its own, as on AWS: nothing in one region reaches another's hosts.
No rule here lets traffic in; each pool declares what may reach its hosts (``firewall``).
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute, servicenetworking

from domain import blueprint
from stacks.gcp.addresses import share_out
from stacks.gcp.context import Context

# The largest frames that VPC networks carry; Managed Lustre gains a tenth from them
# (Managed Lustre documentation, "Configure a VPC network").
MTU_BYTES = 8896
# Managed Lustre takes a /23 of it for each file system (same page).
_PEERING_PREFIX = 20
_MANAGED_SERVICES = "servicenetworking.googleapis.com"


@dataclass(frozen=True)
class Place:
    """Where hosts of a region stand, whether we made the network or found it."""

    region: str
    network: pulumi.Input[str]
    subnetwork: pulumi.Input[str]
    cidr: pulumi.Input[str]
    """Addresses of the subnet."""
    peering: tuple[pulumi.Resource, ...] = ()
    """What must be there before managed services (Lustre) can be attached."""
    services_cidr: pulumi.Output[str] | None = None
    """Addresses of the managed services, where we reserved them."""


@dataclass(frozen=True)
class NetworkArgs:
    """What a network is for."""

    context: Context
    region: str
    managed_services: bool
    """Whether a managed file system will be attached."""


class Network(pulumi.ComponentResource):
    """A VPC with one private subnet; outbound through Cloud NAT where the environment says so."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("windtunnel:gcp:Network", name, {}, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        self._label = args.context.names.prefix(name)
        environment = args.context.environment
        cidr = share_out(environment.network.cidr).nodes
        self.vpc = compute.Network(
            self._label,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            mtu=MTU_BYTES,
            opts=self._child,
        )
        self.subnet = compute.Subnetwork(
            self._label,
            network=self.vpc.id,
            region=args.region,
            ip_cidr_range=cidr,
            private_ip_google_access=True,
            log_config=_flow_log() if environment.governance.audit else None,
            opts=self._child,
        )
        if blueprint.nat_gateways(environment, args.region) and args.region in (
            blueprint.pool_regions(environment)
        ):
            self._declare_nat()
        peering, services_cidr = self._peer() if args.managed_services else ((), None)
        self.place = Place(args.region, self.vpc.id, self.subnet.id, cidr, peering, services_cidr)
        self.register_outputs({"network": self.vpc.id, "subnetwork": self.subnet.id})

    def _declare_nat(self) -> None:
        """Cloud NAT is regional and survives the loss of a zone, so one does for every setting."""
        context, region = self._args.context, self._args.region
        router = compute.Router(self._label, network=self.vpc.id, region=region, opts=self._child)
        # An address of our own, so that others can let exactly this one in.
        address = compute.Address(
            f"{self._label}-nat",
            region=region,
            address_type="EXTERNAL",
            labels=context.names.gcp_labels(),
            opts=self._child,
        )
        compute.RouterNat(
            self._label,
            router=router.name,
            region=region,
            nat_ip_allocate_option="MANUAL_ONLY",
            nat_ips=[address.self_link],
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            log_config=compute.RouterNatLogConfigArgs(enable=True, filter="ERRORS_ONLY"),
            opts=self._child,
        )

    def _peer(self) -> tuple[tuple[pulumi.Resource, ...], pulumi.Output[str]]:
        """Private services access: Google picks a range that overlaps nothing."""
        addresses = compute.GlobalAddress(
            f"{self._label}-services",
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            prefix_length=_PEERING_PREFIX,
            network=self.vpc.id,
            labels=self._args.context.names.gcp_labels(),
            opts=self._child,
        )
        connection = servicenetworking.Connection(
            f"{self._label}-services",
            network=self.vpc.id,
            service=_MANAGED_SERVICES,
            reserved_peering_ranges=[addresses.name],
            opts=self._child,
        )
        cidr = pulumi.Output.format("{0}/{1}", addresses.address, _PEERING_PREFIX)
        return (connection,), cidr


def existing_place(context: Context) -> Place:
    """The network and subnet that the environment names; nothing is made or changed in them.

    A managed file system needs private services access, which the network's owner sets up.
    """
    network = context.environment.network
    subnet = compute.get_subnetwork_output(
        self_link=_path(context, f"regions/{context.region}/subnetworks", network.subnets[0])
    )
    return Place(
        context.region,
        _path(context, "global/networks", network.vpc or ""),
        subnet.self_link,
        subnet.ip_cidr_range,
    )


def _path(context: Context, kind: str, name: str) -> str:
    """The full name of something that people may also name in full (of another project, say)."""
    return name if "/" in name else f"projects/{context.project}/{kind}/{name}"


def _flow_log() -> compute.SubnetworkLogConfigArgs:
    return compute.SubnetworkLogConfigArgs(
        aggregation_interval="INTERVAL_5_SEC", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
    )
