"""Requests gathered into batches: as many as have come, up to a size, within a time.

The first request of a batch waits at most ``timeout_seconds`` for others. Larger batches use
an accelerator better and cost latency; both ends of that are what a serving run measures.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

Sample = dict[str, Any]
"""Features of one request by name, without the axis of the batch."""


class Batcher:
    """Answers requests from a thread that runs ``predict`` on batches of them."""

    def __init__(
        self, predict: Callable[[Sample], Any], *, size: int, timeout_seconds: float
    ) -> None:
        self._predict, self._size, self._timeout = predict, size, timeout_seconds
        self._waiting: queue.SimpleQueue[tuple[Sample, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="batcher", daemon=True)
        self.batch_sizes: list[int] = []
        """Requests of each batch so far."""
        self.busy_seconds = 0.0
        """How long the model worked."""

    def __enter__(self) -> Batcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Answers what is waiting, then ends."""
        self._waiting.put(None)
        self._thread.join()

    def ask(self, sample: Sample) -> Future[Any]:
        """The answer to come: logits of this sample, or the exception that its batch met."""
        answer: Future[Any] = Future()
        self._waiting.put((sample, answer))
        return answer

    def _serve(self) -> None:
        open_to_more = True
        while open_to_more:
            first = self._waiting.get()
            if first is None:
                return
            batch = [first]
            deadline = time.perf_counter() + self._timeout
            while len(batch) < self._size:
                try:
                    left = deadline - time.perf_counter()
                    # What has come already is taken without waiting, even with no time left.
                    more = self._waiting.get(timeout=left) if left > 0 else self._waiting.get(False)
                except queue.Empty:
                    break
                if more is None:
                    open_to_more = False
                    break
                batch.append(more)
            self._answer(batch)

    def _answer(self, batch: list[tuple[Sample, Future[Any]]]) -> None:
        samples = [sample for sample, _ in batch]
        started = time.perf_counter()
        try:
            stacked = {name: np.stack([each[name] for each in samples]) for name in samples[0]}
            logits = self._predict(stacked)
        except Exception as error:
            for _, answer in batch:
                answer.set_exception(error)
            return
        self.busy_seconds += time.perf_counter() - started
        self.batch_sizes.append(len(batch))
        for (_, answer), found in zip(batch, logits, strict=True):
            answer.set_result(found)
