"""`windtunnel check`: the policies, offline, on what is declared and on what is predicted."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from domain.errors import GoalNotMet, InputError
from windtunnel.options import (
    ALL_CORES,
    AsJson,
    OnScenario,
    PreviewPath,
    PricesPath,
    Project,
    Replications,
    Settings,
    StackName,
    StatePath,
    Workers,
)

if TYPE_CHECKING:
    from domain.resources import ResourceGraph
    from policies.judge import Report
    from policies.settings import EnvironmentSettings

Format = Literal["table", "json", "sarif", "github", "junit"]
SETTINGS_FILE = Path("policies/policy.yaml")


def check(
    stack: StackName = None,
    preview: PreviewPath = None,
    state: StatePath = None,
    project: Project = None,
    env: Annotated[
        str | None,
        typer.Option(
            "--env",
            metavar="NAME",
            help="The environment whose settings judge it; otherwise the stack's own name.",
        ),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE",
            help="Settings of the rules; otherwise policies/policy.yaml beside Pulumi.yaml.",
        ),
    ] = None,
    scenario: OnScenario = None,
    settings: Settings = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="REV",
            help="A git revision whose stack the prediction is compared with, like main.",
        ),
    ] = None,
    prediction: Annotated[
        Path | None,
        typer.Option(
            "--prediction",
            metavar="FILE",
            help="A prediction that `plan --scenario … --json` wrote, in the place of a flight.",
        ),
    ] = None,
    replications: Replications = None,
    workers: Workers = ALL_CORES,
    prices: PricesPath = None,
    as_format: Annotated[
        Format,
        typer.Option("--format", help="For people, programs, code scanners, GitHub or CI servers."),
    ] = "table",
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Also write it to a file: in the format, else as JSON."
        ),
    ] = None,
) -> None:
    """Judge a stack by the policies, without a cloud: what it declares, costs, and is predicted.

    Exits with 1 when a mandatory rule is broken. Rules, severities and exemptions are set for
    each environment in policies/policy.yaml; a stack without settings is judged by every rule.

    Examples:

      windtunnel check --stack prod

      windtunnel check --preview preview.json --env prod --format sarif --out check.sarif

      windtunnel check --stack prod --scenario examples/resnet50_imagenet.yaml --base main
    """
    from policies.judge import judge
    from policies.predicted import read_prediction
    from policies.world import World
    from windtunnel.flying import open_catalog
    from windtunnel.output import check_writable, write_atomically
    from windtunnel.sources import one_graph

    if out is not None:
        check_writable(out)
    if as_json:
        as_format = "json"
    _check_options(stack, scenario, settings, base, prediction)
    graph = one_graph(stack, preview, state, project)
    rules = _settings_for(graph, env, policy, project or Path.cwd(), ours=stack is not None)
    predicted: dict[str, Any] = {}
    if scenario is not None:
        predicted = _fly(
            graph,
            base and f"{base}:{stack}",
            project,
            scenario=scenario,
            settings=settings or (),
            prices=prices,
            runs_per_month=1.0,
            replications=replications,
            workers=workers,
        )
    elif prediction is not None:
        predicted["prediction"] = read_prediction(prediction)
    environment = env or _stack_name(graph)
    world = World(graph, environment=environment, catalog=open_catalog(prices), **predicted)
    report = judge(world, rules)
    if as_format == "table":
        from windtunnel.check_tables import draw_report
        from windtunnel.output import console

        draw_report(console(), report, graph.origin)
    else:
        sys.stdout.write(_text(report, as_format, graph))
    if out is not None:
        write_atomically(out, _text(report, "json" if as_format == "table" else as_format, graph))
    if report.mandatory:
        count = len(report.mandatory)
        broken = ", ".join(dict.fromkeys(each.rule.id for each in report.mandatory))
        raise GoalNotMet(
            f"{count} mandatory violation{'' if count == 1 else 's'} of the policies: {broken}"
        )


def _check_options(
    stack: str | None,
    scenario: Path | None,
    settings: list[str] | None,
    base: str | None,
    prediction: Path | None,
) -> None:
    if scenario is None and settings:
        raise InputError("--set changes a scenario; name one with --scenario")
    if base is not None and (stack is None or scenario is None):
        raise InputError(
            "--base compares the prediction of a stack with that of a revision; give --stack and "
            "--scenario too"
        )
    if prediction is not None and scenario is not None:
        raise InputError("give either --scenario, which is flown, or --prediction, not both")


def _settings_for(
    graph: ResourceGraph, env: str | None, policy: Path | None, folder: Path, *, ours: bool
) -> EnvironmentSettings | None:
    """The settings of the environment, or None where a stack has none.

    Settings beside a Pulumi.yaml judge the stacks of that project; another's only if ``--env``
    says so.
    """
    from domain.errors import near_misses
    from policies.settings import environments_of, read_settings

    path = policy or _settings_file(folder, graph, asked=ours or env is not None)
    if path is None:
        if env is not None:
            raise InputError(
                f"there are no settings for '{env}': no {SETTINGS_FILE} beside a Pulumi.yaml here "
                "or above; name a file with --settings"
            )
        return None
    name = env or _stack_name(graph)
    found = read_settings(path, name, today=date.today())
    if found is None and env is not None:
        known = environments_of(path)
        raise InputError(
            f"has no settings for the environment '{env}', but for {', '.join(known) or 'none'}"
            f"{near_misses(env, known)}",
            where=str(path),
        )
    return found


def _settings_file(folder: Path, graph: ResourceGraph, *, asked: bool) -> Path | None:
    from domain.located import read_yaml
    from windtunnel.sources import find_project

    try:
        project = find_project(folder)
    except InputError:
        return None
    path = project / SETTINGS_FILE
    if not path.is_file():
        return None
    if asked:
        return path
    own = read_yaml(project / "Pulumi.yaml", "Pulumi project").data.get("name")
    return path if own == graph.project else None


def _stack_name(graph: ResourceGraph) -> str:
    return graph.stack.rsplit("/", 1)[-1]


def _fly(
    graph: ResourceGraph, base: str | None, project: Path | None, **flight: Any
) -> dict[str, Any]:
    """The prediction, and that of the base and their differences where there is one."""
    from simulator.study.compare import paired_differences
    from windtunnel.on_stack import fly_on
    from windtunnel.sources import graph_of

    flown = fly_on(graph, **flight)
    found: dict[str, Any] = {"prediction": flown.prediction.to_json()}
    if base:
        before = fly_on(graph_of(base, project), **flight)
        differences = paired_differences([before.flown, flown.flown])
        found["baseline"] = before.prediction.to_json()
        found["differences"] = tuple(each.to_json() for each in differences)
    return found


def _text(report: Report, as_format: Format, graph: ResourceGraph) -> str:
    from windtunnel.output import to_json

    if as_format == "sarif":
        from importlib.metadata import version

        from policies.formats.sarif import to_sarif
        from policies.registry import all_rules

        fallback = "Pulumi.yaml"
        return to_json(
            to_sarif(report, all_rules(), version=version("windtunnel"), fallback=fallback)
        )
    if as_format == "github":
        from policies.formats.annotations import to_annotations

        return to_annotations(report)
    if as_format == "junit":
        from policies.formats.junit import to_junit

        return to_junit(report)
    return to_json({"source": graph.origin, **report.to_json()})
