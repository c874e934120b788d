"""Those who ask: a number of clients in turn, or strangers at random times."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count
from typing import Any

import numpy as np

from workloads.serving.batching import Sample

Ask = Callable[[Sample], "Future[Any]"]


def in_turn(ask: Ask, samples: Sequence[Sample], clients: int) -> tuple[list[float], float]:
    """Each of ``clients`` asks, waits for its answer, and asks again until all is answered.

    Returns:
        Latency of each request in seconds, and seconds from the first to the last answer.
    """
    number, latencies = count(), [0.0] * len(samples)
    failures: list[BaseException] = []

    def client() -> None:
        while not failures and (mine := next(number)) < len(samples):
            asked = time.perf_counter()
            try:
                ask(samples[mine]).result()
            except Exception as error:
                failures.append(error)
            latencies[mine] = time.perf_counter() - asked

    threads = [threading.Thread(target=client) for _ in range(min(clients, len(samples)))]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return latencies, time.perf_counter() - started


def at_random(
    ask: Ask, samples: Sequence[Sample], requests_per_second: float, seed: int
) -> tuple[list[float], float]:
    """Requests as a Poisson process, whether or not earlier ones were answered.

    A request's time counts from when it was due, not from when this thread came to ask: a late
    asker must not make the server look fast ("coordinated omission", Tene).
    """
    gaps = np.random.default_rng(seed).exponential(1 / requests_per_second, len(samples))
    started = time.perf_counter()
    due = (started + np.cumsum(gaps)).tolist()
    latencies = [0.0] * len(samples)
    answers = []

    def noted(number: int) -> Callable[[Future[Any]], None]:
        def note(_: Future[Any]) -> None:
            latencies[number] = time.perf_counter() - due[number]

        return note

    for number, sample in enumerate(samples):
        time.sleep(max(0.0, due[number] - time.perf_counter()))
        answer = ask(sample)
        answer.add_done_callback(noted(number))
        answers.append(answer)
    for answer in answers:
        answer.result()
    return latencies, time.perf_counter() - started
