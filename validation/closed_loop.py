"""Predicted against measured on the machine that this runs on, at four states of knowledge.

``python -m validation.closed_loop --out DIR`` probes the machine, times five small runs to
calibrate on, then others to compare with, each several times, and prints the table of
``docs/closed_loop.md``. Nothing that is compared was calibrated on: the last four are models of
the five at another batch, the first five differ in size, and of ResNet-50 no run is among the
five. What is in DIR already is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from domain.described import described_of
from domain.figures import duration
from domain.located import read_yaml
from simulator.study.calibrated import load_calibrated
from simulator.study.compare_measured import Comparison
from windtunnel.measured import compare_files

HOST = "this-host"
# Enough steps for some ten seconds on two slow cores: others share the machine.
_EVALUATE = "evaluate_batches=1"


@dataclass(frozen=True, slots=True)
class Timed:
    """One benchmark at one size."""

    name: str
    benchmark: str
    steps: int
    settings: tuple[str, ...]


def _text(layers: int, width: int, sequence: int, vocabulary: int) -> tuple[str, ...]:
    return (
        "preset=small",
        f"model.layers={layers}",
        f"model.width={width}",
        f"model.sequence={sequence}",
        f"model.vocabulary={vocabulary}",
    )


def _dlrm(bottom: str, top: str, rows: int) -> tuple[str, ...]:
    return (
        "preset=small",
        f"model.bottom={bottom}",
        f"model.top={top}",
        "model.tables=8",
        f"model.table_rows={rows}",
    )


def _cnn(pixels: int, batch: int) -> tuple[str, ...]:
    return (
        "preset=paper",
        f"model.image_size={pixels}",
        f"global_batch={batch}",
        "samples=400",
    )


def _mlp(hidden: str, batch: int) -> tuple[str, ...]:
    return (
        "preset=paper",
        "model.features=784",
        f"model.hidden={hidden}",
        f"global_batch={batch}",
        "samples=8000",
    )


CALIBRATED = (
    Timed("cnn, 64²", "small_cnn", 200, _cnn(64, 16)),
    Timed("mlp, 512 256", "mlp", 700, _mlp("[512,256]", 128)),
    Timed(
        "bert, 2 × 128",
        "bert",
        120,
        (*_text(2, 128, 64, 1000), "model.positions=64", "global_batch=16", "samples=500"),
    ),
    Timed("gpt, 2 × 128", "gpt", 120, (*_text(2, 128, 64, 1000), "global_batch=16", "samples=500")),
    Timed("dlrm, 400 rows", "dlrm", 2500, ("preset=small", "global_batch=256", "samples=8000")),
)
HELD_OUT = (
    Timed("cnn, 96²", "small_cnn", 50, _cnn(96, 32)),
    Timed("mlp, 1024 1024", "mlp", 200, _mlp("[1024,1024]", 256)),
    Timed(
        "bert, 4 × 256",
        "bert",
        40,
        (*_text(4, 256, 128, 2000), "model.positions=128", "global_batch=8", "samples=300"),
    ),
    Timed("gpt, 4 × 256", "gpt", 40, (*_text(4, 256, 128, 2000), "global_batch=8", "samples=300")),
    Timed(
        "dlrm, 20,000 rows",
        "dlrm",
        400,
        (
            *_dlrm("[256,128,32]", "[512,256,1]", 20000),
            "global_batch=1024",
            "samples=40000",
        ),
    ),
    Timed(
        "resnet50, 64²",
        "resnet50",
        25,
        ("preset=paper", "model.image_size=64", "global_batch=8", "samples=200"),
    ),
    Timed("mlp, 512 256, batch 512", "mlp", 300, _mlp("[512,256]", 512)),
    Timed(
        "bert, 2 × 128, batch 48",
        "bert",
        60,
        (*_text(2, 128, 64, 1000), "model.positions=64", "global_batch=48", "samples=1500"),
    ),
    Timed(
        "gpt, 2 × 128, batch 48",
        "gpt",
        60,
        (*_text(2, 128, 64, 1000), "global_batch=48", "samples=1500"),
    ),
    Timed(
        "dlrm, 400 rows, batch 1,024",
        "dlrm",
        1200,
        ("preset=small", "global_batch=1024", "samples=16000"),
    ),
)


def measure(run: Timed, folder: Path, host: Path) -> Path:
    """The measurement of one run, which is made where it is not there yet."""
    path = folder / "measurement.json"
    if path.exists():
        return path
    described = described_of(read_yaml(host, "accelerator").data, str(host))
    environment = {
        "machine": HOST,
        "accelerator": described.model_dump(mode="json", exclude_defaults=True),
        "accelerators_per_node": 1,
    }
    settings = [
        word
        for each in (*run.settings, f"steps={run.steps}", _EVALUATE)
        for word in ("--set", each)
    ]
    _python(
        "workloads.run",
        run.benchmark,
        "--out",
        folder,
        *settings,
        environment={"WINDTUNNEL_ENVIRONMENT": json.dumps(environment)},
    )
    return path


def _python(*words: object, environment: dict[str, str] | None = None) -> None:
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout[-2000:] + done.stderr[-2000:], file=sys.stderr)
        raise SystemExit(f"failed: {' '.join(command)}")


def table(names: Sequence[str], stages: dict[str, list[list[Comparison]]]) -> Iterator[str]:
    """The rows of a Markdown table: runs by stages; of each run all of its repetitions."""
    yield "| run | measured (least to most) | " + " | ".join(stages) + " |"
    yield "|---" * (2 + len(stages)) + "|"
    for at, name in enumerate(names):
        times = [each.measured_step_seconds for each in next(iter(stages.values()))[at]]
        spread = f"{duration(min(times))} to {duration(max(times))}"
        cells = [_cell(found[at]) for found in stages.values()]
        yield f"| {name} | {duration(median(times))} ({spread}) | " + " | ".join(cells) + " |"
    cells = []
    for found in stages.values():
        errors = [abs(_error(some)) for some in found]
        inside = [each.is_inside for some in found for each in some]
        cells.append(f"{median(errors):.0%}; {sum(inside)} of {len(inside)} inside")
    yield "| **median error** | | " + " | ".join(f"**{cell}**" for cell in cells) + " |"


def _error(repetitions: Sequence[Comparison]) -> float:
    """Of the prediction, over the median of what was measured."""
    measured = median(each.measured_step_seconds for each in repetitions)
    return repetitions[0].predicted_step_seconds / measured - 1.0


def _cell(repetitions: Sequence[Comparison]) -> str:
    return f"{duration(repetitions[0].predicted_step_seconds)}, {_error(repetitions):+.0%}"


def main() -> None:
    """Probes, runs, calibrates, prints."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m validation.closed_loop")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    host, probed, calibrated = out / "host.yaml", out / "probed.json", out / "calibrated.json"
    probes = [out / "probes" / str(at) / "probes.json" for at in range(options.repetitions)]
    for each in probes:
        if not each.exists():
            _python("workloads.probes", "--quick", "--out", each.parent)
    how = ("--accelerator", HOST, "--describe", host, "--out", probed, "--force")
    _python("windtunnel", "calibrate", *probes, *how)
    five = [measure(run, out / "five" / str(at), host) for at, run in enumerate(CALIBRATED)]
    _python("windtunnel", "calibrate", *five, "--from", probed, "--out", calibrated, "--force")
    unprobed = out / "unprobed.json"
    _python("windtunnel", "calibrate", *five, "--out", unprobed, "--force")
    paths = [
        [measure(run, out / "held-out" / f"{at}-{time}", host) for at, run in enumerate(HELD_OUT)]
        for time in range(options.repetitions)
    ]
    known = load_calibrated(probed)
    stages: dict[str, list[list[Comparison]]] = {}
    for name, state in (
        ("described", replace(load_calibrated(), accelerators=known.accelerators)),
        ("five runs, no probes", load_calibrated(unprobed)),
        ("probes", known),
        ("probes and five runs", load_calibrated(calibrated)),
    ):
        found = [compare_files(some, state) for some in paths]
        stages[name] = [list(each) for each in zip(*found, strict=True)]
    print("\n".join(table([run.name for run in HELD_OUT], stages)))


if __name__ == "__main__":
    main()
