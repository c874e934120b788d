"""The hardware of any stack, as an environment that the simulator can fly.

Read back from the resources themselves, so that a program that we did not write can be flown
too. Our own stacks tell more: their tags say which pool or bucket a resource belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from domain.blueprint import SESSION_SERVICES, TAG_SIZE, TAG_STORAGE
from domain.catalog import load_catalog
from domain.costing.aws.s3 import TAG_STORAGE_CLASS
from domain.costing.context import Context, Survey
from domain.costing.pools import FoundPool, found_pools
from domain.costing.quantities import owner_of
from domain.costing.values import number, text, truth
from domain.environment import Environment
from domain.errors import InputError
from domain.materials import GOVERNANCE
from domain.resources import ResourceGraph

_BUCKETS = {"aws": "aws:s3/bucket:Bucket", "gcp": "gcp:storage/bucket:Bucket"}
_LUSTRE = {
    "aws": ("aws:fsx/lustreFileSystem:LustreFileSystem", "storageCapacity"),
    "gcp": ("gcp:lustre/instance:Instance", "capacityGib"),
}
_GATEWAYS = {"aws": "aws:ec2/natGateway:NatGateway", "gcp": "gcp:compute/routerNat:RouterNat"}
_OTHER_FILE_SYSTEMS = (
    "aws:efs/fileSystem:FileSystem",
    "aws:fsx/openZfsFileSystem:OpenZfsFileSystem",
    "aws:fsx/windowsFileSystem:WindowsFileSystem",
    "gcp:filestore/instance:Instance",
    "gcp:parallelstore/instance:Instance",
)
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
_SUBNETS = {"aws": "aws:ec2/subnet:Subnet", "gcp": "gcp:compute/subnetwork:Subnetwork"}
_CLASSES = {"NEARLINE": "infrequent", "COLDLINE": "infrequent", "ARCHIVE": "archive"}
_USUAL_MB_PER_S_PER_TIB = 125.0


def environment_of(
    graph: ResourceGraph, provider: str | None = None
) -> tuple[Environment, tuple[str, ...]]:
    """The hardware of one provider, and what of the graph is not in it.

    Args:
        graph: the resources of any stack.
        provider: whose hardware; otherwise that of the provider with most accelerators.

    Raises:
        InputError: no resource of the graph keeps machines running.
    """
    found, notes = environments_of(graph)
    if provider is None and found:
        provider = next(iter(found))
    environment = found.get(provider or "")
    if environment is None:
        whose = f" of {provider}" if provider else ""
        reasons = "".join(f"; {note}" for note in notes)
        raise InputError(
            f"no instance, group or TPU{whose} is declared here, so that there is nothing to "
            f"fly on{reasons}"
        )
    others = [
        f"the hardware of {other} is left out: one flight is on one provider"
        for other in found
        if other != provider
    ]
    return environment, (*notes, *others)


def environments_of(graph: ResourceGraph) -> tuple[dict[str, Environment], tuple[str, ...]]:
    """Provider → its hardware, the one with most accelerators first; and what is left out."""
    survey = Survey(graph, load_catalog())
    notes: list[str] = []
    pools = found_pools(survey, notes)
    by_provider: dict[str, list[FoundPool]] = {}
    for pool in pools:
        by_provider.setdefault(pool.provider, []).append(pool)
    order = sorted(by_provider, key=lambda each: (-_weight(by_provider[each]), each))
    found = {each: _environment(survey, each, by_provider[each], notes) for each in order}
    for context in survey.of_type(*_OTHER_FILE_SYSTEMS):
        notes.append(f"file system '{context.resource.name}' is left out: no model of its kind")
    return found, tuple(notes)


def _weight(pools: list[FoundPool]) -> int:
    # A machine without accelerators counts as one, so that CPU stacks have an order too.
    return sum(pool.count * max(1000 * pool.accelerators, 1) for pool in pools)


def _environment(
    survey: Survey, provider: str, pools: list[FoundPool], notes: list[str]
) -> Environment:
    nodes: Counter[str] = Counter()
    for pool in pools:
        nodes[pool.region] += max(pool.count, 1) * max(pool.accelerators, 1)
    home = max(sorted(nodes), key=lambda region: nodes[region])
    written: dict[str, Any] = {
        "provider": provider,
        "region": home,
        "pools": {pool.name: pool.as_config(home) for pool in pools},
    }
    storage = dict(_storage(survey, provider, home, notes))
    if storage:
        written["storage"] = storage
    network, zones = _network(survey, provider, home)
    if network:
        written["network"] = network
    if zones:
        written["zones"] = zones
    return Environment.model_validate(written)


def _storage(
    survey: Survey, provider: str, home: str, notes: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for context in survey.of_type(_BUCKETS[provider]):
        if context.resource.external or owner_of(context.resource, survey.graph) == GOVERNANCE:
            continue
        yield _name(context), _bucket(context, home)
    kind, capacity = _LUSTRE[provider]
    for context in survey.of_type(kind):
        gib = number(context.get(capacity))
        if gib is None:
            notes.append(f"file system '{context.resource.name}' is left out: its size is unknown")
            continue
        tier = number(context.get("perUnitStorageThroughput")) or _USUAL_MB_PER_S_PER_TIB
        yield (
            _name(context),
            {
                "kind": "file_system",
                "size": f"{gib:.12g} GiB",
                "throughput_per_tib": f"{tier:g} MB/s",
            },
        )


def _bucket(context: Context, home: str) -> dict[str, Any]:
    written: dict[str, Any] = {"kind": "object_store"}
    size = number(context.tags.get(TAG_SIZE))
    if size is not None:
        written["size"] = f"{size:.0f} B"
    neutral = context.tags.get(TAG_STORAGE_CLASS)
    storage_class = neutral or _CLASSES.get(text(context.get("storageClass")) or "")
    if storage_class:
        written["storage_class"] = storage_class
    if context.region and context.region != home:
        written["region"] = context.region
    return written


def _name(context: Context) -> str:
    return context.tags.get(TAG_STORAGE) or context.resource.name


def _network(survey: Survey, provider: str, home: str) -> tuple[dict[str, Any], list[str]]:
    """NAT and private endpoints of the home region, and the zones that its gateways are in."""
    gateways = [each for each in survey.of_type(_GATEWAYS[provider]) if each.region == home]
    subnets = [gateway.referred("subnetId", _SUBNETS["aws"]) for gateway in gateways]
    zones = sorted({text(each.get("availabilityZone")) or "" for each in subnets if each} - {""})
    written: dict[str, Any] = {}
    if gateways:
        written["nat"] = "per_zone" if len(gateways) > 1 else "single"
    endpoints = _endpoints(survey, provider, home)
    if endpoints is not None:
        written["endpoints"] = endpoints
    return written, zones if len(gateways) > 1 and len(zones) == len(gateways) else []


def _endpoints(survey: Survey, provider: str, home: str) -> list[str] | None:
    """None where the network is somebody else's, so that it does not tell."""
    subnets = [each for each in survey.of_type(_SUBNETS[provider]) if each.region == home]
    if not subnets:
        return None
    if provider == "gcp":
        private = any(truth(each.get("privateIpGoogleAccess")) for each in subnets)
        return ["object_store"] if private else []
    services = {
        (text(each.get("serviceName")) or "").rsplit(".", 1)[-1]
        for each in survey.of_type(_ENDPOINT)
        if each.region == home
    }
    found = ["object_store"] if "s3" in services else []
    return [*found, "session"] if services.issuperset(SESSION_SERVICES) else found
