"""Sentences of a Markov source whose entropy is known.

Words stand on a ring in a hidden order; from each the next is one of four, at fixed distances
along the ring with fixed chances. The best that a model can reach in predicting the next word
is ``ENTROPY``, in nats; a masked word with both neighbours known is nearly certain.
"""

from __future__ import annotations

from math import log
from typing import Any

import tensorflow as tf

from workloads.data.sample import Features, Field, SampleKind, numbers_of

_DISTANCES = (1, 2, 4, 7)
_CHANCES = (0.7, 0.15, 0.1, 0.05)
ENTROPY = -sum(chance * log(chance) for chance in _CHANCES)


def next_words(vocabulary: int, sequence: int, seed: int) -> SampleKind:
    """Words ``[sequence]``, int32; the label of each is the word after it."""
    stored = _stored(vocabulary)

    def draw(index: Any) -> tuple[Features, Any]:
        words = _sentence(index, vocabulary, sequence + 1, seed)
        return {"tokens": words[:-1]}, words[1:]

    return SampleKind(
        features={"tokens": Field((sequence,), tf.int32, stored)},
        label=Field((sequence,), tf.int32, stored),
        draw=draw,
        next_words=True,
    )


def masked_words(vocabulary: int, sequence: int, predicted: int, seed: int) -> SampleKind:
    """Words ``[sequence]`` with ``predicted`` of them hidden, and where; labels are those.

    The last word of the vocabulary is the mask.
    """
    stored = _stored(vocabulary)

    def draw(index: Any) -> tuple[Features, Any]:
        words = _sentence(index, vocabulary - 1, sequence, seed)
        order = tf.random.stateless_uniform([sequence], numbers_of(index, seed, 2))
        masked = tf.sort(tf.argsort(order)[:predicted])
        hidden = tf.fill([predicted], vocabulary - 1)
        tokens = tf.tensor_scatter_nd_update(words, masked[:, None], hidden)
        return {"tokens": tokens, "masked": masked}, tf.gather(words, masked)

    return SampleKind(
        features={
            "tokens": Field((sequence,), tf.int32, stored),
            "masked": Field((predicted,), tf.int32, tf.uint16),
        },
        label=Field((predicted,), tf.int32, stored),
        draw=draw,
    )


def _stored(vocabulary: int) -> Any:
    return tf.uint16 if vocabulary <= 1 << 16 else tf.int32


def _sentence(index: Any, words: int, length: int, seed: int) -> Any:
    """``[length]`` words, int32, by their names; the ring's order is a fixed shuffle."""
    start = tf.random.stateless_uniform([1], numbers_of(index, seed, 0), 0, words, dtype=tf.int32)
    logits = tf.math.log(tf.constant([_CHANCES]))
    choice = tf.random.stateless_categorical(logits, length - 1, numbers_of(index, seed, 1))[0]
    steps = tf.gather(tf.constant(_DISTANCES), choice)
    places = tf.cumsum(tf.concat([start, steps], 0)) % words
    return tf.random.experimental.index_shuffle(places, tf.constant([seed, 29]), words - 1)
