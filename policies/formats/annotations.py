"""Workflow commands of GitHub Actions, which show findings beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator

from policies.formats import name_of, place
from policies.judge import Open, Report, Violation


def to_annotations(report: Report) -> str:
    """A line for each violation and each open question."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    for each in report.violations:
        level = "error" if each.severity == "mandatory" else "warning"
        text = f"{name_of(each.urn)}: {each.message}. Remedy: {each.remedy}."
        yield _command(level, each, text)
    for question in report.undecided:
        yield _command("notice", question, f"could not decide: {question.reason}")


def _command(level: str, each: Violation | Open, text: str) -> str:
    found = place(each.source)
    where = {"file": found[0], "line": str(found[1])} if found else {}
    properties = {**where, "title": each.rule.id}
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level} {told}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
