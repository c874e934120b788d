"""Masked words from their neighbours: an encoder, normalised after each sum.

Devlin et al., "BERT", 2018, with the masked-word objective alone. Only the masked positions
reach the vocabulary, through a dense layer and the transposed table of words.
"""

from __future__ import annotations

from typing import Any

import keras

from workloads.data.sample import SampleKind
from workloads.data.words import masked_words
from workloads.models.attention import Positions, Words, attend, feed_forward, normalise
from workloads.models.benchmark import Benchmark
from workloads.settings import Bert
from workloads.training.tasks import Task


def build(settings: Bert) -> Any:
    """The network on words ``[batch, sequence]`` and masked places ``[batch, predicted]``."""
    shape = settings.model
    width, dropout = shape.width, shape.dropout
    tokens = keras.Input((shape.sequence,), dtype="int32", name="tokens")
    masked = keras.Input((shape.predicted,), dtype="int32", name="masked")
    words = Words(shape.vocabulary, shape.width, bias=True, name="words")
    x = normalise(Positions(shape.positions, types=2)(words(tokens)))
    for _ in range(shape.layers):
        x = normalise(x + attend(x, width, shape.heads, dropout))
        x = normalise(x + feed_forward(x, width, dropout))
    x = keras.ops.take_along_axis(x, keras.ops.expand_dims(masked, -1), axis=1)
    x = normalise(keras.layers.Dense(shape.width, activation="gelu")(x))
    logits = words(x, reverse=True)
    return keras.Model({"tokens": tokens, "masked": masked}, logits, name="bert")


def samples(settings: Bert) -> SampleKind:
    """Sentences of a Markov source with hidden words."""
    shape = settings.model
    return masked_words(shape.vocabulary, shape.sequence, shape.predicted, settings.seed)


BENCHMARK = Benchmark("bert", Task.WORDS, build, samples)
