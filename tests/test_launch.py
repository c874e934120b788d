"""Launches on real OpenSSH servers: what comes home, what is left behind, what is said."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from launch_hosts import Lab, Notes, lab, processes_with, wait_until_gone

from domain.errors import InputError, RunFailed
from domain.measurement import read_measurements
from workloads.launch.plan import Limits
from workloads.launch.run import launch


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("lab") / "l") as made:
        yield made


def test_two_workers_start_together_and_the_chiefs_results_come_home(
    two: Lab, tmp_path: Path
) -> None:
    notes = Notes()
    plan = two.plan(tmp_path / "out", limits=Limits(timeout_seconds=60, usd_per_hour=7.2))
    done = asyncio.run(launch(plan, notes))

    (measured,) = done.measurements
    assert read_measurements(tmp_path / "out" / "measurement.json") == (measured,)
    assert (tmp_path / "out" / "report.json").is_file()
    assert measured.notes == "7.2"
    assert done.usd == pytest.approx(7.2 * done.seconds / 3600)
    clusters = [event["cluster"] for event in notes.told("started")]
    assert sorted(each["task"]["index"] for each in clusters) == [0, 1]
    assert len(set(clusters[0]["cluster"]["worker"])) == 2
    assert clusters[0]["cluster"] == clusters[1]["cluster"]
    labels = {server.host().label for server in two.servers}
    assert {label for label, _ in notes.lines} == labels
    assert wait_until_gone(plan.name) == []
    assert not list((two.servers[0].folder / "host" / "runs").iterdir())


def test_code_that_is_there_already_is_not_copied_again(two: Lab, tmp_path: Path) -> None:
    first, second = Notes(), Notes()
    asyncio.run(launch(two.plan(tmp_path / "a", ["steps=1"]), first))
    asyncio.run(launch(two.plan(tmp_path / "b", ["steps=1"]), second))
    assert not any("code copied" in stage for stage in second.stages)


def test_a_killed_worker_is_followed_by_a_restart_from_the_chiefs_checkpoint(
    two: Lab, tmp_path: Path
) -> None:
    notes = Notes()
    limits = Limits(timeout_seconds=60, restarts=1, grace_seconds=1)
    settings = ["steps=30", "step_seconds=0.02", "checkpoint_steps=5", "dies=1@12"]
    done = asyncio.run(launch(two.plan(tmp_path / "out", settings, limits=limits), notes))

    assert done.restarts == 1
    resumed = [event["step"] for event in notes.told("resumed")]
    assert len(resumed) == 2
    assert len(set(resumed)) == 1
    assert resumed[0] % 5 == 0
    assert any("killed by SIGKILL" in stage for stage in notes.stages)
    assert len(done.measurements) == 1


def test_without_restarts_a_killed_worker_ends_the_launch(two: Lab, tmp_path: Path) -> None:
    plan = two.plan(tmp_path / "out", ["steps=1000", "dies=1@2"])
    with pytest.raises(RunFailed, match=r"killed by SIGKILL") as failure:
        asyncio.run(launch(plan))
    assert failure.value.where == two.servers[1].host().label
    assert wait_until_gone(plan.name) == []


def test_a_worker_that_fails_at_import_is_named_and_not_restarted(two: Lab, tmp_path: Path) -> None:
    notes = Notes()
    limits = Limits(timeout_seconds=60, restarts=3, grace_seconds=1)
    plan = two.plan(tmp_path / "out", ["steps=1000", "at_import=1"], limits=limits)
    with pytest.raises(RunFailed, match="No module named 'nonexistent_module'") as failure:
        asyncio.run(launch(plan, notes))
    assert failure.value.where == two.servers[1].host().label
    assert not any("restart" in stage for stage in notes.stages)
    assert wait_until_gone(plan.name) == []
    assert not (tmp_path / "out" / "measurement.json").exists()


def test_what_the_benchmark_calls_wrong_input_is_wrong_input(two: Lab, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a whole number"):
        asyncio.run(launch(two.plan(tmp_path / "out", ["wrong_input=0"])))


@pytest.mark.parametrize(
    ("how", "said"), [("half_result", "is not JSON"), ("no_result", "is not there")]
)
def test_a_half_written_result_is_no_result(two: Lab, tmp_path: Path, how: str, said: str) -> None:
    with pytest.raises(RunFailed, match=f"not whole: measurement.json {said}"):
        asyncio.run(launch(two.plan(tmp_path / "out", [f"{how}=0"])))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["logs"]


def test_time_is_up_and_everything_is_stopped(two: Lab, tmp_path: Path) -> None:
    limits = Limits(timeout_seconds=4, grace_seconds=1)
    plan = two.plan(tmp_path / "out", ["steps=100000", "stubborn=1"], limits=limits)
    with pytest.raises(RunFailed, match=r"--timeout is over, after step \d+ of 100000"):
        asyncio.run(launch(plan))
    assert wait_until_gone(plan.name) == []
    assert processes_with("sleep\x001234") == []


def test_the_money_is_spent_and_everything_is_stopped(two: Lab, tmp_path: Path) -> None:
    limits = Limits(timeout_seconds=60, grace_seconds=1, usd_per_hour=3600, max_usd=4)
    plan = two.plan(tmp_path / "out", ["steps=100000"], limits=limits)
    with pytest.raises(RunFailed, match="--max-usd"):
        asyncio.run(launch(plan))
    assert wait_until_gone(plan.name) == []


def test_a_lost_connection_is_restored_and_the_run_goes_on(tmp_path: Path) -> None:
    with lab(tmp_path / "lab") as made:
        notes = Notes()
        limits = Limits(timeout_seconds=60, restarts=1, boot_seconds=20, grace_seconds=1)
        plan = made.plan(tmp_path / "out", ["steps=60", "step_seconds=0.05"], limits=limits)

        async def cut_after_a_while() -> None:
            while not any(event["step"] >= 5 for event in notes.told("progress")):
                await asyncio.sleep(0.02)
            for process in processes_with("sshd: "):
                if parent_of(process) == made.servers[1].process.pid:  # type: ignore[union-attr]
                    os.kill(process, signal.SIGKILL)

        async def both() -> Any:
            done, _ = await asyncio.gather(launch(plan, notes), cut_after_a_while())
            return done

        done = asyncio.run(both())
        assert done.restarts == 1
        assert any("connection was lost" in stage for stage in notes.stages)
        assert wait_until_gone(plan.name) == []


def test_a_host_whose_connection_broke_is_cleaned_up_over_a_new_one(tmp_path: Path) -> None:
    with lab(tmp_path / "lab", count=1) as made:
        notes = Notes()
        plan = made.plan(tmp_path / "out", ["steps=100000"])

        async def cut_when_running() -> None:
            while not notes.told("progress"):
                await asyncio.sleep(0.02)
            for process in processes_with("sshd: "):
                if parent_of(process) == made.servers[0].process.pid:  # type: ignore[union-attr]
                    os.kill(process, signal.SIGKILL)

        async def both() -> None:
            await asyncio.gather(launch(plan, notes), cut_when_running())

        with pytest.raises(RunFailed, match="connection was lost"):
            asyncio.run(both())
        assert processes_with(plan.name) == []
        assert not (made.servers[0].folder / "host" / "runs" / plan.name).exists()


def parent_of(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])


def test_results_go_into_a_folder_of_their_own(two: Lab, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="is not empty"):
        asyncio.run(launch(two.plan(tmp_path)))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_configuration_is_handed_over_and_settings_win(two: Lab, tmp_path: Path) -> None:
    notes = Notes()
    plan = two.plan(tmp_path / "out", ["step_seconds=0"], config={"steps": "7"})
    asyncio.run(launch(plan, notes))
    assert {event["steps"] for event in notes.told("progress")} == {7}


def test_logs_are_kept_by_worker(two: Lab, tmp_path: Path) -> None:
    plan = two.plan(tmp_path / "out")
    asyncio.run(launch(plan))
    log = tmp_path / "out" / "logs" / f"{plan.name}-worker-1.log"
    assert "a line of worker 1" in log.read_text()


def test_a_host_without_sftp_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with lab(tmp_path / "lab", count=1) as made:
        (server,) = made.servers
        server.stop()
        server.offers_sftp = False
        server.start()
        notes = Notes()
        with pytest.raises(InputError, match="Subsystem sftp") as refused:
            asyncio.run(launch(made.plan(tmp_path / "out"), notes))
        assert server.host().label in str(refused.value)
        assert notes.told("started") == []
