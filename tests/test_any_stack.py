"""A foreign stack is priced and checked as docs/any-stack.md says: its own commands are run.

`pulumi` is a stand-in that prints a file, and nothing is installed.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from environments import ROOT
from test_ci_workflow import bash
from training_scenario import Command

PAGE = (ROOT / "docs" / "any-stack.md").read_text()
GITHUB, GITLAB, POLICY, USAGE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CONSOLE = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
STEPS = {
    each["name"]: each for each in yaml.safe_load(GITHUB)["jobs"]["prod"]["steps"] if "name" in each
}
GITLAB_JOBS = yaml.safe_load(GITLAB)

INSTANCE = "aws:ec2/instance:Instance"
DATABASE = {
    "engine": "postgres",
    "instanceClass": "db.m6g.large",
    "allocatedStorage": 100,
    "storageType": "gp3",
    "multiAz": True,
}
SSH = {"protocol": "tcp", "fromPort": 22, "toPort": 22}


def side(
    kind: str, name: str, inputs: Mapping[str, Any] | None, line: int
) -> dict[str, Any] | None:
    if inputs is None:
        return None
    urn = f"urn:pulumi:prod::shop::{kind}::{name}"
    source = f"project:///index.ts#{line},7"
    return {"urn": urn, "type": kind, "custom": True, "inputs": inputs, "sourcePosition": source}


def step(
    kind: str, name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, line: int
) -> dict[str, Any]:
    operation = "create" if old is None else "same" if old == new else "update"
    found = {"op": operation, "urn": f"urn:pulumi:prod::shop::{kind}::{name}"}
    states = {"oldState": side(kind, name, old, line), "newState": side(kind, name, new, line)}
    return found | {key: state for key, state in states.items() if state is not None}


def opened(cidr: str) -> dict[str, Any]:
    return {"ingress": [SSH | {"cidrBlocks": [cidr]}]}


SHOP = {
    "config": {"aws:region": "us-east-1"},
    "steps": [
        step(
            "aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16"}, 4
        ),
        step(
            "aws:ec2/securityGroup:SecurityGroup",
            "web",
            opened("10.0.0.0/8"),
            opened("0.0.0.0/0"),
            8,
        ),
        step(INSTANCE, "web", {"instanceType": "m6i.large"}, {"instanceType": "m6i.xlarge"}, 12),
        step("aws:rds/instance:Instance", "orders", None, DATABASE, 20),
        step("aws:s3/bucket:Bucket", "uploads", None, {}, 31),
        step("mongodbatlas:index/cluster:Cluster", "sessions", None, {"diskSizeGb": 10}, 35),
    ],
    "changeSummary": {"create": 3, "same": 1, "update": 2},
}
PULUMI = """#!/usr/bin/env bash
case "$1" in
  preview) [[ " $* " == *" --json --show-sames "* ]] && cat "$(dirname "$0")/preview.json" ;;
  stack) cat "$(dirname "$0")/state.json" ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the files that the page asks for, and a stand-in of the CLI beside it."""
    folder = tmp_path / "project"
    bin_ = tmp_path / "bin"
    for each in (folder, bin_):
        each.mkdir()
    (bin_ / "pulumi").write_text(PULUMI)
    (bin_ / "pulumi").chmod(0o755)
    (bin_ / "preview.json").write_text(json.dumps(SHOP))
    now = [each["oldState"] for each in SHOP["steps"] if "oldState" in each]
    for path, resources in ((bin_ / "state.json", now), (folder / "earlier.json", now[:2])):
        path.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    (folder / "policy.yaml").write_text(POLICY)
    return folder


def run_step(name: str, project: Path) -> subprocess.CompletedProcess[str]:
    summary = {"GITHUB_STEP_SUMMARY": str(project.parent / "summary")}
    return bash(STEPS[name]["run"], project, summary)


def words_of(text: str) -> Iterator[list[str]]:
    """The commands of ours in a script, without what the shell does with their output."""
    for line in text.replace("\\\n", " ").splitlines():
        found = re.match(r"(?:\$ |- )?\s*(?:windtunnel )(.*?)(?: [>|].*)?$", line.strip())
        if found:
            yield shlex.split(found[1])


def shape(text: str) -> list[str]:
    """All but the figures, which follow the prices."""
    return [re.sub(r"\d[\d,.]*", "N", line.rstrip()) for line in text.splitlines()]


def test_on_github_the_change_is_priced_and_over_budget(project: Path) -> None:
    for name in ("Preview", "Price"):
        done = run_step(name, project)
        assert done.returncode == 0, done.stderr
    text = (project.parent / "summary").read_text()
    assert re.match(r"### prod: \+\$[\d.,]+ a month, plus usage and 1 unpriced\n", text)
    assert (project / "results" / "prod" / "comment.md").read_text() == text
    done = run_step("Check", project)
    assert done.returncode == 1
    assert re.match(
        r"::error title=monthly-budget::the stack: the stack costs \$\d+ a month, \$300 are",
        done.stdout,
    )
    assert done.stderr == "windtunnel: 1 mandatory violation of the policies: monthly-budget\n"


def test_within_the_budget_the_job_passes_and_says_what_is_not_in_it(project: Path) -> None:
    (project / "policy.yaml").write_text(POLICY.replace("$300", "$3000"))
    run_step("Preview", project)
    done = run_step("Check", project)
    assert done.returncode == 0, done.stderr
    assert "1 resources have no known price ('sessions')" in done.stdout


def test_on_gitlab_the_same_shows_among_the_tests(project: Path) -> None:
    lines = [*GITLAB_JOBS["preview"]["script"], *GITLAB_JOBS["cost"]["script"]]
    done = bash("\n".join(lines), project, {})
    assert done.returncode == 1
    kept = project / "results" / "prod"
    assert (kept / "comment.md").read_text().startswith("### prod: +$")
    assert '<failure type="mandatory" message="the stack costs' in (kept / "check.xml").read_text()
    artifacts = GITLAB_JOBS["cost"]["artifacts"]
    assert artifacts["paths"] == ["results"]
    assert [*project.glob(artifacts["reports"]["junit"])] == [kept / "check.xml"]


@pytest.mark.parametrize("file", ["docs/ci.md", ".github/workflows/infrastructure.yml"])
def test_the_job_that_comments_finds_what_is_kept(file: str) -> None:
    """The page says to copy it."""
    assert "cat results/*/comment.md" in (ROOT / file).read_text()


def test_every_example_is_real(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of the page; the output shown is there, line by line, but for the figures."""
    monkeypatch.chdir(project)
    shutil.copy(project.parent / "bin" / "preview.json", project)
    seen = 0
    for block in CONSOLE:
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = example.partition("\n")
            for words in words_of(line):
                code, out, err = command(*words)
                assert code in (0, 1), err
                printed = iter(shape(out + err))
                missing = [each for each in shape(shown) if each != "…" and each not in printed]
                assert missing == [], line
                seen += 1
            if line.startswith("pulumi "):
                assert bash(line, project, {}).returncode == 0
        if "usage init" in block:
            (project / "usage.yaml").write_text(USAGE)
    assert seen == PAGE.count("\n$ windtunnel ")


