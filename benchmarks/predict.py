"""Rows per second of tables of runs, from file to file: ``python -m benchmarks.predict``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from domain.catalog import load_catalog
from simulator.study.calibrated import load_calibrated
from simulator.study.point_predictions import predict_points
from simulator.study.point_tables import read_run_table, write_predictions
from simulator.study.points import resolve_points

ROWS = 200_000


def random_runs(models: tuple[str, ...], count: int) -> pd.DataFrame:
    draw = np.random.default_rng(1)
    nodes = draw.choice([1, 2, 4, 8, 16], count)
    return pd.DataFrame(
        {
            "id": [f"r{number}" for number in range(count)],
            "model": draw.choice(models, count),
            "framework": draw.choice(["pytorch", "megatron"], count),
            "accelerator": draw.choice(["a100-sxm4-80gb", "h100-sxm5-80gb"], count),
            "accelerators_per_node": 8,
            "nodes": nodes,
            "total_accelerators": 8 * nodes,
            "precision": draw.choice(["bf16", "fp16"], count),
            "per_device_batch": draw.choice([1, 2, 4, 8], count),
            "global_batch": 8 * nodes * draw.choice([8, 16, 32], count),
            "tp": draw.choice([1, 2, 4, 8], count),
            "pp": 1,
            "recompute": draw.choice(["", "full"], count),
            "unit": "samples/s",
            "throughput": "",
        }
    )


def main() -> None:
    parts = ("read", "resolve", "predict", "write")
    print(f"{'models':28}{'rows':>10}" + "".join(f"{each:>10}" for each in parts), end="")
    print(f"{'seconds':>10}{'rows/s':>12}")
    catalog, calibrated = load_catalog(), load_calibrated()
    for models in (("gpt3-13b",), ("resnet50",), ("gpt3-13b", "bert-large", "llama2-7b")):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "runs.csv"
            table = random_runs(models, ROWS)
            if models == ("resnet50",):
                table["tp"] = 1
            table.to_csv(path, index=False)
            times = [time.perf_counter()]
            runs = read_run_table(path)
            frame = runs.frame()
            times.append(time.perf_counter())
            points = resolve_points(frame, catalog)
            times.append(time.perf_counter())
            found = predict_points(points, calibrated)
            times.append(time.perf_counter())
            with (Path(folder) / "out.csv").open("wb") as file:
                write_predictions(file, runs, points, found)
            times.append(time.perf_counter())
        took = np.diff(times)
        print(
            f"{', '.join(models):28}{ROWS:>10,}" + "".join(f"{each:>10.2f}" for each in took),
            end="",
        )
        print(f"{took.sum():>10.2f}{ROWS / took.sum():>12,.0f}")


if __name__ == "__main__":
    main()
