"""Checkpoints that a run leaves on its way and takes up again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf

from domain.errors import InputError
from workloads.training.cluster import Cluster


class Checkpoints:
    """The model, its optimizer, the number of steps, and what the run has noted so far.

    Every worker saves, since that may need all of them, but only the chief's is kept: where
    hosts share no folder, the newest must be copied to the others before they start again.
    """

    _KEPT = 2

    def __init__(self, folder: Path, trained: Any, cluster: Cluster) -> None:
        self._folder, self._cluster = folder, cluster
        self._step = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._notes = tf.Variable("{}", dtype=tf.string, trainable=False)
        self._checkpoint = tf.train.Checkpoint(trained=trained, step=self._step, notes=self._notes)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(folder), self._KEPT, checkpoint_name="step"
        )

    def restore(self) -> tuple[int, dict[str, Any]]:
        """Takes up the newest; the steps done and the notes, 0 and none where there is none.

        Raises:
            InputError: it is of another model or optimizer, or damaged.
        """
        newest = self._manager.latest_checkpoint
        if newest is None:
            return 0, {}
        try:
            status = self._checkpoint.restore(newest)
            status.assert_existing_objects_matched()
            status.expect_partial()
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            first = str(error).strip().splitlines()[0]
            raise InputError(
                "is not a checkpoint of this model with these settings, or it is damaged; use "
                f"another --checkpoints folder ({first[:200]})",
                where=newest,
            ) from None
        return int(self._step), json.loads(self._notes.numpy())

    def save(self, step: int, notes: dict[str, Any]) -> None:
        """Writes one; the older ones but one are removed when it is complete."""
        self._step.assign(step)
        self._notes.assign(json.dumps(notes))
        if self._cluster.is_chief:
            self._manager.save(checkpoint_number=step)
            return
        aside = self._folder / f".worker-{self._cluster.number}"
        self._checkpoint.write(str(aside / "step"))
        shutil.rmtree(aside, ignore_errors=True)
