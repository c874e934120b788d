"""Configurations per second of the vectorised step model: ``python -m benchmarks.models``."""

from __future__ import annotations

import time

import numpy as np

from domain.model_facts import resolve_model
from simulator.models import StepInputs, predict_training_step


def random_inputs(count: int) -> StepInputs:
    draw = np.random.default_rng(1)
    return StepInputs(
        peak_flops=draw.uniform(5e13, 1e15, count),
        memory_bytes_per_second=draw.uniform(3e11, 4e12, count),
        accelerator_memory_bytes=draw.choice([16, 24, 40, 80], count) * 2.0**30,
        accelerators_per_node=draw.choice([1, 4, 8, 16], count),
        nodes=draw.choice([1, 2, 4, 8, 16], count),
        global_batch=draw.choice([256, 1024, 4096], count),
        format_code=draw.choice([1, 2, 3], count),
        element_bytes=draw.choice([2.0, 4.0], count),
        link_bytes_per_second=draw.uniform(1e10, 9e11, count),
        network_bytes_per_second=draw.uniform(1e9, 4e11, count),
        torus_dimensions=draw.choice([0, 2, 3], count),
        vcpus_per_node=draw.choice([8, 96, 192], count),
        storage_bytes_per_second=draw.uniform(1e8, 1e10, count),
    )


def main() -> None:
    print(f"{'model':14}{'configurations':>16}{'CPU seconds':>14}{'per CPU second':>16}")
    for name in ("resnet50", "bert-large", "dlrm"):
        facts = resolve_model(name)
        for count in (100_000, 1_000_000):
            inputs = random_inputs(count)
            start = time.process_time()
            predict_training_step(facts, inputs)
            seconds = time.process_time() - start
            print(f"{name:14}{count:>16,}{seconds:>14.3f}{count / seconds:>16,.0f}")


if __name__ == "__main__":
    main()
