"""A change as a comment on a pull request: total first, details folded."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from domain.costing.change import LEAST_TOLD_USD, PlanChange, ResourceChange, component_changes
from domain.costing.plan import ResourceCost
from domain.prediction import Prediction
from simulator.report import change_words
from simulator.report.gaps import listed
from simulator.report.plan_tables import short_type
from simulator.report.prediction_tables import METRIC_NAMES, figure
from simulator.study.compare import Difference

_COMPARED = ("makespan_seconds", "job_completion_time_seconds", "cost_usd")
# GitHub refuses comments of more than 65,536 characters; nobody reads that many.
_MOST_ROWS = 100
_MOST_CHARACTERS = 12_000
"""Of one table or list."""
_LONGEST = 300
"""Characters of a name or a reason."""


def change_as_markdown(
    change: PlanChange,
    predictions: Sequence[Prediction] = (),
    differences: Sequence[Difference] = (),
) -> str:
    """The comment: what the change costs, what it does to the predicted job, what is not known.

    Changes of less than half a cent a month are no changes of cost.
    """
    costly, others = change_words.of_cost(change), change_words.at_same_cost(change)
    parts = [
        f"### {_name(change)}: {change_words.headline(change)}",
        _totals(change),
        _resources(costly) if costly else _without_cost(others),
        "\n".join(_predicted(predictions, differences)),
        _folded("By component", list(_components(costly)), _COMPONENTS),
        _folded("No change in cost", list(map(_told, others))),
        _folded("Not in the total", list(_gaps(costly)), _GAPS),
        _footing(change, costly),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _name(change: PlanChange) -> str:
    sides = (change.before.graph.stack, change.after.graph.stack)
    names = [side.rsplit("/", 1)[-1] for side in sides if side]
    return " → ".join(map(_text, dict.fromkeys(names))) or "Windtunnel"


def _totals(change: PlanChange) -> str:
    before, after = (change_words.total(each.bill) for each in (change.before, change.after))
    sides = f"**{after}**" if before == after else f"{before} → **{after}**"
    left_out = change.after.graph.left_out
    without = f", without the {left_out:,} that do not change" if left_out else ""
    return f"{sides} a month while everything runs{without}. {change_words.operations(change)}."


def _resources(costly: Sequence[ResourceChange]) -> str:
    rows = [
        f"| {change_words.operation(each)} | {_resource(each.cost)} "
        f"| {change_words.side(each.before)} | {change_words.side(each.after)} "
        f"| {change_words.difference(each)} |"
        for each in costly
    ]
    head = ["| | resource | before | after | monthly change |", "|---|---|---:|---:|---:|"]
    return "\n".join([*head, *_cut(rows)])


def _without_cost(others: Sequence[ResourceChange]) -> str:
    if not others:
        return "Nothing that a cloud provides changes."
    names = [_code(each.cost.resource.name) for each in others]
    what = "1 resource changes" if len(names) == 1 else f"{len(names):,} resources change"
    return f"{what}, at the same cost: {listed(names)}."


def _told(each: ResourceChange) -> str:
    reasons = f": {listed(map(_code, each.reasons))}" if each.reasons else ""
    return f"- {each.operation} {_resource(each.cost)}{reasons}"


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


_COMPONENTS = ("| resource | component | before | after | change |", "|---|---|---:|---:|---:|")


def _components(costly: Iterable[ResourceChange]) -> Iterator[str]:
    for each in costly:
        for component, (old, new) in component_changes(each).items():
            if abs(new - old) >= LEAST_TOLD_USD:
                yield (
                    f"| {_code(each.cost.resource.name)} | {_text(component)} "
                    f"| {change_words.dollars(old)} | {change_words.dollars(new)} "
                    f"| {change_words.signed(new - old)} |"
                )


_GAPS = ("| what | price | resources |", "|---|---|---|")


def _gaps(costly: Iterable[ResourceChange]) -> Iterator[str]:
    for each in change_words.gaps(costly):
        names = listed(map(_code, each.resources))
        yield f"| {_text(each.what)} | {_text(each.price)} | {names} |"


def _footing(change: PlanChange, costly: Iterable[ResourceChange]) -> str:
    """How the figures are to be read: of assumptions those about what changes."""
    assumed = {note for each in change.after.resources for note in each.notes}
    notes = [*change.before.graph.notes, *change.after.graph.notes]
    notes += [note for note in change.after.notes if note not in assumed]
    notes += [note for each in costly for note in each.cost.notes]
    bill = change.after.bill if change.after.bill.lines else change.before.bill
    stand_ins = (line.note for each in costly for line in each.cost.lines)
    counts = Counter(note for note in stand_ins if note and "Assumed" in note)
    for note, count in counts.items():
        notes.append(f"{'1 line' if count == 1 else f'{count} lines'}: {note}")
    if bill.price_dates:
        days = " to ".join(dict.fromkeys(map(str, bill.price_dates)))
        notes.append(f"Prices were observed {days}.")
    notes += bill.notes
    return "\n".join(_cut([f"<sub>{_sentence(note)}</sub><br>" for note in dict.fromkeys(notes)]))


def _sentence(note: str) -> str:
    text = _text(note).removesuffix(".")
    return f"{text[:1].upper()}{text[1:]}."


def _folded(title: str, rows: Sequence[str], head: Sequence[str] = ()) -> str:
    if not rows:
        return ""
    summary = f"<summary>{title} ({len(rows):,})</summary>"
    return "\n".join(["<details>", summary, "", *head, *_cut(rows), "", "</details>"])


def _cut(rows: Sequence[str]) -> list[str]:
    """As many rows as a comment has room for, and how many are left out."""
    shown: list[str] = []
    room = _MOST_CHARACTERS
    for row in rows[:_MOST_ROWS]:
        room -= len(row) + 1
        if room < 0:
            break
        shown.append(row)
    left = len(rows) - len(shown)
    return [*shown, "", f"… and {left:,} more."] if left else shown


def _resource(cost: ResourceCost) -> str:
    return f"{_code(cost.resource.name)} {_text(short_type(cost.resource.type))}"


def _code(text: str) -> str:
    """A name of a program, which cannot end the code span or the cell that it is in."""
    return "`" + _one_line(text).replace("`", "'") + "`"


def _text(text: str) -> str:
    return html.escape(_one_line(text), quote=False)


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    short = words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
    return short.replace("|", "\\|")
