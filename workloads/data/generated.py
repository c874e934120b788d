"""Samples that are generated, in memory once or anew for every batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from workloads.data.sample import SampleKind
from workloads.data.source import Order, Part, batches_by_number

_HELD_BYTES = 256e6
"""Up to here all samples are generated once and kept: drawing them would cost every epoch."""


class Generated:
    """A source that draws its samples by their number: training first, then the others."""

    read_bytes_per_sample = 0.0

    def __init__(
        self, kind: SampleKind, sizes: Mapping[Part, int], keep_in_memory: bool | None = None
    ) -> None:
        self.kind = kind
        self._sizes = dict(sizes)
        total = sum(sizes.values())
        if keep_in_memory is None:
            keep_in_memory = total * kind.held_bytes <= _HELD_BYTES
        self._held = _drawn(kind, total) if keep_in_memory else None

    @property
    def sizes(self) -> Mapping[Part, int]:
        """Samples of each part."""
        return self._sizes

    def batches(self, part: Part, order: Order) -> Any:
        """Endless batches of one part."""
        first = {"train": 0, "validation": self._sizes["train"]}.get(
            part, self._sizes["train"] + self._sizes["validation"]
        )
        size = self._sizes[part]
        if self._held is None:
            return batches_by_number(order, size, first, self.kind.draw, whole=False)
        features, labels = self._held

        def gathered(numbers: Any) -> tuple[Any, Any]:
            chosen = {name: tf.gather(values, numbers) for name, values in features.items()}
            return chosen, tf.gather(labels, numbers)

        return batches_by_number(order, size, first, gathered, whole=True)


def _drawn(kind: SampleKind, total: int) -> tuple[dict[str, Any], Any]:
    numbers = tf.data.Dataset.range(total)
    drawn = numbers.map(kind.draw, num_parallel_calls=tf.data.AUTOTUNE).batch(total)
    features, labels = next(iter(drawn))
    return dict(features), labels
