"""`windtunnel ledger`: what the project's predictions came to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from own_machine import MLP, foreseen, run, write, write_host
from training_scenario import Command

HOW = ("--precision", "fp32", "--batch", 16, "--framework", "tensorflow")


def test_a_project_without_one_is_told_how_to_begin(command: Command, tmp_path: Path) -> None:
    host = write_host(tmp_path / "host.yaml")
    assert command("predict", "resnet50", "--on", host, *HOW)[0] == 0
    code, _, err = command("ledger")
    assert code == 2
    assert "ledger --start" in err
    assert not (tmp_path / ".windtunnel").exists()


def test_predictions_and_outcomes_meet(command: Command, tmp_path: Path) -> None:
    host = write_host(tmp_path / "host.yaml")
    assert command("ledger", "--start")[0] == 0
    code, text, _ = command("predict", "resnet50", "--on", host, *HOW, "--json")
    predicted = json.loads(text)["step_seconds"]
    measured = run("resnet50", 16, predicted * 1.25, taken_at="2099-01-01T00:00:00Z")
    path = write(tmp_path / "m.jsonl", [measured])
    code, text, err = command("ledger", path, "--json")
    assert code == 0, err
    told = json.loads(text)
    assert (told["predictions"], told["recorded"]) == (1, 1)
    (outcome,) = told["outcomes"]
    assert outcome["predicted_at"] != ""
    assert outcome["error"] == pytest.approx(1 / 1.25 - 1)
    assert outcome["inside"] is True
    assert json.loads(command("ledger", path, "--json")[1])["recorded"] == 0


def test_simulate_and_choose_write_down_what_they_predict(command: Command, scenario: Path) -> None:
    assert command("ledger", "--start")[0] == 0
    code, text, err = command("simulate", scenario, "--json")
    assert code in (0, 1), err
    jobs = len(json.loads(text)["workloads"])
    assert jobs
    assert json.loads(command("ledger", "--json")[1])["predictions"] == jobs
    assert command("choose", scenario)[0] in (0, 1)
    assert json.loads(command("ledger", "--json")[1])["predictions"] >= jobs


def test_drift_is_told_and_drawn(command: Command, tmp_path: Path) -> None:
    usual = foreseen(MLP, 128)
    runs = [
        run(MLP, 128, usual * 8 * (1 + number / 100), taken_at=f"2026-11-20T1{number}:00:00Z")
        for number in range(6)
    ]
    path = write(tmp_path / "m.jsonl", runs)
    code, table, err = command("ledger", path, "--start", "--plot", "errors.html")
    assert code == 0, err
    assert "drift" in table
    assert "outside their 90 %" in " ".join(table.split())
    page = (tmp_path / "errors.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    assert command("ledger", "--plot", "errors.png")[0] == 0
    assert (tmp_path / "errors.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--plot", "errors.gif"), "'.gif' is not a format"),
        (("absent.jsonl",), "there is no such"),
        (("--plot", "no/where.png"), "there is no folder"),
    ],
)
def test_wrong_input_gets_one_sentence(command: Command, words: tuple[str, ...], told: str) -> None:
    assert command("ledger", "--start")[0] == 0
    code, out, err = command("ledger", *words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_a_ledger_that_cannot_be_written_spoils_no_prediction(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / ".windtunnel").mkdir()
    (tmp_path / ".windtunnel" / "ledger").write_text("in the way")
    host = write_host(tmp_path / "host.yaml")
    code, out, err = command("predict", "resnet50", "--on", host, *HOW)
    assert code == 0
    assert "step time" in out
    assert "the ledger cannot be written" in err
