"""The meter tells what a loop did, and never disturbs or outlives it."""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InputError
from domain.measurement import Results, StepTimes
from workloads.meter import Meter, meter, this_machine, versions
from workloads.meter.accelerators import visible
from workloads.meter.sampler import Sampler


def watching() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "meter"]


def run(steps: int, warmup: int = 1, step: float = 0.0, wait: float = 0.0) -> Meter:
    told = Meter(warmup_steps=warmup)
    told.begin()
    for _ in range(steps):
        with told.waiting_for_input():
            time.sleep(wait)
        with told.step():
            time.sleep(step)
    return told


def listed(results: Results) -> tuple[float, ...]:
    assert isinstance(results.step_seconds, tuple)
    return results.step_seconds


def test_a_step_lasts_as_long_as_its_wait_and_its_work() -> None:
    results, observed = run(4, warmup=1, step=0.02, wait=0.01).finish()
    assert len(listed(results)) == 3
    assert min(listed(results)) >= 0.03
    assert observed.input_stall_share is not None
    assert 0 < observed.input_stall_share < 1


def test_the_warm_up_is_not_timed() -> None:
    told = Meter(warmup_steps=1)
    told.begin()
    with told.step():
        time.sleep(0.3)
    with told.step():
        pass
    (only,) = listed(told.finish()[0])
    assert only < 0.3


@settings(deadline=None, max_examples=20)
@given(steps=st.integers(0, 12), warmup=st.integers(0, 12))
def test_every_step_is_warm_up_or_timed(steps: int, warmup: int) -> None:
    told = run(steps, warmup)
    assert told.steps == steps
    if steps > warmup:
        results, observed = told.finish()
        assert len(listed(results)) == steps - warmup
        assert observed.warmup_steps == warmup
    else:
        with pytest.raises(InputError, match=f"had {steps} steps"):
            told.finish()
    assert not watching()


def test_many_steps_are_told_by_mean_and_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meter, "MOST_STEPS_KEPT", 10)
    told = run(20, warmup=2).finish()[0].step_seconds
    assert isinstance(told, StepTimes)
    assert told.steps == 18


def test_a_step_that_fails_is_not_counted() -> None:
    told = run(3, warmup=0)
    with pytest.raises(ZeroDivisionError), told.step():
        raise ZeroDivisionError
    assert len(listed(told.finish()[0])) == 3


def test_the_thread_ends_with_a_meter_that_is_forgotten() -> None:
    told = run(2)
    assert watching()
    del told
    gc.collect()
    assert not watching()


def test_a_program_that_ends_without_finishing_does_not_hang() -> None:
    program = "from workloads.meter import Meter; m = Meter(); m.begin(); raise SystemExit(7)"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 7


def test_a_busy_host_and_what_it_holds_are_seen() -> None:
    told = Meter(warmup_steps=0)
    told.begin()
    held = bytearray(64 << 20)
    with told.step():
        ends = time.perf_counter() + 0.8
        while time.perf_counter() < ends:
            sum(held[:10_000])
    _, observed = told.finish()
    assert observed.host_utilisation is not None
    assert 0 < observed.host_utilisation.mean <= observed.host_utilisation.largest <= 1
    assert observed.host_memory_bytes is not None
    assert len(held) < observed.host_memory_bytes <= psutil.virtual_memory().total


def test_children_count_as_part_of_the_host() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "held = b'x' * (96 << 20); print('', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alone = psutil.Process().memory_info().rss
        sampler = Sampler()
        sampler.stop()
        child.communicate(b"\n")
    assert sampler.host_memory_bytes > alone + (90 << 20)
    assert not sampler.running


def test_other_programs_are_told_apart() -> None:
    told = Meter(warmup_steps=0)
    told.begin()
    # Its parent ends at once, so it is nobody's child here.
    busy = (
        f"exec {sys.executable} -c 'import time; e = time.time() + 1.2\nwhile time.time() < e: 0'"
    )
    subprocess.run(["/bin/sh", "-c", f"({busy}) &"], check=True)
    with told.step():
        time.sleep(1.5)
    _, observed = told.finish()
    assert observed.other_utilisation is not None
    assert observed.other_utilisation.largest > 0
    assert observed.host_utilisation is not None
    assert observed.host_utilisation.mean < 0.5


def test_what_is_sent_on_loopback_does_not_leave_the_host() -> None:
    told = Meter(warmup_steps=0)
    told.begin()
    with (
        told.step(),
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as other,
    ):
        for _ in range(256):
            client.sendall(bytes(1 << 16))
            received = 0
            while received < 1 << 16:
                received += len(other.recv(1 << 16))
    exchanged = told.finish()[1].exchanged_bytes
    assert exchanged is not None
    # 16 MiB went over loopback; what the rest of the host sends meanwhile is far less.
    assert exchanged < 16 << 20


def test_a_system_that_tells_nothing_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def untold(*_: object, **__: object) -> None:
        raise PermissionError("hidden")

    for question in ("net_io_counters", "net_if_stats", "cpu_times"):
        monkeypatch.setattr(psutil, question, untold)
    results, observed = run(3).finish()
    assert len(listed(results)) == 2
    assert observed.exchanged_bytes is None
    assert observed.host_utilisation is None


def test_read_bytes_are_told_where_they_are_known() -> None:
    told = run(2)
    told.read_bytes += 10
    told.read_bytes += 20
    assert told.finish()[1].read_bytes == 30
    assert run(2).finish()[1].read_bytes is None


def test_the_run_costs_what_its_hosts_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDTUNNEL_USD_PER_HOUR", "36")
    observed = run(2).finish()[1]
    assert observed.run_seconds is not None
    assert observed.usd == pytest.approx(observed.run_seconds / 100)
    monkeypatch.delenv("WINDTUNNEL_USD_PER_HOUR")
    assert run(2).finish()[1].usd is None


@pytest.mark.parametrize("told", ["cheap", "-1", "nan", "inf", "3 $"])
def test_a_price_that_is_none_is_refused(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDTUNNEL_USD_PER_HOUR", told)
    with pytest.raises(InputError, match=r"WINDTUNNEL_USD_PER_HOUR: is .+ US dollars"):
        Meter()


def test_a_negative_warm_up_is_refused() -> None:
    with pytest.raises(InputError, match="give 0 or more"):
        Meter(warmup_steps=-1)


def test_this_machine_tells_of_itself() -> None:
    machine = this_machine()
    assert machine.processor
    assert machine.kernel
    assert machine.vcpu is not None
    assert machine.vcpu >= 1
    assert machine.memory_bytes is not None
    assert machine.memory_bytes <= psutil.virtual_memory().total
    assert (machine.accelerators == 0) == (machine.accelerator == "")


def test_versions_need_no_framework_in_memory() -> None:
    program = (
        "import json, sys; from workloads.meter import versions; told = versions(); "
        "assert 'tensorflow' not in sys.modules; print(json.dumps(told))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert set(json.loads(told.stdout)) >= {"python", "numpy", "tensorflow", "keras"}
    assert versions()["python"] == sys.version.split()[0]


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("2,0", [2, 0]),
        ("1,7,0", [1]),
        ("GPU-b", [1]),
        ("GPU-,0", []),
        ("GPU-a, GPU-c", [0, 2]),
    ],
)
def test_accelerators_are_hidden_as_cuda_hides_them(told: str | None, seen: list[int]) -> None:
    environment = {} if told is None else {"CUDA_VISIBLE_DEVICES": told}
    assert visible(["GPU-a1", "GPU-b2", "GPU-c3"], environment) == seen
