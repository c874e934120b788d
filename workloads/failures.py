"""Which exceptions end a run with a sentence, and what it says."""

from __future__ import annotations

import errno
import re

import tensorflow as tf

from workloads.training.loop import RunFailed

_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
# Names of nodes and operations, which mean something to TensorFlow alone.
_INSIDE = re.compile(r"\{\{.*?\}\}|\[Op:.*?\]")
_TELLING = re.compile(r"connect|unavailable|heartbeat|crash|reset|closed|timed out|oom|space", re.I)


def reason_of(error: Exception) -> str | None:
    """One sentence, or ``None`` for what is our own fault and deserves its traceback."""
    if isinstance(error, RunFailed):
        return str(error)
    if isinstance(error, OSError):
        full = error.errno == errno.ENOSPC
        return f"results cannot be written: {'the disk is full' if full else error}"
    if not isinstance(error, tf.errors.OpError):
        return None
    told = _telling_line(error.message)
    if isinstance(error, _LOST):
        return f"a worker or its network is gone: {told}"
    if isinstance(error, tf.errors.ResourceExhaustedError):
        if "No space left" in error.message:
            return f"the disk is full: {told}"
        return f"out of memory: {told}; use a smaller batch, or accumulate"
    return None


def _telling_line(message: str) -> str:
    """The line that says what happened; the first ones of a compiled step name its code."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    line = (telling or lines or ["nothing more is known"])[0]
    return _INSIDE.sub("", line).strip()[:300]
