"""Curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from workloads.training.history import History
from workloads.writing import write_whole


def draw_history(path: Path, title: str, history: History) -> None:
    """Loss and accuracy over the steps, training and validation."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    losses.plot(*_over_steps(history.training, "loss"), label="training", color="#3b6ea5")
    if history.validation:
        marks: dict[str, Any] = {"marker": "o", "markersize": 3}
        losses.plot(
            *_over_steps(history.validation, "loss"), label="validation", color="#d1603d", **marks
        )
        for score in ("accuracy", "precision", "recall", "f1"):
            if score in history.validation[0]:
                scores.plot(*_over_steps(history.validation, score), label=score, **marks)
        scores.legend(frameon=False)
    losses.legend(frameon=False)
    losses.set(title=f"{title}: loss", xlabel="step", ylabel="nats", ylim=(0, None))
    scores.set(title="validation", xlabel="step", ylim=(0, 1.02))
    save(path, figure)


def save(path: Path, figure: Any) -> None:
    """Writes a figure as PNG."""
    FigureCanvasAgg(figure)
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    write_whole(path, lambda aside: figure.savefig(aside, dpi=110))


def _over_steps(points: Sequence[dict[str, float]], key: str) -> tuple[list[float], list[float]]:
    return [point["step"] for point in points], [point[key] for point in points]
