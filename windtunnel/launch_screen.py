"""A launch as people watch it: stages, the workers' logs, one line of progress on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from domain.hosts import Host


class Screen:
    """Tells on stderr what happens; the result alone goes to stdout.

    Args:
        console: where it is drawn.
        usd_per_hour: what the hosts cost together, if that is known.
        status: the line of progress, on a terminal.
    """

    def __init__(
        self, console: Console, usd_per_hour: float | None, status: Status | None = None
    ) -> None:
        self._console, self._status = console, status
        self._usd_per_hour, self._began = usd_per_hour, time.monotonic()
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
            if self._status is not None and host.label == self._chief:
                self._update(progress_text(event))
        elif kind == "resumed":
            self._line(f"{host.label}: goes on from step {event.get('step')}")
        elif kind == "failed":
            self._line(f"{host.label}: failed: {event.get('reason')}")

    def log(self, host: Host, line: str) -> None:
        """A worker printed a line; empty ones are kept in its log only."""
        if line.strip():
            self._line(f"[{host.label}] {line}")

    def _update(self, text: str) -> None:
        if self._status is not None:
            from rich.markup import escape

            spent = ""
            if self._usd_per_hour is not None:
                usd = self._usd_per_hour * (time.monotonic() - self._began) / 3600
                spent = f" · ${usd:.4g}"
            self._status.update(escape(text + spent))

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
