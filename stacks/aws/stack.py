"""Puts the parts of an environment together: the order in which they need each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.catalog import load_catalog
from domain.environment import Environment, ObjectStore, SharedFileSystem
from domain.materials import LOAD_BALANCER, network_name
from stacks.aws.file_system import FileSystem, FileSystemArgs
from stacks.aws.governance import Governance, GovernanceArgs
from stacks.aws.load_balancer import LoadBalancer, LoadBalancerArgs
from stacks.aws.network import Network, NetworkArgs, Place
from stacks.aws.pool import NodeGroup, PoolArgs, declare_pool
from stacks.aws.regions import Region, declare_regions
from stacks.aws.roles import READ_ONLY
from stacks.aws.security_group import declare_host_group
from stacks.aws.storage import Bucket, BucketArgs
from stacks.names import Names
from stacks.outputs import Facts, Outputs


def declare(environment: Environment, names: Names) -> Outputs:
    """Declares everything that the environment, which is deployable, needs on AWS."""
    return _Program(environment, names).declare()


class _Program:
    """One run: what has been declared so far."""

    def __init__(self, environment: Environment, names: Names) -> None:
        self._environment, self._names = environment, names
        self._home_name = environment.region or ""
        self._regions = declare_regions(environment)
        self._governance = Governance(
            "governance", GovernanceArgs(environment, names, self._regions)
        )
        self._outputs = Outputs()

    def declare(self) -> Outputs:
        """Networks, then what stands in them, then what watches over all."""
        places = self._places()
        buckets = self._buckets()
        file_systems = self._file_systems(places, buckets)
        groups = self._pools(places, buckets, file_systems)
        self._load_balancer(places, groups)
        made = [bucket for bucket in buckets.values() if isinstance(bucket, Bucket)]
        self._governance.audit([bucket.arn for bucket in made])
        return self._outputs

    def _places(self) -> dict[str, Place]:
        places = {}
        for name in blueprint.pool_regions(self._environment):
            region = self._regions[name]
            if self._environment.network.vpc:
                places[name] = _given_place(self._environment, self._names, region)
            else:
                network = Network(
                    network_name(self._environment, name),
                    NetworkArgs(
                        self._environment, self._names, region, self._governance.keys.get(name)
                    ),
                )
                places[name] = network.place
            self._outputs.access[name] = _access(name)
        return places

    def _buckets(self) -> dict[str, Bucket | str]:
        """Each bucket by its storage key: made here, or the name of one that exists."""
        buckets: dict[str, Bucket | str] = {}
        for key, storage in self._environment.storage.items():
            if not isinstance(storage, ObjectStore):
                continue
            region = storage.region or self._home_name
            if storage.existing:
                buckets[key] = name = storage.existing
            else:
                args = BucketArgs(
                    self._environment,
                    self._names,
                    self._regions[region],
                    storage,
                    self._governance.keys.get(region),
                )
                buckets[key] = bucket = Bucket(key, args)
                name = bucket.name
            self._outputs.buckets[key] = {
                "url": pulumi.Output.concat("s3://", name),
                "name": name,
                "region": region,
            }
        return buckets

    def _file_systems(
        self, places: Mapping[str, Place], buckets: Mapping[str, Bucket | str]
    ) -> dict[str, FileSystem]:
        made = {}
        for key, storage in self._environment.storage.items():
            if not isinstance(storage, SharedFileSystem):
                continue
            args = FileSystemArgs(
                self._environment,
                self._names,
                places[self._home_name],
                storage,
                self._governance.keys.get(self._home_name),
                self._linked_dataset(buckets),
            )
            made[key] = system = FileSystem(key, args)
            self._outputs.file_systems[key] = {
                "id": system.id,
                "address": system.address,
                "mount_name": system.mount_name,
                "mount": pulumi.Output.concat(
                    f"sudo mkdir -p {system.directory} && sudo mount -t lustre -o noatime,flock ",
                    system.source,
                    f" {system.directory}",
                ),
            }
        return made

    def _linked_dataset(self, buckets: Mapping[str, Bucket | str]) -> Any:
        """Name of the dataset's bucket, where a file system may be linked to it."""
        storage = self._environment.storage.get(READ_ONLY)
        if not isinstance(storage, ObjectStore) or storage.region not in (None, self._home_name):
            return None
        bucket = buckets[READ_ONLY]
        return bucket.name if isinstance(bucket, Bucket) else bucket

    def _pools(
        self,
        places: Mapping[str, Place],
        buckets: Mapping[str, Bucket | str],
        file_systems: Mapping[str, FileSystem],
    ) -> dict[str, NodeGroup]:
        catalog = load_catalog()
        home = self._regions[self._home_name]
        arns = {
            key: bucket.arn if isinstance(bucket, Bucket) else f"arn:{home.partition}:s3:::{bucket}"
            for key, bucket in buckets.items()
        }
        mounts = {system.directory: system.source for system in file_systems.values()}
        groups = {}
        for name, pool in self._environment.pools.items():
            region = self._environment.pool_region(name) or ""
            machine = catalog.machine("aws", str(pool.machine))
            args = PoolArgs(
                environment=self._environment,
                names=self._names,
                machine=machine,
                place=places[region],
                buckets=arns,
                mounts=mounts if region == self._home_name else {},
                keys=self._governance.keys,
                topic_arn=self._governance.topics.get(region),
            )
            groups[name] = declare_pool(name, args)
            self._outputs.pools[name] = self._pool_facts(name, places[region], groups[name])
        return groups

    def _pool_facts(self, name: str, place: Place, group: NodeGroup) -> Facts:
        pool = self._environment.pools[name]
        own = self._names.aws_tags(self._environment, pool=name)
        return {
            "provider": "aws",
            "region": place.region.name,
            "zones": list(place.zones),
            "machine": pool.machine,
            "market": pool.market,
            "count": blueprint.pool_size(pool),
            "min": pool.min if pool.count is None else pool.count,
            "max": pool.max if pool.count is None else pool.count,
            "find": {
                "auto_scaling_group": group.group.name,
                "tags": {key: own[key] for key in (blueprint.TAG_STACK, blueprint.TAG_POOL)},
            },
        }

    def _load_balancer(self, places: Mapping[str, Place], groups: Mapping[str, NodeGroup]) -> None:
        if self._environment.network.load_balancer == "none":
            return
        place = places[self._home_name]
        served = {
            name: group.group.name
            for name, group in groups.items()
            if self._environment.pool_region(name) == self._home_name
        }
        balancer = LoadBalancer(
            LOAD_BALANCER, LoadBalancerArgs(self._environment, self._names, place, served)
        )
        self._outputs.access["load_balancer"] = {"address": balancer.address}


def _given_place(environment: Environment, names: Names, region: Region) -> Place:
    """A network that is there already: only a group of rules is added to it."""
    network = environment.network
    options = pulumi.ResourceOptions(provider=region.provider)
    invoke = pulumi.InvokeOutputOptions(provider=region.provider)
    group = declare_host_group(
        "network",
        vpc_id=network.vpc,
        tags={"Name": names.prefix("hosts"), **names.aws_tags()},
        # Where its routes lead is not known here.
        reaches_internet=True,
        s3_prefix_list=None,
        opts=options,
    )
    zones = list(environment.zones) or [
        aws.ec2.get_subnet_output(id=subnet, opts=invoke).availability_zone
        for subnet in network.subnets
    ]
    return Place(region, network.vpc, list(network.subnets), zones, group.id)


def _access(region: str) -> Facts:
    """How people reach a node: by Session Manager, without an open port."""
    return {
        "kind": "ssm",
        "user": "ssm-user",
        "command": f"aws ssm start-session --region {region} --target HOST",
    }
