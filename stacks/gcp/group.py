"""Groups of machines, with GPUs or without: a managed instance group, and what keeps it well."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_gcp import compute

from domain import blueprint
from stacks.gcp.accounts import declare_account
from stacks.gcp.firewall import SSH_PORT, declare_firewall
from stacks.gcp.gpudirect import GPUDIRECT, gpu_interfaces
from stacks.gcp.machine_type import MachineType, machine_type
from stacks.gcp.monitoring import Alarms
from stacks.gcp.placement import declare_placement, reserve
from stacks.gcp.pool import PoolArgs
from stacks.gcp.template import declare_template

SERVING_PORT = 8501
"""Where a host serves predictions, if it does (TensorFlow Serving's REST port)."""

# A host may take long to install what it needs, and a busy one long to answer.
_STARTING_SECONDS = 1200
_ASKED_EVERY_SECONDS = 60
_SILENT_TIMES = 10
# How busy hosts are when there are just enough of them.
_GPU_TARGET_PERCENT = 50.0
_CPU_TARGET_SHARE = 0.6


class MachineGroup(pulumi.ComponentResource):
    """A regional managed instance group, in one zone unless it is elastic.

    Templates are replaced, never running hosts: a change reaches a host when it is next made
    anew, so that no update stops a job.
    """

    def __init__(
        self, name: str, args: PoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        kind = "GpuGroup" if args.machine.accelerator_count else "CpuGroup"
        super().__init__(f"windtunnel:gcp:{kind}", name, {}, opts)
        self._args, self._child = args, pulumi.ResourceOptions(parent=self)
        context, place = args.context, args.place
        self._type = machine_type(args.machine.name)
        account = declare_account(context, name, args.buckets, self._child)
        declare_firewall(context, name, place, self._child, probed=True)
        zone = self._zone()
        placement = declare_placement(args, self._type, self._child)
        template = declare_template(
            args,
            self._type,
            account,
            placement,
            reserve(args, self._type, zone, self._child),
            gpu_interfaces(context, name, self._type.name, place.region, zone, self._child)
            if self._has_gpu_network
            else [],
            self._child,
        )
        self.manager = self._declare_manager(template, zone, placement.group)
        if self._is_elastic:
            self._declare_autoscaler()
        alarms = Alarms(context, name, args.channels, self._child)
        (alarms.of_gpus if args.machine.accelerator_count else alarms.of_cpus)(self._least_hosts)
        self.facts: dict[str, Any] = args.facts({"instance_group": self.manager.name})
        self.register_outputs({"instanceGroup": self.manager.instance_group})

    @property
    def _has_gpu_network(self) -> bool:
        return self._args.pool.placement == "cluster" and self._type.name in GPUDIRECT

    @property
    def _is_elastic(self) -> bool:
        return self._args.pool.count is None

    @property
    def _least_hosts(self) -> int:
        pool = self._args.pool
        return pool.min or 0 if self._is_elastic else blueprint.pool_size(pool)

    def _zone(self) -> pulumi.Input[str] | None:
        """The one zone of hosts that share something zonal; others are put where there is room."""
        pool = self._args.pool
        rdma = self._has_gpu_network and GPUDIRECT[self._type.name].rdma
        grows_together = self._is_elastic and pool.placement == "cluster"
        if pool.reservation != "new" and not rdma and not grows_together:
            return None
        return self._args.context.zone(self._args.place.region, f"pool '{self._args.name}'")

    def _declare_manager(
        self,
        template: compute.RegionInstanceTemplate,
        zone: pulumi.Input[str] | None,
        policy: pulumi.Input[str] | None,
    ) -> compute.RegionInstanceGroupManager:
        args, names = self._args, self._args.context.names
        serves = args.context.environment.network.load_balancer == "application"
        return compute.RegionInstanceGroupManager(
            names.prefix(args.name),
            region=args.place.region,
            base_instance_name=names.prefix(args.name),
            versions=[
                compute.RegionInstanceGroupManagerVersionArgs(instance_template=template.self_link)
            ],
            target_size=blueprint.pool_size(args.pool),
            distribution_policy_zones=[zone] if zone is not None else list(args.zones) or None,
            # Groups in one zone cannot be scaled for them (Compute Engine documentation,
            # "Set a target distribution shape").
            distribution_policy_target_shape="BALANCED" if self._is_elastic else "ANY_SINGLE_ZONE",
            instance_flexibility_policy=self._alternatives(),
            update_policy=compute.RegionInstanceGroupManagerUpdatePolicyArgs(
                type="OPPORTUNISTIC",
                minimal_action="REPLACE",
                instance_redistribution_type="NONE",
            ),
            auto_healing_policies=compute.RegionInstanceGroupManagerAutoHealingPoliciesArgs(
                health_check=self._health_check().id, initial_delay_sec=_STARTING_SECONDS
            ),
            instance_lifecycle_policy=compute.RegionInstanceGroupManagerInstanceLifecyclePolicyArgs(
                default_action_on_failure="REPAIR"
            ),
            resource_policies=compute.RegionInstanceGroupManagerResourcePoliciesArgs(
                workload_policy=policy
            )
            if policy is not None
            else None,
            named_ports=[
                compute.RegionInstanceGroupManagerNamedPortArgs(name="serving", port=SERVING_PORT)
            ]
            if serves
            else None,
            opts=pulumi.ResourceOptions.merge(
                self._child,
                # The autoscaler moves the size of an elastic pool.
                pulumi.ResourceOptions(ignore_changes=["targetSize"] if self._is_elastic else None),
            ),
        )

    def _health_check(self) -> compute.HealthCheck:
        """A host that has not taken a connection for ten minutes hangs, and is made anew."""
        return compute.HealthCheck(
            self._args.context.names.prefix(self._args.name),
            check_interval_sec=_ASKED_EVERY_SECONDS,
            timeout_sec=_ASKED_EVERY_SECONDS // 2,
            unhealthy_threshold=_SILENT_TIMES,
            tcp_health_check=compute.HealthCheckTcpHealthCheckArgs(port=int(SSH_PORT)),
            opts=self._child,
        )

    def _alternatives(
        self,
    ) -> compute.RegionInstanceGroupManagerInstanceFlexibilityPolicyArgs | None:
        """Machine types by preference; all hosts of a group have the same GPUs attached."""
        ranked = [self._type]
        for other in map(machine_type, self._args.pool.alternatives):
            same = (other.attached, other.attached_count) == _attached(self._type)
            if same and not other.name.startswith("tpu-"):
                ranked.append(other)
            else:
                pulumi.log.warn(
                    f"pool '{self._args.name}': {other.name} cannot stand in for "
                    f"{self._args.machine.name}: its accelerators are attached in another way"
                )
        if len(ranked) == 1:
            return None
        selection = compute.RegionInstanceGroupManagerInstanceFlexibilityPolicyInstanceSelectionArgs
        return compute.RegionInstanceGroupManagerInstanceFlexibilityPolicyArgs(
            instance_selections=[
                selection(name=f"choice-{rank}", rank=rank, machine_types=[each.name])
                for rank, each in enumerate(ranked, start=1)
            ]
        )

    def _declare_autoscaler(self) -> None:
        """More hosts while those that run are busy; a group of none stays so until resized."""
        args, pool = self._args, self._args.pool
        names = args.context.names
        gpu = compute.RegionAutoscalerAutoscalingPolicyMetricArgs(
            name="agent.googleapis.com/gpu/utilization", type="GAUGE", target=_GPU_TARGET_PERCENT
        )
        cpu = compute.RegionAutoscalerAutoscalingPolicyCpuUtilizationArgs(target=_CPU_TARGET_SHARE)
        compute.RegionAutoscaler(
            names.prefix(args.name),
            region=args.place.region,
            target=self.manager.id,
            autoscaling_policy=compute.RegionAutoscalerAutoscalingPolicyArgs(
                min_replicas=pool.min or 0,
                max_replicas=pool.max or 0,
                cooldown_period=_STARTING_SECONDS,
                metrics=[gpu] if args.machine.accelerator_count else None,
                cpu_utilization=None if args.machine.accelerator_count else cpu,
            ),
            opts=self._child,
        )


def _attached(machine: MachineType) -> tuple[str | None, int]:
    return machine.attached, machine.attached_count
