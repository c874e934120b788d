"""Probes measure what they say, whatever the clock does, and describe what they measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from s3_server import KEYS, free_port, s3_server

from domain.errors import InputError
from domain.measurement import MeasuredMachine
from domain.probe import (
    AllReduceProbe,
    ConvolutionProbe,
    MatmulProbe,
    MemoryProbe,
    Probes,
    StorageProbe,
    describe,
    described_id,
    read_probes,
)
from workloads.probes.table import described, table
from workloads.probes.timing import around_median, time_runs

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def tf() -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what TensorFlow deprecates is its own affair
        import tensorflow

    return tensorflow


def nothing(_: str) -> None:
    """Nobody wants to hear of progress."""


class World:
    """Time that passes only while work is done."""

    def __init__(self, seconds_each: Callable[[], float]) -> None:
        self.now, self.runs = 0.0, 0
        self._seconds_each = seconds_each

    def run(self, n: int) -> None:
        self.runs += n
        self.now += sum(self._seconds_each() for _ in range(n))

    def clock(self) -> float:
        return self.now


@settings(deadline=None)
@given(seconds=st.floats(1e-6, 10.0), budget=st.floats(0.01, 5.0))
def test_steady_work_is_timed_as_it_is(seconds: float, budget: float) -> None:
    world = World(lambda: seconds)
    timing = time_runs(world.run, budget, clock=world.clock)
    assert timing.seconds == pytest.approx(seconds, rel=1e-6)
    assert timing.deviation_seconds == pytest.approx(0.0, abs=seconds * 1e-6)
    # Beyond the budget: the warm-up, growing batches, and the fewest that are timed.
    assert world.now <= budget + 6 * max(seconds, 0.05)
    assert timing.runs >= 3


def test_noisy_work_is_repeated_until_time_is_up() -> None:
    noise = iter([0.01, 0.03] * 10_000)
    world = World(lambda: next(noise))
    timing = time_runs(world.run, 1.0, clock=world.clock)
    assert 0.01 <= timing.seconds <= 0.03
    assert 1.0 <= world.now < 1.1


def test_a_hiccup_does_not_move_the_median() -> None:
    durations = iter([0.03] * 4 + [9.0] + [0.03] * 1000)
    timing = time_runs((world := World(lambda: next(durations))).run, 20.0, clock=world.clock)
    assert timing.seconds == pytest.approx(0.03)


@given(st.lists(st.floats(0.1, 1e3), min_size=1, max_size=300))
def test_the_interval_holds_the_median(values: list[float]) -> None:
    low, high = around_median(values)
    assert low <= median(values) <= high


def test_the_interval_narrows_with_more_runs() -> None:
    low, high = around_median([float(each) for each in range(1000)])
    assert (low, high) == (469.0, 531.0)


@pytest.fixture(scope="module")
def small(tf: Any) -> Any:
    from workloads.probes.compute import Sizes

    return Sizes(
        precisions=("fp32", "bf16"),
        square=(32, 256),
        narrow=((16, 64, 128),),
        convolution_batch=1,
        buffers_mib=(1, 4),
        seconds_each=0.05,
    )


def test_products_and_convolutions_are_probed_in_each_precision(small: Any) -> None:
    from workloads.probes import compute

    told: list[str] = []
    products = list(compute.products(small, told.append))
    convolutions = list(compute.convolutions(small, told.append))
    assert {(each.precision, each.m, each.n, each.k) for each in products} == {
        (precision, *shape)
        for precision in ("fp32", "bf16")
        for shape in ((32, 32, 32), (256, 256, 256), (16, 64, 128))
    }
    assert len(convolutions) == 2 * len(compute.CONVOLUTIONS)
    copies = list(compute.copies(small, told.append))
    assert [each.bytes for each in copies] == [3 * (1 << 20), 12 * (1 << 20)]
    launch = compute.launch_seconds(small, told.append)
    host = compute.host_launch_seconds(small, told.append)
    assert 0 < launch < 1
    assert 0 < host < 1
    assert len(told) == compute.steps(small)


def test_a_product_that_would_take_too_long_is_left_out(small: Any) -> None:
    from dataclasses import replace

    from workloads.probes import compute

    chosen = replace(
        small, precisions=("fp32",), square=(64, 1 << 14), narrow=(), seconds_each=0.02
    )
    assert [each.m for each in compute.products(chosen, nothing)] == [64]


def test_operations_are_counted_as_tensorflow_counts_them(tf: Any) -> None:
    """The profiler's own count of the graph of one convolution and one product."""
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2_as_graph,
    )

    def flops(function: Any, *shapes: tuple[int, ...]) -> int:
        specs = [tf.TensorSpec(shape, tf.float32) for shape in shapes]
        concrete = tf.function(function).get_concrete_function(*specs)
        _, graph = convert_variables_to_constants_v2_as_graph(concrete)
        with tf.Graph().as_default() as held:
            tf.graph_util.import_graph_def(graph, name="")
            profiler = tf.compat.v1.profiler
            options = profiler.ProfileOptionBuilder.float_operation()
            options["output"] = "none"
            return int(profiler.profile(held, options=options).total_float_ops)

    product = MatmulProbe(precision="fp32", m=8, n=16, k=32, seconds=1)
    assert product.flops == flops(tf.linalg.matmul, (8, 32), (32, 16))
    one = ConvolutionProbe(
        precision="fp32", batch=2, size=14, channels_in=4, channels_out=8, kernel=3, seconds=1
    )
    assert one.flops == flops(
        lambda x, w: tf.nn.conv2d(x, w, 1, "SAME"), (2, 14, 14, 4), (3, 3, 4, 8)
    )


