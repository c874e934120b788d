"""`plan` and `diff`: what a user sees of any stack's cost."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from environments import ROOT, project_with
from training_scenario import Command

GPU_NODE: dict[str, Any] = {
    "provider": "aws",
    "region": "us-east-1",
    "pools": {"train": {"machine": "g5.12xlarge", "count": 2}},
    "storage": {
        "dataset": {"kind": "object_store", "size": "200 GB"},
        "checkpoints": {"kind": "object_store"},
    },
}
URN = "urn:pulumi:dev::shop::aws:ec2/instance:Instance::web"


def state(machine: str, **more: Any) -> dict[str, Any]:
    inputs = {"instanceType": machine, "ami": "ami-1", "availabilityZone": "us-east-1a", **more}
    kind = "aws:ec2/instance:Instance"
    return {"urn": URN, "type": kind, "custom": True, "inputs": inputs, "outputs": {}}


def preview(path: Path, *, same: int = 0) -> Path:
    steps = [
        {
            "op": "update",
            "urn": URN,
            "oldState": state("g5.xlarge"),
            "newState": state("g5.2xlarge"),
        }
    ]
    found = {"config": {"aws:region": "us-east-1"}, "steps": steps}
    path.write_text(json.dumps(found | {"changeSummary": {"update": 1, "same": same}}))
    return path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project_with(tmp_path_factory.mktemp("project"), GPU_NODE)


def test_a_stack_is_priced_resource_by_resource(command: Command, project: Path) -> None:
    code, out, _ = command("plan", "--stack", "drawn", "--project", project, "--json")
    assert code == 0
    plan = json.loads(out)
    assert {each["basis"] for each in plan["resources"]} <= {"priced", "free", "usage", "unpriced"}
    lines = [line["amount_usd"] for each in plan["resources"] for line in each["lines"]]
    assert plan["bill"]["monthly_usd"] == pytest.approx(sum(lines))
    assert plan["bill"]["hourly_usd"] == pytest.approx(sum(lines) / 730, abs=1e-5)
    group = next(each for each in plan["resources"] if "autoscaling" in each["type"])
    assert group["monthly_usd"] > 2 * 5.6 * 730
    waiting = {each["component"] for cost in plan["resources"] for each in cost["usage"]}
    assert "object storage, standard" in waiting, "checkpoints have no planned size"


def test_the_table_names_what_costs_and_what_does_not(command: Command, project: Path) -> None:
    code, out, _ = command("plan", "--stack", "drawn", "--project", project)
    assert code == 0
    assert "g5.12xlarge, on-demand" in out
    assert "a month" in out
    assert "by usage, not in the total" in out
    assert "free: " in out


def test_a_scenario_flies_on_the_hardware_of_the_stack(
    command: Command, project: Path, scenario: Path
) -> None:
    words = ("plan", "--stack", "drawn", "--project", project, "--scenario", scenario, "--json")
    code, out, err = command(*words, "--set", "replications=3")
    assert code == 0, err
    plan = json.loads(out)
    facts = next(iter(plan["prediction"]["workloads"].values()))
    assert facts["machine"] == "g5.12xlarge"
    assert facts["accelerators"] == 8
    dataset = next(
        each
        for each in plan["resources"]
        if each["name"] == "dataset" and each["type"] == "aws:s3/bucket:Bucket"
    )
    assert dataset["usage"] == []
    told = " ".join(line["note"] or "" for line in dataset["lines"])
    assert "1 run a month" in told


def test_a_preview_without_what_is_unchanged_covers_the_change_only(
    command: Command, tmp_path: Path
) -> None:
    path = preview(tmp_path / "preview.json", same=7)
    code, out, _ = command("plan", "--preview", path)
    assert code == 0
    assert "total without 7 unchanged resources" in out
    assert "--show-sames" in out
    _, out, _ = command("plan", "--preview", path, "--json")
    assert json.loads(out)["unchanged_left_out"] == 7


def test_a_preview_shows_both_sides_of_a_change(command: Command, tmp_path: Path) -> None:
    path = preview(tmp_path / "preview.json")
    code, out, _ = command("diff", "--preview", path, "--json")
    assert code == 0
    change = json.loads(out)
    before, after = change["before"]["monthly_usd"], change["after"]["monthly_usd"]
    assert 0 < before < after
    assert change["change"]["monthly_usd"] == pytest.approx(after - before)
    assert [each["op"] for each in change["resources"]] == ["update"]


def test_markdown_puts_the_total_first(command: Command, tmp_path: Path) -> None:
    path = preview(tmp_path / "preview.json")
    code, out, _ = command("diff", "--preview", path, "--markdown")
    assert code == 0
    assert out.startswith("### dev: +$")
    assert "| update | `web` aws ec2.Instance |" in out
    assert "<details>" in out


def test_two_stacks_are_compared_by_name_and_kind(command: Command, project: Path) -> None:
    other = yaml.safe_load((project / "Pulumi.drawn.yaml").read_text())
    other["config"]["windtunnel:environment"]["pools"]["train"]["count"] = 3
    (project / "Pulumi.more.yaml").write_text(yaml.safe_dump(other))
    code, out, err = command("diff", "drawn", "more", "--project", project, "--json")
    assert code == 0, err
    changed = [each for each in json.loads(out)["resources"] if each["change_monthly_usd"]]
    assert [each["type"] for each in changed] == ["aws:autoscaling/group:Group"]
    before, after = changed[0]["before_monthly_usd"], changed[0]["after_monthly_usd"]
    assert after == pytest.approx(before * 1.5, rel=1e-6)


def test_a_revision_of_the_program_is_compared_with_the_present(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, folder)
    for room in ("stacks", "domain"):
        shutil.copytree(ROOT / room, folder / room)

    def git(*words: str) -> None:
        own = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        subprocess.run(["git", "-C", str(folder), *own, *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    config = (folder / "Pulumi.dev.yaml").read_text()
    assert "g5.xlarge" in config
    (folder / "Pulumi.dev.yaml").write_text(config.replace("g5.xlarge", "g5.4xlarge"))
    code, out, err = command("diff", "HEAD:dev", "dev", "--project", folder, "--markdown")
    assert code == 0, err
    assert out.startswith("### dev: +$")
    assert "g5.4xlarge" in out
    code, _, err = command("diff", "nowhere:dev", "dev", "--project", folder)
    assert code == 2
    assert "nowhere" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan",), "say what to price"),
        (("plan", "--stack", "dev", "--state", "x.json"), "not both"),
        (("plan", "--stack", "dev"), "there is no Pulumi.yaml"),
        (("plan", "--state", "absent.json"), "absent.json"),
        (("plan", "--preview", "p.json", "--set", "seed=1"), "--scenario"),
        (("diff",), "give BEFORE and AFTER"),
        (("diff", "a", "b", "--preview", "p.json"), "not both"),
    ],
)
def test_wrong_words_get_one_sentence(
    command: Command, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    preview(tmp_path / "p.json")
    code, _, err = command(*words)
    assert code == 2
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("previw.json", "previw.json: there is no such file; did you mean 'preview.json'?"),
        ("absent.json", "absent.json: there is no such file\n"),
        ("gone/state.json", "gone/state.json: there is no such file\n"),
        ("folder", "folder: is a folder; give a preview or an export in it"),
        ("prod", "prod: there is no such file; nor is it a stack: there is no Pulumi.yaml here"),
        ("main:prod", "there is no Pulumi.yaml here"),
    ],
)
def test_a_file_that_is_not_there_is_told_before_any_project(
    command: Command, tmp_path: Path, name: str, says: str
) -> None:
    path = preview(tmp_path / "preview.json")
    (tmp_path / "folder").mkdir()
    for words in ((path, name), (name, path)):
        code, out, err = command("diff", *words)
        assert (code, out) == (2, "")
        assert says in err
    assert ("Pulumi.yaml" in err) == (name in ("prod", "main:prod"))


def test_a_misspelt_file_in_a_project_is_a_file(command: Command, project: Path) -> None:
    code, _, err = command("diff", "drawn", "absent.json", "--project", project)
    assert code == 2
    assert "absent.json: there is no such file" in err
    code, _, err = command("diff", "drawn", "drown", "--project", project)
    assert "'drown' is neither a file, nor a stack" in err


def test_an_import_is_named_and_its_cost_is_not_new(command: Command, tmp_path: Path) -> None:
    step = {"op": "import", "urn": URN, "newState": state("g5.xlarge")}
    path = tmp_path / "preview.json"
    path.write_text(json.dumps({"config": {"aws:region": "us-east-1"}, "steps": [step]}))
    _, out, _ = command("diff", "--preview", path, "--json")
    change = json.loads(out)
    assert change["resources"][0]["op"] == "import"
    assert change["change"]["monthly_usd"] == 0
    assert change["change"]["imported_monthly_usd"] == change["after"]["monthly_usd"]
    _, out, _ = command("diff", "--preview", path)
    assert out.startswith("no change in cost; $")
    assert "exists already" in out


def test_an_unknown_stack_is_told_which_there_are(command: Command, project: Path) -> None:
    code, _, err = command("plan", "--stack", "drown", "--project", project)
    assert code == 2
    assert "drawn" in err


def test_an_environment_that_no_cloud_provides_is_refused_with_its_line(
    command: Command, tmp_path: Path
) -> None:
    wrong = json.loads(json.dumps(GPU_NODE))
    wrong["pools"]["train"]["machine"] = "g5.12xlrage"
    folder = project_with(tmp_path, wrong)
    code, _, err = command("plan", "--stack", "drawn", "--project", folder)
    assert code == 2
    assert "pools.train.machine: no machine 'g5.12xlrage' at aws" in err
