"""The whole environment on GCP, in the order in which its parts need each other."""

from __future__ import annotations

from typing import Any

import pulumi

from domain import blueprint
from domain.catalog import load_catalog
from domain.environment import Environment, ObjectStore, SharedFileSystem
from stacks.gcp.context import Context, read_context
from stacks.gcp.file_system import FileSystem, FileSystemArgs
from stacks.gcp.governance import Governance, GovernanceArgs
from stacks.gcp.group import MachineGroup
from stacks.gcp.load_balancer import LoadBalancer, LoadBalancerArgs
from stacks.gcp.network import Network, NetworkArgs, Place, existing_place
from stacks.gcp.pool import PoolArgs
from stacks.gcp.storage import Bucket, BucketArgs
from stacks.gcp.tpu import TpuGroup
from stacks.names import Names
from stacks.outputs import Outputs


def declare(environment: Environment, names: Names) -> Outputs:
    """Declares every resource that ``environment`` needs.

    Returns:
        Where hosts, buckets, file systems and slices will be found.

    Raises:
        pulumi.RunError: no project is configured.
    """
    context = read_context(environment, names)
    governance = Governance("governance", GovernanceArgs(context))
    places = _places(context)
    outputs = Outputs()
    buckets = _buckets(context, governance, outputs)
    mount_points = _file_systems(context, governance, places, outputs)
    groups = {}
    for name in environment.pools:
        region = environment.pool_region(name) or ""
        machine = load_catalog().machine("gcp", str(environment.pools[name].machine))
        args = PoolArgs(
            context=context,
            name=name,
            machine=machine,
            place=places[region],
            key=governance.keys.get(region),
            channels=tuple(governance.channels),
            buckets=buckets,
            # A file system is in the environment's own region, and so are those who mount it.
            mount_points=mount_points if region == context.region else {},
        )
        if machine.is_tpu:
            slices = TpuGroup(name, args)
            outputs.pools[name], outputs.tpus[name] = slices.facts, slices.slices
        else:
            group = MachineGroup(name, args)
            outputs.pools[name] = group.facts
            if region == context.region:
                groups[name] = group.manager
    if environment.network.load_balancer != "none":
        balancer = LoadBalancer(
            "load-balancer", LoadBalancerArgs(context, places[context.region], groups)
        )
        outputs.access["load_balancer"] = {"address": balancer.address}
    for region in blueprint.pool_regions(environment):
        outputs.access[region] = _access(context)
    return outputs


def _places(context: Context) -> dict[str, Place]:
    """Where hosts stand, by region; at home too where something but hosts needs a network."""
    environment, home = context.environment, context.region
    if environment.network.vpc:
        return {home: existing_place(context)}
    shares_files = any(each.kind == "file_system" for each in environment.storage.values())
    regions = dict.fromkeys(blueprint.pool_regions(environment))
    if shares_files or environment.network.load_balancer != "none":
        regions[home] = None
    return {
        region: Network(
            "network" if region == home else f"network-{region}",
            NetworkArgs(context, region, managed_services=shares_files and region == home),
        ).place
        for region in regions
    }


def _buckets(
    context: Context, governance: Governance, outputs: Outputs
) -> dict[str, pulumi.Input[str]]:
    """Names of the buckets, made or found, by storage."""
    found: dict[str, pulumi.Input[str]] = {}
    for key, store in context.environment.storage.items():
        if not isinstance(store, ObjectStore):
            continue
        region = store.region or context.region
        args = BucketArgs(context, store, governance.keys.get(region))
        found[key] = store.existing or Bucket(key, args).bucket
        outputs.buckets[key] = {
            "url": pulumi.Output.concat("gs://", found[key]),
            "name": found[key],
            "region": region,
        }
    return found


def _file_systems(
    context: Context, governance: Governance, places: dict[str, Place], outputs: Outputs
) -> dict[str, pulumi.Input[str]]:
    """Mount points of the file systems, by storage."""
    found: dict[str, pulumi.Input[str]] = {}
    for key, storage in context.environment.storage.items():
        if isinstance(storage, SharedFileSystem):
            args = FileSystemArgs(
                context, storage, places[context.region], governance.keys.get(context.region)
            )
            file_system = FileSystem(key, args)
            outputs.file_systems[key] = file_system.facts
            found[key] = file_system.mount_point
    return found


def _access(context: Context) -> dict[str, Any]:
    """How people reach a host: through IAP, as whom OS Login knows them."""
    return {
        "kind": "iap",
        "project": context.project,
        "user": "os-login",
        "command": f"gcloud compute ssh HOST --zone=ZONE --project={context.project} "
        "--tunnel-through-iap",
        "command_tpu": f"gcloud alpha compute tpus tpu-vm ssh SLICE --zone=ZONE "
        f"--project={context.project} --tunnel-through-iap",
    }
