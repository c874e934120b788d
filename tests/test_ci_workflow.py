"""The checks of a pull request do what docs/ci.md says: their steps are run here, by bash.

What is not ours is left out: actions, the installation, `make test`. `gh` and `curl` are stand-ins
that write down what they are asked for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from environments import ROOT

from windtunnel.sources import stacks_of

FILE = ROOT / ".github" / "workflows" / "infrastructure.yml"
WORKFLOW = yaml.safe_load(FILE.read_text())
ON = WORKFLOW[True]  # YAML 1.1 reads the key `on` so
JOBS = WORKFLOW["jobs"]
STACKS = JOBS["stack"]["strategy"]["matrix"]["stack"]
PAGE = (ROOT / "docs" / "ci.md").read_text()
(GITLAB_TEXT,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
GITLAB = yaml.safe_load(GITLAB_TEXT)

NOT_OURS = ("pip install ", "make test")
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
# All that the workflow may ask of GitHub, as a pull request of a branch answers it.
KNOWN = {
    "github.ref": "refs/pull/7/merge",
    "github.event_name == 'pull_request'": "true",
    "github.event.pull_request.number": "7",
    "github.token": "a-token",
    "!cancelled()": "true",
    "!cancelled() && github.event_name == 'pull_request'": "true",
}
OF_STACK = (
    "matrix.stack",
    "matrix.scenario",
    "steps.change.outputs.base",
    "steps.policies.outputs.code",
    "steps.policies.outputs.judged",
)
EVERY_RUN = {
    "GITHUB_REPOSITORY": "team/shop",
    "GITHUB_RUN_ID": "99",
    "GITHUB_SERVER_URL": "https://github.example",
}


def filled(text: object, values: dict[str, str]) -> str:
    """A text of the workflow with its expressions answered; one that is not known fails."""

    def answer(match: re.Match[str]) -> str:
        expression = match[1].strip()
        assert expression in values, f"what would GitHub say to '{expression}'?"
        return values[expression]

    return EXPRESSION.sub(answer, str(text))


def bash(script: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs it as GitHub and GitLab do, but a variable that nobody sets is an error."""
    own = ("GITHUB_", "CI_", "GIT_", "PULUMI_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    path = os.pathsep.join([str(folder.parent / "bin"), f"{sys.prefix}/bin", os.environ["PATH"]])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**kept, "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=120,
    )


@dataclass
class Ran:
    """A job after its last step."""

    folder: Path
    failed_at: str | None = None
    steps: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    summary: str = ""
    results: dict[str, str] = field(default_factory=dict)


