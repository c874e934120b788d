"""`windtunnel predict`: how fast one training run, or each of a table of them, would be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import typer

from domain.errors import GoalNotMet, InputError
from windtunnel.options import AsJson, CalibrationPath

if TYPE_CHECKING:
    from domain.catalog.records import Accelerator
    from simulator.study.calibrated import Calibrated

_SPLITTING = "How the model is split"


def predict(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL",
            help=(
                "A model by name (`windtunnel catalog show --models`), or a YAML file that "
                "describes one as a scenario does."
            ),
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="MACHINE",
            help=(
                "A machine type, like p4d.24xlarge or tpu-v5litepod-16, an accelerator, or a YAML "
                "file that describes one that no catalog has."
            ),
        ),
    ] = None,
    provider: Annotated[
        Literal["aws", "gcp"] | None, typer.Option("--provider", help="Of the machine type.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", help="Where to price it; otherwise where it is cheapest."),
    ] = None,
    market: Annotated[
        Literal["on_demand", "spot", "reserved"],
        typer.Option("--market", help="What to price it at."),
    ] = "on_demand",
    accelerators_per_node: Annotated[
        int | None,
        typer.Option(
            "--accelerators-per-node",
            min=1,
            help="Where --on is an accelerator; otherwise 8, or 1 that is described.",
        ),
    ] = None,
    nodes: Annotated[
        int, typer.Option("--nodes", min=1, max=100_000, help="Machines (of a TPU: slices).")
    ] = 1,
    batch: Annotated[
        int | None,
        typer.Option(
            "--batch",
            min=1,
            metavar="GLOBAL",
            help="Samples of a step; otherwise what fits, at most 1,024 an accelerator.",
        ),
    ] = None,
    micro_batch: Annotated[
        int | None,
        typer.Option(
            "--micro-batch",
            min=1,
            help="Samples that an accelerator works on at once; otherwise as many as fit.",
        ),
    ] = None,
    precision: Annotated[
        str, typer.Option("--precision", help="fp32, tf32, fp16, bf16, fp8 or mixed.")
    ] = "mixed",
    sequence: Annotated[
        int | None, typer.Option("--sequence", min=1, help="Tokens of a sample.")
    ] = None,
    tensor_parallel: Annotated[
        int, typer.Option("--tensor-parallel", min=1, rich_help_panel=_SPLITTING)
    ] = 1,
    pipeline_parallel: Annotated[
        int, typer.Option("--pipeline-parallel", min=1, rich_help_panel=_SPLITTING)
    ] = 1,
    interleave: Annotated[
        int,
        typer.Option(
            "--interleave",
            min=1,
            help="Parts that each stage of a pipeline is cut into.",
            rich_help_panel=_SPLITTING,
        ),
    ] = 1,
    sequence_parallel: Annotated[
        bool, typer.Option("--sequence-parallel", rich_help_panel=_SPLITTING)
    ] = False,
    sharding: Annotated[
        Literal["none", "zero1", "zero2", "zero3"],
        typer.Option(
            "--sharding",
            help="What replicas share out: optimizer states, gradients, weights.",
            rich_help_panel=_SPLITTING,
        ),
    ] = "none",
    recompute: Annotated[
        Literal["none", "selective", "full"],
        typer.Option(
            "--recompute",
            help="Activations that are computed again rather than kept.",
            rich_help_panel=_SPLITTING,
        ),
    ] = "none",
    framework: Annotated[
        str, typer.Option("--framework", help="Like pytorch or megatron; otherwise any.")
    ] = "",
    software: Annotated[
        Literal["stock", "tuned"] | None,
        typer.Option(
            "--software",
            help="The framework as it comes, or fused kernels and captured graphs as in MLPerf "
            "submissions; otherwise what is usual for framework and accelerator.",
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--table",
            metavar="IN.csv",
            help="Predict each row of a table of runs; --out is the table with predictions.",
        ),
    ] = None,
    calibration: CalibrationPath = None,
    as_json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Also write the JSON to a file; of a table, the rows with predictions.",
        ),
    ] = None,
) -> None:
    """Predict step time, throughput, memory and cost of training a model on a machine.

    Exits with 1 when it does not fit in memory, and says what would.

    Examples:

      windtunnel predict bert-large --on p4d.24xlarge --nodes 4 --batch 4096

      windtunnel predict gpt3-13b --on a3-highgpu-8g --tensor-parallel 8 --recompute full

      windtunnel predict --table runs.csv --out predicted.csv
    """
    from windtunnel.output import check_writable

    if out is not None:
        check_writable(out)
    if table is not None:
        if model is not None or on is not None or as_json:
            raise InputError("a table names models and machines in its rows; give --out alone")
        if out is None:
            raise InputError("needs --out FILE, where the table with predictions goes to")
        _predict_table(table, out, calibration)
        return
    if model is None or on is None:
        raise InputError(
            "give a model and --on with a machine type or accelerator, for example "
            "'windtunnel predict resnet50 --on p4d.24xlarge', or a table with --table"
        )

    from domain.catalog import load_catalog
    from domain.figures import size
    from simulator.report.training_tables import draw_point
    from simulator.study.calibrated import load_calibrated
    from simulator.study.ledger_entries import entry_of_point
    from simulator.study.point_places import find_place
    from simulator.study.point_runs import Run
    from simulator.study.single_point import predict_point
    from windtunnel.ledgers import note_predictions
    from windtunnel.output import emit

    calibrated = load_calibrated(calibration)
    catalog = load_catalog().with_accelerators(calibrated.accelerators.values())
    place = find_place(
        on,
        catalog,
        provider=provider,
        region=region,
        market=market,
        accelerators_per_node=accelerators_per_node,
    )
    _check_framework(framework, place.accelerator, calibrated)
    run = Run(
        model=_named_or_described(model),
        place=place,
        nodes=nodes,
        global_batch=batch,
        micro_batch=micro_batch,
        precision=precision,
        sequence=sequence,
        tensor_parallel=tensor_parallel,
        pipeline_parallel=pipeline_parallel,
        interleave=interleave,
        sequence_parallel=sequence_parallel,
        sharding=sharding,
        recompute=recompute,
        framework=framework,
        software=software or "",
    )
    found = predict_point(run, calibrated, catalog)
    emit(found.to_json(), as_json, out, lambda console: draw_point(console, found))
    note_predictions(lambda moment: [entry_of_point(found, moment)])
    if found.fits is False:
        short = size(found.needed_bytes - found.usable_bytes)
        raise GoalNotMet(f"does not fit in the memory of {place.accelerator.id} by {short}")


def _named_or_described(model: str) -> str:
    """A model's name, or the text of the description that a file holds."""
    from domain.located import read_yaml
    from domain.model_facts import model_text, read_model

    if not model.endswith((".yaml", ".yml", ".json")):
        return model
    return model_text(read_model(read_yaml(Path(model), "model")))


