"""The command line as a user meets it: tables, JSON, exit codes, files left whole."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from windtunnel.__main__ import run

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

TRAINING = """\
environment:
  provider: aws
  region: us-east-1
  pools:
    train: {machine: g5.12xlarge, count: 2, market: spot}
  storage:
    dataset: {kind: object_store, size: 150 GB}
    checkpoints: {kind: object_store}
workloads:
  resnet50:
    kind: training
    model: resnet50
    dataset: {samples: 1281167, sample_size: 110 kB, kind: jpeg}
    precision: fp16
    global_batch: 1024
    epochs: 90
    checkpointing: {interval: 10 min}
goal: {minimise: cost, deadline: 12 h, budget: $500}
axes:
  environment.pools.train.machine:
    - g5.12xlarge
    - g6.12xlarge
    - trn1.32xlarge
    - {provider: gcp, region: us-central1, machine: tpu-v5litepod-8}
  environment.pools.train.count: [1, 2]
seed: 3
replications: 5
"""

METRICS = {
    "job_completion_time_seconds",
    "queueing_delay_seconds",
    "makespan_seconds",
    "accelerator_utilisation",
    "cost_usd",
}

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(TRAINING)
    return path


@pytest.fixture
def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["windtunnel", *map(str, words)])
        code = run()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_version_and_help(command: Command) -> None:
    assert command("--version")[1].startswith("windtunnel 0.")
    code, out, _ = command("--help")
    assert code == 0
    for name in ("init", "simulate", "choose", "compare", "catalog", "schema", "trace"):
        assert name in out


def test_simulate_prints_a_table_and_json_and_writes_it(command: Command, scenario: Path) -> None:
    code, table, _ = command("simulate", scenario)
    assert code == 0
    assert "job completion time" in table
    assert "total: $" in table
    code, text, _ = command("simulate", scenario, "--json", "--out", "p.json")
    result = json.loads(text)
    assert json.loads((scenario.parent / "p.json").read_text()) == result
    assert set(result) >= {
        "scenario",
        "seed",
        "replications",
        "metrics",
        "bill",
        "bottleneck",
        "catalog",
        "calibration",
    }
    assert set(result["metrics"]) >= METRICS
    assert set(result["metrics"]["cost_usd"]) == {"mean", "p50", "p95", "p99", "ci95"}
    assert set(result["catalog"]) == {"snapshot", "as_of"}
    lines = sum(line["amount_usd"] for line in result["bill"]["lines"])
    assert lines == pytest.approx(result["bill"]["total_usd"], abs=1e-6)
    assert result["bill"]["total_usd"] == pytest.approx(
        result["metrics"]["cost_usd"]["mean"], abs=1e-4
    )


@pytest.mark.parametrize("name", ["simulate", "choose"])
def test_same_seed_same_bytes_on_any_number_of_workers(
    command: Command, scenario: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Workers are used from the first second on, however small the work.
    monkeypatch.setattr("simulator.study.replicate._TRIAL_SECONDS", 0.0)
    monkeypatch.setattr("simulator.study.replicate._WORKERS_START_SECONDS", 0.0)
    one = command(name, scenario, "--json", "--workers", 1)[1]
    two = command(name, scenario, "--json", "--workers", 2)[1]
    other = command(name, scenario, "--json", "--seed", 4)[1]
    assert one == two
    assert one != other


def test_choose_lists_every_candidate_once(command: Command, scenario: Path) -> None:
    code, text, _ = command("choose", scenario, "--json")
    result = json.loads(text)
    assert code == 0
    rows = [result["choice"], *result["frontier"], *result["rejected"]]
    assert len({row["id"] for row in rows}) == len(rows) == result["candidates"] == 8
    for row in rows:
        assert set(row) >= {"id", "values", "environment", "metrics"}
    for row in result["rejected"]:
        assert row["reason_code"]
        assert row["reason"]
    assert result["bill"]["total_usd"] > 0
    trainium = [row for row in result["rejected"] if row["reason_code"] == "framework"]
    assert len(trainium) == 2
    assert "TensorFlow" in trainium[0]["reason"]
    moved = [row for row in rows if row["environment"]["provider"] == "gcp"]
    assert {row["environment"]["region"] for row in moved} == {"us-central1"}


def test_the_choice_is_no_worse_than_what_was_flown(command: Command, scenario: Path) -> None:
    result = json.loads(command("choose", scenario, "--json")[1])
    cost = result["choice"]["metrics"]["cost_usd"]["mean"]
    assert all(row["metrics"]["cost_usd"]["mean"] >= cost for row in result["frontier"])


def test_choose_writes_the_stack_config(command: Command, scenario: Path) -> None:
    config = scenario.parent / "Pulumi.dev.yaml"
    config.write_text("config:\n  aws:region: us-east-1  # kept\n")
    code, text, told = command("choose", scenario, "--json", "--write", "dev")
    assert code == 0
    assert "Pulumi.dev.yaml" in told
    assert "# kept" in config.read_text()
    written = yaml.safe_load(config.read_text())["config"]["windtunnel:environment"]
    assert written == json.loads(text)["choice"]["environment"]


def test_a_goal_that_nothing_meets(command: Command, scenario: Path) -> None:
    goals = ("--set", "goal.deadline=10 min")
    code, out, err = command("choose", scenario, *goals, "--write", "dev")
    assert code == 1
    assert "nearest misses" in out
    assert "over the deadline of 10 min" in out
    assert "none of 8 candidates meets the goal" in err
    assert not (scenario.parent / "Pulumi.dev.yaml").exists()
    result = json.loads(command("choose", scenario, *goals, "--json")[1])
    assert result["choice"] is None
    assert len(result["rejected"]) == 8


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("goal.budget=$1", "over_budget"),
        ("goal.max_usd_per_hour=$0.1/h", "over_hourly_cap"),
        ("goal.max_spot_share=0.5", "spot_share"),
        ("goal.regions=[eu-west-1]", "region"),
        (
            "workloads.resnet50.model={kind: transformer, layers: 96, width: 12288, heads: 96, "
            "sequence: 2048, vocabulary: 50257}",
            "does_not_fit",
        ),
    ],
)
def test_why_candidates_lose(command: Command, scenario: Path, setting: str, reason: str) -> None:
    code, text, _ = command("choose", scenario, "--json", "--set", setting)
    assert code == 1
    assert reason in {row["reason_code"] for row in json.loads(text)["rejected"]}


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


def test_jobs_are_written_as_csv_and_parquet(command: Command, tmp_path: Path) -> None:
    trace = tmp_path / "jobs.csv"
    trace.write_text("submit_seconds,duration_seconds,accelerators\n0,60,8\n10,30,2\n20,5,1\n")
    scenario = tmp_path / "t.yaml"
    scenario.write_text(
        "environment: {provider: custom, pools: {p: {machine: {accelerators: 8}, count: 1}}}\n"
        "workloads: {jobs: {kind: trace, format: csv, path: jobs.csv}}\n"
    )
    assert command("simulate", scenario, "--jobs-out", "o.csv")[0] == 0
    assert command("simulate", scenario, "--jobs-out", "o.parquet")[0] == 0
    table = pd.read_csv(tmp_path / "o.csv")
    assert list(table.columns[:6]) == [
        "job_id",
        "pool",
        "accelerators",
        "submit_seconds",
        "start_seconds",
        "end_seconds",
    ]
    assert table.start_seconds.tolist() == [0, 60, 60]
    assert pd.read_parquet(tmp_path / "o.parquet").start_seconds.tolist() == [0, 60, 60]
    code, _, err = command("simulate", scenario, "--jobs-out", "o.xlsx")
    assert code == 2
    assert "use .csv or .parquet" in err


def test_a_team_s_own_prices_win(command: Command, scenario: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.yaml"
    prices.write_text(
        "name: framework agreement\n"
        "machines: [{provider: aws, machine: g5.12xlarge, market: spot, price: $1/h}]\n"
    )
    result = json.loads(command("simulate", scenario, "--json", "--prices", prices)[1])
    machine = result["bill"]["lines"][0]
    assert machine["unit_price_usd"] == 1.0
    assert machine["source"] == "prices: framework agreement"


def test_compare_pairs_the_replications(command: Command, scenario: Path) -> None:
    other = scenario.with_name("other.yaml")
    other.write_text("name: other\n" + TRAINING.replace("count: 2", "count: 1"))
    code, text, _ = command("compare", scenario, other, "--json")
    result = json.loads(text)
    assert code == 0
    assert [each["scenario"] for each in result["predictions"]] == ["s", "other"]
    slower = next(each for each in result["differences"] if each["metric"] == "makespan_seconds")
    assert slower["mean"] > 0
    assert slower["ci95"][0] <= slower["mean"] <= slower["ci95"][1]
    assert "significant" in command("compare", scenario, other)[1]
    assert command("compare", scenario)[0] == 2


def test_catalog_show(command: Command) -> None:
    code, out, _ = command("catalog", "show", "p5.48xlarge", "us-east-1")
    assert code == 0
    assert "p5.48xlarge" in out
    rows = json.loads(command("catalog", "show", "--json")[1])["rows"]
    assert len({(row["provider"], row["machine"]) for row in rows}) >= 110
    code, _, err = command("catalog", "show", "p5.48xlrge")
    assert code == 2
    assert "p5.48xlarge" in err
    assert "tensorflow" in command("catalog", "show", "--accelerators", "tpu-v5e")[1]
    assert "nat_gateway" in command("catalog", "show", "--services", "nat")[1]


def test_schema_describes_the_scenario(command: Command) -> None:
    schema = json.loads(command("schema")[1])
    assert {"environment", "workloads", "goal"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    assert "pools" in json.loads(command("schema", "environment")[1])["properties"]


def test_trace_describe(command: Command, tmp_path: Path) -> None:
    rows = "".join(
        f"2017-10-0{day} 0{day}:00:00,{60 * day}.0,{day},{60 * day},abc\n" for day in range(1, 6)
    )
    path = tmp_path / "philly.csv.gz"
    with gzip.open(path, "wt") as stream:
        stream.write("timestamp,duration,num_gpus,gpu_time,cluster\n" + rows)
    code, out, _ = command("trace", "describe", path)
    assert code == 0
    assert "5 jobs" in out
    summary = json.loads(command("trace", "describe", path, "--json")[1])
    assert summary["jobs"] == 5
    assert set(summary["pools"]) == {"vc-abc"}
    summary = json.loads(command("trace", "describe", EXAMPLES / "team_queue.yaml", "--json")[1])
    assert 0 < summary["offered_load"] < 1
    assert command("trace", "describe", tmp_path / "nothing.csv")[0] == 2


def test_init_writes_a_scenario_that_flies(command: Command, tmp_path: Path) -> None:
    code, out, _ = command("init", "--provider", "gcp", "--model", "small_cnn", "--stack", "test")
    assert code == 0
    assert "windtunnel choose windtunnel.yaml --write test" in out
    assert command("simulate", "windtunnel.yaml", "--replications", 2)[0] == 0
    config = yaml.safe_load((tmp_path / "Pulumi.test.yaml").read_text())
    assert config["config"]["windtunnel:environment"]["provider"] == "gcp"
    code, _, err = command("init")
    assert code == 2
    assert "exists already" in err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_can_be_read(path: Path) -> None:
    from domain.reading import load_scenario

    assert load_scenario(path).scenario.workloads


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


def test_simulate_says_when_the_goal_is_missed(command: Command, scenario: Path) -> None:
    code, out, err = command("simulate", scenario, "--set", "goal.deadline=10 min")
    assert code == 1
    assert "makespan" in out
    assert "the goal is not met: it takes" in err


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


def test_bills_have_no_clock_in_them(command: Command, scenario: Path) -> None:
    result = json.loads(command("simulate", scenario, "--json")[1])
    assert result["bill"]["notes"] == ["the price snapshot of 2026-08-03 is more than 90 days old"]


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
