"""What is to be launched, on which hosts, within which limits."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from domain.hosts import Host, environment_of
from domain.measurement import Measurement
from workloads.launch.benchmarks import Benchmark
from workloads.launch.bundle import Bundle
from workloads.launch.connection import Credentials

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
DIRECTORY = ".windtunnel"
# One of several workers leaves at once; only one that still waits for the others in TensorFlow's
# own code, which catches SIGTERM meanwhile, does not.
_GRACE_OF_SEVERAL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """When a launch ends, whatever it has reached."""

    timeout_seconds: float = 7200.0
    """From the first connection to the last result."""
    boot_seconds: float = 30.0
    """How long a host may take to answer; also one that was lost, before a restart."""
    restarts: int = 0
    """How often all workers may start again after one has died."""
    usd_per_hour: float | None = None
    """What all hosts cost together; None where it is not known."""
    max_usd: float | None = None
    silence_seconds: float = 30.0
    """A worker that hears nothing of the launcher for so long ends itself."""
    grace_seconds: float = 10.0
    """What a worker is given to end by itself before it is killed."""

    @property
    def heartbeat_seconds(self) -> float:
        """How often a launcher and its hosts hear of each other."""
        return self.silence_seconds / 6

    @property
    def budget_seconds(self) -> float | None:
        """How long the hosts may run for the money, or None where there is no limit."""
        if self.max_usd is None or not self.usd_per_hour:
            return None
        return 3600.0 * self.max_usd / self.usd_per_hour

    def usd(self, seconds: float) -> float | None:
        """What all hosts cost in a time."""
        return None if self.usd_per_hour is None else self.usd_per_hour * seconds / 3600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """One launch.

    Args:
        hosts: worker 0, the chief, first.
        settings: ``key=value``, handed to the benchmark as they are.
        config: the benchmark's configuration, handed over as a JSON file.
        python: an interpreter on the hosts that has all that is needed; a virtual environment
            is made with ``python3`` if None.
        name: names the launch on the hosts and in logs.
    """

    benchmark: Benchmark
    hosts: tuple[Host, ...]
    out: Path
    bundle: Bundle
    credentials: Credentials
    settings: tuple[str, ...] = ()
    config: Mapping[str, Any] | None = None
    python: str | None = None
    requirements: Path = REQUIREMENTS
    limits: Limits = field(default_factory=Limits)
    name: str = field(default_factory=lambda: new_name())

    @property
    def worker_limits(self) -> Limits:
        """The limits of one worker: only one that is alone needs time, to keep a checkpoint."""
        if len(self.hosts) == 1:
            return self.limits
        grace = min(self.limits.grace_seconds, _GRACE_OF_SEVERAL_SECONDS)
        return replace(self.limits, grace_seconds=grace)

    def command(self, python: str, run: str) -> list[str]:
        """The worker's command line; ``run`` is its folder on the host."""
        words = [python, "-m", self.benchmark.module, *self.benchmark.words, "--out", f"{run}/out"]
        if self.config is not None:
            words += ["--config", f"{run}/config.json"]
        for setting in self.settings:
            words += ["--set", setting]
        if self.benchmark.takes_checkpoints:
            words += ["--checkpoints", f"{run}/checkpoints"]
        return words

    def variables(self, ports: Sequence[int | str], index: int) -> dict[str, str]:
        """The environment variables of one worker, beside its host's own.

        Args:
            ports: each worker's own port, in the order of the hosts.
            index: which worker.
        """
        # TensorFlow's notes on its own build would drown what a benchmark says.
        found = {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        if len(self.hosts) > 1:
            workers = [
                f"{host.internal or host.address}:{port}"
                for host, port in zip(self.hosts, ports, strict=True)
            ]
            found["TF_CONFIG"] = json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            )
        if self.hosts[index].slice is not None:
            # The program runs on the slice's own host (Cloud TPU documentation, "TPU VM").
            found["TPU_NAME"] = "local"
        environment = environment_of(self.hosts)
        if environment is not None:
            found["WINDTUNNEL_ENVIRONMENT"] = environment.model_dump_json(exclude_none=True)
        if self.limits.usd_per_hour is not None:
            found["WINDTUNNEL_USD_PER_HOUR"] = f"{self.limits.usd_per_hour:.6g}"
        return found


@dataclass(frozen=True, slots=True)
class Launched:
    """What a launch gave. Its files are in ``out``."""

    plan: Plan
    measurements: tuple[Measurement, ...]
    seconds: float
    """From the first connection to the last result."""
    restarts: int

    @property
    def usd(self) -> float | None:
        """What the hosts cost meanwhile, or None where a price is not known."""
        return self.plan.limits.usd(self.seconds)

    def to_json(self) -> dict[str, Any]:
        """Plain data, without the figures of steps, which are in the measurement's file."""
        return {
            "benchmark": self.plan.benchmark.name,
            "launch": self.plan.name,
            "out": str(self.plan.out),
            "hosts": [host.label for host in self.plan.hosts],
            "seconds": round(self.seconds, 3),
            "usd": self.usd,
            "usd_per_hour": self.plan.limits.usd_per_hour,
            "restarts": self.restarts,
            "measurements": [
                each.model_dump(mode="json", exclude_defaults=True) for each in self.measurements
            ],
        }


class Watch(Protocol):
    """Who is told what happens meanwhile."""

    def stage(self, host: Host | None, text: str) -> None:
        """Something begins, on one host or on all."""

    def event(self, host: Host, event: Mapping[str, Any]) -> None:
        """A worker tells of itself."""

    def log(self, host: Host, line: str) -> None:
        """A worker printed a line."""


class Quiet:
    """A watch that tells nobody."""

    def stage(self, host: Host | None, text: str) -> None:
        """Nothing."""

    def event(self, host: Host, event: Mapping[str, Any]) -> None:
        """Nothing."""

    def log(self, host: Host, line: str) -> None:
        """Nothing."""


def new_name() -> str:
    """A name that no other launch has: when it began, and three random bytes."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