def test_stated_usage_is_in_the_total(command: Command, project: Path, tmp_path: Path) -> None:
    shutil.copy(tmp_path / "bin" / "preview.json", tmp_path)
    (tmp_path / "usage.yaml").write_text(USAGE)
    bills = []
    for more in ((), ("--usage", "usage.yaml")):
        code, out, err = command("plan", "--preview", "preview.json", "--json", *more)
        assert code == 0, err
        bills.append(json.loads(out)["bill"]["monthly_usd"])
    assert bills[1] > bills[0] + 500 * 0.02, "500 GiB, and the rest"


def test_no_sdk_of_pulumi_is_needed(
    command: Command, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page installs Windtunnel without extras."""
    for name in [each for each in sys.modules if each.split(".")[0].startswith("pulumi")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("pulumi", "pulumi_aws", "pulumi_gcp", "cryptography"):
        monkeypatch.setitem(sys.modules, name, None)
    preview = project.parent / "bin" / "preview.json"
    assert command("diff", "--preview", preview, "--markdown")[0] == 0
    assert command("check", "--preview", preview)[0] == 1
    assert "windtunnel[infra]" not in PAGE


FOREIGN = {
    "example_preview__aws-py-appsync": 0.57,
    "example_preview__aws-py-eks": 137.74,
    "example_preview__aws-py-webserver": 9.27,
    "example_preview__aws-ts-resources": 18.27,
    "example_preview__gcp-py-gke": 327.45,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_public_examples_are_priced_and_their_gaps_named(
    command: Command, shared_data: Path, tmp_path: Path, name: str
) -> None:
    shutil.copy(shared_data / "pulumi" / f"{name}.json", tmp_path / "preview.json")
    (tmp_path / "policy.yaml").write_text(POLICY.replace("prod:", "dev:"))
    _, out, _ = command("plan", "--preview", "preview.json", "--json")
    plan = json.loads(out)
    total = plan["bill"]["monthly_usd"]
    assert total == pytest.approx(FOREIGN[name], rel=0.05), "list prices hardly ever change"

    (words,) = words_of(STEPS["Price"]["run"])
    code, text, err = command(*words)
    assert code == 0, err
    assert text.startswith(f"### dev: +${total:,.2f} a month")
    waiting = [each["name"] for each in plan["resources"] if each["usage"] or each["unpriced"]]
    assert (", plus " in text.splitlines()[0]) == ("**≥ $" in text) == bool(waiting)
    told = text.partition("Not in the total")[2]
    assert [each for each in waiting if f"`{each}`" not in told] == []
    free = text.partition("No change in cost")[2]
    names = [each["name"] for each in plan["resources"] if each["type"].startswith("aws:iam")]
    assert [each for each in names if f"`{each}`" not in free] == []

    (words,) = words_of(STEPS["Check"]["run"])
    code, text, err = command(*words)
    assert code == (1 if total > 300 else 0), err
    assert ("monthly-budget" in text) == (total > 300)


def test_a_change_of_a_large_stack_shows_the_change_only(
    command: Command, shared_data: Path, tmp_path: Path
) -> None:
    preview = shared_data / "pulumi" / "cli_preview_changes_show_sames.json"
    shutil.copy(preview, tmp_path / "preview.json")
    (words,) = words_of(STEPS["Price"]["run"])
    _, text, _ = command(*words)
    assert "2 to update, 84 unchanged" in text
    assert "| update | `a3-rmig` gcp compute.RegionInstanceGroupManager |" in text
    assert "| follows | `gnat` gcp compute.RouterNat |" in text
    assert "- update `compact` gcp compute.ResourcePolicy: `groupPlacementPolicy`" in text
    assert "`nfs`" not in text, "it has no price, and does not change"


def test_what_is_deployed_is_priced_from_its_export(
    command: Command, shared_data: Path, tmp_path: Path
) -> None:
    shutil.copy(shared_data / "pulumi" / "cli_stack_export.json", tmp_path / "state.json")
    (tmp_path / "policy.yaml").write_text(POLICY.replace("prod:", "dev:"))
    block = next(each for each in CONSOLE if "stack export" in each)
    plan, _, check = words_of(block)
    code, text, _ = command(*plan)
    assert code == 0
    assert re.search(
        r"^total: ≥ \$[\d,.]+ a month, .*; \d+ lines depend on usage, 2 unpriced",
        text,
        re.MULTILINE,
    )
    assert re.findall(r"^unpriced (\w+)", text, re.MULTILINE) == ["cb", "nfs"]
    code, _, err = command(*check)
    assert (code, err) == (1, "windtunnel: 1 mandatory violation of the policies: monthly-budget\n")


def test_an_export_completes_a_preview(command: Command, shared_data: Path, tmp_path: Path) -> None:
    for name, file in (("cli_preview_changes", "preview"), ("cli_stack_export", "state")):
        shutil.copy(shared_data / "pulumi" / f"{name}.json", tmp_path / f"{file}.json")
    (words,) = words_of(next(each for each in CONSOLE if "--state state.json --markdown" in each))
    _, whole, _ = command(*words)
    _, part, _ = command(*words[:3], "--markdown")
    assert "without the 68 that do not change" in part
    assert "that do not change" not in whole
    assert "unpriced | not known" in part, "a group whose template is left out"
    assert "unpriced | not known" not in whole


def test_a_preview_that_failed_is_wrong_input(
    command: Command, shared_data: Path, tmp_path: Path
) -> None:
    failed = shared_data / "pulumi" / "cli_preview_failed.json"
    code, out, err = command("check", "--preview", failed, "--format", "github")
    assert code == 2
    assert "the program failed" in err
    assert out.startswith("::error")


def test_the_page_installs_nothing_else_and_knows_no_secret() -> None:
    installs = [line for line in PAGE.splitlines() if "pip install" in line]
    assert all(
        "'windtunnel @ git+https://HOST/TEAM/windtunnel@COMMIT'" in each for each in installs
    )
    assert len(installs) == 2
    assert "secrets." not in PAGE
    assert yaml.safe_load(GITHUB)["permissions"] == {"contents": "read"}
