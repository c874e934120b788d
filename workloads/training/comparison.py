"""The two-layer network with every loss, activation and optimizer asked for, side by side."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import Any

import tensorflow as tf
from matplotlib.figure import Figure

from domain.errors import InputError
from domain.measurement import Observed, Results
from workloads.data.clusters import clusters
from workloads.data.generated import Generated
from workloads.data.source import Order, divided
from workloads.events import tell
from workloads.meter import Meter
from workloads.models.tape_network import TwoLayers, training_step
from workloads.settings import TapeNetwork
from workloads.training.cluster import Cluster
from workloads.training.curves import save
from workloads.training.devices import prepare
from workloads.training.optimizers import Optimizer
from workloads.training.outputs import (
    make_measurement,
    plain,
    write_measurement,
)
from workloads.training.schedules import learning_rate
from workloads.training.tasks import Task
from workloads.writing import write_json

_RATES = {"sgd": 20.0, "momentum": 2.0, "rmsprop": 0.5, "adam": 1.0}
"""Of the learning rate: plain steps need larger ones to come as far."""
_POINTS = 15
"""Of each curve."""


def run_comparison(settings: TapeNetwork, out: Path, cluster: Cluster) -> None:
    """Trains every combination; the last one is what the measurement tells of.

    Raises:
        InputError: settings that this benchmark does not have, or do not fit its data.
    """
    _refuse_what_it_has_not(settings, cluster)
    prepare(settings)
    kind = clusters(settings.features, settings.classes, settings.seed)
    sizes = divided(settings.samples, settings.validation_share, settings.test_share)
    if sizes["train"] < settings.global_batch or not (sizes["validation"] and sizes["test"]):
        raise InputError(
            f"samples {settings.samples} give {sizes['train']} to train on, {sizes['validation']} "
            f"to validate and {sizes['test']} to test with; a batch has {settings.global_batch}"
        )
    source = Generated(kind, sizes, keep_in_memory=True)
    steps = settings.steps or settings.epochs * (sizes["train"] // settings.global_batch)
    tell("started", step=0, steps=steps)
    rows: list[dict[str, Any]] = []
    combinations = list(product(settings.losses, settings.activations, settings.optimizers))
    held = {part: _whole(source, part) for part in ("validation", "test")}
    meter = Meter(min(settings.warmup_steps, steps - 1))
    for number, combination in enumerate(combinations, 1):
        last = number == len(combinations)
        row = _train(settings, source, held, steps, combination, meter if last else None)
        rows.append(row)
        tell("trained", **{key: value for key, value in row.items() if key != "curve"})
    results, observed = meter.finish()
    losses = {"first_loss": rows[-1]["first_loss"], "last_loss": rows[-1]["last_loss"]}
    _write(settings, out, rows, results, observed.model_copy(update=losses))


def _refuse_what_it_has_not(settings: TapeNetwork, cluster: Cluster) -> None:
    if cluster.workers > 1:
        raise InputError("tape_network trains on one worker; unset TF_CONFIG")
    for key, value in (("precision", "fp32"), ("dataset", ""), ("accumulate", 1), ("prune_to", 0)):
        if getattr(settings, key) != value:
            raise InputError(f"tape_network has no {key}; leave it out", where=key)


def _train(
    settings: TapeNetwork,
    source: Generated,
    held: dict[str, Any],
    steps: int,
    combination: tuple[str, str, str],
    meter: Meter | None,
) -> dict[str, Any]:
    loss, activation, optimizer = combination
    network = TwoLayers(
        settings.features, settings.hidden, settings.classes, activation, settings.seed
    )
    update = Optimizer(optimizer, network.trainable_variables)
    step = training_step(network, loss, update)
    order = Order(settings.global_batch, shuffle_seed=settings.seed)
    batches = iter(source.batches("train", order).prefetch(tf.data.AUTOTUNE))
    if meter is not None:
        meter.begin()
    curve: list[list[float]] = []
    value = first = float("nan")
    for number in range(1, steps + 1):
        with meter.waiting_for_input() if meter else nullcontext():
            features, labels = next(batches)
        rate = learning_rate(settings, number - 1, steps) * _RATES[optimizer]
        told = tf.constant(rate), tf.constant(float(number))
        with meter.step() if meter else nullcontext():
            value = float(step(features["features"], labels, *told))
        first = value if number == 1 else first
        if number % max(1, steps // _POINTS) == 0:
            curve.append([number, value, _scores(network, held["validation"])["accuracy"]])
    row = {
        "loss": loss,
        "activation": activation,
        "optimizer": optimizer,
        "learning_rate": settings.learning_rate * _RATES[optimizer],
        "first_loss": first,
        "last_loss": value,
        **_scores(network, held["test"]),
        "curve": curve,
    }
    found: dict[str, Any] = plain(row)
    return found


def _whole(source: Generated, part: Any) -> tuple[Any, Any]:
    features, labels = next(iter(source.batches(part, Order(source.sizes[part]))))
    return features["features"], labels


def _scores(network: TwoLayers, held: tuple[Any, Any]) -> dict[str, float]:
    features, labels = held
    return Task.CLASSES.scores(Task.CLASSES.tally(labels, network(features)))


def _write(
    settings: TapeNetwork,
    out: Path,
    rows: list[dict[str, Any]],
    results: Results,
    observed: Observed,
) -> None:
    best = max(rows, key=lambda row: row["accuracy"])
    report = {
        "benchmark": "tape_network",
        "best": {key: value for key, value in best.items() if key != "curve"},
        "table": rows,
        "curve_columns": ["step", "loss", "validation_accuracy"],
        "settings": settings.model_dump(mode="json", exclude_defaults=True),
    }
    _draw(out / "curves.png", settings, rows)
    write_json(out / "report.json", report)
    last = rows[-1]
    measurement = make_measurement(
        settings,
        results,
        observed,
        replicas=1,
        workers=1,
        micro_batch=settings.global_batch,
        notes="windtunnel benchmark tape_network, "
        f"{last['loss']}, {last['activation']}, {last['optimizer']}",
    )
    write_measurement(out / "measurement.json", measurement)
    tell("done", measurement="measurement.json")


def _draw(path: Path, settings: TapeNetwork, rows: list[dict[str, Any]]) -> None:
    figure = Figure(figsize=(9, 3.2 * len(settings.losses)), layout="constrained")
    panels = figure.subplots(
        len(settings.losses), len(settings.activations), squeeze=False, sharex=True, sharey=True
    )
    for row in rows:
        panel = panels[settings.losses.index(row["loss"])]
        axes = panel[settings.activations.index(row["activation"])]
        numbers = [point[0] for point in row["curve"]]
        axes.plot(numbers, [point[2] for point in row["curve"]], label=row["optimizer"])
        axes.set(title=f"{row['loss']}, {row['activation']}", ylim=(0, 1.02))
    panels[0][0].legend(frameon=False)
    figure.supxlabel("step")
    figure.supylabel("validation accuracy")
    save(path, figure)
