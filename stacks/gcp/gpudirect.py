"""Networks between GPUs: the further interfaces that machines with GPUDirect have.

Machine types and their interfaces are from Compute Engine's documentation, "Networking and
GPU machines" and "RDMA network profiles"; every interface is in a network of its own, but
for RDMA, where all eight are subnets of one network that stays within a zone.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import compute

from stacks.gcp.addresses import share_out
from stacks.gcp.context import Context
from stacks.gcp.firewall import open_to_stack
from stacks.gcp.network import MTU_BYTES

# GPUDirect-TCPX and -TCPXO copy whole pages between NIC and GPU: two pages and a header.
_TCPX_MTU_BYTES = 8244


@dataclass(frozen=True, slots=True)
class Interfaces:
    """What a machine type has beside its first interface."""

    gvnic: int
    gvnic_mtu_bytes: int
    rdma: int = 0


GPUDIRECT = {
    "a3-highgpu-8g": Interfaces(gvnic=4, gvnic_mtu_bytes=_TCPX_MTU_BYTES),
    "a3-megagpu-8g": Interfaces(gvnic=8, gvnic_mtu_bytes=_TCPX_MTU_BYTES),
    "a3-ultragpu-8g": Interfaces(gvnic=1, gvnic_mtu_bytes=MTU_BYTES, rdma=8),
    "a4-highgpu-8g": Interfaces(gvnic=1, gvnic_mtu_bytes=MTU_BYTES, rdma=8),
}
"""Machine types whose GPUs talk to other hosts on interfaces of their own."""


def gpu_interfaces(
    context: Context,
    pool: str,
    machine_type: str,
    region: str,
    zone: pulumi.Input[str] | None,
    opts: pulumi.ResourceOptions,
) -> list[compute.RegionInstanceTemplateNetworkInterfaceArgs]:
    """The further interfaces of a pool's hosts, and the networks behind them.

    Args:
        zone: where the hosts are, for machine types with RDMA, which does not leave it.
    """
    asked = GPUDIRECT[machine_type]
    blocks = iter(share_out(context.environment.network.cidr).gpu_networks)
    found = []
    for index in range(1, asked.gvnic + 1):
        name = f"{pool}-gpu-{index}"
        network = compute.Network(
            context.names.prefix(name),
            auto_create_subnetworks=False,
            mtu=asked.gvnic_mtu_bytes,
            opts=opts,
        )
        open_to_stack(context, pool, network.id, name, opts)
        found.append(_interface(context, name, network, region, next(blocks), "GVNIC", opts))
    if asked.rdma:
        # This kind of network has rules of its own, and lets its own interfaces talk.
        network = compute.Network(
            context.names.prefix(f"{pool}-rdma"),
            auto_create_subnetworks=False,
            mtu=MTU_BYTES,
            network_profile=pulumi.Output.format(
                "projects/{0}/global/networkProfiles/{1}-vpc-roce", context.project, zone
            ),
            opts=opts,
        )
        found += [
            _interface(
                context, f"{pool}-rdma-{index}", network, region, next(blocks), "MRDMA", opts
            )
            for index in range(1, asked.rdma + 1)
        ]
    return found


def _interface(
    context: Context,
    name: str,
    network: compute.Network,
    region: str,
    cidr: str,
    kind: str,
    opts: pulumi.ResourceOptions,
) -> compute.RegionInstanceTemplateNetworkInterfaceArgs:
    subnet = compute.Subnetwork(
        context.names.prefix(name),
        network=network.id,
        region=region,
        ip_cidr_range=cidr,
        opts=opts,
    )
    return compute.RegionInstanceTemplateNetworkInterfaceArgs(
        network=network.id, subnetwork=subnet.id, nic_type=kind
    )
