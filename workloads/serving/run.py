"""Exports a trained model, loads it again, and serves it: latencies and throughput."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from domain.errors import InputError
from domain.located import Located
from domain.measurement import MeasuredWorkload, Measurement, Results
from workloads.data.sample import SampleKind
from workloads.events import tell
from workloads.meter import Meter, this_machine, versions
from workloads.models import benchmark as find_benchmark
from workloads.serving.batching import Batcher, Sample
from workloads.serving.clients import at_random, in_turn
from workloads.serving.export import Served, export
from workloads.settings import BenchmarkSettings, Serve
from workloads.settings.reading import settings_of
from workloads.training.cluster import Cluster
from workloads.training.curves import save
from workloads.training.loop import Loop
from workloads.training.outputs import (
    own_environment,
    plain,
    stated_environment,
    write_measurement,
)
from workloads.writing import write_json

_PERCENTILES = (50, 90, 95, 99)
_DISTINCT = 64
"""Different samples that are asked about; more would only take longer to generate."""


def run_serving(settings: Serve, out: Path, cluster: Cluster) -> None:
    """Trains or takes the model, asks it, and writes the report.

    Raises:
        InputError: settings of the served benchmark that are wrong, or a folder without a model.
        RunFailed: the training did not come to its end.
    """
    if cluster.workers > 1:
        raise InputError("serve runs on one worker; unset TF_CONFIG")
    given = Located(dict(settings.training), "--set training")
    trained = settings_of(settings.served, given)
    benchmark = find_benchmark(settings.served)
    kind = benchmark.samples(trained)
    if settings.saved_model:
        folder = Path(settings.saved_model)
    else:
        folder = out / "saved_model"
        export(Loop(benchmark, trained, cluster).run().trained.model, folder)
    served = Served(folder)
    _matches(served, kind, settings, folder)
    shape = settings.serving
    distinct = _samples(kind, min(_DISTINCT, shape.requests))
    asked = [distinct[number % len(distinct)] for number in range(shape.requests)]
    for size in range(1, shape.batch + 1):
        # Every size of batch once, so that no request pays for the first time of its size.
        served.predict({name: np.stack([distinct[0][name]] * size) for name in distinct[0]})
    tell("started", step=0, steps=shape.requests)
    meter = Meter(warmup_steps=0)
    meter.begin()
    with (
        meter.step(),
        Batcher(served.predict, size=shape.batch, timeout_seconds=shape.timeout_seconds) as batcher,
    ):
        if shape.arrivals == "closed":
            latencies, seconds = in_turn(batcher.ask, asked, shape.clients)
        else:
            latencies, seconds = at_random(
                batcher.ask, asked, shape.requests_per_second, settings.seed
            )
    _, observed = meter.finish()
    throughput = shape.requests / seconds
    report = {
        "benchmark": "serve",
        "served": settings.served,
        "model": trained.descriptor,
        "requests": shape.requests,
        "seconds": seconds,
        "throughput_samples_per_second": throughput,
        "latency_seconds": _latency(latencies),
        "mean_batch": float(np.mean(batcher.batch_sizes)),
        "batches": len(batcher.batch_sizes),
        "busy_share": min(1.0, batcher.busy_seconds / seconds),
        "settings": settings.model_dump(mode="json", exclude_defaults=True),
    }
    _draw(out / "curves.png", settings.served, latencies, batcher.batch_sizes)
    write_json(out / "report.json", plain(report))
    machine = this_machine()
    measurement = Measurement(
        environment=stated_environment() or own_environment(machine, 1, 1),
        workload=_workload(settings, trained),
        results=Results(throughput_samples_per_second=throughput),
        machine=machine,
        observed=observed.model_copy(update={"input_stall_share": None}),
        versions=versions(),
        taken_at=datetime.now(UTC).replace(microsecond=0),
        notes=f"windtunnel benchmark serve of {settings.served}",
    )
    write_measurement(out / "measurement.json", measurement)
    tell("done", measurement="measurement.json")


def _matches(served: Served, kind: SampleKind, settings: Serve, folder: Path) -> None:
    wanted = {name: field.shape for name, field in kind.features.items()}
    if served.features != wanted:
        raise InputError(
            f"takes {served.features}, but {settings.served} with these settings gives {wanted}; "
            "set served and training as the model was trained",
            where=f"saved_model {folder}",
        )


def _samples(kind: SampleKind, number: int) -> list[Sample]:
    drawn = [kind.draw(tf.constant(each, tf.int64))[0] for each in range(number)]
    return [{name: value.numpy() for name, value in sample.items()} for sample in drawn]


def _latency(latencies: list[float]) -> dict[str, float]:
    found = np.percentile(latencies, _PERCENTILES)
    named = {
        f"p{percent}": float(value) for percent, value in zip(_PERCENTILES, found, strict=True)
    }
    return {"mean": float(np.mean(latencies)), **named, "largest": max(latencies)}


def _workload(settings: Serve, trained: BenchmarkSettings) -> MeasuredWorkload:
    return MeasuredWorkload(
        model=trained.descriptor,
        framework="tensorflow",
        precision=trained.precision,
        global_batch=settings.serving.batch,
        sequence=trained.sequence,
        image_size=trained.image_size,
        input_data="generated",
        phase="inference",
    )


def _draw(path: Path, name: str, latencies: list[float], batch_sizes: list[int]) -> None:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    times, batches = figure.subplots(1, 2)
    milliseconds = np.sort(latencies) * 1e3
    times.plot(milliseconds, np.linspace(0, 1, len(milliseconds)), color="#3b6ea5")
    times.set(
        title=f"{name}: latency", xlabel="milliseconds", ylabel="share answered", xlim=(0, None)
    )
    sizes: Any = np.arange(1, max(batch_sizes) + 2) - 0.5
    batches.hist(batch_sizes, bins=sizes, color="#d1603d")
    batches.set(title="batches", xlabel="requests in one", ylabel="how many")
    save(path, figure)
