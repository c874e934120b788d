"""How a network's private addresses are shared out.

The first half goes to the subnet with the nodes. Of the rest, one half is cut into sixteen
blocks for networks between GPUs, and the other is kept for the load balancer's proxies.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

# A regional proxy-only subnet has 64 addresses at least; 512 serve any load balancer here.
_LARGEST_PROXY_PREFIX = 23


@dataclass(frozen=True, slots=True)
class Addresses:
    """Blocks in CIDR notation, none overlapping another."""

    nodes: str
    gpu_networks: tuple[str, ...]
    proxies: str


def share_out(cidr: str) -> Addresses:
    """The blocks of a network whose private addresses are ``cidr`` (/16 to /22)."""
    nodes, rest = IPv4Network(cidr).subnets()
    gpus, spare = rest.subnets()
    proxy_prefix = max(spare.prefixlen, _LARGEST_PROXY_PREFIX)
    return Addresses(
        nodes=str(nodes),
        gpu_networks=tuple(str(block) for block in gpus.subnets(prefixlen_diff=4)),
        proxies=str(next(spare.subnets(new_prefix=proxy_prefix))),
    )
