"""Hosts of TPU slices, by the labels that the stack gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from domain.errors import InputError
from domain.stack_outputs import Access, PoolOutput, Slice
from workloads.discovery.found import Found, Seen
from workloads.discovery.google_client import google_failures, load, project_of

_ON_THEIR_WAY = {"CREATING", "STARTING", "RESTARTING", "REPAIRING"}


def find_hosts(
    pool: PoolOutput, slices: Sequence[Slice], access: Access, client: Any = None
) -> Seen:
    """The hosts of a pool's slices that are ready, and how many slices are on their way.

    Args:
        pool: ``find.project`` and ``find.labels`` say which.
        slices: what the stack's outputs say of them: the zones to look in.
        access: how they are reached; Google's tunnel leads to instances only, so a jump host is
            needed where no public address is.
        client: a ``TpuClient``; one with the application's credentials if None.

    Raises:
        InputError: Google Cloud does not answer, or there is no way to the hosts.
    """
    if access.kind == "iap" and access.jump is None:
        raise InputError(
            "Google's tunnel does not carry SSH to TPU hosts for other programs than gcloud; name "
            "a host in their network with --jump"
        )
    project = project_of(pool, access)
    tpu_v2 = load("google.cloud.tpu_v2")
    zones = sorted({each.zone for each in slices} or set(pool.zones))
    with google_failures("TPU slices"):
        client = client or tpu_v2.TpuClient()
        nodes = [
            node
            for zone in zones
            for node in client.list_nodes(parent=f"projects/{project}/locations/{zone}")
        ]
    ours = [node for node in nodes if pool.find.labels.items() <= dict(node.labels).items()]
    ready = sorted((node for node in ours if node.state.name == "READY"), key=lambda n: n.name)
    hosts = [host for node in ready for host in _hosts(node, access)]
    pending = sum(node.state.name in _ON_THEIR_WAY for node in ours)
    return Seen(tuple(hosts), pending)


def _hosts(node: Any, access: Access) -> list[Found]:
    name = node.name.rpartition("/")[2]
    found = []
    for index, endpoint in enumerate(node.network_endpoints):
        public = endpoint.access_config.external_ip
        address = public if access.kind == "public" else endpoint.ip_address
        if address:
            label = name if len(node.network_endpoints) == 1 else f"{name}-{index}"
            found.append(Found(label, address, endpoint.ip_address, slice=name))
    return found
