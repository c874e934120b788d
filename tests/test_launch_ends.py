"""However a launch ends, nothing of it goes on: signals, a killed launcher, a full disk."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch_hosts import Lab, Notes, lab, processes_with, wait_until_gone

from domain.errors import RunFailed
from workloads.launch.plan import Limits
from workloads.launch.run import launch

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("lab") / "l") as made:
        yield made


def start_alone(made: Lab, tmp_path: Path, name: str) -> subprocess.Popen[str]:
    """A launch that would go on for long, once its workers have made steps."""
    hosts = tmp_path / "hosts.yaml"
    lines = [
        f"  - {{address: {each.address}, port: {each.port}, directory: {each.folder}/host}}\n"
        for each in made.servers
    ]
    hosts.write_text("hosts:\n" + "".join(lines))
    plan = {
        "lab": str(made.folder),
        "hosts": str(hosts),
        "out": str(tmp_path / "out"),
        "settings": ["steps=100000", "stubborn=1"],
        "name": name,
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    process = subprocess.Popen(
        [sys.executable, str(HERE / "launch_alone.py"), str(tmp_path / "plan.json")],
        cwd=HERE.parent,
        env={**os.environ, "PYTHONPATH": f"{HERE.parent}:{HERE}"},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    checkpoint = Path(made.servers[0].folder) / "host" / "runs" / name / "0/checkpoints/checkpoint"
    while not checkpoint.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_everything_before_the_launcher_ends(
    two: Lab, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    name = f"ended-by-{number.name.lower()}"
    process = start_alone(two, tmp_path, name)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code, told
    last = told.splitlines()[-1]
    by = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert re.fullmatch(
        rf"windtunnel: stopped by {by} after step \d+ of 100000; all workers have ended; "
        rf"logs are in {re.escape(str(tmp_path / 'out' / 'logs'))}",
        last,
    )
    # Nothing is told between the order to stop and what became of it.
    assert told.splitlines()[-2].endswith("stopping workers")
    assert processes_with(name) == []
    assert processes_with("sleep\x001234") == []
    assert not (two.servers[0].folder / "host" / "runs" / name).exists()


def test_workers_of_a_launcher_that_was_killed_end_by_themselves(two: Lab, tmp_path: Path) -> None:
    process = start_alone(two, tmp_path, "killed-launcher")
    process.kill()
    process.communicate()
    assert wait_until_gone("killed-launcher") == []
    assert wait_until_gone("sleep\x001234") == []


def test_a_killed_supervisor_takes_its_worker_along(two: Lab, tmp_path: Path) -> None:
    async def kill_when_running() -> None:
        pid_file = two.servers[1].folder / "host" / "runs" / plan.name / "1" / "supervisor.pid"
        while not pid_file.exists() or not notes.told("progress"):
            await asyncio.sleep(0.05)
        os.kill(int(pid_file.read_text()), signal.SIGKILL)

    async def both() -> None:
        await asyncio.gather(launch(plan, notes), kill_when_running())

    notes = Notes()
    plan = two.plan(tmp_path / "out", ["steps=100000"])
    with pytest.raises(RunFailed, match=r"killed by SIGKILL|connection was lost"):
        asyncio.run(both())
    assert wait_until_gone(plan.name) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("not root, which a small file system needs")
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full_before_the_code_is_there(
    two: Lab, tmp_path: Path, small_disk: Path
) -> None:
    (small_disk / "theirs").write_bytes(b"x" * 7_900_000)
    hosts = [two.servers[0].host(), two.servers[1].host()]
    hosts[1] = hosts[1].model_copy(update={"directory": str(small_disk)})
    with pytest.raises(RunFailed, match="its disk is full") as failure:
        asyncio.run(launch(two.plan(tmp_path / "out", hosts=hosts)))
    assert hosts[1].label in str(failure.value)
    assert not any((small_disk / "code").iterdir())
    assert (small_disk / "theirs").stat().st_size == 7_900_000


def test_a_disk_that_fills_up_while_a_worker_runs(
    two: Lab, tmp_path: Path, small_disk: Path
) -> None:
    hosts = [two.servers[0].host(), two.servers[1].host()]
    hosts[1] = hosts[1].model_copy(update={"directory": str(small_disk)})
    limits = Limits(timeout_seconds=60, grace_seconds=1)
    plan = two.plan(tmp_path / "out", ["steps=100000", "fills=1"], hosts=hosts, limits=limits)
    with pytest.raises(RunFailed, match="its disk is full") as failure:
        asyncio.run(launch(plan))
    assert failure.value.where == hosts[1].label
    assert not any(small_disk.rglob("big"))
