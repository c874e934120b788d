"""Judging, settings and exemptions, and the page about the rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from declared import declare, graph_of

from domain.errors import InputError
from domain.resources import ResourceGraph
from policies import documentation
from policies.judge import Report, judge
from policies.registry import all_rules, rule_of
from policies.settings import EnvironmentSettings, read_settings
from policies.world import World

TODAY = date(2026, 6, 1)
BUCKET = "gcp:storage/bucket:Bucket"
STACK = graph_of(
    declare(BUCKET, "bucket-a", {"forceDestroy": True}, source="stacks/a.py:7"),
    declare(BUCKET, "bucket-b", {"forceDestroy": True}),
)
EMPTIED = "buckets-not-emptied"


def settings(tmp_path: Path, text: str, environment: str = "prod") -> EnvironmentSettings | None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    return read_settings(path, environment, today=TODAY)


def judged(found: EnvironmentSettings | None, graph: ResourceGraph = STACK) -> Report:
    return judge(World(graph), found, [rule_of(EMPTIED)])


def test_a_violation_says_which_resource_where_and_what_mends_it() -> None:
    first, second = judged(None).violations
    assert (first.urn, first.source) == (STACK.resources[0].urn, "stacks/a.py:7")
    assert "bucket-a" in first.message
    assert first.severity == "advisory"
    assert second.source is None
    shown = first.to_json()
    assert set(shown) == {
        "rule",
        "references",
        "severity",
        "urn",
        "message",
        "remedy",
        "source",
    }
    assert shown["remedy"]


def test_an_environment_sets_severity_and_values_over_the_defaults(tmp_path: Path) -> None:
    text = """
defaults: {rules: {buckets-not-emptied: disabled, several-zones: {min_zones: 3}}}
environments:
  prod: {rules: {buckets-not-emptied: mandatory, several-zones: advisory}}
  dev: {}
"""
    prod, dev = settings(tmp_path, text), settings(tmp_path, text, "dev")
    assert [each.severity for each in judged(prod).mandatory] == ["mandatory"] * 2
    assert judged(dev).disabled == (EMPTIED,)
    assert prod is not None
    assert prod.values["several-zones"].model_dump() == {"min_zones": 3}
    other = settings(tmp_path, text, "other")
    assert judged(other).disabled == (EMPTIED,)
    assert other is not None
    assert other.values["several-zones"].model_dump() == {"min_zones": 3}
    assert settings(tmp_path, "environments: {dev: {}}", "other") is None


def test_defaults_alone_are_settings_of_every_stack(tmp_path: Path) -> None:
    found = settings(tmp_path, f"defaults: {{rules: {{{EMPTIED}: mandatory}}}}")
    assert found is not None
    assert len(judged(found).mandatory) == 2
    with pytest.raises(InputError, match="no settings for the environment 'nope'"):
        read_settings(tmp_path / "policy.yaml", "nope", today=TODAY, asked=True)


def test_exemptions_of_the_defaults_expire_everywhere(tmp_path: Path) -> None:
    exemption = f"{{rule: {EMPTIED}, resource: x, reason: r, owner: o, expires: 2020-01-01}}"
    with pytest.raises(InputError, match="expired on 2020-01-01"):
        settings(tmp_path, f"defaults: {{exemptions: [{exemption}]}}", "other")


def test_a_rule_that_was_asked_for_says_that_its_limit_is_not_set() -> None:
    rules = [rule_of(name) for name in ("monthly-budget", "team-budgets", EMPTIED)]
    asked = [rule.id for rule in rules]
    report = judge(World(graph_of()), None, rules, asked=asked)
    assert [(each.rule.id, each.reason) for each in report.undecided] == [
        ("monthly-budget", "max_usd_per_month is not set"),
        ("team-budgets", "max_usd_per_month is not set"),
    ]
    assert report.passed == (EMPTIED,)
    assert judge(World(graph_of()), None, rules).undecided == ()


def test_an_exemption_says_whether_it_matches_nothing_or_is_not_needed(tmp_path: Path) -> None:
    each = f"rule: {EMPTIED}, reason: r, owner: me, expires: 2026-07-01"
    text = f"defaults: {{exemptions: [{{{each}, resource: gone}}, {{{each}, resource: kept}}]}}"
    kept = graph_of(declare(BUCKET, "kept"))
    first, second = judged(settings(tmp_path, text), kept).notes
    assert first.endswith("(owner me) matches nothing here")
    assert second.endswith("(owner me) is not needed any more; take it out")


def test_an_exempt_resource_is_shown_with_who_answers_for_it(tmp_path: Path) -> None:
    text = """
