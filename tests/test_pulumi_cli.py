"""A real Pulumi CLI lives the whole life of each stack, against stand-ins for the clouds."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from standin.project import Project

from domain.errors import InputError
from domain.stack_outputs import read_outputs
from workloads.discovery.live import live_outputs

Result = CompletedProcess[str]


@dataclass(frozen=True)
class Stack:
    """A stack, a change of its configuration, and what the change does by type of resource."""

    name: str
    change: dict[str, str]
    expected: dict[str, str]
    protected: bool = False


STACKS = (
    Stack(
        "dev",
        {"pools.gpu.count": "2", "network.cidr": "10.1.0.0/16"},
        {"aws:autoscaling/group:Group": "update", "aws:ec2/vpc:Vpc": "replace"},
    ),
    Stack(
        "staging",
        {
            "pools.train.disk.size": "300 GiB",
            "pools.slice.machine": "tpu-v5litepod-4",
            "storage.shared.throughput_per_tib": "500 MB/s",
        },
        {
            "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate": "replace",
            "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager": "update",
            "gcp:tpu/v2Vm:V2Vm": "replace",
            "gcp:lustre/instance:Instance": "replace",
        },
    ),
    Stack(
        "prod",
        {"pools.train.count": "8"},
        {
            "aws:autoscaling/group:Group": "update",
            "aws:ec2/capacityReservation:CapacityReservation": "update",
        },
        protected=True,
    ),
)


@dataclass(frozen=True, repr=False)
class Life:
    """What each command said, in the order of the fields."""

    stack: Stack
    first_preview: Result
    plan_of_program: Result
    plan_of_preview: Result
    up: Result
    outputs: Result
    second_preview: Result
    plan_of_sames: Result
    refresh: Result
    export: Result
    plan_of_state: Result
    changing_preview: Result
    plan_of_change: Result
    plan_of_changed_program: Result
    changing_up: Result
    destroy: Result
    export_after_destroy: Result
    second_destroy: Result
    export_at_last: Result


@pytest.fixture(scope="module", params=STACKS, ids=lambda stack: stack.name)
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Life:
    _needs_pulumi()
    stack: Stack = request.param
    place = tmp_path_factory.mktemp(stack.name)
    project = Project.copy(place)
    _ok(project.pulumi("stack", "init", stack.name))

    first_preview = project.pulumi("preview", "--json")
    preview = _file(place / "preview.json", first_preview)
    plan_of_program = project.windtunnel("plan", "--stack", stack.name, "--json")
    plan_of_preview = project.windtunnel("plan", "--preview", preview, "--json")
    up = project.pulumi("up", "--yes", "--skip-preview")
    outputs = project.pulumi("stack", "output", "--json")
    second_preview = project.pulumi("preview", "--expect-no-changes", "--json", "--show-sames")
    sames = _file(place / "sames.json", second_preview)
    plan_of_sames = project.windtunnel("plan", "--preview", sames, "--json")
    refresh = project.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    export = project.pulumi("stack", "export")
    state = _file(place / "state.json", export)
    plan_of_state = project.windtunnel("plan", "--state", state, "--json")

    for path, value in stack.change.items():
        key = f"windtunnel:environment.{path}"
        _ok(project.pulumi("config", "set", "--path", key, value))
    changing_preview = project.pulumi("preview", "--json")
    change = _file(place / "change.json", changing_preview)
    plan_of_change = project.windtunnel("plan", "--preview", change, "--state", state, "--json")
    plan_of_changed_program = project.windtunnel("plan", "--stack", stack.name, "--json")
    changing_up = project.pulumi("up", "--yes", "--skip-preview")

    destroy = project.pulumi("destroy", "--yes")
    export_after_destroy = project.pulumi("stack", "export")
    if stack.protected:
        _ok(project.pulumi("state", "unprotect", "--all", "--yes"))
    return Life(
        stack=stack,
        first_preview=first_preview,
        plan_of_program=plan_of_program,
        plan_of_preview=plan_of_preview,
        up=up,
        outputs=outputs,
        second_preview=second_preview,
        plan_of_sames=plan_of_sames,
        refresh=refresh,
        export=export,
        plan_of_state=plan_of_state,
        changing_preview=changing_preview,
        plan_of_change=plan_of_change,
        plan_of_changed_program=plan_of_changed_program,
        changing_up=changing_up,
        destroy=destroy,
        export_after_destroy=export_after_destroy,
        second_destroy=project.pulumi("destroy", "--yes"),
        export_at_last=project.pulumi("stack", "export"),
    )


def _needs_pulumi() -> None:
    if shutil.which("pulumi") is None:
        pytest.skip("no Pulumi CLI on the PATH")


def _ok(result: Result) -> Result:
    assert result.returncode == 0, result.stdout + result.stderr
    return result


def _file(path: Path, result: Result) -> Path:
    path.write_text(result.stdout)
    return path


def _resources(export: Result) -> list[dict[str, Any]]:
    return json.loads(_ok(export).stdout)["deployment"].get("resources", [])


def _bill(plan: Result) -> dict[str, Any]:
    """The bill of a plan; its lines follow the order of the source, which previews do not keep."""
    bill = json.loads(_ok(plan).stdout)["bill"]
    for entries in (bill["lines"], bill["unpriced"]):
        entries.sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return bill


def test_everything_that_is_previewed_is_deployed(life: Life) -> None:
    created = json.loads(_ok(life.first_preview).stdout)["changeSummary"]
    assert set(created) == {"create"}
    _ok(life.up)
    own = [each for each in _resources(life.export) if "::default" not in each["urn"]]
    assert len(own) == created["create"]


def test_what_is_deployed_tells_the_launcher_where_its_pools_are(
    life: Life, tmp_path: Path
) -> None:
    outputs = read_outputs(_file(tmp_path / "outputs.json", _ok(life.outputs)))
    assert outputs.pools
    for name, pool in outputs.pools.items():
        assert pool.region in outputs.access
        marks = pool.find.tags if pool.provider == "aws" else pool.find.labels
        assert marks["windtunnel-stack"] == life.stack.name
        assert marks["windtunnel-pool"] == name


def test_nothing_changes_by_itself(life: Life) -> None:
    _ok(life.second_preview)
    _ok(life.refresh)


def test_a_change_updates_or_replaces_what_it_should(life: Life) -> None:
    steps = json.loads(_ok(life.changing_preview).stdout)["steps"]
    operations: dict[str, set[str]] = {}
    for step in steps:
        type_ = step.get("newState", step.get("oldState"))["type"]
        operations.setdefault(type_, set()).add(step["op"])
    for type_, operation in life.stack.expected.items():
        assert operation in operations[type_], operations
        assert ("replace" in operations[type_]) == (operation == "replace")
    _ok(life.changing_up)


def test_destroy_is_refused_where_something_is_protected(life: Life) -> None:
    if life.stack.protected:
        assert life.destroy.returncode != 0
        assert "protect" in life.destroy.stdout + life.destroy.stderr
        assert len(_resources(life.export_after_destroy)) >= len(_resources(life.export))
    else:
        _ok(life.destroy)
    _ok(life.second_destroy)
    assert _resources(life.export_at_last) == []


def test_program_preview_and_state_have_one_bill(life: Life) -> None:
    bill = _bill(life.plan_of_program)
    assert bill["lines"]
    assert _bill(life.plan_of_preview) == bill
    assert _bill(life.plan_of_sames) == bill
    assert _bill(life.plan_of_state) == bill


def test_a_change_joined_with_the_state_has_the_bill_of_the_changed_program(life: Life) -> None:
    bill = _bill(life.plan_of_changed_program)
    assert bill["lines"]
    assert _bill(life.plan_of_change) == bill


def test_a_secret_that_the_cli_encrypts_is_read(tmp_path: Path) -> None:
    _needs_pulumi()
    project = Project.copy(tmp_path)
    _ok(project.pulumi("stack", "init", "dev"))
    _ok(project.pulumi("config", "set", "--secret", "windtunnel:token", "swordfish"))
    plan = ("plan", "--stack", "dev", "--json")

    wrong = project.with_passphrase("another").windtunnel(*plan)
    assert wrong.returncode == 2
    assert "passphrase" in wrong.stderr
    assert "Traceback" not in wrong.stderr
    right = project.windtunnel(*plan)
    assert "placeholder" not in _ok(right).stdout
    assert "swordfish" not in right.stdout
    without = project.with_passphrase(None).windtunnel(*plan)
    assert "secret 'windtunnel:token' is a placeholder" in _ok(without).stdout
    assert _bill(without) == _bill(right)


def test_asking_a_stack_for_its_outputs_leaves_another_selected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the next ``pulumi destroy`` would be of the stack that was launched on."""
    _needs_pulumi()
    project = Project.copy(tmp_path)
    _ok(project.pulumi("stack", "init", "prod"))
    state = json.loads(_ok(project.pulumi("stack", "export")).stdout)
    pool = {"provider": "aws", "region": "us-east-1", "machine": "g5.xlarge", "count": 2}
    state["deployment"]["resources"] = [
        {
            "urn": "urn:pulumi:prod::windtunnel::pulumi:pulumi:Stack::windtunnel-prod",
            "type": "pulumi:pulumi:Stack",
            "custom": False,
            "outputs": {"pools": {"train": pool | {"find": {}}}},
        }
    ]
    file = tmp_path / "prod.json"
    file.write_text(json.dumps(state))
    _ok(project.pulumi("stack", "import", "--file", file))
    _ok(project.pulumi("stack", "init", "dev"))

    for key, value in project.environment.items():
        monkeypatch.setenv(key, value)
    assert live_outputs(project.folder, "prod").pools["train"].count == 2
    with pytest.raises(InputError, match="there is no stack 'absent'"):
        live_outputs(project.folder, "absent")
    assert _ok(project.pulumi("stack", "--show-name")).stdout.strip() == "dev"
