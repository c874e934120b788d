"""What may reach the hosts of a pool: the stack's own hosts, people through IAP, and probes.

VPC networks deny every other connection inwards. Rules go by network tags, since hosts of
TPUs run in a project of Google's, where rules by service account do not see them.
"""

from __future__ import annotations

import pulumi
from pulumi_gcp import compute

from stacks.gcp.context import Context
from stacks.gcp.network import Place

# Identity-Aware Proxy's TCP forwarding (IAP documentation, "Using IAP for TCP forwarding").
IAP_RANGE = "35.235.240.0/20"
# Google's health checks (Cloud Load Balancing documentation, "Probe IP ranges").
PROBE_RANGES = ("130.211.0.0/22", "35.191.0.0/16")
SSH_PORT = "22"
# LNet over TCP (Managed Lustre documentation, "Configure a VPC network").
_LUSTRE_PORT = "988"


def stack_tag(context: Context) -> str:
    """The network tag of every host of the stack."""
    return context.names.prefix("hosts")


def pool_tag(context: Context, pool: str) -> str:
    """The network tag of a pool's hosts; no pool's name makes it the stack's."""
    return context.names.prefix(f"pool-{pool}")


def host_tags(context: Context, pool: str) -> list[str]:
    """Network tags of a pool's hosts."""
    return [stack_tag(context), pool_tag(context, pool)]


def open_to_stack(
    context: Context,
    pool: str,
    network: pulumi.Input[str],
    name: str,
    opts: pulumi.ResourceOptions,
) -> None:
    """All traffic between the stack's hosts: frameworks choose their ports at random."""
    compute.Firewall(
        context.names.prefix(name),
        network=network,
        direction="INGRESS",
        source_tags=[stack_tag(context)],
        target_tags=[pool_tag(context, pool)],
        allows=[compute.FirewallAllowArgs(protocol="all")],
        opts=opts,
    )


def declare_firewall(
    context: Context, pool: str, place: Place, opts: pulumi.ResourceOptions, *, probed: bool
) -> None:
    """Every rule of a pool's hosts.

    Args:
        probed: whether a health check asks port 22 of them.
    """
    open_to_stack(context, pool, place.network, f"{pool}-hosts", opts)
    sources = {f"{pool}-iap": ([IAP_RANGE], SSH_PORT)}
    if probed:
        sources[f"{pool}-probes"] = (list(PROBE_RANGES), SSH_PORT)
    if place.services_cidr is not None:
        sources[f"{pool}-lustre"] = ([place.services_cidr], _LUSTRE_PORT)
    for name, (ranges, port) in sources.items():
        compute.Firewall(
            context.names.prefix(name),
            network=place.network,
            direction="INGRESS",
            source_ranges=ranges,
            target_tags=[pool_tag(context, pool)],
            allows=[compute.FirewallAllowArgs(protocol="tcp", ports=[port])],
            log_config=compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA")
            if context.environment.governance.audit
            else None,
            opts=opts,
        )