def _check_framework(framework: str, accelerator: Accelerator, calibrated: Calibrated) -> None:
    """Refuses what a scenario refuses too, and names that no measured run has; where the others
    run nobody knows."""
    from domain.errors import near_misses
    from domain.workload import Framework
    from simulator.study.software import FRAMEWORKS, framework_family

    known = {*FRAMEWORKS, *calibrated.effects.levels.get("framework", {})}
    if framework and framework_family(framework) not in known:
        hint = near_misses(framework.lower(), known) or f"; measured: {', '.join(FRAMEWORKS)}"
        raise InputError(f"no framework '{framework}' was measured{hint}", where="--framework")
    if framework.lower() in get_args(Framework) and (why := accelerator.supports(framework)):
        raise InputError(why, where="--framework")


def _predict_table(path: Path, out: Path, calibration: Path | None) -> None:
    from domain.catalog import load_catalog
    from simulator.study.calibrated import load_calibrated
    from simulator.study.point_predictions import predict_points
    from simulator.study.point_tables import predicted_rows, read_run_table, write_predictions
    from simulator.study.points import resolve_points
    from windtunnel.output import replacing

    calibrated = load_calibrated(calibration)
    _tell(f"reading {path}")
    table = read_run_table(path)
    _tell(f"predicting {len(table):,} rows")
    frame = table.frame()
    catalog = load_catalog().with_accelerators(calibrated.accelerators.values())
    try:
        points = resolve_points(frame, catalog)
    except InputError as error:
        raise error.at(str(path)) from None
    found = predict_points(points, calibrated)
    with replacing(out) as temporary, temporary.open("wb") as file:
        write_predictions(file, table, points, found)
    _tell(f"{predicted_rows(found):,} of {len(table):,} rows predicted: {out}")


def _tell(text: str) -> None:
    """A note of progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"windtunnel: {text}", file=sys.stderr)
