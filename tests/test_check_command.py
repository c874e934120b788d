"""`windtunnel check`: what a user sees of the policies, and what CI servers read."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from environments import ROOT
from training_scenario import Command


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """An export with a machine of an older generation and a bucket that may be emptied."""
    bucket = "aws:s3/bucket:Bucket"
    found = [
        resource("aws:ec2/instance:Instance", "web", {"instanceType": "p3.2xlarge"}),
        resource(bucket, "data", {"forceDestroy": True}),
    ]
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": found}}))
    return path


def resource(kind: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    urn = f"urn:pulumi:live::shop::{kind}::{name}"
    source = "file:///app/__main__.py#3"
    return {
        "urn": urn,
        "type": kind,
        "custom": True,
        "id": name,
        "inputs": inputs,
        "outputs": {},
        "sourcePosition": source,
    }


def policy(folder: Path, rules: str, more: str = "") -> Path:
    path = folder / "rules.yaml"
    path.write_text(f"environments:\n  live:\n    rules: {{{rules}}}\n{more}")
    return path


# What the tests below are about, whatever other rules say of these resources.
ONLY = "buckets-not-emptied: mandatory, current-machine-generation: advisory"


def others_disabled() -> str:
    from policies.registry import all_rules

    about = ("buckets-not-emptied", "current-machine-generation")
    return ", ".join([ONLY, *(f"{r.id}: disabled" for r in all_rules() if r.id not in about)])


def test_a_mandatory_violation_fails_and_json_has_what_people_rely_on(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    rules = policy(tmp_path, others_disabled())
    code, out, err = command("check", "--state", broken, "--settings", rules, "--json")
    assert code == 1
    assert "1 mandatory violation of the policies: buckets-not-emptied" in err
    found = json.loads(out)
    assert [each["rule"] for each in found["violations"]] == [
        "buckets-not-emptied",
        "current-machine-generation",
    ]
    first = found["violations"][0]
    assert {*first} >= {"references", "severity", "urn", "message", "remedy", "source"}
    assert found["environment"] == "live"
    assert {*found} >= {"undecided", "exempted"}


def test_advisory_violations_do_not_fail(command: Command, broken: Path, tmp_path: Path) -> None:
    rules = policy(tmp_path, others_disabled().replace("emptied: mandatory", "emptied: advisory"))
    code, out, _ = command("check", "--state", broken, "--settings", rules)
    assert code == 0
    assert "p3.2xlarge" in out
    assert "2 advisory violations" in out


def test_an_exemption_lets_it_pass_and_says_so(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    more = (
        "    exemptions:\n      - {rule: buckets-not-emptied, resource: data, reason: copied "
        "elsewhere,\n         owner: me@example.com, expires: 2100-01-01}\n"
    )
    rules = policy(tmp_path, others_disabled(), more)
    code, out, _ = command("check", "--state", broken, "--settings", rules)
    assert code == 0
    assert "me@example.com" in out
    assert "copied elsewhere" in out


def test_a_foreign_stack_is_judged_by_every_rule(command: Command, broken: Path) -> None:
    code, out, _ = command("check", "--state", broken, "--format", "json")
    found = json.loads(out)
    assert code == (1 if any(v["severity"] == "mandatory" for v in found["violations"]) else 0)
    assert found["environment"] is None
    assert {"buckets-not-emptied", "current-machine-generation"} <= {
        each["rule"] for each in found["violations"]
    }
    assert found["disabled"] == []
    assert any("prediction" in each["reason"] for each in found["undecided"])


def test_sarif_has_what_code_scanners_ask_for(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    rules = policy(tmp_path, others_disabled())
    words = ("--settings", rules, "--format", "sarif", "--out", "check.sarif")
    code, out, _ = command("check", "--state", broken, *words)
    assert code == 1
    assert (tmp_path / "check.sarif").read_text() == out
    document = json.loads(out)
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    described = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"]["uri"]
        assert physical["region"]["startLine"] >= 1
        assert (result["kind"] == "fail") == (result["level"] != "none")
    assert {result["level"] for result in run["results"]} == {"error", "warning"}


def test_annotations_of_github_are_one_line_each(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    rules = policy(tmp_path, others_disabled())
    code, out, _ = command("check", "--state", broken, "--settings", rules, "--format", "github")
    assert code == 1
    first, second = out.splitlines()
    assert first.startswith("::error ")
    assert "title=buckets-not-emptied::data: " in first
    assert second.startswith("::warning ")


def test_junit_counts_failures(command: Command, broken: Path, tmp_path: Path) -> None:
    rules = policy(tmp_path, others_disabled())
    _, out, _ = command("check", "--state", broken, "--settings", rules, "--format", "junit")
    (suite,) = ElementTree.fromstring(out)
    assert suite.get("failures") == "1"
    assert suite.get("tests") == str(len(suite.findall("testcase"))) == "2"


def test_text_of_a_stack_cannot_break_out_of_annotations_or_xml() -> None:
    from policies.formats.annotations import to_annotations
    from policies.formats.junit import to_junit
    from policies.judge import Report, Violation
    from policies.registry import rule_of

    rule = rule_of("several-zones")
    odd = Violation(rule, "mandatory", None, "50 %\n::error::\x00<b>", "mend it", "a,b:c.py:3")
    report = Report("", violations=(odd,))
    assert to_annotations(report).count("\n") == 1
    assert "file=a%2Cb%3Ac.py,line=3" in to_annotations(report)
    ElementTree.fromstring(to_junit(report))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--stack"),
        (("--state", "state.json", "--set", "a=b"), "--scenario"),
        (("--state", "state.json", "--base", "main"), "--stack"),
        (("--state", "state.json", "--settings", "absent.yaml"), "no such policy settings"),
        (("--state", "state.json", "--settings", "rules.yaml", "--env", "liv"), "live"),
        (("--state", "state.json", "--env", "prod"), "--settings"),
        (("--state", "state.json", "--prediction", "state.json"), "holds no prediction"),
        (("--state", "untyped.json"), "type"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_2(
    command: Command, broken: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    policy(tmp_path, ONLY)
    untyped = {"version": 3, "deployment": {"resources": [{"id": "web", "inputs": {}}]}}
    (tmp_path / "untyped.json").write_text(json.dumps(untyped))
    code, _, err = command("check", *words)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_our_own_stacks_pass_their_own_settings(command: Command, stack: str) -> None:
    code, out, err = command("check", "--stack", stack, "--project", ROOT, "--json")
    found = json.loads(out)
    assert (code, err) == (0, ""), found["violations"]
    assert found["environment"] == stack


def test_a_prediction_is_judged_and_compared_with_the_base(
    command: Command, tmp_path: Path, scenario: Path
) -> None:
    """A branch that takes one node instead of four is slower."""
    project = tmp_path / "project"
    files = [ROOT / "Pulumi.yaml", *ROOT.glob("Pulumi.*.yaml")]
    project.mkdir()
    for file in files:
        shutil.copy(file, project)
    for room in ("stacks", "domain"):
        shutil.copytree(ROOT / room, project / room, ignore=shutil.ignore_patterns("__pycache__"))
    if (ROOT / ".venv").exists():
        (project / ".venv").symlink_to(ROOT / ".venv")
        (project / ".gitignore").write_text(".venv\n")
    stack = project / "Pulumi.dev.yaml"
    one = stack.read_text()
    stack.write_text(one.replace("count: 1", "count: 4"))
    git = ["git", "-C", str(project), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    stack.write_text(one)
    words = ("--stack", "dev", "--project", project, "--scenario", scenario)
    code, out, err = command("check", *words, "--base", "main", "--json")
    found = json.loads(out)
    assert code in (0, 1), err
    rules = {each["rule"]: each for each in found["violations"]}
    assert "predicted-regression" in rules
    assert "a run takes" in rules["predicted-regression"]["message"]
    assert not any("no prediction" in each["reason"] for each in found["undecided"])


def test_a_prediction_that_was_written_before_is_judged(
    command: Command, broken: Path, tmp_path: Path, scenario: Path
) -> None:
    assert command("simulate", scenario, "--out", "p.json")[0] == 0
    _, out, _ = command("check", "--state", broken, "--prediction", "p.json", "--json")
    open_rules = {each["rule"] for each in json.loads(out)["undecided"]}
    assert "predicted-job-cost" not in open_rules
    assert "predicted-regression" in open_rules
