"""The workers of a run, as ``TF_CONFIG`` names them; read without TensorFlow."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from domain.errors import InputError


@dataclass(frozen=True, slots=True)
class Cluster:
    """How many workers there are and which of them this one is; worker 0 is the chief."""

    workers: int = 1
    number: int = 0

    @property
    def is_chief(self) -> bool:
        """Whether this worker writes the results."""
        return self.number == 0


def read_cluster() -> Cluster:
    """What the environment says; one worker where it says nothing.

    Raises:
        InputError: ``TF_CONFIG`` is no JSON, or not of the form that TensorFlow documents.
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return Cluster()
    try:
        config = json.loads(text)
        jobs = config.get("cluster") or {}
        addresses = [*jobs.get("chief", ()), *jobs.get("worker", ())]
        if not addresses:
            return Cluster()
        task = config["task"]
        number = int(task["index"])
        if task["type"] == "worker":
            number += len(jobs.get("chief", ()))
        elif task["type"] != "chief":
            raise InputError(f"'{task['type']}' is no chief or worker", where="TF_CONFIG task.type")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f'is not like {{"cluster": {{"worker": ["host:port", …]}}, "task": {{"type": '
            f'"worker", "index": 0}}}} ({type(error).__name__}: {error})',
            where="TF_CONFIG",
        ) from None
    if not 0 <= number < len(addresses):
        raise InputError(
            f"task {number} of {len(addresses)} workers; they count from 0", where="TF_CONFIG"
        )
    return Cluster(len(addresses), number)
