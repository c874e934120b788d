"""`windtunnel plan`: what a Pulumi program declares, priced, with its predicted performance."""

from __future__ import annotations

from datetime import date
from typing import Any

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
    StackName,
    StatePath,
    UsagePath,
    Workers,
)


def plan(
    stack: StackName = None,
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
    as_json: AsJson = False,
    out: Out = None,
) -> None:
    """Price every resource of a stack, without a cloud; predict a scenario on its hardware.

    From our own or any Python program (--stack), from any language's
    `pulumi preview --json --show-sames > preview.json` (--preview; one without unchanged
    resources is joined with --state), or from `pulumi stack export > state.json` (--state).

    Examples:

      windtunnel plan --stack dev

      windtunnel plan --stack prod --usage usage.yaml

      windtunnel plan --preview preview.json --scenario examples/resnet50_imagenet.yaml
    """
    from domain.costing.plan import cost_graph
    from simulator.report.plan_tables import draw_plan
    from simulator.report.prediction_tables import draw_prediction
    from windtunnel.flying import open_catalog
    from windtunnel.on_stack import fly_on
    from windtunnel.output import check_writable, emit
    from windtunnel.sources import one_graph
    from windtunnel.stated_usage import stated_usage, with_notes

    if out is not None:
        check_writable(out)
    graph = one_graph(stack, preview, state, project)
    catalog = open_catalog(prices)
    (stated,) = stated_usage(usage, [graph], catalog)
    flown = None
    if scenario is not None:
        flown = fly_on(
            graph,
            scenario,
            settings or (),
            prices=prices,
            runs_per_month=runs_per_month,
            replications=replications,
            workers=workers,
        )
    elif settings:
        raise InputError("--set changes a scenario; name one with --scenario")
    found = with_notes(
        cost_graph(
            graph,
            catalog,
            quantities=flown.quantities if flown else {},
            usage=stated.amounts,
            today=date.today(),
        ),
        stated,
    )
    result: dict[str, Any] = {
        **found.to_json(),
        "unchanged_left_out": graph.left_out,
    }
    if flown:
        result["prediction"] = flown.prediction.to_json()

    def draw(console: Any) -> None:
        draw_plan(console, found)
        if flown:
            console.print()
            draw_prediction(console, flown.prediction)

    emit(result, as_json, out, draw)
