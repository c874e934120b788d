"""What encoders and decoders share: tables of words and positions, and the layer."""

from __future__ import annotations

from typing import Any

import keras


def initial(width: int) -> Any:
    """Initial weights: 0.02 at the width of 768, as BERT and GPT-2; narrower ones larger.

    Scores and sums then have the same size at every width.
    """
    return keras.initializers.RandomNormal(stddev=0.02 * (768 / width) ** 0.5)


class Words(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """A table that turns words into vectors and, transposed, vectors into logits."""

    def __init__(self, vocabulary: int, width: int, *, bias: bool = False, **other: Any) -> None:
        super().__init__(**other)
        self.vocabulary, self.width, self.has_bias = vocabulary, width, bias

    def build(self, input_shape: Any) -> None:
        """Makes the table, and the bias of the logits."""
        self.table = self.add_weight(
            shape=(self.vocabulary, self.width),
            initializer=initial(self.width),
            name="table",
        )
        self.bias = (
            self.add_weight(shape=(self.vocabulary,), initializer="zeros", name="bias")
            if self.has_bias
            else None
        )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """``[…]`` words to ``[…, width]``; in ``reverse`` ``[…, width]`` to logits, 32 bit."""
        if not reverse:
            return keras.ops.take(self.table, inputs, axis=0)
        logits = keras.ops.matmul(inputs, keras.ops.transpose(self.table))
        logits = keras.ops.cast(logits, "float32")
        return logits if self.bias is None else logits + keras.ops.cast(self.bias, "float32")


class Positions(keras.layers.Layer):  # type: ignore[misc, unused-ignore]
    """Adds a learned vector of each position and, with ``types``, of its half of the text."""

    def __init__(self, rows: int, *, types: int = 0, **other: Any) -> None:
        super().__init__(**other)
        self.rows, self.types = rows, types

    def build(self, input_shape: Any) -> None:
        """Makes the tables."""
        width = input_shape[-1]
        normal = initial(width)
        self.table = self.add_weight(shape=(self.rows, width), initializer=normal, name="table")
        self.halves = (
            self.add_weight(shape=(self.types, width), initializer=normal, name="types")
            if self.types
            else None
        )

    def call(self, inputs: Any) -> Any:
        """``[batch, sequence, width]``, the same shape again."""
        length = inputs.shape[1]
        x = inputs + self.table[:length]
        if self.halves is not None:
            half = [self.types * place // length for place in range(length)]
            x = x + keras.ops.take(self.halves, keras.ops.convert_to_tensor(half), axis=0)
        return x


def attend(x: Any, width: int, heads: int, dropout: float, *, causal: bool = False) -> Any:
    """Attention of all positions to all, or to those before; dropout on its result."""
    normal = initial(width)
    attention = keras.layers.MultiHeadAttention(
        heads, width // heads, dropout=dropout, kernel_initializer=normal
    )
    return _dropped(attention(x, x, use_causal_mask=causal), dropout)


def feed_forward(x: Any, width: int, dropout: float) -> Any:
    """Two dense layers of every position, four times as wide between."""
    normal = initial(width)
    x = keras.layers.Dense(4 * width, activation="gelu", kernel_initializer=normal)(x)
    return _dropped(keras.layers.Dense(width, kernel_initializer=normal)(x), dropout)


def normalise(x: Any) -> Any:
    """Layer normalisation."""
    return keras.layers.LayerNormalization(epsilon=1e-5)(x)


def _dropped(x: Any, rate: float) -> Any:
    return keras.layers.Dropout(rate)(x) if rate else x
