"""How waiting jobs get their accelerators."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt

from domain.frozen import Frozen


class Scheduler(Frozen):
    """Gang scheduling, one queue a pool, head-of-line: the first that does not fit waits."""

    policy: Literal["fifo", "sjf"] = "fifo"
    """``fifo``: first come, first served. ``sjf``: shortest job first, durations known."""
    placement: Literal["packed", "spread"] = "packed"
    """Of jobs on nodes: ``packed`` fills the fullest node that fits, ``spread`` the emptiest."""
    queue_limit: NonNegativeInt | None = None
    """Jobs that may wait in a pool; further ones are turned away. None: no limit."""
