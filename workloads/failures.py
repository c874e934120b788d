"""Which exceptions end a run with a sentence, and what it says."""

from __future__ import annotations

import errno

import tensorflow as tf

from workloads.training.loop import RunFailed

_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)


def reason_of(error: Exception) -> str | None:
    """One sentence, or ``None`` for what is our own fault and deserves its traceback."""
    if isinstance(error, RunFailed):
        return str(error)
    if isinstance(error, OSError):
        full = error.errno == errno.ENOSPC
        return f"results cannot be written: {'the disk is full' if full else error}"
    if not isinstance(error, tf.errors.OpError):
        return None
    told = error.message.strip().splitlines()[0][:300]
    if isinstance(error, _LOST):
        return f"a worker or its network is gone: {told}"
    if isinstance(error, tf.errors.ResourceExhaustedError):
        if "No space left" in error.message:
            return f"the disk is full: {told}"
        return f"out of memory: {told}; use a smaller batch, or accumulate"
    return f"TensorFlow stopped: {told}"
