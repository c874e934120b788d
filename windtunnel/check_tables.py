"""What `windtunnel check` shows: a table for people, and the report in each other format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from policies.formats import name_of
from policies.judge import Open, Report, Violation

if TYPE_CHECKING:
    from rich.console import Console

    from domain.resources import ResourceGraph
    from policies.rule import Rule
    from windtunnel.commands.check import Format

_STYLES = {"mandatory": "red", "advisory": "yellow"}
_BY_SUFFIX: tuple[tuple[str, Format], ...] = (
    (".sarif", "sarif"),
    (".sarif.json", "sarif"),
    (".xml", "junit"),
    (".json", "json"),
)


def format_of(out: Path, printed: Format) -> Format:
    """What is written into a file: what its suffix says, else what is printed."""
    for suffix, form in _BY_SUFFIX:
        if out.name.endswith(suffix):
            return form
    return "json" if printed == "table" else printed


def report_as(
    form: Format, report: Report, graph: ResourceGraph, rules: Sequence[Rule], project: Path | None
) -> str:
    """The report as text for another program."""
    from windtunnel.output import to_json

    if form == "sarif":
        from importlib.metadata import version

        from policies.formats.sarif import to_sarif

        stack = graph.stack.rsplit("/", 1)[-1]
        installed = version("windtunnel")
        return to_json(
            to_sarif(report, rules, version=installed, stack=stack, folder=_folder(project))
        )
    if form == "github":
        from policies.formats.annotations import to_annotations

        return to_annotations(report, folder=_folder(project))
    if form == "junit":
        from policies.formats.junit import to_junit

        return to_junit(report)
    return to_json({"source": graph.origin, **report.to_json()})


def _folder(project: Path | None) -> str:
    """Where the program is in its repository; code scanners look for files from the top."""
    from windtunnel.sources import folder_in_repository, nearest_project

    found = nearest_project(project)
    return (folder_in_repository(found) or "") if found else ""


def draw_report(console: Console, report: Report, origin: str) -> None:
    """Every violation with its remedy, the most severe first; what is the same is said once."""
    from rich.markup import escape

    under = f", by the settings of {report.environment}" if report.environment else ""
    console.print(f"[bold]policies[/] of {escape(origin)}{escape(under)}")
    for severity, violations in (("mandatory", report.mandatory), ("advisory", report.advisory)):
        for title, each, remedy in _by_rule(violations):
            console.print()
            console.print(f"[{_STYLES[severity]}]{severity}[/] [bold]{escape(title)}[/]")
            for violation in each:
                where = f" [dim]({escape(violation.source)})[/]" if violation.source else ""
                console.print(f"  {escape(violation.message)}{where}")
            console.print(f"  → {escape(remedy)}", style="green")
    _draw_undecided(console, report.undecided)
    for exempted in report.exempted:
        violation, exemption = exempted.violation, exempted.exemption
        console.print()
        console.print(f"[dim]exempt[/] [bold]{violation.rule.id}[/] {escape(violation.message)}")
        why = f"{exemption.reason} ({exemption.owner}, until {exemption.expires})"
        console.print(f"  {escape(why)}", style="dim")
    console.print()
    for note in report.notes:
        console.print(f"note: {escape(note)}")
    console.print(summary(report))


def summary(report: Report) -> str:
    """``2 mandatory and 5 advisory violations, 3 not decided, 1 exempt; 90 rules passed``."""
    mandatory, advisory = len(report.mandatory), len(report.advisory)
    counted = [f"{mandatory} mandatory and {advisory} advisory violations"]
    if not mandatory and not advisory:
        counted = ["no violations"]
    if report.undecided:
        counted.append(f"{len(report.undecided)} not decided")
    if report.exempted:
        counted.append(f"{len(report.exempted)} exempt")
    off = f", {_are(len(report.disabled))} disabled" if report.disabled else ""
    passed = len(report.passed)
    return f"{', '.join(counted)}; {passed} rule{'' if passed == 1 else 's'} passed{off}"


def _are(count: int) -> str:
    return f"{count} {'is' if count == 1 else 'are'}"


def _by_rule(
    violations: Iterable[Violation],
) -> Iterable[tuple[str, list[Violation], str]]:
    """Violations of one rule with one remedy together, in the order of the report."""
    found: dict[tuple[str, str], list[Violation]] = {}
    for each in violations:
        found.setdefault((each.rule.id, each.remedy), []).append(each)
    for (rule_id, remedy), several in found.items():
        yield rule_id, several, remedy


def _draw_undecided(console: Console, undecided: Iterable[Open]) -> None:
    """What could not be decided, by its reason: a prediction that is not there is one line."""
    from rich.markup import escape

    reasons: dict[tuple[str, str], list[str]] = {}
    for each in undecided:
        reasons.setdefault((each.reason, name_of(each.urn)), []).append(each.rule.id)
    if reasons:
        console.print()
    for (reason, name), rules in reasons.items():
        console.print(
            f"[cyan]not decided[/] {escape(name)}: {escape(reason)} "
            f"[dim]({', '.join(dict.fromkeys(rules))})[/]"
        )
