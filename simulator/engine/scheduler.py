"""Jobs waiting, starting, ending and being interrupted, on the SimPy clock.

Everything that happens at one instant happens first: ends give accelerators back, nodes come
and go, arrivals join their queue. Then each pool that was touched is dispatched once. So the
order of events within an instant never decides who starts.

Callbacks on time-outs, not a process per job; a job that lost its node leaves its old end
event behind, which is recognised as stale when it fires. Both are several times as fast as
processes and interrupts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from math import nextafter
from typing import cast

import numpy as np
from simpy import Environment
from simpy.events import Event, EventPriority, Timeout

from simulator.engine.capacity import FreeCapacity
from simulator.engine.jobs import Integers, JobTable
from simulator.engine.ledger import JobLedger
from simulator.engine.placement import Place, Placement

_AFTER_ALL_ELSE = EventPriority(9)
_JOBS_BETWEEN_REPORTS = 2048


class _EndOfInstant(Event):
    """Fires after every other event of the present instant."""

    def __init__(self, env: Environment, callback: Callable[[Event], None]) -> None:
        super().__init__(env)
        self.callbacks.append(callback)
        self._ok = True
        self._value = None
        env.schedule(self, _AFTER_ALL_ELSE)


class PoolQueue:
    """One pool as the scheduler sees it: free capacity and who waits for it."""

    __slots__ = ("capacity", "newcomers", "residents", "touched", "waiting")

    def __init__(self, nodes: int, accelerators_per_node: int, interruptible: bool) -> None:
        self.capacity = FreeCapacity(nodes, accelerators_per_node)
        self.waiting: list[int] = []  # heap of ranks
        self.newcomers: list[int] = []  # arrivals of this instant, where the queue is bounded
        self.touched = False
        self.residents: list[set[int]] | None = (
            [set() for _ in range(nodes)] if interruptible else None
        )


class Scheduler:
    """Flies jobs through pools.

    Args:
        jobs: in order of submission.
        ledger: where begins, ends and interruptions are booked.
        ranks: the policy's rank of each job; the lowest waiting rank starts next.
        queue_limit: how many jobs may wait in one pool; None for any number. An arrival that
            would wait beyond it is dropped, the latest first.
        progress: called now and then with (jobs done, jobs in all).
    """

    __slots__ = (
        "_accelerators",
        "_dispatch_due",
        "_end_event",
        "_env",
        "_job_of_rank",
        "_ledger",
        "_next_arrival",
        "_on_arrival",
        "_on_end",
        "_place",
        "_placement",
        "_pool_of",
        "_progress",
        "_queue_limit",
        "_rank",
        "_remaining",
        "_submit",
        "_touched",
        "dropped",
        "finished",
    )

    def __init__(
        self,
        env: Environment,
        pools: Sequence[PoolQueue],
        jobs: JobTable,
        ledger: JobLedger,
        ranks: Integers,
        place: Place,
        queue_limit: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._env = env
        self._ledger = ledger
        self._place = place
        self._queue_limit = queue_limit
        self._progress = progress
        self._submit: list[float] = jobs.submit_seconds.tolist()
        self._accelerators: list[int] = jobs.accelerators.tolist()
        self._pool_of = [pools[pool] for pool in jobs.pool.tolist()]
        self._rank: list[int] = ranks.tolist()
        self._job_of_rank: list[int] = np.argsort(ranks).tolist()
        self._end_event: list[Event | None] = [None] * len(jobs)
        self._placement: list[Placement | None] = [None] * len(jobs)
        self._next_arrival = 0
        self._remaining = len(jobs)
        self._touched: list[PoolQueue] = []
        self._dispatch_due = False
        # A bound method is an object of its own: made once, not at every event.
        self._on_arrival = self._arrive
        self._on_end = self._end
        self.dropped = [False] * len(jobs)
        self.finished = env.event()
        if len(jobs):
            self._await_arrival(env.now)
        else:
            self.finished.succeed()

    # The nodes' side.

    def node_ready(self, pool: PoolQueue, node: int) -> None:
        """A node joins the pool."""
        pool.capacity.add(node)
        self._wake(pool)

    def node_gone(self, pool: PoolQueue, node: int) -> None:
        """A node leaves the pool; the gangs on it stop everywhere and wait again."""
        assert pool.residents is not None
        for job in sorted(pool.residents[node]):
            self._ledger.interrupt(job, self._env.now)
            self._release(job, pool)
            heappush(pool.waiting, self._rank[job])
        pool.capacity.remove(node)
        self._wake(pool)

    def _wake(self, pool: PoolQueue) -> None:
        if not pool.touched:
            self._touch(pool)
        self._dispatch_after_this_instant()

    # The jobs' side.

    def running(self) -> list[int]:
        """The jobs that hold accelerators now."""
        return [job for job, placement in enumerate(self._placement) if placement is not None]

    def _await_arrival(self, now: float) -> None:
        submit = self._submit[self._next_arrival]
        delay = submit - now
        # The clock adds the delay to now. Where rounding would overshoot the submission, stop
        # just short of it: the rest of the way is then exact.
        if now + delay > submit:
            delay = nextafter(delay, 0.0)
        Timeout(self._env, delay).callbacks.append(self._on_arrival)

    def _arrive(self, _: Event) -> None:
        now = self._env.now
        submit = self._submit
        job = self._next_arrival
        while job < len(submit) and submit[job] <= now:
            pool = self._pool_of[job]
            heappush(pool.waiting, self._rank[job])
            if self._queue_limit is not None:
                pool.newcomers.append(job)
            if not pool.touched:
                self._touch(pool)
            job += 1
        self._next_arrival = job
        if job < len(submit):
            self._await_arrival(now)
        if self._touched:
            self._dispatch_after_this_event(now)

    def _end(self, event: Event) -> None:
        job = cast(int, event.value)
        if self._end_event[job] is not event:
            return
        now = self._env.now
        pool = self._pool_of[job]
        self._ledger.ended[job] = now
        self._release(job, pool)
        self._settle_one()
        if pool.waiting:
            if not pool.touched:
                self._touch(pool)
            self._dispatch_after_this_event(now)

    def _release(self, job: int, pool: PoolQueue) -> None:
        placement = self._placement[job]
        assert placement is not None
        self._placement[job] = self._end_event[job] = None
        for node, count in placement:
            pool.capacity.take(node, -count)
            if pool.residents is not None:
                pool.residents[node].discard(job)

    def _settle_one(self) -> None:
        self._remaining -= 1
        if self._progress is not None and self._remaining % _JOBS_BETWEEN_REPORTS == 0:
            self._progress(len(self._rank) - self._remaining, len(self._rank))
        if not self._remaining:
            self.finished.succeed()

    # One dispatch per instant.

    def _touch(self, pool: PoolQueue) -> None:
        pool.touched = True
        self._touched.append(pool)

    def _dispatch_after_this_event(self, now: float) -> None:
        # Most instants hold a single event: no need for another one to end them.
        if self._env.peek() > now:
            self._dispatch(now)
        else:
            self._dispatch_after_this_instant()

    def _dispatch_after_this_instant(self) -> None:
        if not self._dispatch_due:
            self._dispatch_due = True
            _EndOfInstant(self._env, self._end_instant)

    def _end_instant(self, _: Event) -> None:
        self._dispatch_due = False
        self._dispatch(self._env.now)

    def _dispatch(self, now: float) -> None:
        touched, self._touched = self._touched, []
        for pool in touched:
            pool.touched = False
            waiting = pool.waiting
            while waiting:
                job = self._job_of_rank[waiting[0]]
                placement = self._place(pool.capacity, self._accelerators[job])
                if placement is None:
                    break
                heappop(waiting)
                self._start(job, placement, pool, now)
            if pool.newcomers:
                self._turn_away(pool)

    def _start(self, job: int, placement: Placement, pool: PoolQueue, now: float) -> None:
        for node, count in placement:
            pool.capacity.take(node, count)
            if pool.residents is not None:
                pool.residents[node].add(job)
        self._placement[job] = placement
        ledger = self._ledger
        ledger.began[job] = now
        self._end_event[job] = end = Timeout(self._env, ledger.attempt_seconds[job], job)
        end.callbacks.append(self._on_end)

    def _turn_away(self, pool: PoolQueue) -> None:
        assert self._queue_limit is not None
        newcomers, pool.newcomers = pool.newcomers, []
        beyond = len(pool.waiting) - self._queue_limit
        waiting_newcomers = [job for job in newcomers if self._placement[job] is None]
        for job in waiting_newcomers[::-1][: max(beyond, 0)]:
            pool.waiting.remove(self._rank[job])
            self.dropped[job] = True
            self._settle_one()
        heapify(pool.waiting)
