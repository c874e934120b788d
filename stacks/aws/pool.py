"""A pool of nodes: an auto scaling group, and what it needs to itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.catalog import Machine
from domain.environment import Environment, ObjectStore
from stacks.aws.boot import user_data
from stacks.aws.images import has_nvidia
from stacks.aws.launch import LaunchArgs, declare_launch_template
from stacks.aws.monitoring import CPU, GPU, agent_configuration, declare_alarms
from stacks.aws.network import Place
from stacks.aws.roles import Reach, declare_profile
from stacks.aws.scaling import declare_scaling, mixed_instances
from stacks.names import Names

_WATCHED = ["GroupDesiredCapacity", "GroupInServiceInstances"]
_STARTING_SECONDS = 300


@dataclass(frozen=True)
class PoolArgs:
    """What a pool is, and what its nodes use."""

    environment: Environment
    names: Names
    machine: Machine
    place: Place
    buckets: Mapping[str, Any]
    """Storage key → ARN of its bucket."""
    mounts: Mapping[str, Any]
    """Directory → what Lustre mounts there; nothing in other regions."""
    keys: Mapping[str, Any]
    """Region → ARN of its key."""
    topic_arn: Any = None


class NodeGroup(pulumi.ComponentResource):
    """Nodes of one machine type. Use :func:`declare_pool`, which knows its kind."""

    def __init__(self, kind: str, name: str, args: PoolArgs) -> None:
        super().__init__(f"windtunnel:aws:{kind}", name, None, args.place.region.component)
        self._name, self._args = name, args
        self._pool = args.environment.pools[name]
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = {
            "Name": args.names.prefix(name),
            **args.names.aws_tags(args.environment, pool=name),
        }
        placement = self._placement_group()
        reservation = self._reservation(placement)
        agent = self._agent_parameter()
        profile, policy = declare_profile(
            name,
            Reach(args.buckets, self._data_keys(), [agent.arn] if agent else []),
            args.names,
            self._tags,
            parent=self,
        )
        template = declare_launch_template(
            name,
            LaunchArgs(
                pool=self._pool,
                machine=args.machine,
                place=args.place,
                names=args.names,
                tags=self._tags,
                profile_arn=profile.arn,
                user_data=user_data(
                    region=args.place.region.name,
                    has_cache=self._has_cache(),
                    mounts=args.mounts,
                    agent_parameter=agent.name if agent else None,
                ),
                key_arn=args.keys.get(args.place.region.name),
                placement_group=placement.name if placement else None,
                reservation_id=reservation,
            ),
            parent=self,
        )
        self.group = self._scaling_group(template, policy)
        # CloudWatch's agent reads NVIDIA's GPUs and no other accelerators.
        busy = GPU if has_nvidia(args.machine) else CPU
        declare_scaling(name, self._pool, self.group, busy, parent=self)
        declare_alarms(name, self._pool, self.group, busy, args.topic_arn, self._tags, parent=self)
        self.register_outputs({"autoScalingGroup": self.group.name})

    def _data_keys(self) -> list[Any]:
        """Keys of the regions with buckets; disks are opened by EC2, not by nodes."""
        environment = self._args.environment
        regions = dict.fromkeys(
            storage.region or environment.region or ""
            for storage in environment.storage.values()
            if isinstance(storage, ObjectStore)
        )
        return [self._args.keys[region] for region in regions if region in self._args.keys]

    def _has_cache(self) -> bool:
        wanted = any(
            storage.kind == "local_nvme" for storage in self._args.environment.storage.values()
        )
        return wanted and self._args.machine.local_nvme_bytes > 0

    def _placement_group(self) -> Any:
        if self._pool.placement == "none":
            return None
        return aws.ec2.PlacementGroup(
            self._name,
            strategy=self._pool.placement,
            tags=self._tags,
            opts=self._child,
        )

    def _reservation(self, placement: Any) -> Any:
        if self._pool.reservation != "new":
            return self._pool.reservation
        in_cluster = placement is not None and self._pool.placement == "cluster"
        made = aws.ec2.CapacityReservation(
            self._name,
            instance_type=self._args.machine.name,
            instance_platform="Linux/UNIX",
            instance_count=blueprint.pool_size(self._pool),
            # Only nodes that name it, so that nobody else takes what is kept for this pool.
            instance_match_criteria="targeted",
            availability_zone=self._args.place.zones[0],
            end_date_type="unlimited",
            placement_group_arn=placement.arn if in_cluster else None,
            tags=self._tags,
            opts=self._child,
        )
        return made.id

    def _agent_parameter(self) -> Any:
        if not has_nvidia(self._args.machine):
            return None
        return aws.ssm.Parameter(
            f"{self._name}-agent",
            # Standard parameters hold 4 KB, and are free.
            type="String",
            tier="Standard",
            # Nothing in it is secret; as such it can be read in a preview.
            insecure_value=agent_configuration(),
            description=f"What nodes of {self._name} report to CloudWatch",
            tags=self._tags,
            opts=self._child,
        )

    def _scaling_group(self, template: Any, policy: Any) -> Any:
        pool = self._pool
        fixed = pool.count is not None
        size = blueprint.pool_size(pool)
        mixed = mixed_instances(pool, self._args.machine, template)
        # Clusters and reservations live in one zone.
        one_zone = pool.placement == "cluster" or pool.reservation is not None
        subnets = list(self._args.place.subnet_ids)
        return aws.autoscaling.Group(
            self._name,
            name_prefix=f"{self._args.names.prefix(self._name)}-",
            min_size=size if fixed else pool.min,
            max_size=size if fixed else pool.max,
            desired_capacity=size,
            vpc_zone_identifiers=subnets[:1] if one_zone else subnets,
            launch_template=None
            if mixed
            else aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version="$Latest"),
            mixed_instances_policy=mixed,
            capacity_rebalance=pool.market == "spot",
            health_check_type="EC2",
            health_check_grace_period=_STARTING_SECONDS,
            # Capacity may take hours to find; the alarm on failed nodes tells, not a timeout.
            wait_for_capacity_timeout="0",
            # Moving a node to even out zones would stop a job that runs on all of them.
            suspended_processes=["AZRebalance"] if fixed else None,
            enabled_metrics=_WATCHED,
            metrics_granularity="1Minute",
            tags=[
                aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)
                for key, value in self._tags.items()
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[policy],
                ignore_changes=None if fixed else ["desiredCapacity"],
            ),
        )


def declare_pool(name: str, args: PoolArgs) -> NodeGroup:
    """The pool as a group of GPU nodes where its machine has accelerators, else of CPU nodes."""
    kind = "GpuGroup" if args.machine.accelerator_count else "CpuGroup"
    return NodeGroup(kind, name, args)
