"""Who watches a fleet: alarms that its accelerators idle, or that its hosts fail."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.blueprint import TAG_POOL
from domain.costing.values import block, blocks, text
from domain.resources import Resource
from policies.fleets import Fleet
from policies.world import World

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"

IDLE = re.compile(r"utili[sz]ation|duty_cycle|tensorcore|sm_active", re.IGNORECASE)
FAILED = re.compile(
    r"StatusCheckFailed|InServiceInstances|InServiceCapacity|interruption|uptime|"
    r"instance_group/size|healthy|HostCount|node_ready|FailedNode",
    re.IGNORECASE,
)
_BELOW = ("LessThan", "COMPARISON_LT")


def is_watched(world: World, fleet: Fleet, metric: re.Pattern[str], *, below: bool = False) -> bool:
    """Whether an alarm on such a metric is about this fleet.

    Args:
        below: count only alarms that ring when the metric is low.
    """
    if fleet.provider == "aws":
        alarms: Iterator[Resource] = iter(world.users(fleet.resource, ALARM))
    else:
        alarms = (each for each in world.of_type(ALERT) if _is_about(each, fleet))
    return any(_rings(each, metric, below) for each in alarms)


def _is_about(alert: Resource, fleet: Fleet) -> bool:
    """Alert policies name what they watch in a filter; one that names no pool watches all."""
    pool = block(alert.get("userLabels")).get(TAG_POOL)
    return pool is None or pool == fleet.pool


def _rings(alarm: Resource, metric: re.Pattern[str], below: bool) -> bool:
    if alarm.type == ALARM:
        metrics = [alarm.get("metricName")]
        for query in blocks(alarm.get("metricQueries")):
            metrics.append(block(query.get("metric")).get("metricName"))
        return _matches(metric, metrics) and (
            not below or (text(alarm.get("comparisonOperator")) or "").startswith(_BELOW)
        )
    return any(
        _matches(metric, [condition.get("filter"), condition.get("query")])
        and (not below or "query" in condition or condition.get("comparison") in _BELOW)
        for each in blocks(alarm.get("conditions"))
        for condition in map(block, each.values())
    )


def _matches(metric: re.Pattern[str], names: list[object]) -> bool:
    return any(isinstance(name, str) and metric.search(name) for name in names)
