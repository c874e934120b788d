"""Hosts on Google Cloud: Compute Engine instances by the labels that the stack gives them."""

from __future__ import annotations

from typing import Any

from domain.errors import InputError
from domain.stack_outputs import Access, PoolOutput
from workloads.discovery.found import Found, Seen
from workloads.discovery.google_client import google_failures, load, project_of

_ON_THEIR_WAY = {"PROVISIONING", "STAGING"}
_SSH = "22"


def find_instances(pool: PoolOutput, access: Access, client: Any = None) -> Seen:
    """The running instances of a pool in all its zones, and how many are on their way.

    Args:
        pool: ``find.project`` and ``find.labels`` say which.
        access: which of their addresses is theirs, or what carries the connection.
        client: an ``InstancesClient``; one with the application's credentials if None.

    Raises:
        InputError: Google Cloud does not answer, or does not let us look.
    """
    project = project_of(pool, access)
    if not pool.find.labels:
        raise InputError("has no labels to find its instances by")
    compute_v1 = load("google.cloud.compute_v1")
    wanted = " AND ".join(f"labels.{key}={value}" for key, value in pool.find.labels.items())
    request = compute_v1.AggregatedListInstancesRequest(
        project=project, filter=wanted, return_partial_success=True
    )
    with google_failures("instances"):
        client = client or compute_v1.InstancesClient()
        instances = [
            instance
            for _, scoped in client.aggregated_list(request=request)
            for instance in scoped.instances
        ]
    hosts, pending = [], 0
    for instance in instances:
        found = _found(instance, project, access) if instance.status == "RUNNING" else None
        if found is not None:
            hosts.append(found)
        elif instance.status == "RUNNING" or instance.status in _ON_THEIR_WAY:
            pending += 1
    return Seen(tuple(sorted(hosts, key=lambda each: each.name)), pending)


def _found(instance: Any, project: str, access: Access) -> Found | None:
    if not instance.network_interfaces:
        return None
    # The first interface is the one of the network; GPUs' own come after it.
    interface = instance.network_interfaces[0]
    private = interface.network_i_p
    public = next((each.nat_i_p for each in interface.access_configs if each.nat_i_p), None)
    address = public if access.kind == "public" else private
    if not address or not private:
        return None
    carrier: tuple[str, ...] = ()
    if access.kind == "iap":
        zone = instance.zone.rpartition("/")[2]
        carrier = (
            *("gcloud", "compute", "start-iap-tunnel", instance.name, _SSH),
            *("--listen-on-stdin", f"--project={project}", f"--zone={zone}", "--verbosity=warning"),
        )
    return Found(instance.name, address, private, carrier)
