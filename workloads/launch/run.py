"""A launch from its first connection to its last clean-up.

Whatever happens (success, failure, Ctrl-C, a lost connection, no more time or money), the
workers are stopped and the run's folders removed before ``launch`` returns or raises. Where a
host cannot be reached for that any more, its supervisor ends the worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import asyncssh

from domain.errors import InputError, RunFailed, WindtunnelError
from domain.hosts import environment_of
from workloads.launch.checkpoints import share_newest
from workloads.launch.connection import Connector
from workloads.launch.interpreter import make_environment
from workloads.launch.plan import Launched, Plan, Quiet, Watch
from workloads.launch.remote import Remote
from workloads.launch.results import LOGS, check_out, collect
from workloads.launch.together import together
from workloads.launch.worker import WRONG_INPUT, Ended, Worker

_CLEAN_UP_SECONDS = 30.0
_CLOSE_SECONDS = 3.0
# A host that was lost may be back; if not, it cleans up by itself.
_RETURN_SECONDS = 10.0
# A worker that lost its peer fails just after it; who failed first is who is named.
_SETTLE_SECONDS = 0.5
_LATE_SECONDS = 60.0
_CUT_OFF = "the connection was lost: it does not answer any more"


async def launch(plan: Plan, watch: Watch | None = None) -> Launched:
    """Runs a benchmark on hosts and brings its results home.

    Raises:
        InputError: what was given is wrong: hosts that cannot be reached, keys, the benchmark's
            own input, a folder that is not empty.
        RunFailed: the benchmark failed, or was stopped by time or money.
        Cancelled: it was cancelled; says after everything was stopped what became of it.
    """
    check_out(plan.out)
    environment_of(plan.hosts)
    run = _Run(plan, watch or Quiet())
    over = ""
    try:
        return await run.within_limits()
    except _Over as limit:
        over = str(limit)
    except asyncio.CancelledError:
        pass
    finally:
        # Ctrl-C must not leave workers behind that are being ended already.
        cleaning = asyncio.ensure_future(run.clean_up())
        while not cleaning.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({cleaning})
    # Told last, since steps were made until the workers had ended.
    if over:
        raise RunFailed(f"{over}{run.last_step()}")
    raise Cancelled(run.account())


class Cancelled(asyncio.CancelledError):
    """A launch that was told to end, once it has: after which step, who ended, where logs are."""


class _Over(Exception):  # noqa: N818, an outcome
    """Time or money is over."""


class _Run:
    """One launch under way."""

    def __init__(self, plan: Plan, watch: Watch) -> None:
        self._plan, self._watch = plan, watch
        self._began = time.monotonic()
        self._connector = Connector(
            plan.credentials,
            plan.limits.boot_seconds,
            watch.stage,
            plan.limits.heartbeat_seconds,
        )
        self._remotes: dict[int, Remote] = {}
        self._workers: list[Worker] = []
        self._logs: dict[int, TextIO] = {}
        self._step = ""
        self._stopping = False
        self._uncertain: set[int] = set()
        """Workers that were not heard to end."""

    async def within_limits(self) -> Launched:
        limits = self._plan.limits
        budget = limits.budget_seconds
        by_money = budget is not None and budget < limits.timeout_seconds
        longest = budget if by_money else limits.timeout_seconds
        try:
            async with asyncio.timeout(longest) as timer:
                return await self._whole()
        except TimeoutError:
            if not timer.expired():
                raise
            why = (
                f"the ${limits.max_usd:g} of --max-usd are spent, at ${limits.usd_per_hour:.4g} an "
                "hour"
                if by_money
                else "the time of --timeout is over"
            )
            raise _Over(f"stopped after {_span(longest or 0.0)}: {why}") from None

    def last_step(self) -> str:
        """``, after step 40 of 200``; empty where none was heard of."""
        return self._step and f", after {self._step}"

    def account(self) -> str:
        """What became of a run that was told to end, after the clean-up."""
        hosts = ", ".join(self._plan.hosts[index].label for index in sorted(self._uncertain))
        within = _span(self._plan.limits.silence_seconds)
        parts = [f"after {self._step}" if self._step else "before the first step"]
        if hosts:
            parts.append(f"workers on {hosts} could not be heard to end, and do so within {within}")
        else:
            parts.append("all workers have ended" if self._logs else "no worker was started")
        if self._logs:
            parts.append(f"logs are in {self._plan.out / LOGS}")
        return "; ".join(parts)

    async def _whole(self) -> Launched:
        plan = self._plan
        self._watch.stage(None, f"connecting to {_count(len(plan.hosts), 'host')}")
        await together(self._connect(index) for index in range(len(plan.hosts)))
        await together(self._prepare(remote) for remote in self._ordered())
        restarts = 0
        while (failure := await self._attempt()) is not None:
            worker, ended = failure
            again = restarts < plan.limits.restarts and (ended.began or ended.was_killed)
            if not again or ended.code == WRONG_INPUT:
                raise self._failure(worker, ended, restarts)
            restarts += 1
            self._watch.stage(worker.remote.host, ended.reason)
            await self._stop_workers()
            await self._ready_again(restarts)
        self._watch.stage(None, "collecting results")
        measurements = await collect(self._remotes[0], plan.benchmark, plan.out)
        return Launched(plan, measurements, time.monotonic() - self._began, restarts)

    async def _connect(self, index: int) -> None:
        host = self._plan.hosts[index]
        connection = await self._connector.connect(host)
        before = self._remotes.get(index)
        if before is not None:
            before.connection = connection
            return
        self._remotes[index] = Remote(host, index, connection, self._plan)

    def _ordered(self) -> list[Remote]:
        return [self._remotes[index] for index in sorted(self._remotes)]

    async def _prepare(self, remote: Remote) -> None:
        copied = await remote.prepare()
        size = len(self._plan.bundle.archive) / 1e3
        self._watch.stage(
            remote.host, f"code copied ({size:.0f} kB)" if copied else "code is there already"
        )
        await remote.check_python()
        if self._plan.python is None:
            self._watch.stage(remote.host, "making its virtual environment, unless it is there")
            await make_environment(remote, self._plan.requirements, self._plan.limits)

    async def _attempt(self) -> tuple[Worker, Ended] | None:
        """Starts all workers together; gives the first that failed, or None if none did."""
        remotes = self._ordered()
        ports = await together(remote.free_port() for remote in remotes)
        self._watch.stage(None, f"starting {_count(len(remotes), 'worker')}")
        await together(self._start(remote, ports) for remote in remotes)
        waits = {asyncio.ensure_future(each.wait()): each for each in self._workers}
        pending = set(waits)
        order: list[tuple[Worker, Ended]] = []
        late: float | None = None
        while pending and not order:
            done, pending = await asyncio.wait(
                pending, timeout=late, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                self._watch.stage(None, "the chief is done; workers that are not are stopped")
                break
            if not self._worker(0).is_running:
                # It alone writes results; others that hang on their way out are not waited for.
                late = _LATE_SECONDS
            order = [(waits[each], each.result()) for each in done if each.result().code != 0]
        if pending and order:
            done, pending = await asyncio.wait(pending, timeout=_SETTLE_SECONDS)
            order += [(waits[each], each.result()) for each in done if each.result().code != 0]
        left = [waits[each] for each in pending]
        for each in pending:
            each.cancel()
        if not order:
            return None
        first = min(order, key=lambda failure: _blame(failure[1]))
        return first if first[1].was_killed else await self._silent(left) or first

    async def _silent(self, workers: Sequence[Worker]) -> tuple[Worker, Ended] | None:
        """A worker whose host is cut off: what others complain of, before we have missed it."""
        answers = await asyncio.gather(*(each.remote.answers() for each in workers))
        for worker, answer in zip(workers, answers, strict=True):
            if not answer:
                return worker, Ended(None, True, _CUT_OFF)
        return None

    def _worker(self, index: int) -> Worker:
        return next(each for each in self._workers if each.remote.index == index)

    async def _start(self, remote: Remote, ports: Sequence[int]) -> None:
        host, log = remote.host, self._log_file(remote)

        def on_event(event: Mapping[str, Any]) -> None:
            if event["event"] == "progress" and remote.index == 0:
                self._step = f"step {event.get('step')} of {event.get('steps')}"
            if not self._stopping:
                # What a worker says of being stopped is no news, and no progress.
                self._watch.event(host, event)

        def on_line(line: str) -> None:
            try:
                print(line, file=log, flush=True)
            except OSError as error:
                self._watch.stage(host, f"its log cannot be kept here: {error}")
            if not self._stopping:
                self._watch.log(host, line)

        worker = await Worker.start(
            remote,
            self._plan.command(remote.python, remote.run_folder),
            self._plan.variables(ports, remote.index),
            self._plan.worker_limits,
            on_event=on_event,
            on_line=on_line,
        )
        self._workers.append(worker)

    def _log_file(self, remote: Remote) -> TextIO:
        if remote.index not in self._logs:
            folder = self._plan.out / LOGS
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise RunFailed(f"logs cannot be written: {error}", where=str(folder)) from None
            path = folder / f"{self._plan.name}-worker-{remote.index}.log"
            self._logs[remote.index] = path.open("a", encoding="utf-8")
        return self._logs[remote.index]

    async def _ready_again(self, restarts: int) -> None:
        """Connects to hosts that were lost, ends what runs there, shares the newest checkpoint."""
        answers = await asyncio.gather(*(remote.answers() for remote in self._ordered()))
        lost = [each for each, there in zip(self._ordered(), answers, strict=True) if not there]
        await together(self._connect(remote.index) for remote in lost)
        await together(remote.end_leftover() for remote in lost)
        self._uncertain -= {remote.index for remote in lost}
        remotes = self._ordered()
        name = None
        if self._plan.benchmark.takes_checkpoints:
            name = await share_newest(remotes[0], remotes[1:])
        from_where = f"from {name}" if name else "from the beginning: there is no checkpoint yet"
        self._watch.stage(None, f"restart {restarts} of {self._plan.limits.restarts}, {from_where}")

    def _failure(self, worker: Worker, ended: Ended, restarts: int) -> WindtunnelError:
        host = worker.remote.host.label
        if ended.code == WRONG_INPUT:
            return InputError(ended.reason, where=host)
        after = f" (after {_count(restarts, 'restart')})" if restarts else ""
        log = self._plan.out / LOGS / f"{self._plan.name}-worker-{worker.remote.index}.log"
        see = f"; its log is {log}" if _has_text(log) else ""
        return RunFailed(f"{ended.reason}{after}{see}", where=host)

    async def _stop_workers(self) -> None:
        workers, self._workers = self._workers, []
        self._stopping = True
        self._uncertain |= {each.remote.index for each in workers}
        await asyncio.gather(*(worker.stop() for worker in workers), return_exceptions=True)
        self._stopping = False
        self._uncertain -= {each.remote.index for each in workers if each.has_ended}

    async def clean_up(self) -> None:
        """Stops workers, removes the run's folders, closes connections; raises nothing."""
        if any(worker.is_running for worker in self._workers):
            self._watch.stage(None, "stopping workers")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLEAN_UP_SECONDS + self._plan.limits.grace_seconds):
                await self._stop_workers()
                await asyncio.gather(
                    *(self._clear(remote) for remote in self._remotes.values()),
                    return_exceptions=True,
                )
        for remote in self._remotes.values():
            await _close(remote.connection)
        await self._connector.close()
        for log in self._logs.values():
            log.close()

    async def _clear(self, remote: Remote) -> None:
        """Removes a run's folder; on a host that was lost, ends the worker first."""
        try:
            if not remote.is_connected:
                async with asyncio.timeout(_RETURN_SECONDS):
                    await self._connect(remote.index)
                    await remote.end_leftover()
                self._uncertain.discard(remote.index)
            await remote.remove_run()
        except (WindtunnelError, TimeoutError):
            within = _span(self._plan.limits.silence_seconds)
            self._watch.stage(
                remote.host,
                f"is lost; its worker ends by itself within {within}, and {remote.run_folder} is "
                "left there",
            )


async def _close(connection: asyncssh.SSHClientConnection) -> None:
    connection.close()
    with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
        await asyncio.wait_for(connection.wait_closed(), _CLOSE_SECONDS)


def _blame(ended: Ended) -> tuple[bool, bool]:
    """Sorts failures: a worker that was killed or lost drags the others down, not they it."""
    return (not ended.was_killed, ended.began)


def _has_text(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
