"""A run that is ended goes on where it was; folders that do not fit are told."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from workload_runs import Run, finish, run, start, wait_for_step

_WORDS = ["mlp", "--set", "samples=640", "--set", "checkpoint_steps=5", "--set",
          "validation_share=0", "--set", "test_share=0", "--set", "schedule=cosine"]  # fmt: skip


def _losses(done: Run) -> dict[int, float]:
    return {each["step"]: each["loss"] for each in done.told("progress")}


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    words = [*_WORDS, "--set", "steps=4000", "--set", "progress_steps=5"]
    kept = ["--checkpoints", tmp_path / "kept"]
    killed = start([*words, *kept], tmp_path / "out")
    seen = wait_for_step(killed, 20)
    killed.send_signal(signal.SIGKILL)
    finish(killed, tmp_path)
    done = start([*words, *kept], tmp_path / "out")
    later = wait_for_step(done, seen[-1]["step"] + 40)
    done.send_signal(signal.SIGTERM)
    ended = finish(done, tmp_path / "out")
    assert ended.code == 1
    assert "of which a checkpoint was kept" in ended.events[-1]["reason"]
    resumed = next(each["step"] for each in later if each["event"] == "resumed")
    assert resumed >= 15
    assert resumed % 5 == 0
    # The same steps in one go: samples, rates and the optimizer's state were all taken up.
    whole = start(words, tmp_path / "whole")
    reference = {each["step"]: each.get("loss") for each in wait_for_step(whole, resumed + 40)}
    whole.kill()
    finish(whole, tmp_path)
    after = [each for each in later if each["event"] == "progress" and each["step"] in reference]
    assert len(after) >= 5
    for each in after:
        assert each["step"] > resumed
        assert each["loss"] == pytest.approx(reference[each["step"]], rel=1e-3)


def test_what_a_checkpoint_does_not_fit_is_told(tmp_path: Path) -> None:
    words = [*_WORDS, "--set", "steps=12", "--checkpoints", tmp_path / "kept"]
    first = run(words, tmp_path / "out")
    assert first.code == 0, first.errors
    again = run(words, tmp_path / "out")
    assert again.code == 2
    assert "has all 12 steps already" in again.errors
    # A longer run goes on from it, with too few steps left for the usual warm-up.
    longer = run([*words, "--set", "steps=14"], tmp_path / "out")
    assert longer.code == 0
    assert longer.told("resumed") == [{"event": "resumed", "step": 12}]
    assert len(longer.measurement["results"]["step_seconds"]) == 1
    other = run([*words, "--set", "steps=20", "--set", "model.hidden=[8]"], tmp_path / "out")
    assert other.code == 2
    assert "is not a checkpoint of this model" in other.errors
    assert "Traceback" not in other.errors
