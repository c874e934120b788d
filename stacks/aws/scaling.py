"""How a pool grows, and which machines may stand in for one another."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from domain.catalog import Machine
from domain.environment import Pool
from stacks.aws.monitoring import CPU, Metric

_TARGET_PER_CENT = 60
"""How busy the nodes of an elastic pool should be on average."""


def mixed_instances(pool: Pool, machine: Machine, template: Any) -> Any:
    """Machines in the order in which they are wanted; None where there is only one."""
    if not pool.alternatives:
        return None
    policy = aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
        launch_template_specification=(
            aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                launch_template_id=template.id, version="$Latest"
            )
        ),
        overrides=[
            aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(
                instance_type=instance_type
            )
            for instance_type in (machine.name, *pool.alternatives)
        ],
    )
    return aws.autoscaling.GroupMixedInstancesPolicyArgs(
        instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_base_capacity=0,
            on_demand_percentage_above_base_capacity=0 if pool.market == "spot" else 100,
            on_demand_allocation_strategy="prioritized",
            spot_allocation_strategy="capacity-optimized-prioritized",
        ),
        launch_template=policy,
    )


def declare_scaling(name: str, pool: Pool, group: Any, busy: Metric, *, parent: Any) -> None:
    """Keeps an elastic pool about :data:`_TARGET_PER_CENT` per cent busy."""
    if pool.count is not None:
        return
    configuration = aws.autoscaling.PolicyTargetTrackingConfigurationArgs
    if busy is CPU:
        target = configuration(
            target_value=_TARGET_PER_CENT,
            predefined_metric_specification=(
                aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type="ASGAverageCPUUtilization"
                )
            ),
        )
    else:
        metric = aws.autoscaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationArgs
        dimension = aws.autoscaling.PolicyTargetTrackingConfigurationCustomizedMetricSpecificationMetricDimensionArgs  # noqa: E501
        target = configuration(
            target_value=_TARGET_PER_CENT,
            customized_metric_specification=metric(
                namespace=busy.namespace,
                metric_name=busy.name,
                statistic="Average",
                metric_dimensions=[dimension(name="AutoScalingGroupName", value=group.name)],
            ),
        )
    aws.autoscaling.Policy(
        name,
        autoscaling_group_name=group.name,
        policy_type="TargetTrackingScaling",
        target_tracking_configuration=target,
        opts=pulumi.ResourceOptions(parent=parent),
    )
