"""Benchmarks run in processes of their own, where TensorFlow may warn as it likes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1", "TF_CONFIG": ""}


@dataclass(frozen=True)
class Run:
    code: int
    events: list[dict[str, Any]]
    errors: str
    out: Path

    def told(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == event]

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / "report.json").read_text())
        return found

    @property
    def measurement(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / "measurement.json").read_text())
        return found


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    return os.environ | _QUIET | {"PYTHONPATH": str(ROOT)} | dict(extra or {})


def start(
    words: Sequence[object], out: Path, extra: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """A benchmark that runs; its events come line by line on ``stdout``."""
    return subprocess.Popen(
        [sys.executable, "-m", "workloads.run", *map(str, words), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(extra),
    )


def finish(process: subprocess.Popen[str], out: Path, seconds: float = 180) -> Run:
    """What the benchmark said and how it ended."""
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return Run(process.returncode, events(stdout), stderr, out)


def run(words: Sequence[object], out: Path, extra: Mapping[str, str] | None = None) -> Run:
    return finish(start(words, out, extra), out)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"event"')]


def wait_for_step(process: subprocess.Popen[str], step: int) -> list[dict[str, Any]]:
    """Reads events until one tells of ``step`` or a later one."""
    assert process.stdout is not None
    seen: list[dict[str, Any]] = []
    for line in process.stdout:
        seen += events(line)
        if seen and seen[-1]["event"] == "progress" and seen[-1]["step"] >= step:
            return seen
    raise AssertionError(f"ended before step {step}: {seen[-3:]}")


def python(script: str, *words: object) -> Any:
    """What a script of Python prints last, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(),
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
