"""A launch as people watch it: stages, the workers' logs, one line of progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from windtunnel.launch_noise import is_noise

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from domain.hosts import Host

_PAUSE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal: often enough to see that it lives."""


class Screen:
    """Tells on stderr what happens; the result alone goes to stdout.

    Args:
        console: where it is drawn.
        usd_per_hour: what the hosts cost together, if that is known.
        status: the line of progress, on a terminal; otherwise a plain line is told now and then.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        console: Console,
        usd_per_hour: float | None,
        status: Status | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._status, self._clock = console, status, clock
        self._usd_per_hour, self._began = usd_per_hour, clock()
        self._told_at: float | None = None
        self._chief: str | None = None

    def stage(self, host: Host | None, text: str) -> None:
        """Something begins, on one host or on all."""
        self._line(f"{host.label}: {text}" if host else text)
        if self._status is not None and host is None:
            self._update(text)

    def event(self, host: Host, event: Mapping[str, Any]) -> None:
        """A worker tells of itself; progress is that of the first worker that tells any."""
        kind = event["event"]
        if kind == "progress":
            self._chief = self._chief or host.label
            if host.label == self._chief:
                self._progress(progress_text(event))
        elif kind == "resumed":
            self._line(f"{host.label}: goes on from step {event.get('step')}")
        elif kind == "failed":
            self._line(f"{host.label}: failed: {event.get('reason')}")

    def log(self, host: Host, line: str) -> None:
        """A worker printed a line; empty ones and TensorFlow's own are kept in its log only."""
        if line.strip() and not is_noise(line):
            self._line(f"[{host.label}] {line}")

    def _progress(self, text: str) -> None:
        if self._status is not None:
            self._update(text)
            return
        now = self._clock()
        if self._told_at is None or now - self._told_at >= _PAUSE_SECONDS:
            self._told_at = now
            self._line(text + self._spent())

    def _update(self, text: str) -> None:
        if self._status is not None:
            from rich.markup import escape

            self._status.update(escape(text + self._spent()))

    def _spent(self) -> str:
        if self._usd_per_hour is None:
            return ""
        return f" · ${self._usd_per_hour * (self._clock() - self._began) / 3600:.4g}"

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def progress_text(event: Mapping[str, Any]) -> str:
    """One line on how far a run is."""
    parts = [f"step {event.get('step')} of {event.get('steps')}"]
    seconds, loss = event.get("step_seconds"), event.get("loss")
    if isinstance(seconds, int | float):
        from domain.figures import duration

        parts.append(f"{duration(seconds)} a step")
    if isinstance(loss, int | float):
        parts.append(f"loss {loss:.4g}")
    return " · ".join(parts)


@contextlib.contextmanager
def launch_screen(usd_per_hour: float | None) -> Iterator[Screen]:
    """A screen for one launch; a line of progress where stderr is a terminal."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not sys.stderr.isatty():
        yield Screen(console, usd_per_hour)
        return
    with console.status("") as status:
        yield Screen(console, usd_per_hour, status)
