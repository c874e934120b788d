"""Counts steps, writes checkpoints in TensorFlow's layout, and fails in the ways it is told to.

``--set`` takes: ``steps``, ``step_seconds``, ``checkpoint_steps``, and the failures, each with
the index of the worker that fails: ``at_import``, ``wrong_input``, ``half_result``, ``no_result``,
``fills`` (writes until its disk is full), ``stubborn`` (ignores SIGTERM, and has a child of a
session of its own), ``dies`` (index@step, once: not again after it resumed),
``misses`` (index@step: fails as one whose peer is gone).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def measurement() -> dict[str, Any]:
    environment = json.loads(os.environ.get("WINDTUNNEL_ENVIRONMENT", "null"))
    return {
        "environment": environment or {"accelerator": "standin", "accelerators_per_node": 1},
        "workload": {"model": "mlp", "precision": "fp32", "global_batch": 32},
        "results": {"step_seconds": [0.01, 0.011]},
        "taken_at": datetime.now(UTC).isoformat(),
        "notes": os.environ.get("WINDTUNNEL_USD_PER_HOUR", ""),
    }


def resumed_step(checkpoints: Path) -> int:
    state = checkpoints / "checkpoint"
    if not state.is_file():
        return 0
    name = state.read_text().split('"')[1]
    return int((checkpoints / f"{name}.index").read_text())


def save(checkpoints: Path, step: int) -> None:
    (checkpoints / f"ckpt-{step}.index").write_text(str(step))
    (checkpoints / f"ckpt-{step}.data-00000-of-00001").write_text("x" * 1000)
    half = checkpoints / "checkpoint.tmp"
    half.write_text(f'model_checkpoint_path: "ckpt-{step}"\n')
    half.replace(checkpoints / "checkpoint")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("benchmark")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--checkpoints", type=Path, required=True)
    given = parser.parse_args()
    told = dict(each.split("=", 1) for each in given.set)
    if given.config:
        told = json.loads(given.config.read_text()) | told
    cluster = json.loads(os.environ.get("TF_CONFIG", "{}"))
    index = cluster.get("task", {}).get("index", 0)
    mine = {key for key, value in told.items() if value == str(index)}
    if "at_import" in mine:
        import nonexistent_module  # noqa: F401
    if "wrong_input" in mine:
        tell("failed", reason="batch: 'many' is not a whole number")
        return 2
    steps = int(told.get("steps", 3))
    start = resumed_step(given.checkpoints)
    tell("started", index=index, pid=os.getpid(), cluster=cluster)
    if start:
        tell("resumed", step=start)
    if "stubborn" in mine:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["sleep", "1234"], start_new_session=True)
    print(f"a line of worker {index}", flush=True)
    for step in range(start + 1, steps + 1):
        time.sleep(float(told.get("step_seconds", 0.01)))
        tell("progress", step=step, steps=steps, step_seconds=0.01, loss=1 / step)
        if index == 0 and step % int(told.get("checkpoint_steps", 1)) == 0:
            save(given.checkpoints, step)
        if not start and told.get("dies") == f"{index}@{step}":
            os.kill(os.getpid(), signal.SIGKILL)
        if told.get("misses") == f"{index}@{step}":
            tell("failed", reason="a worker or its network is gone")
            return 1
        if "fills" in mine:
            with (given.out / "big").open("wb") as file:
                while True:
                    file.write(b"\0" * 65536)
    if index == 0:
        text = json.dumps(measurement())
        result = given.out / "measurement.json"
        if "half_result" in mine:
            result.write_text(text[: len(text) // 2])
        elif "no_result" not in mine:
            result.write_text(text)
        (given.out / "report.json").write_text("{}")
        tell("done", measurement="measurement.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