def run(*words: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "workloads.probes", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def two_workers(out: Path) -> list[subprocess.Popen[str]]:
    workers = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    return [
        run(
            *("--out", out / str(index), "--quick", "--network", "--no-compute"),
            TF_CONFIG=json.dumps(
                {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
            ),
        )
        for index in range(2)
    ]


def test_two_workers_exchange_and_the_chief_writes(tmp_path: Path) -> None:
    processes = two_workers(tmp_path)
    try:
        told = [process.communicate(timeout=300) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], told
    probes = read_probes(tmp_path / "0" / "probes.json")
    assert [(each.ranks, each.between) for each in probes.all_reduce] == [(2, "hosts")] * 5
    assert probes.round_trip_seconds is not None
    assert not list((tmp_path / "1").iterdir())
    events = [json.loads(line) for line in told[0][0].splitlines()]
    assert [each["event"] for each in events] == ["started", *["progress"] * 6, "done"]
    assert events[0]["steps"] == events[-2]["step"] == 6
    assert "all-reduce, 2 hosts, 4 B" in told[0][1]


def test_a_worker_that_is_lost_ends_the_probing(tmp_path: Path) -> None:
    chief, other = two_workers(tmp_path)
    try:
        assert chief.stdout is not None
        while '"step": 2' not in (line := chief.stdout.readline()):
            assert line, "the chief ended before"
        other.kill()
        told, _ = chief.communicate(timeout=300)
    finally:
        chief.kill()
        other.communicate()
    assert chief.returncode == 1
    failed = json.loads(told.splitlines()[-1])
    assert failed["event"] == "failed"
    assert failed["reason"].startswith("a worker or its network is gone: ")
    assert not list((tmp_path / "0").iterdir())


def probe_storage(url: str, **more: Any) -> list[StorageProbe]:
    from workloads.probes import storage

    return list(storage.reads(url, (1, 2, 4), 0.05, nothing, **more))


def test_local_files_are_read_at_growing_parallelism(tf: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(bytes(3 << 20))
    (tmp_path / "empty").write_bytes(b"")
    found = probe_storage(str(tmp_path), request_bytes=1 << 20)
    # There are three ranges, so four connections would read one of them twice at once.
    assert [(each.kind, each.parallelism) for each in found] == [("local", 1), ("local", 2)]
    assert all(each.bytes == each.runs << 20 for each in found)
    assert all(each.first_byte_seconds for each in found)


def test_a_bucket_is_read_at_growing_parallelism(tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as address:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import boto3

            client = boto3.client("s3")
            client.create_bucket(Bucket="probed")
            client.put_object(Bucket="probed", Key="a", Body=bytes(1 << 20))
            client.close()
        found = probe_storage("s3://probed", request_bytes=1 << 18)
        assert [(each.kind, each.parallelism) for each in found] == [("s3", n) for n in (1, 2, 4)]
        assert all(each.bytes == each.runs << 18 for each in found)
        with pytest.raises(InputError, match="s3://absent: there is no bucket"):
            probe_storage("s3://absent/x")


def test_storage_without_a_byte_is_refused(tf: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(InputError, match="holds empty files only"):
        probe_storage(str(tmp_path))


def test_probing_storage_alone_keeps_what_was_there(
    tf: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from workloads.probes.__main__ import main

    (tmp_path / "data").write_bytes(bytes(1 << 20))
    out = tmp_path / "out"
    words = ["--out", str(out), "--quick", "--no-compute", "--storage"]
    assert main([*words, str(tmp_path / "data")]) == 0
    before = (out / "probes.json").read_bytes()
    assert main([*words, str(tmp_path / "none")]) == 2
    told = capsys.readouterr()
    failed = json.loads(told.out.splitlines()[-1])
    assert failed["event"] == "failed"
    assert failed["reason"].endswith("none: there is no such file or folder")
    assert [each.name for each in out.iterdir()] == ["probes.json"]
    assert (out / "probes.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "tf_config", "message"),
    [
        (["--no-compute"], "", "nothing is left to probe"),
        (["--network"], "", "--network: needs somebody to exchange with"),
        (["--network"], "{", "TF_CONFIG: is not what TensorFlow reads"),
        (["--network"], '{"cluster": {"worker": ["a:1", "b"]}}', "TF_CONFIG: is not"),
        (
            ["--network"],
            '{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 2}}',
            "there is no worker 2 among 2",
        ),
    ],
)
def test_what_cannot_be_probed_is_said(
    words: list[str],
    tf_config: str,
    message: str,
    tf: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from workloads.probes.__main__ import main

    monkeypatch.setenv("TF_CONFIG", tf_config)
    assert main(["--out", str(tmp_path), *words]) == 2
    told = capsys.readouterr()
    assert message in json.loads(told.out)["reason"]
    assert message in told.err


SOME = Probes(
    machine=MeasuredMachine(processor="AMD EPYC", vcpu=2, memory_bytes=8 * 2.0**30),
    matmul=(
        MatmulProbe(precision="fp32", m=10, n=10, k=10, seconds=1e-6),
        MatmulProbe(precision="fp32", m=1000, n=1000, k=1000, seconds=0.02, runs=7),
    ),
    convolution=(
        ConvolutionProbe(
            precision="bf16",
            batch=1,
            size=10,
            channels_in=10,
            channels_out=10,
            kernel=1,
            seconds=1e-6,
        ),
    ),
    memory=(MemoryProbe(bytes=1e6, seconds=1e-6), MemoryProbe(bytes=1e9, seconds=0.1)),
    launch_seconds=1e-6,
    all_reduce=(AllReduceProbe(ranks=4, bytes=2e8, seconds=0.3),),
    storage=(
        StorageProbe(kind="s3", parallelism=4, bytes=1e9, seconds=10.0, first_byte_seconds=0.03),
    ),
    taken_at=datetime(2026, 11, 25, tzinfo=UTC),
)


def test_probes_describe_the_accelerator() -> None:
    assert describe(SOME) == {
        "id": "amd-epyc-2-vcpu",
        "peak_flops": {"fp32": "100 GFLOP/s", "bf16": "20 GFLOP/s"},
        "memory_bandwidth": "10 GB/s",
        "memory": "8 GiB",
        "network": "1 GB/s",
    }
    assert describe(SOME, "lab")["id"] == "lab"
    with pytest.raises(InputError, match="no products or no memory"):
        describe(Probes(memory=SOME.memory))


def test_the_description_is_yaml() -> None:
    import yaml

    text = described(SOME)
    assert text is not None
    assert yaml.safe_load(text) == describe(SOME)
    assert described(Probes()) is None


def test_an_id_is_one_word() -> None:
    assert described_id(MeasuredMachine(accelerator="NVIDIA H100 80GB HBM3")) == (
        "nvidia-h100-80gb-hbm3"
    )
    long = described_id(MeasuredMachine(processor="Intel(R) Xeon(R) " * 9))
    assert len(long) <= 64
    assert not long.endswith("-")
    assert described_id(MeasuredMachine()).startswith("host")


def test_people_get_rates() -> None:
    lines = table(SOME).splitlines()
    assert any("fp32, 1000 × 1000" in line and "100 GFLOP/s" in line for line in lines)
    assert any("storage s3, 4 at once" in line and "100 MB/s" in line for line in lines)


def test_probes_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "probes.json"
    path.write_text(json.dumps(SOME.model_dump(mode="json", exclude_defaults=True)))
    assert read_probes(path) == SOME


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no probes, which are a JSON object"),
        ('{"matmull": []}', "did you mean 'matmul'"),
        ('{"memory": [{"bytes": 1, "seconds": 0}]}', "seconds"),
        ('{"all_reduce": [{"ranks": 1, "bytes": 1, "seconds": 1}]}', "ranks"),
    ],
)
def test_a_file_that_holds_no_probes_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "probes.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_probes(path)
    with pytest.raises(InputError, match="there is no such file of probes; did you mean"):
        read_probes(tmp_path / "probe.json")
