"""The next word from those before it: a decoder, normalised before each layer.

Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (GPT-2).
"""

from __future__ import annotations

from typing import Any

import keras

from workloads.data.sample import SampleKind
from workloads.data.words import next_words
from workloads.models.attention import Positions, Words, attend, feed_forward, normalise
from workloads.models.benchmark import Benchmark
from workloads.settings import GPT
from workloads.training.tasks import Task


def build(settings: GPT) -> Any:
    """The network on words ``[batch, sequence]``, logits over the vocabulary for each."""
    shape = settings.model
    width, dropout = shape.width, shape.dropout
    tokens = keras.Input((shape.sequence,), dtype="int32", name="tokens")
    words = Words(shape.vocabulary, shape.width, name="words")
    x = Positions(shape.sequence)(words(tokens))
    for _ in range(shape.layers):
        x = x + attend(normalise(x), width, shape.heads, dropout, causal=True)
        x = x + feed_forward(normalise(x), width, dropout)
    logits = words(normalise(x), reverse=True)
    return keras.Model({"tokens": tokens}, logits, name="gpt")


def samples(settings: GPT) -> SampleKind:
    """Sentences of a Markov source."""
    return next_words(settings.model.vocabulary, settings.model.sequence, settings.seed)


BENCHMARK = Benchmark("gpt", Task.WORDS, build, samples)
