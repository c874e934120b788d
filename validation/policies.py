"""How often the policies say what an independent scanner's own tests say.

Run with ``python -m validation.policies``. Each fixture of the oracle is one resource that a
check of the scanner passes or fails; ours fails it where a rule that names the check in its
``references`` finds a violation on it. Checks that no rule names are not counted.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.catalog import load_catalog
from domain.resources.state import read_state
from policies.registry import all_rules
from policies.rule import Finding, Rule
from policies.world import World
from validation import Check, print_checks, shared_data

_BAR = 0.05
"""Must: 95 % of the verdicts; the stretch is 99 %."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One fixture: what its authors say, and what our rules say."""

    check: str
    service: str
    urn: str
    fails: bool
    ours: bool

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.fails == self.ours


def verdicts(data: Path) -> list[Verdict]:
    """Every fixture of a check that a rule names."""
    folder = data / "policies"
    rules = _rules_by_check()
    with (folder / "verdicts_dev.csv").open(newline="", encoding="utf-8") as stream:
        expected = [row for row in csv.DictReader(stream) if row["check"] in rules]
    by_check: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in expected:
        by_check[row["check"]].append(row)
    found: list[Verdict] = []
    for check, state in _cases(folder / "stacks.jsonl.gz", set(by_check)):
        broken = _broken(state, rules[check])
        for row in by_check[check]:
            service = ":".join(row["type"].split("/")[0].split(":")[:2])
            urn = row["urn"]
            found.append(Verdict(check, service, urn, row["verdict"] == "fail", urn in broken))
    return found


def _rules_by_check() -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in all_rules():
        for reference in rule.references:
            found[reference].append(rule)
    return found


def _cases(path: Path, wanted: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            case = json.loads(line)
            if case["case"] in wanted:
                yield case["case"], case["state"]


def _broken(state: dict[str, Any], rules: list[Rule]) -> set[str]:
    world = World(read_state(state, "fixture"), catalog=load_catalog())
    return {
        each.resource.urn
        for rule in rules
        for each in rule.judge(world, rule.settings())
        if isinstance(each, Finding) and each.resource is not None
    }


def checks(found: list[Verdict]) -> list[Check]:
    """The share of verdicts that differ, by service and in all."""
    services: dict[str, list[Verdict]] = defaultdict(list)
    for each in found:
        services[each.service].append(each)
    measure = "share of verdicts that differ"
    rows = [
        Check(f"policies, {service}", len(some), measure, _differing(some), None, _baseline(some))
        for service, some in sorted(services.items())
    ]
    count = len({each.check for each in found})
    total = Check(
        f"policies, all {count} checks",
        len(found),
        measure,
        _differing(found),
        _BAR,
        _baseline(found),
    )
    return [*rows, total]


def _differing(found: list[Verdict]) -> float:
    return sum(not each.agrees for each in found) / len(found)


def _baseline(found: list[Verdict]) -> float:
    """The error of always giving the verdict that is more frequent."""
    fails = sum(each.fails for each in found)
    return min(fails, len(found) - fails) / len(found)


def run() -> list[Check]:
    """What ``make validate`` prints."""
    return checks(verdicts(shared_data()))


def main() -> None:
    """The table, then each verdict that differs."""
    found = verdicts(shared_data())
    print_checks(checks(found))
    for each in found:
        if not each.agrees:
            said, ours = ("fail", "pass") if each.fails else ("pass", "fail")
            name = each.urn.split("::")[-1]
            print(f"{each.check} {name} ({each.service}): the oracle says {said}, we say {ours}")


if __name__ == "__main__":
    main()
