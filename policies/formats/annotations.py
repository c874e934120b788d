"""Workflow commands of GitHub Actions, which show findings beside the lines of a change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from policies.formats import name_of, place
from policies.judge import Open, Report

# "Pulumi.prod.yaml:14: ...", as an error begins that knows its place.
_PLACE = re.compile(r"(?P<file>[^:\n]+)(?::(?P<line>\d+))?(?:: |$)")


def to_annotations(report: Report, *, folder: str = "") -> str:
    """A line for each violation, and one for what is not decided for the same reason.

    Args:
        folder: where the program is, from the top of the repository: GitHub looks for files
            from there.
    """
    return "".join(f"{line}\n" for line in _lines(report, folder))


def _lines(report: Report, folder: str) -> Iterator[str]:
    for each in report.violations:
        level = "error" if each.severity == "mandatory" else "warning"
        text = f"{name_of(each.urn)}: {each.message}. Remedy: {each.remedy}."
        yield _command(level, {**_found(each.source, folder), "title": each.rule.id}, text)
    for (reason, source), several in _by_reason(report).items():
        rules = dict.fromkeys(each.rule.id for each in several)
        title = next(iter(rules)) if len(rules) == 1 else f"{len(rules)} rules"
        names = "" if len(rules) == 1 else f" ({', '.join(rules)})"
        text = f"could not decide: {reason}{names}"
        yield _command("notice", {**_found(source, folder), "title": title}, text)


def _by_reason(report: Report) -> Mapping[tuple[str, str | None], list[Open]]:
    found: dict[tuple[str, str | None], list[Open]] = {}
    for each in report.undecided:
        found.setdefault((each.reason, each.source), []).append(each)
    return found


def _found(source: str | None, folder: str) -> dict[str, str]:
    found = place(source, folder)
    return {"file": found[0], "line": str(found[1])} if found else {}


def error_annotations(error: str, path_of: Callable[[str], str | None]) -> str:
    """An error as annotations: one for each line of it that begins with a place.

    Args:
        error: what a user reads, like ``Pulumi.prod.yaml:14: pools.train: ...``.
        path_of: a file's path from the top of the repository by what an error calls it, or
            None where that is no file.
    """
    found: list[tuple[dict[str, str], str]] = []
    for text in error.splitlines():
        match = _PLACE.match(text)
        path = path_of(match["file"]) if match else None
        if match and path is not None:
            at = {"file": path} | ({"line": match["line"]} if match["line"] else {})
            found.append((at, text[match.end() :]))
        elif found:
            at, before = found[-1]
            found[-1] = (at, f"{before}\n{text}")
        else:
            found.append(({}, text))
    return "".join(f"{_command('error', at, text)}\n" for at, text in found)


def _command(level: str, properties: Mapping[str, str], text: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{level}{f' {told}' if told else ''}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
