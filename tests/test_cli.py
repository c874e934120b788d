"""The command line as a user meets it: tables, JSON, exit codes, files left whole."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from training_scenario import TRAINING, Command

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


METRICS = {
    "job_completion_time_seconds",
    "queueing_delay_seconds",
    "makespan_seconds",
    "accelerator_utilisation",
    "cost_usd",
}


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
    assert "resnet50" in command("catalog", "show", "--models")[1]
    assert "memory_efficiency" in command("catalog", "show", "--parameters")[1]
    assert command("catalog", "show", "--models", "--services")[0] == 2


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


def test_simulate_says_when_the_goal_is_missed(command: Command, scenario: Path) -> None:
    code, out, err = command("simulate", scenario, "--set", "goal.deadline=10 min")
    assert code == 1
    assert "makespan" in out
    assert "the goal is not met: it takes" in err


def test_bills_have_no_clock_in_them(command: Command, scenario: Path) -> None:
    result = json.loads(command("simulate", scenario, "--json")[1])
    assert result["bill"]["notes"] == ["the price snapshot of 2026-08-03 is more than 90 days old"]
