"""The benchmarks that are trained by the common loop, by name."""

from __future__ import annotations

from importlib import import_module

from workloads.models.benchmark import Benchmark as Benchmark

TRAINED = ("small_cnn", "mlp", "resnet50", "bert", "gpt", "dlrm")


def benchmark(name: str) -> Benchmark:
    """The benchmark of one of the names in ``TRAINED``; imports its module alone."""
    found: Benchmark = import_module(f"workloads.models.{name}").BENCHMARK
    return found
