"""SARIF 2.1.0 (OASIS), which code scanners and editors show beside the code."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from policies.formats import place
from policies.judge import Report, Violation
from policies.rule import Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"mandatory": "error", "advisory": "warning", "disabled": "none"}
_MOST_TAGS = 10
# Scanners show nothing that has no place; this file every program has.
_WITHOUT_PLACE = "Pulumi.yaml:1"


def to_sarif(
    report: Report, rules: Sequence[Rule], *, version: str, stack: str, folder: str = ""
) -> dict[str, Any]:
    """One run with every rule, and every violation that is to be mended.

    What is exempt or could not be decided is left out: GitHub shows every result as an alert,
    whatever its ``kind`` and its ``suppressions`` say.

    Args:
        stack: whose alerts these are; those of another stack stand beside them.
        folder: where the program is, from the top of the repository (``infra/``).
    """
    index = {rule.id: number for number, rule in enumerate(rules)}
    driver = {"name": "windtunnel", "version": version, "rules": list(map(_rule, rules))}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"windtunnel/{folder}{stack}".rstrip("/") + "/"},
        "columnKind": "unicodeCodePoints",
        "results": [_violation(each, index, folder) for each in report.violations],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    described = " ".join((rule.judge.__doc__ or rule.title).split())
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": described},
        "help": {"text": f"{described}\n\nRemedy: {rule.remedy}."},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        # GitHub rejects a file in which a rule has more than 20 tags, and shows 10.
        "properties": {
            "tags": [rule.category, *rule.guides][:_MOST_TAGS],
            "references": list(rule.references),
        },
    }


def _violation(each: Violation, index: dict[str, int], folder: str) -> dict[str, Any]:
    return {
        "ruleId": each.rule.id,
        "ruleIndex": index[each.rule.id],
        "kind": "fail",
        "level": _LEVELS[each.severity],
        "message": {"text": f"{each.message}. Remedy: {each.remedy}."},
        "locations": [_location(each, folder)],
        # The key by which GitHub tells alerts apart. By rule and resource, not by the text of
        # the line: one line may declare many.
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(each)},
    }


def _location(each: Violation, folder: str) -> dict[str, Any]:
    found = place(each.source, folder) or place(_WITHOUT_PLACE, folder)
    assert found is not None, "a place of ours has a line"
    file, line = found
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(file)},
            "region": {"startLine": line},
        }
    }
    if each.urn:
        location["logicalLocations"] = [{"fullyQualifiedName": each.urn, "kind": "resource"}]
    return location


def _fingerprint(each: Violation) -> str:
    named = f"{each.rule.id}\n{each.urn or ''}"
    return hashlib.sha256(named.encode()).hexdigest()[:32]
