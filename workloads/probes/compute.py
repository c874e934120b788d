"""What the accelerator does: products, convolutions, memory, launches.

Kernels are asked for one by one, as TensorFlow does outside of compiled steps, and the end of
the last one is waited for: an accelerator works through them in order, and the host is ahead of
it unless kernels are tiny. XLA is left out, since it would drop all but one of equal products.

``tf32`` and ``fp32`` are the same tensors with and without TensorFloat-32, which only some
accelerators have; elsewhere the products of 32-bit tensors are ``fp32``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from domain.probe import ConvolutionProbe, MatmulProbe, MemoryProbe, ProbedPrecision
from workloads.probes.timing import time_runs

TYPES = {"fp32": tf.float32, "tf32": tf.float32, "fp16": tf.float16, "bf16": tf.bfloat16}

# Image sizes, channels and kernels of ResNet-50's convolutions that keep the size (He et al.,
# "Deep Residual Learning", 2015, table 1), which are most of its work.
CONVOLUTIONS = ((56, 64, 64, 3), (28, 128, 128, 3), (14, 256, 256, 3), (56, 64, 256, 1))

# One Transformer layer's product for few tokens is narrow: rows, columns, depth.
NARROW = ((16, 4096, 1024), (128, 4096, 1024))

_CHAIN = 500


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is probed, and how long each may take."""

    precisions: tuple[ProbedPrecision, ...]
    square: tuple[int, ...]
    narrow: tuple[tuple[int, int, int], ...]
    convolution_batch: int
    buffers_mib: tuple[int, ...]
    seconds_each: float


def sizes(*, quick: bool) -> Sizes:
    """What suits the accelerator of this host."""
    if gpus := tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(gpus[0])
        # TensorFloat-32 and bfloat16 came with Ampere, compute capability 8.0 (CUDA C++
        # Programming Guide, table of arithmetic throughput).
        ampere = details.get("compute_capability", (8, 0)) >= (8, 0)
        every: tuple[ProbedPrecision, ...] = ("tf32", "fp32", "bf16", "fp16")
        some: tuple[ProbedPrecision, ...] = ("tf32", "bf16", "fp16")
        small = (256, 1024, 2048, 4096, 8192)
        return Sizes(
            precisions=(some if quick else every) if ampere else ("fp32", "fp16"),
            square=small if quick else (128, 512, *small, 16384),
            narrow=NARROW,
            convolution_batch=64,
            buffers_mib=(1, 64, 1024) if quick else (1, 4, 16, 64, 256, 1024, 4096),
            seconds_each=0.5 if quick else 2.0,
        )
    return Sizes(
        # Processors without 16-bit arithmetic emulate fp16, which nobody trains with there.
        precisions=("fp32", "bf16") if quick else ("fp32", "bf16", "fp16"),
        square=(64, 256, 1024, 2048) if quick else (64, 128, 256, 512, 1024, 2048, 4096),
        narrow=NARROW[1:] if quick else NARROW,
        convolution_batch=8,
        buffers_mib=(1, 32, 128) if quick else (1, 4, 16, 64, 128, 256),
        seconds_each=0.7 if quick else 3.0,
    )


def products(chosen: Sizes, done: Callable[[str], None]) -> Iterator[MatmulProbe]:
    """Products by precision, small ones first."""
    shapes = sorted([(each,) * 3 for each in chosen.square] + list(chosen.narrow), key=math.prod)
    for precision in chosen.precisions:
        rate = 0.0
        for m, n, k in shapes:
            done(f"product {precision} {m} × {n} × {k}")
            flops = 2.0 * m * n * k
            # One that would take many times its share is left out, and so are larger ones.
            if rate and flops / rate > 3.0 * chosen.seconds_each:
                continue
            left, right = _random(precision, m, k), _random(precision, k, n)
            with _tensor_float(precision == "tf32"):
                timing = time_runs(
                    _in_a_row(partial(tf.linalg.matmul, left, right)), chosen.seconds_each
                )
            rate = max(rate, flops / timing.seconds)
            yield MatmulProbe(
                precision=precision,
                m=m,
                n=n,
                k=k,
                seconds=timing.seconds,
                deviation_seconds=timing.deviation_seconds,
                runs=timing.runs,
            )


