"""Magnitude pruning: the smallest weights of each kernel are held at zero by a mask.

The share of zeros rises along a cubic (Zhu and Gupta, "To prune, or not to prune", 2017, eq. 1)
between a tenth and seven tenths of the run, in which the rest still learns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

_BEGIN, _END = 0.1, 0.7
_TIMES = 20
"""How often masks are drawn anew between."""


class Pruning(tf.Module):  # type: ignore[misc, unused-ignore]
    """Masks over all kernels (matrices and more) of a model, kept with its checkpoints."""

    def __init__(self, variables: Sequence[Any], target: float) -> None:
        super().__init__(name="pruning")
        self.target = target
        self.kernels = [each for each in variables if len(each.shape) >= 2] if target else []
        self.masks = [
            tf.Variable(tf.ones(each.shape, tf.float32), trainable=False) for each in self.kernels
        ]

    def share_at(self, step: int, steps: int) -> float | None:
        """The share of zeros to reach now, ``None`` where masks stay as they are."""
        begin, end = int(_BEGIN * steps), max(1, int(_END * steps))
        interval = max(1, (end - begin) // _TIMES)
        if not self.kernels or not begin <= step <= end:
            return None
        if (step - begin) % interval and step != end:
            return None
        progress = min(1.0, (step - begin) / max(1, end - begin))
        return self.target * (1 - (1 - progress) ** 3)

    def redraw(self, share: Any) -> None:
        """New masks, in which ``share`` of each kernel is zero: its smallest weights."""
        for kernel, mask in zip(self.kernels, self.masks, strict=True):
            flat = tf.reshape(tf.abs(tf.convert_to_tensor(kernel)), [-1])
            size = tf.size(flat)
            zeros = tf.cast(tf.math.round(share * tf.cast(size, tf.float32)), tf.int32)
            # By rank and not by a threshold: equal weights must not all go.
            places = tf.argsort(flat)[zeros:]
            kept = tf.scatter_nd(places[:, None], tf.ones(size - zeros), [size])
            mask.assign(tf.reshape(kept, mask.shape))

    def apply(self) -> None:
        """Holds masked weights at zero; to be called after each update."""
        for kernel, mask in zip(self.kernels, self.masks, strict=True):
            kernel.assign(tf.convert_to_tensor(kernel) * tf.convert_to_tensor(mask))

    def zeros_share(self) -> float:
        """Of the weights of all kernels: those that are zero."""
        zeros = sum(int(tf.reduce_sum(tf.cast(each == 0, tf.int64))) for each in self.kernels)
        return zeros / sum(int(tf.size(each)) for each in self.kernels)
