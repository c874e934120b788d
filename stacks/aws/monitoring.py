"""What nodes report of themselves, and when somebody should look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.environment import Pool

NAMESPACE = "Windtunnel"
"""Where the agent's metrics are."""
GPU_UTILISATION = "nvidia_smi_utilization_gpu"
_GROUP = "AutoScalingGroupName"
_IDLE_PER_CENT = 5
_PERIOD_SECONDS = 300
_HOUR_PERIODS = 3600 // _PERIOD_SECONDS
_FAILED_PERIODS = 3
"""A new node may take this many periods to come up."""


@dataclass(frozen=True)
class Metric:
    """How busy the nodes of a pool are, in per cent."""

    namespace: str
    name: str


CPU = Metric("AWS/EC2", "CPUUtilization")
GPU = Metric(NAMESPACE, GPU_UTILISATION)


def agent_configuration() -> str:
    """Tells CloudWatch's agent to report the use of GPUs, as one metric a pool.

    The agent could report each GPU of each node, and each would be charged as a metric of its
    own; the benchmark's own meter records those.
    """
    return json.dumps(
        {
            "agent": {"metrics_collection_interval": 60},
            "metrics": {
                "namespace": NAMESPACE,
                "append_dimensions": {_GROUP: f"${{aws:{_GROUP}}}"},
                "aggregation_dimensions": [[_GROUP]],
                "metrics_collected": {
                    "nvidia_gpu": {
                        "measurement": ["utilization_gpu"],
                        "drop_original_metrics": ["utilization_gpu"],
                    }
                },
            },
        },
        indent=2,
    )


def declare_alarms(
    name: str,
    pool: Pool,
    group: Any,
    busy: Metric,
    topic_arn: Any,
    tags: dict[str, str],
    *,
    parent: Any,
) -> None:
    """Tells people when a pool idles for an hour, and when nodes are missing or broken.

    There are :data:`~domain.blueprint.ALARMS_PER_POOL`, and each watches one metric, because
    one that computes with several is charged for each of them.
    """
    actions = [topic_arn] if topic_arn is not None else None

    def alarm(what: str, description: str, **condition: Any) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{name}-{what}",
            alarm_description=description,
            dimensions={_GROUP: group.name},
            period=_PERIOD_SECONDS,
            alarm_actions=actions,
            ok_actions=actions,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
            **condition,
        )

    alarm(
        "idle",
        f"The nodes of {name} have been idle for an hour, and are paid for",
        namespace=busy.namespace,
        metric_name=busy.name,
        statistic="Average",
        comparison_operator="LessThanThreshold",
        threshold=_IDLE_PER_CENT,
        evaluation_periods=_HOUR_PERIODS,
        # No nodes report nothing.
        treat_missing_data="notBreaching",
    )
    if pool.count is not None:
        alarm(
            "failed",
            f"Fewer than the {pool.count} nodes of {name} are in service",
            namespace="AWS/AutoScaling",
            metric_name="GroupInServiceInstances",
            statistic="Minimum",
            comparison_operator="LessThanThreshold",
            threshold=blueprint.pool_size(pool),
            evaluation_periods=_FAILED_PERIODS,
            treat_missing_data="breaching",
        )
    else:
        alarm(
            "failed",
            f"A node of {name} fails its checks",
            namespace="AWS/EC2",
            metric_name="StatusCheckFailed",
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=_FAILED_PERIODS,
            treat_missing_data="notBreaching",
        )