def convolutions(chosen: Sizes, done: Callable[[str], None]) -> Iterator[ConvolutionProbe]:
    """Convolutions by precision, images last in memory by channel (NHWC)."""
    batch = chosen.convolution_batch
    for precision in chosen.precisions:
        for size, channels_in, channels_out, kernel in CONVOLUTIONS:
            done(f"convolution {precision} {size}², {channels_in} → {channels_out}, {kernel}²")
            images = _random(precision, batch, size, size, channels_in)
            filters = _random(precision, kernel, kernel, channels_in, channels_out)
            with _tensor_float(precision == "tf32"):
                timing = time_runs(
                    _in_a_row(partial(tf.nn.conv2d, images, filters, 1, "SAME")),
                    chosen.seconds_each,
                )
            yield ConvolutionProbe(
                precision=precision,
                batch=batch,
                size=size,
                channels_in=channels_in,
                channels_out=channels_out,
                kernel=kernel,
                seconds=timing.seconds,
                deviation_seconds=timing.deviation_seconds,
                runs=timing.runs,
            )


def copies(chosen: Sizes, done: Callable[[str], None]) -> Iterator[MemoryProbe]:
    """Additions into a buffer in place, as an optimizer does: two reads and a write each."""
    for mib in chosen.buffers_mib:
        done(f"memory {mib} MiB")
        elements = mib * (1 << 20) // 4
        buffer = tf.Variable(tf.zeros([elements]))
        change = tf.ones([elements])

        def add(n: int, buffer: Any = buffer, change: Any = change) -> None:
            for _ in range(n):
                buffer.assign_add(change)
            _wait(buffer.value()[:1])

        timing = time_runs(add, chosen.seconds_each)
        yield MemoryProbe(
            bytes=3.0 * 4.0 * elements,
            seconds=timing.seconds,
            deviation_seconds=timing.deviation_seconds,
            runs=timing.runs,
        )


def launch_seconds(chosen: Sizes, done: Callable[[str], None]) -> float:
    """Seconds of a kernel on one number, in a compiled chain of which each needs the last."""
    done("launch in a step")

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator, unused-ignore]
    def chain(value: Any) -> Any:
        for _ in range(_CHAIN):
            value = tf.sin(value)
        return value

    start = tf.constant(1.0)

    def run(n: int) -> None:
        for _ in range(n):
            value = chain(start)
        _wait(value)

    return time_runs(run, chosen.seconds_each).seconds / _CHAIN


def host_launch_seconds(chosen: Sizes, done: Callable[[str], None]) -> float:
    """Seconds in which the host asks for one kernel from Python."""
    done("launch from Python")
    start = tf.constant(1.0)
    return time_runs(_in_a_row(lambda: tf.sin(start)), chosen.seconds_each).seconds


def steps(chosen: Sizes) -> int:
    """How many probes that is."""
    each = len(chosen.square) + len(chosen.narrow) + len(CONVOLUTIONS)
    return len(chosen.precisions) * each + len(chosen.buffers_mib) + 2


def _in_a_row(work: Callable[[], Any]) -> Callable[[int], None]:
    def run(n: int) -> None:
        for _ in range(n):
            result = work()
        _wait(result)

    return run


def _wait(result: Any) -> None:
    """Until it is there: one number of it is brought to the host."""
    tf.reshape(result, [-1])[0].numpy()


def _random(precision: ProbedPrecision, *shape: int) -> Any:
    # Small enough that sums of products stay far from what 16 bits can hold.
    return tf.cast(tf.random.normal(shape, stddev=0.05), TYPES[precision])


class _tensor_float:  # noqa: N801, reads as a word in front of a block
    """Multiplies 32-bit tensors in TensorFloat-32, or does not, inside of a block."""

    def __init__(self, allowed: bool) -> None:
        self._allowed = allowed

    def __enter__(self) -> None:
        self._before = tf.config.experimental.tensor_float_32_execution_enabled()
        tf.config.experimental.enable_tensor_float_32_execution(self._allowed)

    def __exit__(self, *_: object) -> None:
        tf.config.experimental.enable_tensor_float_32_execution(self._before)
