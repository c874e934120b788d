"""Two workers on this machine: they train one model, notice a loss, and go on together."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from workload_runs import Run, finish, free_ports, run, start, wait_for_step

_WORDS = ["small_cnn", "--set", "samples=320", "--set", "checkpoint_steps=10", "--set",
          "progress_steps=5", "--set", "model.dropout=0"]  # fmt: skip


def _start(
    tmp_path: Path, words: list[str], kept: list[Path] | None = None
) -> list[subprocess.Popen[str]]:
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    started = []
    for number in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        more = ["--checkpoints", str(kept[number])] if kept else []
        extra = {"TF_CONFIG": json.dumps(task)}
        started.append(start([*words, *more], tmp_path / f"out-{number}", extra))
    return started


def _finish(tmp_path: Path, started: list[subprocess.Popen[str]]) -> list[Run]:
    return [finish(each, tmp_path / f"out-{number}") for number, each in enumerate(started)]


def test_two_workers_train_one_model_as_one_would(tmp_path: Path) -> None:
    words = [*_WORDS, "--set", "epochs=2"]
    chief, other = _finish(tmp_path, _start(tmp_path, words))
    assert (chief.code, other.code) == (0, 0), chief.errors + other.errors
    losses = [[each["loss"] for each in done.told("progress")] for done in (chief, other)]
    assert losses[0] == losses[1]
    alone = run(words, tmp_path / "alone")
    assert losses[0] == pytest.approx([e["loss"] for e in alone.told("progress")], rel=2e-3)
    assert chief.report["test"] == pytest.approx(alone.report["test"], rel=0.05)
    workload = chief.measurement["workload"]
    assert (workload["global_batch"], workload["micro_batch"]) == (32, 16)
    assert chief.measurement["environment"]["nodes"] == 2
    # The chief alone writes.
    assert list((tmp_path / "out-1").iterdir()) == []


def test_a_killed_worker_ends_the_other_and_both_go_on(tmp_path: Path) -> None:
    words = [*_WORDS, "--set", "epochs=3000"]
    kept = [tmp_path / "kept-0", tmp_path / "kept-1"]
    chief, other = _start(tmp_path, words, kept)
    wait_for_step(chief, 20)
    other.send_signal(signal.SIGKILL)
    # Far less than the step_timeout_seconds of 120: the broken connection tells it.
    ended = finish(chief, tmp_path / "out-0", seconds=60)
    finish(other, tmp_path / "out-1")
    assert ended.code == 1
    assert "a worker or its network is gone" in ended.events[-1]["reason"]
    assert not (tmp_path / "out-0" / "measurement.json").exists()
    newest = (kept[0] / "checkpoint").read_text().split('"')[1]
    step = int(newest.removeprefix("step-"))
    assert step >= 10

    # Without the chief's checkpoint the other would begin anew: nobody trains.
    apart = _finish(tmp_path, _start(tmp_path, words, kept))
    assert [done.code for done in apart] == [1, 1]
    assert "copy the newest to all workers" in apart[0].events[-1]["reason"]

    shutil.copytree(kept[0], kept[1], dirs_exist_ok=True)
    again = _finish(tmp_path, _start(tmp_path, [*words, "--set", f"steps={step + 20}"], kept))
    assert [done.code for done in again] == [0, 0], again[0].errors
    for done in again:
        assert done.told("resumed") == [{"event": "resumed", "step": step}]
    assert again[0].report["steps"] == step + 20


def test_two_workers_that_are_told_to_end_do_so_at_once(tmp_path: Path) -> None:
    kept = [tmp_path / "kept-0", tmp_path / "kept-1"]
    words = [*_WORDS, "--set", "epochs=3000", "--set", "checkpoint_steps=1"]
    both = _start(tmp_path, words, kept)
    wait_for_step(both[0], 10)
    for each in both:
        each.send_signal(signal.SIGTERM)
    # Caught, it would not end them at all: neither looks for it.
    ended = [finish(each, tmp_path / f"out-{n}", seconds=8) for n, each in enumerate(both)]
    assert -signal.SIGTERM in [each.code for each in ended]
    # Either may have noticed first that the other was gone.
    assert {each.code for each in ended} <= {-signal.SIGTERM, 1}
    newest = (kept[0] / "checkpoint").read_text().split('"')[1]
    assert {path.name for path in kept[0].glob(f"{newest}.*")} == {
        f"{newest}.index",
        f"{newest}.data-00000-of-00001",
    }


def test_a_worker_whose_peer_never_comes_gives_up(tmp_path: Path) -> None:
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": 0}}
    words = [*_WORDS, "--set", "start_timeout_seconds=8"]
    alone = run(words, tmp_path, {"TF_CONFIG": json.dumps(task)})
    assert alone.code == 1
    assert alone.events[-1] == {"event": "waiting", "workers": 2, "seconds": 8}
