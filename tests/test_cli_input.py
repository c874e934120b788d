"""Wrong input on the command line: one sentence, exit 2, nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
from training_scenario import TRAINING, Command


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["goal.deadlin=3 h"], "unknown key 'deadlin'; did you mean 'deadline'?"),
        (["goal.deadline=3 GB"], "'3 GB' has unit 'GB', which is not a duration"),
        (["environment.pools.train.count=-1"], "-1 must be more than 0"),
        (["environment.region=eu-north-1"], "aws has no g5.12xlarge in eu-north-1"),
        (["environment.pools.train.machine=g5.12xlrge"], "did you mean 'g5.12xlarge'"),
        (["workloads.resnet50.model=resnet5"], "did you mean 'resnet50'"),
        (["workloads.resnet50.accelerators=64"], "pool 'train' has 8"),
        (["workloads.resnet50.framework=jaxx"], "'jaxx' is not one of tensorflow, jax, pytorch"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_2(
    command: Command, scenario: Path, settings: list[str], said: str
) -> None:
    flags = [word for setting in settings for word in ("--set", setting)]
    code, out, err = command("simulate", scenario, *flags)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("goal.deadline", "'goal.deadline' cannot vary"),
        ("environment.pools.trian.count", "no candidate is a valid scenario"),
        ("scheduler.policy", "no candidate is a valid scenario"),
    ],
)
def test_an_axis_that_leads_nowhere(command: Command, scenario: Path, path: str, said: str) -> None:
    scenario.write_text(TRAINING.replace("environment.pools.train.count:", f"{path}:"))
    code, _, err = command("choose", scenario)
    assert code == 2
    assert said in err


def test_where_a_machine_is_offered(command: Command, scenario: Path) -> None:
    _, _, err = command("simulate", scenario, "--set", "environment.region=ap-south-1")
    assert "us-east-1" in err


def test_malformed_trace_rows_name_file_and_line(command: Command, tmp_path: Path) -> None:
    trace = tmp_path / "jobs.csv"
    trace.write_text("submit_seconds,duration_seconds,accelerators\n0,60,1\n10,abc,2\n")
    scenario = tmp_path / "t.yaml"
    scenario.write_text(
        "environment: {provider: custom, pools: {p: {machine: {accelerators: 8}, count: 1}}}\n"
        "workloads: {jobs: {kind: trace, format: csv, path: jobs.csv}}\n"
    )
    code, _, err = command("simulate", scenario)
    assert code == 2
    assert "jobs.csv:3" in err
    assert "abc" in err


def test_init_leaves_a_stack_with_an_environment_alone(command: Command, tmp_path: Path) -> None:
    config = tmp_path / "Pulumi.dev.yaml"
    old = "config: {'windtunnel:environment': {provider: gcp}}\n"
    config.write_text(old)
    code, _, err = command("init")
    assert code == 2
    assert "holds an environment already" in err
    assert config.read_text() == old
    assert command("init", "--force")[0] == 0


@pytest.mark.parametrize("machine", ["c6i.4xlarge", "trn1.32xlarge"])
def test_init_writes_nothing_that_could_not_fly(
    command: Command, tmp_path: Path, machine: str
) -> None:
    assert command("init", "--machine", machine)[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["environment.pools.train.count=yes"], "'count' is true, a truth value"),
        (["environment.storage.dataset.size=1 GB"], "from a storage of 1 GB"),
        (["environment.storage.dataset.region=mars"], "no region 'mars' at aws"),
        (["environment.storage.dataset={kind: local_nvme}"], "from a local cache"),
        (["workloads.resnet50.global_batch=4"], "leaves some of 8 accelerators without a sample"),
        (["axes={environment.pools.train.count: []}"], "is empty; give at least one"),
        (["replications=10000000000"], "must be at most 1000000"),
    ],
)
def test_what_cannot_be_meant(
    command: Command, scenario: Path, settings: list[str], said: str
) -> None:
    flags = [word for setting in settings for word in ("--set", setting)]
    code, _, err = command("simulate", scenario, *flags)
    assert code == 2
    assert said in err


def test_errors_of_the_catalog_name_the_line(command: Command, scenario: Path) -> None:
    scenario.write_text(TRAINING.replace("g5.12xlarge, count", "g5.12xlrge, count"))
    _, _, err = command("simulate", scenario)
    assert "s.yaml:5: environment.pools.train.machine: no machine 'g5.12xlrge'" in err


def test_a_machine_elsewhere_without_its_region(command: Command, scenario: Path) -> None:
    axis = "axes={environment.pools.train.machine: [{provider: gcp, machine: a2-highgpu-8g}]}"
    code, _, err = command("choose", scenario, "--set", axis)
    assert code == 2
    assert "needs its 'region'" in err


def test_an_empty_trace_is_no_trace(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text("submit_seconds,duration_seconds,accelerators\n")
    code, _, err = command("trace", "describe", path)
    assert code == 2
    assert "has no jobs" in err


def test_our_own_fault_is_told_as_such(
    command: Command, scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("simulator.study.simulate.plan_flight", broken)
    code, _, err = command("simulate", scenario)
    assert code == 3
    assert "our own fault" in err
    assert "windtunnel simulate" in err
