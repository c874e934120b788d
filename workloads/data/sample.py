"""What one sample of a benchmark is, and how one is generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import tensorflow as tf

Features = Mapping[str, Any]
"""Tensors by the name of the model's input."""


@dataclass(frozen=True, slots=True)
class Field:
    """One tensor of a sample; an ``image`` is kept encoded in files, others as ``stored``."""

    shape: tuple[int, ...]
    dtype: Any
    stored: Any = None
    image: bool = False

    @property
    def stored_dtype(self) -> Any:
        """The type of its numbers in a file."""
        return self.dtype if self.stored is None else self.stored

    @property
    def stored_bytes(self) -> int:
        """Bytes of it in a file, before an image is encoded."""
        return prod(self.shape) * int(tf.as_dtype(self.stored_dtype).size)

    @property
    def held_bytes(self) -> int:
        """Bytes of it in memory."""
        return prod(self.shape) * int(tf.as_dtype(self.dtype).size)


@dataclass(frozen=True, slots=True)
class SampleKind:
    """The tensors of one sample, and a generator of them.

    With ``next_words`` the label is the one feature, a place further on: files hold it once.

    ``draw`` takes the number of a sample (int64) and gives its features and label, always the
    same for the same number. ``classes`` are the names of labels, where labels are classes.
    """

    features: Mapping[str, Field]
    label: Field
    draw: Callable[[Any], tuple[Features, Any]]
    classes: tuple[str, ...] = ()
    next_words: bool = False

    @property
    def stored_bytes(self) -> int:
        """Bytes of one sample with its label in a file."""
        size = sum(field.stored_bytes for field in self.features.values())
        if self.next_words:
            return size + int(tf.as_dtype(self.label.stored_dtype).size)
        return size + self.label.stored_bytes

    @property
    def held_bytes(self) -> int:
        """Bytes of one sample with its label in memory."""
        return sum(field.held_bytes for field in (*self.features.values(), self.label))


def numbers_of(index: Any, seed: int, purpose: int) -> Any:
    """The seed of one random draw for one sample: ``[2]``, int64."""
    return tf.stack([tf.cast(index, tf.int64) * 1000 + purpose, tf.constant(seed, tf.int64)])
