"""What can be launched, and when a result of it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InputError, near_misses
from domain.measurement import read_measurements
from workloads.settings import BENCHMARKS as WORKLOADS

PROBES = "probes"
BENCHMARKS = (*WORKLOADS, PROBES)
_ON_ONE_HOST = ("tape_network", "serve")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A program that obeys the contract of ``workloads.run``.

    Args:
        name: as people type it.
        module: what Python runs; it takes ``--out DIR`` and tells of itself in JSON lines.
        words: what it is given before that.
        result: the file without which there is no result.
        takes_checkpoints: whether it takes ``--checkpoints DIR``, and goes on from what is there.
    """

    name: str
    module: str
    words: tuple[str, ...]
    result: str
    takes_checkpoints: bool = True

    def check(self, folder: Path) -> None:
        """Refuses results that are not whole.

        Raises:
            InputError: the file is absent or was not written to its end.
        """
        path = folder / self.result
        if not path.is_file():
            raise InputError(f"{self.result} is not there")
        if self.result == "measurement.json":
            try:
                read_measurements(path)
            except InputError as error:
                raise InputError(f"{self.result} {error.message}") from None
            return
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{self.result} is not JSON: {error}") from None


def find_benchmark(name: str, hosts: int = 1) -> Benchmark:
    """The benchmark of a name, for so many hosts.

    Raises:
        InputError: there is none, or it does not run on several hosts.
    """
    if name == PROBES:
        words = ("--network",) if hosts > 1 else ()
        return Benchmark(name, "workloads.probes", words, "probes.json", False)
    if name not in WORKLOADS:
        hint = near_misses(name, BENCHMARKS) or f"; there are {', '.join(BENCHMARKS)}"
        raise InputError(f"there is no benchmark '{name}'{hint}")
    if hosts > 1 and name in _ON_ONE_HOST:
        raise InputError(
            f"{name} runs on one host, and there are {hosts}; take the first with --count 1"
        )
    return Benchmark(name, "workloads.run", (name,), "measurement.json")


def parse_event(line: str) -> Mapping[str, object] | None:
    """What a line of a benchmark's output tells, or None where it is a line of its log."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
