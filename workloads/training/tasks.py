"""What labels mean: the loss of a sample, and what is counted to score a model."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
import tensorflow as tf


class Task(Enum):
    """Two classes and one logit; classes; or a class for each of several words."""

    BINARY = "binary"
    CLASSES = "classes"
    WORDS = "words"

    def losses(self, labels: Any, logits: Any) -> Any:
        """Cross-entropy of each sample, in nats: ``[batch]``; of words, their mean."""
        if self is Task.BINARY:
            return tf.nn.sigmoid_cross_entropy_with_logits(
                tf.cast(labels, tf.float32), tf.squeeze(logits, -1)
            )
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return tf.reduce_mean(each, axis=-1) if self is Task.WORDS else each

    def tally(self, labels: Any, logits: Any) -> Any:
        """Counts that add up over batches, float32.

        A confusion matrix ``[actual, predicted]``; of words ``[right, all]``.
        """
        if self is Task.BINARY:
            predicted = tf.cast(tf.squeeze(logits, -1) > 0, tf.int32)
            return tf.math.confusion_matrix(labels, predicted, 2, dtype=tf.float32)
        predicted = tf.argmax(logits, -1, output_type=tf.int32)
        if self is Task.CLASSES:
            return tf.math.confusion_matrix(labels, predicted, logits.shape[-1], dtype=tf.float32)
        right = tf.reduce_sum(tf.cast(predicted == labels, tf.float32))
        return tf.stack([right, tf.cast(tf.size(labels), tf.float32)])

    def scores(self, tally: Any) -> dict[str, float]:
        """Accuracy and, of classes, precision, recall and F1.

        Of two classes they are those of the second; of more, means over the classes that occur.
        A class that is never predicted has a precision of 0.
        """
        counts: Any = np.asarray(tally, dtype=float)
        if self is Task.WORDS:
            return {"accuracy": float(counts[0] / counts[1])}
        right, actual, predicted = np.diag(counts), counts.sum(1), counts.sum(0)
        chosen: Sequence[int] = (
            [1] if self is Task.BINARY else [int(each) for each in np.flatnonzero(actual)]
        )
        precision = np.divide(right, predicted, out=np.zeros_like(right), where=predicted > 0)
        recall = np.divide(right, actual, out=np.zeros_like(right), where=actual > 0)
        both = precision + recall
        f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
        return {
            "accuracy": float(right.sum() / counts.sum()),
            "precision": float(precision[chosen].mean()),
            "recall": float(recall[chosen].mean()),
            "f1": float(f1[chosen].mean()),
        }
