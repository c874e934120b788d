"""Runs one worker on a host, and lets nothing of it outlive the launcher.

This file is started on the host by its path (``python -I supervisor.py``), so it imports the
standard library only. The first line of its standard input is JSON: ``argv``, ``environment``
(added to its own), ``directory``, ``silence_seconds``, ``grace_seconds``, and ``pid_file``, where
those who come after find the supervisor's own number. Each further line is a heartbeat; the line
``stop`` asks for the end. What the worker prints is printed as it is.

The worker ends when asked; when the input ends (the connection is gone, or the launcher); when
no heartbeat came for ``silence_seconds`` (the network is cut, and nobody told sshd). It gets
SIGTERM, and SIGKILL after ``grace_seconds``; so does everything that it started, in whatever
session: orphans come to the supervisor, which is their subreaper (Linux, ``prctl(2)``). If the
supervisor itself is killed, the kernel kills the worker.

The exit code is the worker's, 128 + n where signal n ended it, and 125 where it could not be
started.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_NOT_STARTED = 125


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _dies_with_supervisor() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _descendants() -> list[int]:
    """Processes below this one, by what Linux tells of parents."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                # The name, in brackets, may hold anything.
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry))
    found: list[int] = []
    wave = [os.getpid()]
    while wave:
        wave = [child for parent in wave for child in children.get(parent, [])]
        found += wave
    return found


def _signal_all(number: int) -> bool:
    """Sends a signal to all descendants; tells whether there were any."""
    found = _descendants()
    for process in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
    return bool(found)


def _end_all(worker: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """SIGTERM, a while, SIGKILL, until nothing is left."""
    _signal_all(signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and _descendants():
        worker.poll()
        time.sleep(0.02)
    while _signal_all(signal.SIGKILL):
        worker.poll()
        time.sleep(0.02)
    worker.wait()


class _Input:
    """Standard input, line by line, without blocking."""

    def __init__(self) -> None:
        self._kept = b""
        self.ended = False

    def lines(self, seconds: float, *more: int) -> list[bytes]:
        """Lines that came within a time, sooner if there are any or if ``more`` is readable."""
        ready, _, _ = select.select([0, *more], [], [], seconds)
        for each in more:
            if each in ready:
                os.read(each, 4096)
        if 0 not in ready:
            return []
        data = os.read(0, 65536)
        self.ended = not data
        *whole, self._kept = (self._kept + data).split(b"\n")
        return whole


def _orders(source: _Input) -> tuple[dict[str, Any] | None, list[bytes]]:
    while not source.ended:
        if lines := source.lines(60.0):
            return json.loads(lines[0]), lines[1:]
    return None, []


def main() -> int:
    """Runs the worker that the first line of the input orders."""
    source = _Input()
    orders, early = _orders(source)
    if orders is None:
        return _NOT_STARTED
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    wake_out, wake_in = os.pipe()
    os.set_blocking(wake_in, False)
    signal.set_wakeup_fd(wake_in)
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, frame: told.append(number))
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # Once nobody reads, our own last words must not end us before the worker has ended.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    pid_file = orders["pid_file"]
    with contextlib.suppress(OSError), open(pid_file, "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    try:
        worker = subprocess.Popen(
            orders["argv"],
            env=os.environ | orders["environment"],
            cwd=orders["directory"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_dies_with_supervisor,
        )
    except OSError as error:
        print(f"cannot start {orders['argv'][0]}: {error}", flush=True)
        return _NOT_STARTED
    heard = time.monotonic()
    stop = b"stop" in early
    while worker.poll() is None:
        silent = time.monotonic() - heard > orders["silence_seconds"]
        if stop or silent or source.ended or told:
            break
        # Signals end the wait early, so this is only how often silence is looked for.
        lines = source.lines(min(1.0, orders["silence_seconds"] / 4), wake_out)
        if lines:
            heard = time.monotonic()
            stop = b"stop" in lines
    _end_all(worker, orders["grace_seconds"])
    with contextlib.suppress(OSError):
        os.unlink(pid_file)
    code = worker.returncode
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
