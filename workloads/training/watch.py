"""A watch over the run: without a sign of life for too long, the process ends.

A peer that died can leave a collective waiting for ever, in which no Python code of the main
thread runs any more. Only another thread can end the process then. While TensorFlow waits for
the other workers to come, it even holds the lock that threads of Python need; for that time
the interpreter's own dump of stacks, which needs no lock, is set to end the process.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable

from workloads.events import tell

_BACKSTOP_SECONDS = 2.0
"""After the time in which the watch itself would have spoken."""


class Watch:
    """Ends the process with code 1 when ``beat`` was not called within its time."""

    def __init__(self, seconds: float, awaited: str) -> None:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.beat(seconds, awaited)
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        left = self._deadline - time.monotonic()
        faulthandler.dump_traceback_later(left + _BACKSTOP_SECONDS, exit=True)
        return self

    def started(self) -> None:
        """All workers are there: from now on threads of Python run."""
        faulthandler.cancel_dump_traceback_later()

    def __exit__(self, *_: object) -> None:
        self.started()
        self._ended.set()
        self._thread.join()

    def beat(self, seconds: float, awaited: str) -> None:
        """It lives; the next sign must come within ``seconds``, from what is ``awaited``."""
        with self._lock:
            self._deadline = time.monotonic() + seconds
            self._told = f"{awaited} took longer than {seconds:g} seconds"

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            with self._lock:
                late, told = time.monotonic() > self._deadline, self._told
            if late:
                abandon(f"{told}; a worker is gone or its network is")


def abandon(reason: str, leave: Callable[[int], object] = os._exit) -> None:
    """Tells the reason and leaves at once with code 1.

    The usual way out waits for collectives that are still open, and so for the lost peer.
    """
    tell("failed", reason=reason)
    sys.stderr.flush()
    leave(1)
