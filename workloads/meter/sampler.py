"""A thread that looks at the host now and then: how busy, how full, how much was sent.

A look costs a quarter of a millisecond of a processor and comes four times a second, so that it
does not slow what it watches. What it can miss is a peak of memory shorter than that.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from domain.measurement import Share
from workloads.meter.accelerators import Accelerators
from workloads.meter.machine import usable_cpus

SAMPLE_SECONDS = 0.25
# Listing the children reads a file for every process of the host, so it is done rarely.
LOOKS_PER_LISTING = 8

_UNTOLD = (psutil.Error, OSError, RuntimeError)
_HOST_CPUS = psutil.cpu_count() or 1


class Sampler:
    """Watches this process, its children and the accelerators until it is stopped."""

    def __init__(self, every_seconds: float = SAMPLE_SECONDS) -> None:
        self._every_seconds = every_seconds
        self._accelerators = Accelerators()
        self._cpus = usable_cpus()
        # Collecting a forgotten meter may stop it from inside of its own thread.
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._tree = [psutil.Process()]
        self._looks = 0
        self._host, self._others, self._device = _Mean(), _Mean(), _Mean()
        self._seen_at, self._seen_cpu_seconds = time.perf_counter(), 0.0
        self._seen_busy_seconds = 0.0
        self._sent_at_first = sent_bytes()
        self.host_memory_bytes = 0.0
        self.device_memory_bytes: float | None = None
        self._look()
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._thread.start()

    def restart(self) -> None:
        """Forgets how busy the host was so far and what it sent; peaks of memory stay."""
        self._look()
        with self._lock:
            self._host, self._others, self._device = _Mean(), _Mean(), _Mean()
            self._sent_at_first = sent_bytes()

    def stop(self) -> None:
        """Takes a last look and ends the thread; may be called again."""
        if not self._ended.is_set():
            self._look()
            self._ended.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    @property
    def running(self) -> bool:
        """Whether the thread still lives."""
        return self._thread.is_alive()

    @property
    def host_utilisation(self) -> Share | None:
        """Processor time of the process tree, of what the usable processors could give."""
        return self._host.share()

    @property
    def other_utilisation(self) -> Share | None:
        """Processor time of all other programs, of what the host's processors could give."""
        return self._others.share()

    @property
    def device_utilisation(self) -> Share | None:
        """How much of the time the accelerators ran a kernel, as their driver tells."""
        return self._device.share()

    def sent_bytes(self) -> float | None:
        """Sent over the network since the start or the last restart; None where nobody tells."""
        now = sent_bytes()
        if now is None or self._sent_at_first is None:
            return None
        return max(now - self._sent_at_first, 0.0)

    def _watch(self) -> None:
        while not self._ended.wait(self._every_seconds):
            self._look()

    def _look(self) -> None:
        # A process that ends while it is looked at, or a system that does not tell, must not
        # end the run.
        with self._lock, contextlib.suppress(*_UNTOLD):
            if self._looks % LOOKS_PER_LISTING == 0:
                self._tree = [self._tree[0], *self._tree[0].children(recursive=True)]
            self._looks += 1
            cpu_seconds, memory_bytes = 0.0, 0.0
            for process in self._tree:
                with contextlib.suppress(psutil.Error):
                    spent = process.cpu_times()
                    cpu_seconds += spent.user + spent.system
                    memory_bytes += process.memory_info().rss
            self.host_memory_bytes = max(self.host_memory_bytes, memory_bytes)
            now = time.perf_counter()
            elapsed, self._seen_at = now - self._seen_at, now
            spent_seconds = cpu_seconds - self._seen_cpu_seconds
            self._seen_cpu_seconds = cpu_seconds
            busy = busy_seconds()
            other_seconds = busy - self._seen_busy_seconds - spent_seconds
            self._seen_busy_seconds = busy
            # The clock of processor time ticks each 10 ms: shorter looks tell nothing. Where
            # a child ended, its time is gone with it.
            if elapsed > self._every_seconds / 2 and spent_seconds >= 0 and self._looks > 1:
                self._host.add(spent_seconds / (elapsed * self._cpus), elapsed)
                self._others.add(other_seconds / (elapsed * _HOST_CPUS), elapsed)
            load = self._accelerators.load()
            if load.utilisation is not None and elapsed > self._every_seconds / 2:
                self._device.add(load.utilisation, elapsed)
            if load.memory_bytes is not None:
                self.device_memory_bytes = max(self.device_memory_bytes or 0.0, load.memory_bytes)


class _Mean:
    """A share over time, by its mean and its largest."""

    def __init__(self) -> None:
        self._weighted = self._seconds = self._largest = 0.0

    def add(self, share: float, seconds: float) -> None:
        share = min(max(share, 0.0), 1.0)
        self._weighted += share * seconds
        self._seconds += seconds
        self._largest = max(self._largest, share)

    def share(self) -> Share | None:
        if not self._seconds:
            return None
        return Share(mean=min(self._weighted / self._seconds, self._largest), largest=self._largest)


def busy_seconds() -> float:
    """Processor time that the whole host has spent since it started, idling left out.

    What a hypervisor gave to others counts as spent; guests are part of ``user`` already.
    """
    told = psutil.cpu_times()._asdict()
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(seconds for name, seconds in told.items() if name not in idle))


def sent_bytes() -> float | None:
    """Bytes that this host has sent over its network since it started, where it tells.

    Loopback does not leave the host, and members of a bridge or a bond would count twice.
    """
    try:
        ignored = _ignored_interfaces()
        counted = psutil.net_io_counters(pernic=True)
    except _UNTOLD:
        return None
    return float(sum(each.bytes_sent for name, each in counted.items() if name not in ignored))


def _ignored_interfaces() -> set[str]:
    return set(_loopbacks()) | {
        path.name for path in Path("/sys/class/net").glob("*") if (path / "master").exists()
    }


def _loopbacks() -> Iterator[str]:
    for name, told in psutil.net_if_stats().items():
        if "loopback" in told.flags.split(",") or name in ("lo", "lo0"):
            yield name