def run_job(name: str, folder: Path, values: dict[str, str]) -> Ran:
    """Runs the steps of a job of the workflow in ``folder``, as far as GitHub would."""
    job, ran, values = JOBS[name], Ran(folder), KNOWN | values
    files = {key: folder.parent / key for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    assert WORKFLOW["defaults"] == {"run": {"shell": "bash"}}
    for step in job["steps"]:
        wanted = filled(step["if"], values) if "if" in step else "true"
        # Without a function of status, GitHub adds that nothing may have failed.
        if wanted != "true" or (ran.failed_at and "cancelled()" not in step.get("if", "")):
            continue
        if "uses" in step:
            given = {key: filled(value, values) for key, value in step.get("with", {}).items()}
            if "upload" in step["uses"]:
                assert (folder / (given.get("path") or given["sarif_file"])).exists()
            ran.used.append(step["uses"].rpartition("@")[0])
            continue
        if step["run"].startswith(NOT_OURS):
            continue
        given = {**job.get("env", {}), **step.get("env", {})}
        variables = {key: filled(value, values) for key, value in given.items()}
        variables |= EVERY_RUN | {key: str(file) for key, file in files.items()}
        done = bash(step["run"], folder, variables)
        ran.steps[step["name"]] = done
        if done.returncode:
            ran.failed_at = step["name"]
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            key, _, value = line.partition("=")
            values[f"steps.{step['id']}.outputs.{key}"] = value
        files["GITHUB_OUTPUT"].write_text("")
    ran.summary = files["GITHUB_STEP_SUMMARY"].read_text()
    for file in (folder / "results" / values.get("matrix.stack", "")).glob("*.*"):
        ran.results[file.name] = file.read_text()
    return ran


def run_stack(stack: str, folder: Path) -> Ran:
    includes = JOBS["stack"]["strategy"]["matrix"]["include"]
    more = next((each for each in includes if each["stack"] == stack), {})
    values = {f"matrix.{key}": value for key, value in more.items()} | {"matrix.stack": stack}
    return run_job("stack", folder, dict.fromkeys(OF_STACK, "") | values)


def commit(project: Path) -> None:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for words in (["add", "-A"], [*own, "commit", "-qm", "m", "--allow-empty"]):
        subprocess.run(["git", "-C", str(project), *words], check=True, capture_output=True)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the project, with a commit that changes nothing."""
    project = tmp_path_factory.mktemp("unchanged") / "project"
    for room in ("stacks", "domain", "policies", "examples"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, project / room, ignore=ignored)
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, project)
    (project / ".gitignore").write_text("results/\n")
    subprocess.run(["git", "init", "-q", str(project)], check=True, capture_output=True)
    commit(project)
    commit(project)
    return project


@pytest.fixture(scope="module")
def changed(unchanged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another, with a commit that opens `prod` and adds a node, breaks `dev` and adds `staging`."""
    project = tmp_path_factory.mktemp("changed") / "project"
    shutil.copytree(unchanged, project, ignore=shutil.ignore_patterns("results"))
    staging = project / "Pulumi.staging.yaml"
    text = staging.read_text()
    staging.unlink()
    commit(project)
    staging.write_text(text)
    edit(project / "Pulumi.dev.yaml", "200 GiB", "200")
    edit(project / "Pulumi.prod.yaml", "count: 4", "count: 5")
    group = "referenced_security_group_id=group.id"
    edit(project / "stacks" / "aws" / "security_group.py", group, 'cidr_ipv4="0.0.0.0/0"')
    commit(project)
    return project


@pytest.fixture(scope="module")
def broken(changed: Path) -> Ran:
    return run_stack("prod", changed)


def place_of_the_rule(project: Path) -> tuple[str, int]:
    file = "stacks/aws/security_group.py"
    lines = (project / file).read_text().splitlines()
    return file, 1 + next(n for n, line in enumerate(lines) if "SecurityGroupIngressRule(" in line)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_as_it_is_passes(unchanged: Path, stack: str) -> None:
    ran = run_stack(stack, unchanged)
    assert ran.failed_at is None, ran.steps
    text = ran.results["comment.md"]
    assert text.startswith(f"### {stack}: no change in cost\n\nThe policies are kept.\n\n")
    assert ran.summary == text
    assert json.loads(ran.results["plan.json"])["bill"]["monthly_usd"] > 0
    assert "::error" not in ran.steps["Policies"].stdout
    (run,) = json.loads(ran.results["check.sarif"])["runs"]
    assert {each["level"] for each in run["results"]} <= {"warning"}, "open questions are no alerts"
    assert "github/codeql-action/upload-sarif" in ran.used


def test_a_broken_rule_fails_the_job_with_its_line(broken: Ran) -> None:
    assert broken.failed_at == "Verdict" == [*broken.steps][-1]
    assert broken.steps["Verdict"].returncode == 1
    assert "no-open-ingress" in broken.steps["Verdict"].stdout
    file, line = place_of_the_rule(broken.folder)
    annotation = (
        f"::error file={file},line={line},title=no-open-ingress::network-hosts-from-hosts: "
    )
    assert annotation in broken.steps["Policies"].stdout


def test_code_scanning_gets_the_broken_rule(broken: Ran) -> None:
    (run,) = json.loads(broken.results["check.sarif"])["runs"]
    errors = [each for each in run["results"] if each["level"] == "error"]
    assert "no-open-ingress" in [each["ruleId"] for each in errors]
    found = next(each for each in errors if each["ruleId"] == "no-open-ingress")
    (where,) = found["locations"]
    where = where["physicalLocation"]
    told = (where["artifactLocation"]["uri"], where["region"]["startLine"])
    assert told == place_of_the_rule(broken.folder)
    assert "github/codeql-action/upload-sarif" in broken.used


def test_the_comment_of_a_failed_job_is_there(broken: Ran) -> None:
    assert broken.used[-1] == "actions/upload-artifact"
    text = broken.results["comment.md"]
    assert re.match(
        r"### prod: \+\$[\d,.]+ a month\n\n\*\*The policies are not kept.\*\*\n", text
    ), text
    assert re.search(r"violations? of the policies: .*no-open-ingress", text)
    assert "update `network-hosts-from-hosts` aws vpc.SecurityGroupIngressRule: `cidrIpv4`" in text
    assert "| update | `train` aws autoscaling.Group |" in text
    assert "| job completion time |" in text, "prod has a scenario"
    assert broken.summary == text


def test_the_page_shows_the_comment_as_it_is(broken: Ran) -> None:
    """All but the figures, which follow the prices."""

    def shape(text: str) -> list[str]:
        return re.sub(r"[-+]?\$?\d[\d,.]*", "N", text).splitlines()

    (shown,) = re.findall(r"````markdown\n(.*?)````", PAGE, re.DOTALL)
    found = shape(broken.results["comment.md"])
    assert [line for line in shape(shown) if line != "…" and line not in found] == []


def test_a_stack_that_the_base_does_not_have_passes(changed: Path) -> None:
    ran = run_stack("staging", changed)
    assert ran.failed_at is None, ran.steps
    text = ran.results["comment.md"]
    assert text.startswith("### staging: nothing to compare with\n\nThe policies are kept.\n")
    assert "HEAD^1:Pulumi.staging.yaml: there is no stack 'staging' at HEAD^1" in text
    assert re.search(r"^total: .*\$[\d,.]+ a month", text, re.MULTILINE)


def test_wrong_input_is_told_in_the_comment(changed: Path) -> None:
    ran = run_stack("dev", changed)
    assert ran.failed_at == "What all of it costs"
    assert ran.steps["What all of it costs"].returncode == 2
    assert ran.used[-1] == "actions/upload-artifact"
    assert "github/codeql-action/upload-sarif" not in ran.used
    text = ran.results["comment.md"]
    assert "**The policies could not be judged.**" in text
    assert "200 has no unit" in text
    annotated = re.search(
        r"^::error file=Pulumi.dev.yaml,line=(\d+)::.* 200 has no unit",
        ran.steps["Policies"].stdout,
        re.MULTILINE,
    )
    assert annotated, ran.steps["Policies"].stdout
    line = (changed / "Pulumi.dev.yaml").read_text().splitlines()[int(annotated[1]) - 1]
    assert "size: 200" in line


GH = """#!/usr/bin/env bash
echo "$*" >> asked
case "$*" in
  *--jq*) printf '%s' "$EARLIER"; exit "$LISTS" ;;
  *) exit "$WRITES" ;;
esac
"""
CURL = """#!/usr/bin/env bash
echo "$*" >> asked
case "$*" in
  *--request*) ;;
  *) printf '%s' "$NOTES" ;;
esac
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """What a job sees that has fetched the results of two stacks, and stand-ins beside it."""
    for name, text in (("gh", GH), ("curl", CURL)):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    for stack in ("dev", "prod"):
        path = tmp_path / "project" / "results" / stack / "comment.md"
        path.parent.mkdir(parents=True)
        path.write_text(f"### {stack}: +$1 a month\n\nmore of {stack}\n")
    return tmp_path / "project"


def comment(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    earlier: str = "",
    lists: int = 0,
    writes: int = 0,
) -> tuple[Ran, list[str]]:
    for key, value in (("EARLIER", earlier), ("LISTS", lists), ("WRITES", writes)):
        monkeypatch.setenv(key, str(value))
    ran = run_job("comment", workspace, {})
    return ran, (workspace / "asked").read_text().splitlines()


def test_the_first_comment_is_posted(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, (_, posted) = comment(workspace, monkeypatch)
    assert ran.failed_at is None, ran.steps
    assert (
        posted
        == "api --method POST repos/team/shop/issues/7/comments --field body=@comment.md --silent"
    )
    body = (workspace / "comment.md").read_text()
    assert body.startswith("<!-- windtunnel -->\n### dev: ")
    assert "more of dev\n### prod: " in body
    assert "(https://github.example/team/shop/actions/runs/99)" in body


def test_the_next_push_writes_over_it(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (listed, posted) = comment(workspace, monkeypatch, earlier="41\n42\n")
    assert 'startswith("<!-- windtunnel -->")' in listed
    assert "--method PATCH repos/team/shop/issues/comments/42 " in posted


@pytest.mark.parametrize(("lists", "writes"), [(0, 1), (1, 0)])
def test_a_token_that_may_only_read_does_not_fail_the_job(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, lists: int, writes: int
) -> None:
    ran, asked = comment(workspace, monkeypatch, lists=lists, writes=writes)
    assert ran.failed_at is None
    assert ran.steps["Post the comment"].stdout.startswith("::warning::The comment could not be")
    assert len(asked) == 2 - lists, "without the list a second comment might be posted"


def test_of_a_comment_that_is_too_long_the_totals_stay(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workspace / "results" / "prod" / "comment.md"
    path.write_text(path.read_text() + "| row |\n" * 10_000)
    comment(workspace, monkeypatch)
    body = (workspace / "comment.md").read_text()
    assert len(body) < 65_536
    assert re.findall("^### .*", body, re.MULTILINE) == [
        "### dev: +$1 a month",
        "### prod: +$1 a month",
    ]
    assert "too long" in body


def test_without_any_result_the_comment_says_so(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(workspace / "results")
    ran, _ = comment(workspace, monkeypatch)
    assert ran.failed_at is None
    assert "No stack could be looked at" in (workspace / "comment.md").read_text()


def texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in texts(value)]
    return [str(node)]


def test_scripts_get_what_github_knows_as_variables_only() -> None:
    """Text of a pull request inside of a script would be run."""
    asked = {e.strip() for text in texts(WORKFLOW) for e in EXPRESSION.findall(text)}
    assert asked <= {*KNOWN, *OF_STACK}
    scripts = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]
    assert not any("${{" in script for script in scripts)


def test_no_job_may_more_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert {name: job.get("permissions") for name, job in JOBS.items()} == {
        "test": None,
        "stack": {"contents": "read", "security-events": "write", "actions": "read"},
        "comment": {"pull-requests": "write"},
    }
    assert not any("secrets" in each for each in EXPRESSION.findall(FILE.read_text()))
    assert {*ON} == {"pull_request", "push"}, "pull_request_target would give forks a token"
    for step in (step for job in JOBS.values() for step in job["steps"]):
        if "uses" in step:
            assert re.fullmatch(r"(actions|github)/[\w/-]+@v\d+", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
    used = [step.get("uses", "") for step in JOBS["comment"]["steps"]]
    assert not any("checkout" in each for each in used), "it runs no code of the pull request"


def test_every_stack_and_every_room_is_looked_at() -> None:
    assert sorted(STACKS) == stacks_of(ROOT)
    assert sorted(GITLAB["stack"]["parallel"]["matrix"][0]["STACK"]) == stacks_of(ROOT)
    checkout = JOBS["stack"]["steps"][0]
    assert checkout["with"]["fetch-depth"] == 0, "the base is in the history"
    paths = ON["pull_request"]["paths"]
    assert all(list(ROOT.glob(path)) for path in paths), "nothing is there any more"
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())
    rooms = found["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {room.replace("*", "/**") for room in rooms} <= {*paths}


def test_the_page_tells_every_step_and_file() -> None:
    named = [step["name"] for job in JOBS.values() for step in job["steps"] if "name" in step]
    assert [name for name in named if f"**{name}**" not in PAGE] == []
    told = {
        *re.findall(r"^\| (`[\w.]+`.*?) \|", PAGE.partition("in the artefact")[2], re.MULTILINE)
    }
    kept = ["comment.md", "plan.json", "check.sarif", "change.log", "check.log"]
    assert all(any(f"`{name}`" in each for each in told) for name in kept)
    assert all(name in FILE.read_text() for name in kept)


OF_MERGE_REQUEST = {
    "CI_API_V4_URL": "https://gitlab.example/api/v4",
    "CI_PROJECT_ID": "3",
    "CI_MERGE_REQUEST_IID": "7",
    "WINDTUNNEL_TOKEN": "a-token",
}


def run_gitlab(job: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    assert all(line.startswith(NOT_OURS) for line in GITLAB[job].get("before_script", []))
    return bash("\n".join(GITLAB[job]["script"]), folder, OF_MERGE_REQUEST | variables)


def test_gitlab_passes_a_stack_as_it_is(unchanged: Path) -> None:
    done = run_gitlab("stack", unchanged, STACK="dev")
    assert done.returncode == 0, done.stderr
    (suite,) = ElementTree.parse(unchanged / "results" / "dev" / "check.xml").getroot()
    assert suite.get("failures") == "0"


def test_gitlab_shows_the_broken_rule_and_the_cost(changed: Path) -> None:
    base = subprocess.run(
        ["git", "-C", str(changed), "rev-parse", "HEAD^1"],
        check=True,
        capture_output=True,
        text=True,
    )
    done = run_gitlab(
        "stack", changed, STACK="prod", CI_MERGE_REQUEST_DIFF_BASE_SHA=base.stdout.strip()
    )
    assert done.returncode == 1, done.stderr
    assert "no-open-ingress" in done.stderr
    (suite,) = ElementTree.parse(changed / "results" / "prod" / "check.xml").getroot()
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert "no-open-ingress: network-hosts-from-hosts" in failed
    text = (changed / "results" / "prod" / "comment.md").read_text()
    assert text.startswith("### prod: +$")
    assert "| update | `train` aws autoscaling.Group |" in text
    assert GITLAB["stack"]["artifacts"]["when"] == "always"


@pytest.mark.parametrize(
    ("notes", "method", "address"),
    [
        ([{"id": 5, "body": "Thank you"}], "POST", "notes"),
        (
            [{"id": 5, "body": "Thank you"}, {"id": 6, "body": "<!-- windtunnel -->\n"}],
            "PUT",
            "notes/6",
        ),
    ],
)
def test_gitlab_has_one_note(
    workspace: Path, notes: list[dict[str, Any]], method: str, address: str
) -> None:
    done = run_gitlab("comment", workspace, NOTES=json.dumps(notes))
    assert done.returncode == 0, done.stderr
    _, written = (workspace / "asked").read_text().splitlines()
    assert f"--request {method} --data-urlencode body@comment.md" in written
    assert written.endswith(f"/projects/3/merge_requests/7/{address}")
    assert (workspace / "comment.md").read_text().startswith("<!-- windtunnel -->\n### dev: ")
