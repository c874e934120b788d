"""SARIF 2.1.0 (OASIS), which code scanners and editors show beside the code."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from policies.formats import place
from policies.judge import Open, Report, Violation
from policies.rule import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"mandatory": "error", "advisory": "warning", "disabled": "none"}


def to_sarif(
    report: Report, rules: Sequence[Rule], *, version: str, fallback: str
) -> dict[str, Any]:
    """One run with every rule, violation, exemption and open question.

    Args:
        fallback: the file to point at where the program's line is not known; scanners show
            nothing that has no place.
    """
    index = {rule.id: number for number, rule in enumerate(rules)}
    results = [_violation(each, index, fallback) for each in report.violations]
    for exempted in report.exempted:
        exemption = exempted.exemption
        why = f"{exemption.reason} ({exemption.owner}, until {exemption.expires})"
        suppression = {"kind": "external", "status": "accepted", "justification": why}
        result = _violation(exempted.violation, index, fallback)
        results.append({**result, "suppressions": [suppression]})
    for each in report.undecided:
        results.append(
            {
                "ruleId": each.rule.id,
                "ruleIndex": index[each.rule.id],
                "kind": "open",
                "level": "none",
                "message": {"text": f"could not decide: {each.reason}"},
                "locations": [_location(each, fallback)],
            }
        )
    driver = {"name": "windtunnel", "version": version, "rules": list(map(_rule, rules))}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    described = " ".join((rule.judge.__doc__ or rule.title).split())
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": described},
        "help": {"text": f"{described}\n\nRemedy: {rule.remedy}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": [rule.category, *rule.guides, *rule.references]},
    }


def _violation(each: Violation, index: dict[str, int], fallback: str) -> dict[str, Any]:
    return {
        "ruleId": each.rule.id,
        "ruleIndex": index[each.rule.id],
        "kind": "fail",
        "level": _LEVELS[each.severity],
        "message": {"text": f"{each.message}. Remedy: {each.remedy}."},
        "locations": [_location(each, fallback)],
        "partialFingerprints": {"windtunnel/v1": _fingerprint((each.rule.id, each.urn or ""))},
    }


def _location(each: Violation | Open, fallback: str) -> dict[str, Any]:
    file, line = place(each.source) or (fallback, 1)
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": line}}
    }
    if each.urn:
        location["logicalLocations"] = [{"fullyQualifiedName": each.urn, "kind": "resource"}]
    return location


def _fingerprint(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
