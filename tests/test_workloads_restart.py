"""A run that is ended goes on where it was; folders that do not fit are told."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from workload_runs import Run, events, finish, python, start, wait_for_step

_WORDS = ["mlp", "--set", "samples=640", "--set", "checkpoint_steps=5", "--set",
          "validation_share=0", "--set", "test_share=0", "--set", "schedule=cosine"]  # fmt: skip


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


_RUNS = """
import contextlib, io, json, sys
from workloads.run import main
told = []
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        told.append([main(words), out.getvalue()])
print(json.dumps(told))
"""


def test_what_a_checkpoint_does_not_fit_is_told(tmp_path: Path) -> None:
    words = [*_WORDS, "--checkpoints", f"{tmp_path}/kept", "--out", f"{tmp_path}/out", "--set"]
    longer = [*words, "steps=14", "--out", f"{tmp_path}/longer"]
    other = [*words, "steps=20", "--set", "model.hidden=[8]"]
    found = python(_RUNS, json.dumps([[*words, "steps=12"], [*words, "steps=12"], longer, other]))
    runs = [Run(code, events(told), "", tmp_path / "longer") for code, told in found]
    assert [each.code for each in runs] == [0, 2, 0, 2]
    assert "has all 12 steps already" in runs[1].events[-1]["reason"]
    # It goes on from there, with too few steps left for the usual warm-up.
    assert runs[2].told("resumed") == [{"event": "resumed", "step": 12}]
    assert len(runs[2].measurement["results"]["step_seconds"]) == 1
    assert "is not a checkpoint of this model" in runs[3].events[-1]["reason"]
