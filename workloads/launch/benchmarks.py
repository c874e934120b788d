"""What can be launched, and when a result of it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InputError, near_misses
from domain.measurement import read_measurements
from domain.probe import read_probes
from workloads.settings import BENCHMARKS as WORKLOADS

PROBES = "probes"
PROBES_FILE = "probes.json"
BENCHMARKS = (*WORKLOADS, PROBES)
_PROBE_SWITCHES: dict[tuple[str, str], tuple[str, ...]] = {
    ("quick", "true"): ("--quick",),
    ("quick", "false"): (),
    ("compute", "true"): (),
    ("compute", "false"): ("--no-compute",),
}
_PROBE_VALUES = ("storage", "name")
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
        try:
            if self.result == PROBES_FILE:
                read_probes(path)
            else:
                read_measurements(path)
        except InputError as error:
            raise InputError(f"{self.result} {error.message}") from None


def find_benchmark(name: str, hosts: int = 1, probe_settings: Sequence[str] = ()) -> Benchmark:
    """The benchmark of a name, for so many hosts.

    Args:
        name: one of ``BENCHMARKS``.
        hosts: how many hosts it runs on.
        probe_settings: what is to be probed, as ``key=value``; of probes only.

    Raises:
        InputError: there is none, or it does not run on several hosts.
    """
    if name == PROBES:
        words = (*(("--network",) if hosts > 1 else ()), *_probe_words(probe_settings))
        return Benchmark(name, "workloads.probes", words, PROBES_FILE, False)
    if name not in WORKLOADS:
        hint = near_misses(name, BENCHMARKS) or f"; there are {', '.join(BENCHMARKS)}"
        raise InputError(f"there is no benchmark '{name}'{hint}")
    if hosts > 1 and name in _ON_ONE_HOST:
        raise InputError(
            f"{name} runs on one host, and there are {hosts}; take the first with --count 1"
        )
    return Benchmark(name, "workloads.run", (name,), "measurement.json")


def _probe_words(settings: Sequence[str]) -> list[str]:
    """Probes are told by flags what others are told by settings."""
    words: list[str] = []
    for setting in settings:
        key, _, value = setting.partition("=")
        if (key, value) in _PROBE_SWITCHES:
            words += _PROBE_SWITCHES[key, value]
        elif key in _PROBE_VALUES and value:
            words += [f"--{key}", value]
        else:
            raise InputError(
                "is nothing that probes know: quick=true, compute=false, storage=URL, name=ID",
                where=f"--set {setting}",
            )
    return words


def parse_event(line: str) -> Mapping[str, object] | None:
    """What a line of a benchmark's output tells, or None where it is a line of its log."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
