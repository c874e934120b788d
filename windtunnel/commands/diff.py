"""`windtunnel diff`: what a change to a stack costs, and what it does to the predicted job."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InputError
from windtunnel.options import (
    ALL_CORES,
    AsJson,
    OnScenario,
    Out,
    PreviewPath,
    PricesPath,
    Project,
    Replications,
    RunsPerMonth,
    Settings,
    StatePath,
    UsagePath,
    Workers,
)

if TYPE_CHECKING:
    from domain.resources import Change


def diff(
    before: Annotated[
        str | None,
        typer.Argument(metavar="BEFORE", help="A stack, a file, or REVISION:STACK of git."),
    ] = None,
    after: Annotated[
        str | None, typer.Argument(metavar="AFTER", help="The same, of the change.")
    ] = None,
    preview: PreviewPath = None,
    state: StatePath = None,
    project: Project = None,
    usage: UsagePath = None,
    scenario: OnScenario = None,
    settings: Settings = None,
    runs_per_month: RunsPerMonth = 1.0,
    replications: Replications = None,
    workers: Workers = ALL_CORES,
    prices: PricesPath = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a comment for a pull request.")
    ] = False,
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Show what a change costs by resource and component, and what it does to a scenario.

    Two stacks, files or git revisions; or one preview, which holds both sides.

    Examples:

      windtunnel diff main:prod prod --markdown

      windtunnel diff --preview preview.json --state state.json --usage usage.yaml
    """
    from domain.costing.change import compare_plans
    from domain.costing.plan import cost_graph
    from simulator.report.change_tables import draw_change
    from simulator.report.comparison_tables import draw_comparison
    from simulator.report.markdown import change_as_markdown
    from simulator.study.compare import paired_differences
    from windtunnel.flying import open_catalog
    from windtunnel.on_stack import fly_on
    from windtunnel.output import check_writable, emit
    from windtunnel.stated_usage import stated_usage, with_notes

    if out is not None:
        check_writable(out)
    if scenario is None and settings:
        raise InputError("--set changes a scenario; name one with --scenario")
    sides = _sides(before, after, preview, state, project)
    catalog = open_catalog(prices)
    both = (sides.before, sides.after)
    stated = stated_usage(usage, both, catalog)
    flown = []
    if scenario is not None:
        flown = [
            fly_on(
                graph,
                scenario,
                settings or (),
                prices=prices,
                runs_per_month=runs_per_month,
                replications=replications,
                workers=workers,
            )
            for graph in both
        ]
    plans = [
        with_notes(
            cost_graph(
                graph,
                catalog,
                quantities=flown[index].quantities if flown else {},
                usage=stated[index].amounts,
                today=date.today(),
            ),
            stated[index],
        )
        for index, graph in enumerate(both)
    ]
    change = compare_plans(plans[0], plans[1], sides.steps)
    predictions = [each.prediction for each in flown]
    differences = paired_differences([each.flown for each in flown]) if flown else []
    result: dict[str, Any] = {
        "source": {"before": sides.before.origin, "after": sides.after.origin},
        **change.to_json(),
    }
    if flown:
        result["predictions"] = [each.to_json() for each in predictions]
        result["differences"] = [each.to_json() for each in differences]

    def draw(console: Any) -> None:
        if markdown:
            # Text for another program: not wrapped, not coloured.
            typer.echo(change_as_markdown(change, predictions, differences), nl=False)
            return
        draw_change(console, change)
        if flown:
            console.print()
            draw_comparison(console, predictions, differences)

    emit(result, as_json, out, draw)


def _sides(
    before: str | None,
    after: str | None,
    preview: Path | None,
    state: Path | None,
    project: Path | None,
) -> Change:
    from domain.resources import Change
    from domain.resources.reading import read_change
    from windtunnel.sources import graph_of

    if preview is not None:
        if before is not None:
            raise InputError("give either BEFORE and AFTER, or --preview, not both")
        return read_change(preview, state)
    if state is not None:
        raise InputError("--state completes a --preview; to compare it, give it as BEFORE or AFTER")
    if before is None or after is None:
        raise InputError(
            "give BEFORE and AFTER, like 'windtunnel diff main:prod prod', or --preview FILE"
        )
    return Change(graph_of(before, project), graph_of(after, project), ())
