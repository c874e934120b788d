"""Runs one trained benchmark and writes what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workloads.events import tell
from workloads.models import benchmark as find_benchmark
from workloads.readers import explained
from workloads.settings import BenchmarkSettings
from workloads.training.cluster import Cluster
from workloads.training.curves import draw_history
from workloads.training.loop import Loop, Trained
from workloads.training.outputs import (
    make_measurement,
    plain,
    write_measurement,
)
from workloads.writing import write_json


def run_training(
    name: str, settings: BenchmarkSettings, out: Path, checkpoints: Path | None, cluster: Cluster
) -> Trained:
    """Trains benchmark ``name``; the chief writes its files to ``out``.

    Raises:
        InputError: settings that do not fit the devices, the data or the environment.
        RunFailed: it did not come to its end.
    """
    with explained(settings.dataset or "dataset"):
        done = Loop(find_benchmark(name), settings, cluster, checkpoints).run()
    if cluster.is_chief:
        _write(name, settings, out, cluster, done)
    return done


def _write(
    name: str, settings: BenchmarkSettings, out: Path, cluster: Cluster, done: Trained
) -> None:
    draw_history(out / "curves.png", name, done.history)
    write_json(out / "report.json", plain(_report(name, settings, done)))
    if settings.export:
        from workloads.serving.export import export

        export(done.trained.model, out / "saved_model")
    losses = {"first_loss": done.history.first_loss, "last_loss": done.history.last_loss}
    measurement = make_measurement(
        settings,
        done.results,
        done.observed.model_copy(update=losses),
        replicas=done.replicas,
        workers=cluster.workers,
        micro_batch=done.micro_batch,
        notes=f"windtunnel benchmark {name}, preset {settings.preset}",
    )
    write_measurement(out / "measurement.json", measurement)
    tell("done", measurement="measurement.json")


def _report(name: str, settings: BenchmarkSettings, done: Trained) -> dict[str, Any]:
    history, trained = done.history, done.trained
    report: dict[str, Any] = {
        "benchmark": name,
        "parameters": sum(int(each.shape.num_elements()) for each in trained.weights),
        "steps": done.steps,
        "stopped_early": done.stopped_early,
        "samples": done.sizes,
        "first_loss": history.first_loss,
        "last_loss": history.last_loss,
        "validation": history.validation[-1] if history.validation else None,
        "test": done.test or None,
    }
    if trained.pruning.kernels:
        report["zeros_share"] = trained.pruning.zeros_share()
    report["curves"] = {"training": history.training, "validation": history.validation}
    report["settings"] = settings.model_dump(mode="json", exclude_defaults=True)
    return report
