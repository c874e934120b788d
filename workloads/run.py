"""Runs one benchmark on this host, alone or as one worker of several.

    python -m workloads.run small_cnn --out results
    python -m workloads.run gpt --out results --set model.layers=4 --set precision=bf16

Prints one JSON object a line for each event (see ``docs/workloads.md``). Exit code 0 when all
files are written, 1 when the run failed, 2 when something that was given is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from domain.errors import InputError
from workloads.events import tell
from workloads.settings import (
    BENCHMARKS,
    BenchmarkSettings,
    Serve,
    TapeNetwork,
    read_settings,
)
from workloads.training.cluster import Cluster, read_cluster
from workloads.training.outputs import stated_environment


def main(words: Sequence[str] | None = None) -> int:
    """The exit code of a run with these command-line words."""
    options = _parser().parse_args(words)
    try:
        cluster = read_cluster()
        settings = read_settings(options.benchmark, options.config, options.set)
        stated_environment()
        out = _folder(options.out, "--out")
        checkpoints = None
        if options.checkpoints is not None:
            checkpoints = _folder(options.checkpoints, "--checkpoints")
        return _run(options.benchmark, settings, out, checkpoints, cluster)
    except InputError as error:
        tell("failed", reason=str(error))
        print(f"{options.benchmark}: {error}", file=sys.stderr)
        return 2


def _run(
    name: str, settings: BenchmarkSettings, out: Path, checkpoints: Path | None, cluster: Cluster
) -> int:
    # Before TensorFlow is loaded; its notes on optimised builds are no news to anybody.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from workloads.failures import reason_of

    try:
        _start(name, settings, out, checkpoints, cluster)
    except InputError:
        raise
    except Exception as error:
        reason = reason_of(error)
        if reason is None:
            raise
        tell("failed", reason=reason)
        if cluster.workers > 1:
            # The usual way out would wait for collectives that are still open.
            sys.stderr.flush()
            os._exit(1)
        print(f"{name}: {reason}", file=sys.stderr)
        return 1
    return 0


def _start(
    name: str, settings: BenchmarkSettings, out: Path, checkpoints: Path | None, cluster: Cluster
) -> None:
    if name == "tape_network":
        from workloads.training.comparison import run_comparison

        run_comparison(cast(TapeNetwork, settings), out, cluster)
    elif name == "serve":
        from workloads.serving.run import run_serving

        run_serving(cast(Serve, settings), out, cluster)
    else:
        from workloads.training.run import run_training

        run_training(name, settings, out, checkpoints, cluster)


def _folder(path: Path, option: str) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"no folder can be made there: {error.strerror}", where=f"{option} {path}"
        ) from None
    if not os.access(path, os.W_OK):
        raise InputError("nothing can be written there", where=f"{option} {path}")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workloads.run",
        description="Runs one TensorFlow benchmark on this host and measures it.",
        epilog="Example: python -m workloads.run small_cnn --out results --set epochs=3",
    )
    parser.add_argument("benchmark", metavar="BENCHMARK", help=", ".join(BENCHMARKS))
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="Where results are written."
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="Settings in JSON.")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="One setting, like preset=paper, global_batch=64 or model.layers=4.",
    )
    parser.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        help="Where checkpoints are kept (setting checkpoint_steps); a run goes on from there.",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