environments:
  prod:
    exemptions:
      - {rule: buckets-not-emptied, resource: '*-a', reason: x, owner: me@x, expires: 2026-06-01}
      - {rule: buckets-not-emptied, resource: gone, reason: old, owner: me@x, expires: 2026-07-01}
"""
    report = judged(settings(tmp_path, text))
    assert [each.urn for each in report.violations] == [STACK.resources[1].urn]
    (exempted,) = report.exempted
    assert exempted.to_json()["owner"] == "me@x"
    assert exempted.to_json()["expires"] == "2026-06-01"
    assert "gone" in report.notes[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("environments: {prod: {rules: {buckets-not-emptid: advisory}}}", "buckets-not-emptied"),
        ("defaults: {rules: {nonsense: advisory}}", "no rule 'nonsense'"),
        ("environments: {prod: {rules: {several-zones: mandatry}}}", "mandatory"),
        ("environments: {prod: {rules: {several-zones: {min_zones: many}}}}", "whole number"),
        ("environments: {prod: {rules: {several-zones: {zones: 2}}}}", "unknown key 'zones'"),
        ("environments: {prod: {rules: {hourly-cost-cap: {max_usd_per_hour: 5}}}}", "$"),
        ("environments: {dev: {rules: {several-zones: {min_zones: many}}}}", "whole number"),
        ("enviroments: {}", "environments"),
        (
            "environments: {prod: {exemptions: [{rule: several-zones, resource: x, reason: r, "
            "owner: o, expires: 2026-05-31}]}}",
            "expired on 2026-05-31",
        ),
        (
            "environments: {prod: {exemptions: [{rule: nonsense, resource: x, reason: r, "
            "owner: o, expires: 2027-01-01}]}}",
            "no rule 'nonsense'",
        ),
        (
            "environments: {prod: {exemptions: [{rule: several-zones, resource: x}]}}",
            "needs the key 'reason'",
        ),
        (
            "environments: {prod: {exemptions: [{rule: several-zones, resource: x, reason: r, "
            "owner: o, expires: soon}]}}",
            "expires: 'soon' is not a day such as 2027-01-31",
        ),
        (
            "environments: {prod: {exemptions: [{rule: several-zones, resource: x, reason: '', "
            "owner: o, expires: 2027-01-01}]}}",
            "reason: is empty",
        ),
    ],
)
def test_wrong_settings_are_refused_with_their_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        settings(tmp_path, text)
    assert told in str(refused.value)
    assert "policy.yaml:1" in str(refused.value)


def test_an_expired_exemption_of_one_environment_leaves_others_alone(tmp_path: Path) -> None:
    text = """
environments:
  dev: {}
  prod: {exemptions: [{rule: several-zones, resource: x, reason: r, owner: o, expires: 2020-01-01}]}
"""
    assert settings(tmp_path, text, "dev") is not None


def test_every_rule_says_what_it_is_and_security_rules_whom_they_follow() -> None:
    rules = all_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    assert sum(rule.category != "security" for rule in rules) >= 40
    for rule in rules:
        assert rule.title, rule.id
        assert rule.remedy, rule.id
        rule.settings()
        if rule.category == "security":
            assert rule.guides, rule.id


def test_the_page_about_the_rules_is_up_to_date() -> None:
    written = documentation.PAGE.read_text(encoding="utf-8")
    assert written == documentation.page(), "run: python -m policies.documentation"


def test_our_own_settings_are_in_order() -> None:
    path = Path(documentation.__file__).parent / "policy.yaml"
    for environment in ("dev", "staging", "prod"):
        assert read_settings(path, environment, today=TODAY) is not None


def test_our_rules_agree_with_an_independent_scanner(shared_data: Path) -> None:
    from validation.policies import verdicts

    found = verdicts(shared_data)
    assert len({each.check for each in found}) >= 90
    wrong = [each for each in found if not each.agrees]
    assert len(wrong) <= 0.01 * len(found), wrong
