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
        resource(
            "aws:ec2/instance:Instance",
            "web",
            {"instanceType": "p3.2xlarge", "availabilityZone": "us-east-1a"},
        ),
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


EXEMPTION = (
    "    exemptions:\n      - {rule: buckets-not-emptied, resource: data, reason: copied "
    "elsewhere,\n         owner: me@example.com, expires: 2100-01-01}\n"
)
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
    rules = policy(tmp_path, others_disabled(), EXEMPTION)
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
    assert max(len(rule["properties"]["tags"]) for rule in described) <= 10, "GitHub's limit"
    for result in run["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        physical = result["locations"][0]["physicalLocation"]
        assert physical["artifactLocation"]["uri"]
        assert physical["region"]["startLine"] >= 1
    assert {result["level"] for result in run["results"]} == {"error", "warning"}
    assert run["automationDetails"]["id"] == "windtunnel/live/"
    prints = {each["partialFingerprints"]["primaryLocationLineHash"] for each in run["results"]}
    assert len(prints) == 2, "one line declares both resources"


def test_sarif_has_only_what_is_to_be_mended(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    """GitHub would show what is open or exempt as alerts like any other."""
    rules = policy(tmp_path, "buckets-not-emptied: mandatory", EXEMPTION)
    words = ("--settings", rules, "--format", "sarif", "--out", "check.json")
    _, out, _ = command("check", "--state", broken, *words)
    (run,) = json.loads(out)["runs"]
    assert {each["kind"] for each in run["results"]} == {"fail"}
    assert "buckets-not-emptied" not in {each["ruleId"] for each in run["results"]}
    found = json.loads((tmp_path / "check.json").read_text())
    assert [each["rule"] for each in found["exempted"]] == ["buckets-not-emptied"]
    assert found["undecided"]


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


@pytest.mark.parametrize(
    ("name", "starts"),
    [
        ("check.sarif", '{\n  "$schema"'),
        ("check.sarif.json", '{\n  "$schema"'),
        ("check.json", '{\n  "source"'),
        ("check.xml", "<?xml"),
        ("check.txt", "::error"),
    ],
)
def test_one_run_annotates_the_log_and_writes_what_the_suffix_says(
    command: Command, broken: Path, tmp_path: Path, name: str, starts: str
) -> None:
    rules = policy(tmp_path, others_disabled())
    words = ("--settings", rules, "--format", "github", "--out", name)
    _, out, _ = command("check", "--state", broken, *words)
    assert out.startswith("::error ")
    assert (tmp_path / name).read_text().startswith(starts)


def test_what_is_open_for_the_same_reason_is_one_notice(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    """GitHub shows ten notices of a step; thirteen rules wait for a prediction."""
    _, out, _ = command("check", "--state", broken, "--format", "github")
    (notice,) = [line for line in out.splitlines() if line.startswith("::notice")]
    assert "there is no prediction; give --scenario (predicted-" in notice
    assert "predicted-job-cost" in notice


def test_one_rule_alone_is_judged(command: Command, broken: Path, tmp_path: Path) -> None:
    rules = policy(tmp_path, ONLY)
    words = ("--settings", rules, "--rule", "buckets-not-emptied", "--json")
    code, out, err = command("check", "--state", broken, *words)
    found = json.loads(out)
    assert code == 1
    assert err == "windtunnel: 1 mandatory violation of the policies: buckets-not-emptied\n"
    assert [each["rule"] for each in found["violations"]] == ["buckets-not-emptied"]
    assert (found["undecided"], found["passed"], found["disabled"]) == ([], [], [])
    several = ("--rule", "buckets-tls-only", "--rule", "nothing-unattached")
    _, out, _ = command("check", "--state", broken, *several)
    assert "1 mandatory and 0 advisory violations; 1 rule passed" in out


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
        (("--state", "state.json", "--settings", "others.yaml"), "'live', but for prod; choose"),
        (("--state", "state.json", "--env", "prod"), "--settings"),
        (("--state", "state.json", "--rule", "monthly-budge"), "did you mean 'monthly-budget'"),
        (("--state", "state.json", "--prediction", "state.json"), "holds no prediction"),
        (("--state", "untyped.json"), "type"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_2(
    command: Command, broken: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    (tmp_path / "others.yaml").write_text("environments: {prod: {}}")
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


def test_a_prediction_of_another_stack_or_of_other_machines_is_not_judged(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    _, out, _ = command("plan", "--state", broken, "--json")
    plan = {**json.loads(out), "prediction": {"metrics": {"run_cost": {"p95": 9.0}}}}
    for told, text in (
        ("", json.dumps(plan)),
        (
            "of another stack: test, not live",
            json.dumps(plan).replace("pulumi:live", "pulumi:test"),
        ),
        ("of other hardware: 'web' had", json.dumps(plan).replace("p3.2xlarge", "p3.8xlarge")),
    ):
        (tmp_path / "p.json").write_text(text)
        words = ("--prediction", "p.json", "--rule", "predicted-utilisation", "--json")
        _, out, err = command("check", "--state", broken, *words)
        assert err == ""
        reasons = [each["reason"] for each in json.loads(out)["undecided"]]
        assert [told in each for each in reasons] == ([True] if told else [])


def test_a_limit_that_is_not_set_is_said_where_it_was_asked_for(
    command: Command, broken: Path
) -> None:
    _, out, _ = command("check", "--state", broken, "--rule", "monthly-budget", "--json")
    found = json.loads(out)
    assert [each["reason"] for each in found["undecided"]] == ["max_usd_per_month is not set"]
    assert found["passed"] == []
    _, out, _ = command("check", "--state", broken, "--json")
    assert "monthly-budget" in json.loads(out)["passed"]


def test_defaults_judge_a_stack_that_is_not_listed(
    command: Command, broken: Path, tmp_path: Path
) -> None:
    (tmp_path / "some.yaml").write_text(f"defaults: {{rules: {{{others_disabled()}}}}}")
    words = ("--state", broken, "--settings", "some.yaml")
    code, out, _ = command("check", *words, "--json")
    assert code == 1
    assert json.loads(out)["environment"] == "defaults"
    code, _, err = command("check", *words, "--env", "nope")
    assert code == 2
    assert "no settings for the environment 'nope'" in err


DOCUMENTS = """\
import json

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("data")
role = aws.iam.Role("node", assume_role_policy="{}")


def allow(**more):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [bucket.arn], **more}
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


aws.iam.RolePolicy(
    "node", role=role.id, policy=allow(Action="*", Resource=["*", bucket.arn]),
)
aws.s3.BucketPolicy("data", bucket=bucket.id, policy=allow(Principal="*"))
aws.kms.Key("key", enable_key_rotation=bucket.force_destroy)
if not pulumi.runtime.is_dry_run():
    raise RuntimeError("this would reach a cloud")
"""


def test_documents_around_what_is_not_there_yet_are_decided(
    command: Command, tmp_path: Path
) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    (project / "__main__.py").write_text(DOCUMENTS)
    rules = ("no-full-administrator", "no-wildcard-actions", "no-public-policies", "keys-rotated")
    words = [word for rule in rules for word in ("--rule", rule)]
    code, out, _ = command("check", "--stack", "dev", "--project", project, *words, "--json")
    found = json.loads(out)
    assert code == 1
    lines = DOCUMENTS.splitlines()
    assert {(each["rule"], each["source"]) for each in found["violations"]} == {
        ("no-full-administrator", f"__main__.py:{lines.index('aws.iam.RolePolicy(') + 1}"),
        ("no-wildcard-actions", f"__main__.py:{lines.index('aws.iam.RolePolicy(') + 1}"),
        ("no-public-policies", f"__main__.py:{lines.index('aws.iam.RolePolicy(') + 4}"),
    }
    assert [each["rule"] for each in found["undecided"]] == ["keys-rotated"], "that is made up"
    assert found["notes"] == []


def test_a_program_that_cannot_use_what_is_made_up_is_judged_as_a_preview(
    command: Command, tmp_path: Path
) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    odd = DOCUMENTS + 'bucket.arn.apply(lambda arn: {}["nothing of it"])\n'
    (project / "__main__.py").write_text(odd)
    words = ("--rule", "no-full-administrator", "--json")
    code, out, _ = command("check", "--stack", "dev", "--project", project, *words)
    found = json.loads(out)
    assert code == 0
    assert [each["rule"] for each in found["undecided"]] == ["no-full-administrator"]
    assert "nothing of it" in found["notes"][0]


PROGRAM = """\
import pulumi_aws as aws
from shop.buckets import keep

keep("data")
"""
BUCKETS = """\
import pulumi_aws as aws


def keep(name):
    aws.s3.Bucket(name, force_destroy=True)
"""
BUDGET = "environments: {dev: {rules: {monthly-budget: {max_usd_per_month: $1}}}}\n"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository whose Pulumi project is in the subfolder `infra`."""
    top = tmp_path_factory.mktemp("repository")
    project = top / "infra"
    (project / "shop").mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    (project / "__main__.py").write_text(PROGRAM)
    (project / "shop" / "buckets.py").write_text(BUCKETS)
    git(top, "init", "-q", "-b", "main")
    save(top)
    git(top, "tag", "whole")
    (project / "__main__.py").write_text(PROGRAM.replace('"data"', "data"))
    save(top)
    git(top, "tag", "broken")
    (project / "__main__.py").write_text(PROGRAM)
    (project / "Pulumi.prod.yaml").write_text("config: {aws:region: us-east-1}\n")
    return top


def git(folder: Path, *words: str) -> None:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *words], check=True, capture_output=True)


def save(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "m")


def test_files_are_named_from_the_top_of_the_repository(
    command: Command, repository: Path, tmp_path: Path
) -> None:
    """GitHub looks for them there, wherever Pulumi.yaml is."""
    words = ("--stack", "dev", "--project", repository / "infra", "--rule", "buckets-not-emptied")
    _, out, err = command("check", *words, "--format", "github", "--out", "check.sarif")
    assert "file=infra/shop/buckets.py,line=5,title=buckets-not-emptied::data: " in out, err
    (run,) = json.loads((tmp_path / "check.sarif").read_text())["runs"]
    (found,) = run["results"]
    file = found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert file == "infra/shop/buckets.py"
    assert run["automationDetails"]["id"] == "windtunnel/infra/dev/"
    _, out, _ = command("check", *words, "--json")
    assert json.loads(out)["violations"][0]["source"] == "shop/buckets.py:5", "for people as it is"


def test_what_has_no_line_points_at_the_project(
    command: Command, repository: Path, tmp_path: Path
) -> None:
    words = ("--stack", "dev", "--project", repository / "infra", "--rule", "several-zones")
    command("check", *words, "--out", "check.sarif")
    (run,) = json.loads((tmp_path / "check.sarif").read_text())["runs"]
    places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
    assert all(each["artifactLocation"]["uri"].startswith("infra/") for each in places)


@pytest.mark.parametrize(
    ("file", "text", "annotated"),
    [
        ("Pulumi.dev.yaml", "a: 1\na: 2\n", "file=infra/Pulumi.dev.yaml,line=2::key 'a' is given"),
        ("__main__.py", "\nno", "file=infra/__main__.py,line=2::NameError: name 'no' is not"),
        ("../rules.yaml", "environments: 1", "file=rules.yaml,line=1::environments: "),
    ],
)
def test_wrong_input_is_annotated_on_its_line(
    command: Command,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    text: str,
    annotated: str,
) -> None:
    path = repository / "infra" / file
    rules = repository / "rules.yaml"
    rules.write_text(BUDGET)
    before = path.read_text()
    path.write_text(text)
    monkeypatch.chdir(repository)
    words = ("--stack", "dev", "--project", "infra", "--settings", "rules.yaml")
    code, out, err = command("check", *words, "--format", "github")
    path.write_text(before)
    assert code == 2
    assert out.startswith(f"::error {annotated}"), out
    assert err.startswith("windtunnel: ")


def test_wrong_input_without_a_place_is_annotated_too(command: Command) -> None:
    code, out, _ = command("check", "--format", "github")
    assert code == 2
    assert out.startswith("::error::say what to price")


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ("whole:prod", "whole:infra/Pulumi.prod.yaml: there is no stack 'prod' at whole"),
        ("broken:dev", "broken:infra/__main__.py:4: NameError: name 'data' is not defined"),
    ],
)
def test_what_is_wrong_at_a_revision_is_told_of_the_revision(
    command: Command, repository: Path, side: str, told: str
) -> None:
    """Not of the folder that it was checked out to, which is gone."""
    code, _, err = command("diff", side, "dev", "--project", repository / "infra")
    assert code == 2
    assert err.startswith(f"windtunnel: {told}")
    assert "/tmp" not in err


def test_without_git_files_are_named_from_the_project(command: Command, tmp_path: Path) -> None:
    from windtunnel.sources import folder_in_repository

    assert folder_in_repository(tmp_path) is None
