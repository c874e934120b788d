"""One process on a host, under its supervisor: started, heard, kept alive, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncssh

from workloads.launch.benchmarks import parse_event
from workloads.launch.plan import Limits
from workloads.launch.remote import Remote

_TAIL_LINES = 200
_FULL = "No space left on device"
WRONG_INPUT = 2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker ended. ``code`` is None where the connection was lost."""

    code: int | None
    began: bool
    """It told of itself before it ended: what it needs is there."""
    reason: str

    @property
    def was_killed(self) -> bool:
        """A signal ended it, or nobody knows what did."""
        return self.code is None or self.code > 128


class Worker:
    """A process on a host, running or ended."""

    def __init__(
        self,
        remote: Remote,
        process: asyncssh.SSHClientProcess[str],
        limits: Limits,
        on_event: Callable[[Mapping[str, Any]], None],
        on_line: Callable[[str], None],
    ) -> None:
        self.remote, self._process, self._limits = remote, process, limits
        self._on_event, self._on_line = on_event, on_line
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._began, self._told = False, ""
        self._heart = asyncio.create_task(self._beat())
        self._ended = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls,
        remote: Remote,
        argv: Sequence[str],
        variables: Mapping[str, str],
        limits: Limits,
        *,
        on_event: Callable[[Mapping[str, Any]], None] = lambda event: None,
        on_line: Callable[[str], None] = lambda line: None,
    ) -> Worker:
        """Starts a command in the folder of the code.

        Raises:
            Lost: the connection broke.
        """
        orders = {
            "argv": list(argv),
            "environment": dict(variables),
            "directory": remote.code,
            "silence_seconds": limits.silence_seconds,
            "grace_seconds": limits.grace_seconds,
            "pid_file": f"{remote.run_folder}/supervisor.pid",
        }
        python = shlex.quote(remote.python)
        supervisor = shlex.quote(f"{remote.code}/workloads/launch/supervisor.py")
        try:
            process = await remote.connection.create_process(
                f"exec {python} -I {supervisor}",
                stderr=asyncssh.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
            process.stdin.write(json.dumps(orders) + "\n")
        except (asyncssh.Error, OSError) as error:
            raise remote.lost(error) from None
        return cls(remote, process, limits, on_event, on_line)

    @property
    def is_running(self) -> bool:
        """Whether it has not been heard to end."""
        return not self._ended.done()

    @property
    def has_ended(self) -> bool:
        """Whether it was heard to end, rather than lost."""
        done = self._ended
        return done.done() and not done.cancelled() and done.result().code is not None

    async def wait(self) -> Ended:
        """How it ended, once it has."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """Asks for the end and waits for it; cuts the channel if that takes too long."""
        if not self._ended.done():
            with contextlib.suppress(OSError, asyncssh.Error):
                self._process.stdin.write("stop\n")
            await asyncio.wait({self._ended}, timeout=self._limits.grace_seconds + 5.0)
        self._heart.cancel()
        self._process.close()
        if not self._ended.done():
            self._ended.cancel()
            await asyncio.wait({self._ended}, timeout=5.0)

    async def _beat(self) -> None:
        pause = self._limits.heartbeat_seconds
        with contextlib.suppress(OSError, asyncssh.Error):
            while True:
                await asyncio.sleep(pause)
                self._process.stdin.write("\n")

    async def _listen(self) -> Ended:
        with contextlib.suppress(OSError, asyncssh.Error):
            async for line in self._process.stdout:
                self._hear(line.rstrip("\r\n"))
            await self._process.wait_closed()
        self._heart.cancel()
        code = self._process.exit_status
        if code is not None and code < 0:
            code = None
        return Ended(code, self._began, self._reason(code))

    def _hear(self, line: str) -> None:
        event = parse_event(line)
        if event is None:
            self._tail.append(line)
            self._on_line(line)
            return
        self._began = self._began or event["event"] != "failed"
        if event["event"] == "failed":
            self._told = str(event.get("reason", ""))
        self._on_event(event)

    def _reason(self, code: int | None) -> str:
        """One sentence on the end."""
        if code is None:
            return "the connection was lost while its worker ran"
        if code == 0:
            return ""
        if _FULL in self._told or any(_FULL in line for line in self._tail):
            return f"its disk is full: {_FULL}"
        last = next((line.strip() for line in reversed(self._tail) if line.strip()), "")
        if code > 128:
            return f"its worker was killed by {_signal_name(code - 128)}"
        why = self._told or last
        return f"its worker ended with code {code}" + (f": {why}" if why else "")


def _signal_name(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return f"{name}, as one that runs out of memory is" if name == "SIGKILL" else name
