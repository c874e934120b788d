"""Batches of a source, spread over the replicas of a strategy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from workloads.data.augmentation import augmented
from workloads.data.source import Order, Part, Source
from workloads.settings import Training


def training_batches(
    strategy: Any, source: Source, settings: Training, first_step: int
) -> Iterator[Any]:
    """Endless shuffled batches from ``first_step`` on, one for each replica at once."""
    replicas = strategy.num_replicas_in_sync
    batch = settings.global_batch // replicas

    def pipeline(context: Any) -> Any:
        order = Order(
            batch=batch,
            replicas=replicas,
            pipeline=context.input_pipeline_id,
            pipelines=context.num_input_pipelines,
            first_step=first_step,
            shuffle_seed=settings.seed,
        )
        batches = source.batches("train", order)
        if getattr(settings, "augmentation", False):
            batches = augmented(batches, settings.seed, first_step * order.replicas_here)
        return batches.prefetch(tf.data.AUTOTUNE)

    return iter(strategy.distribute_datasets_from_function(pipeline))


def evaluation_batches(
    strategy: Any, source: Source, settings: Training, part: Part
) -> Iterator[tuple[Any, int]]:
    """Batches of a part in its order and their samples over all replicas.

    No sample comes twice; where the part is empty, there is no batch.
    """
    replicas, size = strategy.num_replicas_in_sync, source.sizes[part]
    batch = min(settings.global_batch // replicas, size // replicas)
    if batch == 0:
        return

    def pipeline(context: Any) -> Any:
        order = Order(
            batch=batch,
            replicas=replicas,
            pipeline=context.input_pipeline_id,
            pipelines=context.num_input_pipelines,
        )
        return source.batches(part, order).prefetch(1)

    count = min(settings.evaluate_batches, size // (batch * replicas))
    batches = iter(strategy.distribute_datasets_from_function(pipeline))
    for _ in range(count):
        yield next(batches), batch * replicas
