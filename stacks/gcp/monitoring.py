"""Alarms of a pool: accelerators that idle, hosts that fail.

There are always two (``blueprint.ALARMS_PER_POOL``); without addresses they still show in
the console.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_gcp import monitoring

from domain.blueprint import TAG_POOL, TAG_STACK
from stacks.gcp.context import Context

if TYPE_CHECKING:
    # Importing it for real loads the whole module, which warns of what it deprecates.
    from pulumi_gcp.monitoring import AlertPolicyConditionConditionThresholdArgs as Condition

_PERIOD = "300s"
_IDLE_FOR = "1800s"
_FAILED_FOR = "900s"
_IDLE_PERCENT = 5.0


@dataclass(frozen=True)
class Alarms:
    """What a pool's alarms are about.

    The names of pool and stack choose the hosts by their labels. Metrics of TPU hosts carry
    no labels, so the alarms of a slice look at every TPU host of its zone.
    """

    context: Context
    pool: str
    channels: Sequence[pulumi.Input[str]]
    opts: pulumi.ResourceOptions

    def of_gpus(self, least_hosts: int) -> None:
        """GPUs that do nothing, as the Ops Agent reports it; fewer hosts than there should be."""
        metric = "agent.googleapis.com/gpu/utilization"
        self._idle(_below(self._hosts(metric), _IDLE_PERCENT))
        self._failed(self._missing(least_hosts))

    def of_cpus(self, least_hosts: int) -> None:
        """CPUs that do nothing; fewer hosts than there should be."""
        metric = "compute.googleapis.com/instance/cpu/utilization"
        self._idle(_below(self._hosts(metric), _IDLE_PERCENT / 100))
        self._failed(self._missing(least_hosts))

    def of_tpus(self, zone: pulumi.Input[str]) -> None:
        """TPUs that do nothing; hosts that were interrupted."""
        place = pulumi.Output.format(
            'resource.type="tpu.googleapis.com/GceTpuWorker" AND resource.labels.location="{0}"',
            zone,
        )
        metric = 'metric.type="tpu.googleapis.com/accelerator/duty_cycle" AND '
        self._idle(_below(pulumi.Output.concat(metric, place), _IDLE_PERCENT))
        metric = 'metric.type="tpu.googleapis.com/instance/interruption_count" AND '
        self._failed(
            monitoring.AlertPolicyConditionConditionThresholdArgs(
                filter=pulumi.Output.concat(metric, place),
                comparison="COMPARISON_GT",
                threshold_value=0,
                duration="0s",
                aggregations=[_aggregation("ALIGN_SUM")],
            )
        )

    def _hosts(self, metric: str) -> str:
        labels = self.context.names.gcp_labels(pool=self.pool)
        chosen = [
            f'metadata.user_labels."{label}"="{labels[label]}"' for label in (TAG_STACK, TAG_POOL)
        ]
        return " AND ".join([f'metric.type="{metric}"', 'resource.type="gce_instance"', *chosen])

    def _missing(self, least_hosts: int) -> Condition:
        """Running hosts are counted; when none reports at all, that is an alarm too."""
        return monitoring.AlertPolicyConditionConditionThresholdArgs(
            filter=self._hosts("compute.googleapis.com/instance/uptime"),
            comparison="COMPARISON_LT",
            threshold_value=least_hosts,
            duration=_FAILED_FOR,
            evaluation_missing_data="EVALUATION_MISSING_DATA_ACTIVE" if least_hosts else None,
            aggregations=[_aggregation("ALIGN_DELTA", "REDUCE_COUNT")],
        )

    def _idle(self, condition: Condition) -> None:
        self._alarm(
            "idle",
            condition,
            f"Pool {self.pool} has done next to nothing for half an hour, and is paid for. "
            "Stop it, or find out what it waits for.",
        )

    def _failed(self, condition: Condition) -> None:
        self._alarm(
            "failed",
            condition,
            f"Pool {self.pool} has lost hosts, or cannot get them. Look at the events of its "
            "group; jobs go on from their last checkpoint.",
        )

    def _alarm(self, what: str, condition: Condition, advice: str) -> None:
        monitoring.AlertPolicy(
            f"{self.pool}-{what}",
            display_name=f"{self.context.names.stack}: {self.pool} {what}",
            combiner="OR",
            severity="WARNING",
            conditions=[
                monitoring.AlertPolicyConditionArgs(
                    display_name=f"{self.pool} {what}", condition_threshold=condition
                )
            ],
            documentation=monitoring.AlertPolicyDocumentationArgs(
                content=advice, mime_type="text/markdown"
            ),
            notification_channels=list(self.channels),
            user_labels=self.context.names.gcp_labels(self.context.environment, pool=self.pool),
            opts=self.opts,
        )


def _below(filter_: pulumi.Input[str], threshold: float) -> Condition:
    return monitoring.AlertPolicyConditionConditionThresholdArgs(
        filter=filter_,
        comparison="COMPARISON_LT",
        threshold_value=threshold,
        duration=_IDLE_FOR,
        aggregations=[_aggregation("ALIGN_MEAN")],
    )


def _aggregation(
    aligner: str, reducer: str | None = None
) -> monitoring.AlertPolicyConditionConditionThresholdAggregationArgs:
    return monitoring.AlertPolicyConditionConditionThresholdAggregationArgs(
        alignment_period=_PERIOD, per_series_aligner=aligner, cross_series_reducer=reducer
    )
