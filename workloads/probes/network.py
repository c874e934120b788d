"""What the network does: all-reduces between hosts or accelerators, and a round trip.

Between hosts the all-reduce is that of ``MultiWorkerMirroredStrategy``, which ``TF_CONFIG``
describes, so that what is timed is what training waits for. Every worker has to take part in
each one equally often: how often is agreed by an all-reduce of its own.
"""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import tensorflow as tf

from domain.errors import InputError
from domain.probe import AllReduceProbe
from workloads.probes.timing import around_median

QUICK_BYTES = (4, 1 << 12, 1 << 16, 1 << 20, 1 << 24)
ALL_BYTES = tuple(1 << power for power in range(2, 29, 2))

_CONNECTIONS = 30
_CONNECT_SECONDS = 5.0
_FEWEST_RUNS, _MOST_RUNS = 5, 300


class Exchange:
    """The replicas of all workers, ready to exchange; made before anything else is computed.

    Raises:
        InputError: there is nobody to exchange with.
    """

    def __init__(self) -> None:
        self.peers = peers()
        if self.peers:
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
            # TensorFlow's coordination service has caught it by now, and would not end us.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        else:
            gpus = tf.config.list_logical_devices("GPU")
            if len(gpus) < 2:
                raise InputError(
                    "needs somebody to exchange with: TF_CONFIG with two workers or more, or two "
                    "accelerators in this host",
                    where="--network",
                )
            self._strategy = tf.distribute.MirroredStrategy([each.name for each in gpus])
        self.ranks = int(self._strategy.num_replicas_in_sync)
        self._reduce: dict[int, Callable[[], Any]] = {}

    def all_reduces(
        self, bytes_each: tuple[int, ...], budget_seconds: float, done: Callable[[str], None]
    ) -> Iterator[AllReduceProbe]:
        """All-reduces of 32-bit numbers, small ones first; each worker times its own."""
        if self.ranks < 2:
            return
        for size in bytes_each:
            done(f"all-reduce {size:,} bytes, {self.ranks} ranks")
            run = self._sum(max(size // 4, 1))
            run()
            begun = time.perf_counter()
            run()
            single = max(time.perf_counter() - begun, 1e-9)
            runs = self._agreed(min(max(budget_seconds / single, _FEWEST_RUNS), _MOST_RUNS))
            timed = []
            for _ in range(runs):
                begun = time.perf_counter()
                run()
                timed.append(max(time.perf_counter() - begun, 1e-9))
            low, high = around_median(timed)
            yield AllReduceProbe(
                ranks=self.ranks,
                bytes=float(size),
                between="hosts" if self.peers else "accelerators",
                seconds=median(timed),
                deviation_seconds=(high - low) / 2.0,
                runs=runs,
            )

    def finish(self) -> None:
        """Waits for all workers, so that none is gone while another still exchanges."""
        self._agreed(1)

    def _agreed(self, wanted: float) -> int:
        """The mean of what the workers want, the same number on each."""
        return max(math.floor(float(self._sum(1, wanted)()) / self.ranks), 1)

    def _sum(self, elements: int, value: float = 1.0) -> Callable[[], Any]:
        strategy = self._strategy
        buffer = tf.fill([elements], tf.constant(value, tf.float32))

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator, unused-ignore]
        def reduced(buffer: Any) -> Any:
            def replica(buffer: Any) -> Any:
                context = tf.distribute.get_replica_context()
                # What a replica computes lies on its device; an argument lies nowhere yet.
                return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(buffer))

            each = strategy.experimental_local_results(strategy.run(replica, args=(buffer,)))
            # The first number of each replica: all of them must be there.
            return tf.reduce_max(tf.stack([one[0] for one in each]))

        return lambda: reduced(buffer).numpy()


def peers() -> list[tuple[str, int]]:
    """Addresses of the other workers; empty where this one is alone.

    Raises:
        InputError: ``TF_CONFIG`` is not what TensorFlow reads.
    """
    text = os.environ.get("TF_CONFIG", "").strip()
    if not text:
        return []
    try:
        told = json.loads(text)
        workers = list(told.get("cluster", {}).get("worker", []))
        own = int(told["task"]["index"]) if len(workers) > 1 else 0
        addresses = [(host, int(port)) for host, _, port in (w.rpartition(":") for w in workers)]
        if workers and not 0 <= own < len(workers):
            raise ValueError(f"there is no worker {own} among {len(workers)}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"is not what TensorFlow reads ({error}); give "
            '{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}',
            where="TF_CONFIG",
        ) from None
    return [each for number, each in enumerate(addresses) if number != own]


def is_chief() -> bool:
    """Whether this worker writes the results: worker 0, or the only one."""
    others = peers()
    return not others or int(json.loads(os.environ["TF_CONFIG"])["task"]["index"]) == 0


def round_trip_seconds(others: list[tuple[str, int]]) -> float | None:
    """Of the nearest other host, the median time in which a connection is made.

    Which is one packet to the port that it listens on for TensorFlow and one back (RFC 9293,
    section 3.5): no other port has to be open. None, where nobody answers.
    """
    found = []
    for host, port in others:
        timed: list[float] = []
        for _ in range(_CONNECTIONS):
            try:
                begun = time.perf_counter()
                # An address: looking up the name is not part of the way.
                with socket.create_connection((host, port), _CONNECT_SECONDS):
                    timed.append(time.perf_counter() - begun)
            except OSError:
                break
        if timed:
            found.append(median(timed))
    return min(found, default=None)
