"""A change as a comment on a pull request: total first, details folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from domain.bill import Bill
from domain.costing.change import PlanChange, component_changes
from domain.prediction import Prediction
from simulator.report.plan_tables import (
    cost_side,
    dollars,
    largest_first,
    operations,
    short_type,
    signed,
    telling,
)
from simulator.report.prediction_tables import METRIC_NAMES, figure
from simulator.study.compare import Difference

_COMPARED = ("makespan_seconds", "job_completion_time_seconds", "cost_usd")
# GitHub refuses comments of more than 65,536 characters.
_MOST_ROWS = 100


def change_as_markdown(
    change: PlanChange,
    predictions: Sequence[Prediction] = (),
    differences: Sequence[Difference] = (),
) -> str:
    """The comment: what the change costs, what it does to the predicted job, what is not known."""
    parts = [
        f"### Windtunnel: {signed(change.change_usd)} a month",
        f"{dollars(change.before.bill.total_usd)} → **{dollars(change.after.bill.total_usd)}** "
        f"a month while everything runs. {operations(change)}.",
        "\n".join(_resources(change)),
        "\n".join(_predicted(predictions, differences)),
        "\n".join(_folded("By component", list(_components(change)))),
        "\n".join(_folded("Not in the total", list(_gaps(change)))),
        _footing(change),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _resources(change: PlanChange) -> Iterator[str]:
    rows = sorted(telling(change), key=largest_first)
    if not rows:
        yield "No resource that costs money changes."
        return
    yield "| | resource | before | after | monthly change |"
    yield "|---|---|---:|---:|---:|"
    for each in rows[:_MOST_ROWS]:
        yield (
            f"| {each.operation} | `{each.cost.resource.name}` "
            f"{short_type(each.cost.resource.type)} | {cost_side(each.before)} "
            f"| {cost_side(each.after)} | {signed(each.change_usd)} |"
        )
    if len(rows) > _MOST_ROWS:
        yield f"\n… and {len(rows) - _MOST_ROWS} more."


def _predicted(predictions: Sequence[Prediction], differences: Sequence[Difference]) -> list[str]:
    if len(predictions) != 2:
        return []
    before, after = predictions
    rows = ["| predicted | before | after | difference, 95 % interval |", "|---|---:|---:|---:|"]
    for difference in differences:
        name = difference.metric
        if name not in _COMPARED or name not in before.metrics or name not in after.metrics:
            continue
        low, high = difference.ci95
        told = f"{figure(name, difference.mean)} ({figure(name, low)} … {figure(name, high)})"
        rows.append(
            f"| {METRIC_NAMES[name]} | {figure(name, before.metrics[name].mean)} "
            f"| {figure(name, after.metrics[name].mean)} "
            f"| {told if difference.is_significant else told + ', not significant'} |"
        )
    rows.append(f"| bottleneck | {before.bottleneck} | {after.bottleneck} | |")
    return rows


def _components(change: PlanChange) -> Iterator[str]:
    yield "| resource | component | before | after | change |"
    yield "|---|---|---:|---:|---:|"
    for each in telling(change):
        for component, (old, new) in component_changes(each).items():
            if old != new:
                yield (
                    f"| `{each.cost.resource.name}` | {component} | {dollars(old)} "
                    f"| {dollars(new)} | {signed(new - old)} |"
                )


def _gaps(change: PlanChange) -> Iterator[str]:
    for each in change.changed:
        for gap in (*each.cost.usage, *each.cost.unpriced):
            yield f"- `{each.cost.resource.name}`, {gap.component}: {gap.reason}"


def _folded(title: str, lines: list[str]) -> list[str]:
    rows = [line for line in lines if not line.startswith(("| resource |", "|---"))]
    if not rows:
        return []
    shown = lines[: _MOST_ROWS + 2]
    more = [f"… and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    summary = f"<summary>{title} ({len(rows)})</summary>"
    return ["<details>", summary, "", *shown, *more, "", "</details>"]


def _footing(change: PlanChange) -> str:
    notes = [*change.before.graph.notes, *change.after.graph.notes, *change.after.notes]
    dates = _dates(change.after.bill) or _dates(change.before.bill)
    told = [*dict.fromkeys(notes), *dates]
    return "\n".join(f"<sub>{note}</sub><br>" for note in told)


def _dates(bill: Bill) -> list[str]:
    if not bill.price_dates:
        return []
    oldest, newest = bill.price_dates
    return [f"Prices were observed {oldest} to {newest}."]
