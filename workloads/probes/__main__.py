"""Probes of this host: ``python -m workloads.probes --out DIR``.

Writes ``probes.json`` and, where it suffices for one, ``accelerator.yaml``, the description of
the accelerator. Events go to the standard output, one JSON object a line; the table for people
to the standard error.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import InputError
from domain.probe import Probes
from workloads.events import tell
from workloads.meter import Sampler, this_machine, versions
from workloads.probes.table import described, table
from workloads.writing import write_json, write_whole

if TYPE_CHECKING:
    from workloads.probes.compute import Sizes

# What a desktop or an agent of monitoring takes spoils no probe.
_QUIET = 0.1

EXIT_FAILED, EXIT_WRONG_INPUT = 1, 2


def main(words: list[str] | None = None) -> int:
    """Probes and writes; gives the exit code: 1 the probing failed, 2 wrong input."""
    asked = _arguments().parse_args(words)
    try:
        return _run(asked)
    except InputError as error:
        return _failed(str(error), EXIT_WRONG_INPUT)
    except OSError as error:
        return _failed(f"results cannot be written: {error}", EXIT_FAILED)
    except Exception as error:
        # TensorFlow is not imported before the words were understood; nor is its error here.
        if not _of_tensorflow(error):
            raise
        return _failed(_reason(str(getattr(error, "message", error))), EXIT_FAILED)


def _run(asked: argparse.Namespace) -> int:
    asked.out.mkdir(parents=True, exist_ok=True)
    if not (asked.compute or asked.network or asked.storage):
        raise InputError("nothing is left to probe; add --network or --storage URL")
    from workloads.probes import compute, network, storage

    # Before anything is computed: TensorFlow makes ready for collectives at its start only.
    exchange = network.Exchange() if asked.network else None
    chief = exchange is None or network.is_chief()
    chosen = compute.sizes(quick=asked.quick)
    budget = chosen.seconds_each
    message_bytes = network.QUICK_BYTES if asked.quick else network.ALL_BYTES
    parallelism = storage.QUICK_PARALLELISM if asked.quick else storage.ALL_PARALLELISM
    progress = _Progress(
        (len(message_bytes) + 1) * asked.network
        + chief * compute.steps(chosen) * asked.compute
        + chief * len(parallelism) * len(asked.storage)
    )
    tell("started", benchmark="probes", steps=progress.steps)
    found: dict[str, Any] = {}
    if exchange is not None:
        found["all_reduce"] = tuple(exchange.all_reduces(message_bytes, budget, progress.done))
        progress.done("round trip")
        found["round_trip_seconds"] = network.round_trip_seconds(exchange.peers)
        exchange.finish()
    if not chief:
        tell("done")
        return 0
    if asked.compute:
        found |= _compute(chosen, progress.done)
    found["storage"] = tuple(
        each
        for url in asked.storage
        for each in storage.reads(url, parallelism, 2.0 * budget, progress.done)
    )
    _write(
        Probes(
            machine=this_machine(),
            versions=versions(),
            taken_at=datetime.now(UTC).replace(microsecond=0),
            **found,
        ),
        asked.out,
        asked.name,
    )
    return 0


def _compute(chosen: Sizes, done: Callable[[str], None]) -> dict[str, Any]:
    from workloads.probes import compute

    sampler = Sampler()
    try:
        return {
            "matmul": tuple(compute.products(chosen, done)),
            "convolution": tuple(compute.convolutions(chosen, done)),
            "memory": tuple(compute.copies(chosen, done)),
            "launch_seconds": compute.launch_seconds(chosen, done),
            "host_launch_seconds": compute.host_launch_seconds(chosen, done),
            "other_utilisation": sampler.other_utilisation,
        }
    finally:
        sampler.stop()


def _write(probes: Probes, out: Path, name: str) -> None:
    document = probes.model_dump(mode="json", exclude_defaults=True)
    print(table(probes), file=sys.stderr)
    if (others := probes.other_utilisation) is not None and others.mean > _QUIET:
        print(
            f"\nOther programs took {others.mean:.0%} of the processors: this host can do more "
            "than was measured. Probe again when it is idle.",
            file=sys.stderr,
        )
    if (accelerator := described(probes, name)) is not None:
        write_whole(out / "accelerator.yaml", lambda aside: aside.write_text(accelerator))
        print(f"\n{accelerator}", end="", file=sys.stderr)
    # Last, since it stands for all: whoever sees it finds the rest.
    write_json(out / "probes.json", document)
    tell("done", probes="probes.json")


class _Progress:
    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._step = 0

    def done(self, what: str) -> None:
        """Tells what comes next."""
        self._step += 1
        tell("progress", step=self._step, steps=self.steps, what=what)


def _failed(reason: str, code: int) -> int:
    tell("failed", reason=reason)
    print(f"probes: {reason}", file=sys.stderr)
    return code


def _reason(message: str) -> str:
    """The one line of TensorFlow's many that says why."""
    if found := re.search(r"aborted by: (.+)", message):
        return f"a worker or its network is gone: {found.group(1).strip()}"
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    told = [line for line in lines if line != "Graph execution error:"] or ["it does not say why"]
    return f"TensorFlow stopped: {told[0]}"


def _of_tensorflow(error: Exception) -> bool:
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(error, tensorflow.errors.OpError)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m workloads.probes",
        description="Measures what this host really does: products, convolutions, memory and "
        "launches; on request its network and its storage.",
        epilog="Example: python -m workloads.probes --out probes --quick --storage s3://bucket/data",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for probes.json")
    parser.add_argument("--quick", action="store_true", help="less of each, in about a minute")
    parser.add_argument(
        "--storage",
        action="append",
        default=[],
        metavar="URL",
        help="read these files or objects: a path, s3:// or gs://; may be given again",
    )
    parser.add_argument(
        "--network",
        action="store_true",
        help="all-reduces between the workers of TF_CONFIG, or between accelerators of this host",
    )
    parser.add_argument(
        "--no-compute", dest="compute", action="store_false", help="leave the accelerator alone"
    )
    parser.add_argument(
        "--name", default="", metavar="ID", help="what the accelerator shall be called"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
