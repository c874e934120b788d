"""Launches across hosts that have networks of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch_hosts import Lab, Notes, wait_until_gone
from launch_namespaces import namespaces, set_link

from domain.errors import RunFailed
from workloads.launch.benchmarks import find_benchmark
from workloads.launch.bundle import pack
from workloads.launch.plan import Limits, Plan
from workloads.launch.run import launch


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with namespaces(tmp_path_factory.mktemp("lab") / "l", rate="1gbit") as made:
        yield made


def test_workers_find_each_other_by_the_addresses_of_their_hosts(two: Lab, tmp_path: Path) -> None:
    notes = Notes()
    done = asyncio.run(launch(two.plan(tmp_path / "out"), notes))
    workers = notes.told("started")[0]["cluster"]["cluster"]["worker"]
    assert [each.partition(":")[0] for each in workers] == [each.address for each in two.servers]
    assert len(done.measurements) == 1


def test_a_network_that_is_cut_ends_the_run_on_both_sides(two: Lab, tmp_path: Path) -> None:
    notes = Notes()
    limits = Limits(timeout_seconds=60, silence_seconds=3, grace_seconds=1)
    plan = two.plan(tmp_path / "out", ["steps=100000"], limits=limits)

    async def cut_when_running() -> None:
        while len(notes.told("progress")) < 4:
            await asyncio.sleep(0.05)
        set_link(1, up=False)

    async def both() -> None:
        await asyncio.gather(launch(plan, notes), cut_when_running())

    try:
        with pytest.raises(RunFailed, match="connection was lost") as failure:
            asyncio.run(both())
        assert failure.value.where == two.servers[1].address
        assert any("ends by itself within 3 s" in stage for stage in notes.stages)
        # Nobody can reach that host: its supervisor alone ends the worker.
        assert wait_until_gone(plan.name) == []
    finally:
        set_link(1, up=True)


def test_who_is_cut_off_is_named_rather_than_who_misses_it(two: Lab, tmp_path: Path) -> None:
    notes = Notes()
    limits = Limits(timeout_seconds=60, silence_seconds=12, grace_seconds=1)
    settings = ["steps=100000", "step_seconds=0.1", "misses=0@15"]
    plan = two.plan(tmp_path / "out", settings, limits=limits)

    async def cut_when_running() -> None:
        while len({label for label, _ in notes.events}) < 2:
            await asyncio.sleep(0.02)
        set_link(1, up=False)

    async def both() -> None:
        await asyncio.gather(launch(plan, notes), cut_when_running())

    try:
        with pytest.raises(RunFailed, match="does not answer any more") as failure:
            asyncio.run(both())
        assert failure.value.where == two.servers[1].address
        assert notes.told("failed")
    finally:
        set_link(1, up=True)


def test_a_worker_of_a_real_training_is_killed_and_all_resume(two: Lab, tmp_path: Path) -> None:
    """MultiWorkerMirroredStrategy over two hosts, one of which loses its worker on the way."""
    notes = Notes()
    plan = Plan(
        benchmark=find_benchmark("mlp", 2),
        hosts=tuple(server.host() for server in two.servers),
        out=tmp_path / "out",
        bundle=pack(),
        credentials=two.credentials(),
        settings=("steps=400", "checkpoint_steps=20", "progress_steps=5"),
        python=sys.executable,
        limits=Limits(timeout_seconds=240, restarts=1),
    )

    async def kill_once() -> None:
        while not any(event["step"] >= 60 for event in notes.told("progress")):
            await asyncio.sleep(0.05)
        supervisor = two.servers[1].folder / "host" / "runs" / plan.name / "1" / "supervisor.pid"
        (worker,) = children_of(int(supervisor.read_text()))
        os.kill(worker, signal.SIGKILL)

    async def both() -> object:
        done, _ = await asyncio.gather(launch(plan, notes), kill_once())
        return done

    done = asyncio.run(both())
    resumed = {event["step"] for event in notes.told("resumed")}
    assert len(resumed) == 1
    assert resumed.pop() >= 40
    assert done.restarts == 1  # type: ignore[attr-defined]
    assert (tmp_path / "out" / "measurement.json").is_file()
    assert (tmp_path / "out" / "curves.png").is_file()
    assert wait_until_gone(plan.name) == []


def children_of(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(each) for each in text.split()]
