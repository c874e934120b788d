"""What is shown of a launch while it runs: progress without a terminal, and no noise."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from domain.hosts import Host
from windtunnel.launch_noise import is_noise
from windtunnel.launch_screen import Screen

HOSTS = (Host(address="10.0.0.1"), Host(address="10.0.0.2"))


def test_without_a_terminal_a_line_is_told_every_ten_seconds() -> None:
    text, now = io.StringIO(), [100.0]
    screen = Screen(Console(file=text), 3.6, clock=lambda: now[0])
    for step in range(1, 26):
        now[0] += 1.0
        for host in HOSTS:
            event = {"event": "progress", "step": step, "steps": 25}
            screen.event(host, event | {"step_seconds": 0.25, "loss": 1.5})
    assert text.getvalue().splitlines() == [
        "step 1 of 25 · 0.25 s a step · loss 1.5 · $0.001",
        "step 11 of 25 · 0.25 s a step · loss 1.5 · $0.011",
        "step 21 of 25 · 0.25 s a step · loss 1.5 · $0.021",
    ]


def test_what_is_spent_is_left_out_where_no_price_is_known() -> None:
    text = io.StringIO()
    screen = Screen(Console(file=text), None)
    screen.event(HOSTS[0], {"event": "progress", "step": 1, "steps": 9, "loss": 2.0})
    assert text.getvalue() == "step 1 of 9 · loss 2\n"


@pytest.mark.parametrize(
    "line",
    [
        "2025-11-26 00:10:00.123456: E external/local_xla/xla/stream_executor/cuda/cuda_platform"
        ".cc:51] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR",
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "I0000 00:00:1764115200.123456    1234 grpc_server_lib.cc:465] Started server with target: "
        "grpc://127.0.0.1:4711",
        "E0000 00:00:1764115200.1  12 cuda_dnn.cc:8579] Unable to register cuDNN factory: already",
        "2025-11-26 00:10:00.1: I tensorflow/core/util/port.cc:153] oneDNN custom operations are "
        "on. You may see slightly different numerical results",
        "To enable the following instructions: AVX2 FMA, rebuild TensorFlow with the flags.",
    ],
)
def test_what_tensorflow_prints_at_its_start_is_not_shown(line: str) -> None:
    assert is_noise(line)
    text = io.StringIO()
    Screen(Console(file=text), None).log(HOSTS[0], line)
    assert text.getvalue() == ""


@pytest.mark.parametrize(
    "line",
    [
        "ModuleNotFoundError: No module named 'keras'",
        "2025-11-26 00:10:00.1: W tensorflow/core/framework/op_kernel.cc:1844] OP_REQUIRES failed "
        "at conv_ops.cc:1: RESOURCE_EXHAUSTED: out of memory",
        "E0000 00:00:1764115200.1  12 cuda_driver.cc:1] CUDA_ERROR_ILLEGAL_ADDRESS",
        "I had 3 apples",
    ],
)
def test_what_went_wrong_is_shown(line: str) -> None:
    text = io.StringIO()
    Screen(Console(file=text, width=400), None).log(HOSTS[0], line)
    assert text.getvalue() == f"[10.0.0.1] {line}\n"
