"""`windtunnel check`: the policies, offline, on what is declared and on what is predicted."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
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
    UsagePath,
    Workers,
)

if TYPE_CHECKING:
    from domain.resources import ResourceGraph
    from policies.settings import EnvironmentSettings

Format = Literal["table", "json", "sarif", "github", "junit"]
SETTINGS_FILE = Path("policies/policy.yaml")


def check(
    stack: StackName = None,
    preview: PreviewPath = None,
    state: StatePath = None,
    project: Project = None,
    usage: UsagePath = None,
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
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="ID",
            help="Judge by this rule alone, like monthly-budget. Repeatable.",
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
            "--out",
            metavar="FILE",
            help=(
                "Also write it to a file: as its suffix says (.sarif, .json, .xml for JUnit), else "
                "in the format, else as JSON."
            ),
        ),
    ] = None,
) -> None:
    """Judge a stack by the policies, without a cloud: what it declares, costs, and is predicted.

    Exits with 1 when a mandatory rule is broken. Rules, severities and exemptions are set for
    each environment in policies/policy.yaml; a stack without settings is judged by every rule.

    Examples:

      windtunnel check --stack prod

      windtunnel check --preview preview.json --settings rules.yaml --rule monthly-budget

      windtunnel check --stack prod --format github --out check.sarif

      windtunnel check --stack prod --scenario examples/resnet50_imagenet.yaml --base main
    """
    from policies.judge import judge
    from policies.predicted import prediction_for
    from policies.registry import all_rules, rule_of
    from policies.world import World
    from windtunnel.check_tables import draw_report, format_of, report_as
    from windtunnel.flying import open_catalog
    from windtunnel.output import check_writable, console, write_atomically
    from windtunnel.sources import one_graph
    from windtunnel.stated_usage import stated_usage

    if as_json:
        as_format = "json"
    with _errors_annotated(as_format, project):
        if out is not None:
            check_writable(out)
        _check_options(stack, scenario, settings, base, prediction)
        rules = [rule_of(name) for name in only] if only else all_rules()
        graph = one_graph(stack, preview, state, project)
        chosen = _settings_for(graph, env, policy, project or Path.cwd(), ours=stack is not None)
        catalog = open_catalog(prices)
        (stated,) = stated_usage(usage, [graph], catalog)
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
        environment = _stack_name(graph)
        notes: tuple[str, ...] = ()
        if stack is not None:
            graph, notes = _with_documents(graph, stack, project)
        world = World(
            graph, environment=environment, catalog=catalog, usage=stated.amounts, **predicted
        )
        if prediction is not None:
            # Who names a file means it: it must be there.
            world = prediction_for(world, prediction, required=True)
        report = judge(world, chosen, rules, asked=only or ())
        report = replace(report, notes=(*notes, *report.notes))

    def text(form: Format) -> str:
        return report_as(form, report, graph, rules, project)

    if as_format == "table":
        draw_report(console(), report, graph.origin)
    else:
        sys.stdout.write(text(as_format))
    if out is not None:
        write_atomically(out, text(format_of(out, as_format)))
    if report.mandatory:
        count = len(report.mandatory)
        broken = ", ".join(dict.fromkeys(each.rule.id for each in report.mandatory))
        raise GoalNotMet(
            f"{count} mandatory violation{'' if count == 1 else 's'} of the policies: {broken}"
        )


@contextlib.contextmanager
def _errors_annotated(as_format: Format, project: Path | None) -> Iterator[None]:
    """Also tells GitHub on which line an input is wrong, where it reads what is printed."""
    try:
        yield
    except InputError as error:
        if as_format == "github":
            from policies.formats.annotations import error_annotations
            from windtunnel.sources import nearest_project

            folders = [each for each in (nearest_project(project), Path.cwd()) if each]
            sys.stdout.write(error_annotations(str(error), lambda file: _found(file, folders)))
        raise


def _found(file: str, folders: Sequence[Path]) -> str | None:
    """The path in its repository of a file that an error names, if there is such a file."""
    from windtunnel.sources import path_in_repository

    paths = (folder / file for folder in folders)
    return next((path_in_repository(path) for path in paths if os.path.isfile(path)), None)


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
    says so. Who names a file or an environment means it: then none is an error.
    """
    from policies.settings import environments_of, no_such_environment, read_settings

    path = policy or _settings_file(folder, graph, asked=ours or env is not None)
    if path is None:
        if env is not None:
            raise InputError(
                f"there are no settings for '{env}': no {SETTINGS_FILE} beside a Pulumi.yaml here "
                "or above; name a file with --settings"
            )
        return None
    name = env or _stack_name(graph)
    found = read_settings(path, name, today=date.today(), asked=env is not None)
    if found is None and policy is not None:
        raise no_such_environment(path, name, environments_of(path), "; choose one with --env")
    return found


def _settings_file(folder: Path, graph: ResourceGraph, *, asked: bool) -> Path | None:
    from domain.located import read_yaml
    from windtunnel.sources import nearest_project

    project = nearest_project(folder)
    path = project / SETTINGS_FILE if project else None
    if project is None or path is None or not path.is_file():
        return None
    if asked:
        return path
    own = read_yaml(project / "Pulumi.yaml", "Pulumi project").data.get("name")
    return path if own == graph.project else None


def _with_documents(
    graph: ResourceGraph, stack: str, project: Path | None
) -> tuple[ResourceGraph, tuple[str, ...]]:
    """The stack with the policies and scripts that it will have after its deployment.

    A program that cannot go on with made-up values is judged as a preview has it, with a note.
    """
    from policies.decided import decided
    from windtunnel.sources import find_project, graph_of_stack

    try:
        foretold = graph_of_stack(find_project(project or Path.cwd()), stack, mode="foretold")
    except InputError as error:
        return graph, (f"documents that name what is not there yet are not decided: {error}",)
    return decided(graph, foretold), ()


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
