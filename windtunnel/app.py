"""The commands by name. Each imports what it needs only when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from windtunnel.commands import (
    calibrate,
    catalog,
    check,
    choose,
    compare,
    diff,
    init,
    launch,
    ledger,
    plan,
    predict,
    schema,
    simulate,
    trace,
    usage,
)

app = typer.Typer(
    name="windtunnel",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Test-fly AI infrastructure before you pay for it.\n\n"
        "Predict time, cost and queueing of training jobs on AWS and GCP from one file, "
        "choose a configuration, and write it where `pulumi up` deploys it.\n\n"
        "Start:  windtunnel init    Then:  windtunnel choose windtunnel.yaml"
    ),
    epilog="Exit codes: 0 ok · 1 goal not met · 2 wrong input · 3 our own fault.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed_version

        print(f"windtunnel {installed_version('windtunnel')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


app.command("init")(init.init)
app.command("simulate")(simulate.simulate)
app.command("choose")(choose.choose)
app.command("compare")(compare.compare)
app.command("predict")(predict.predict)
app.command("calibrate")(calibrate.calibrate)
app.command("launch")(launch.launch)
app.command("ledger")(ledger.ledger)
app.command("plan")(plan.plan)
app.command("diff")(diff.diff)
app.command("check")(check.check)
app.command("schema")(schema.schema)
app.add_typer(catalog.app, name="catalog")
app.add_typer(trace.app, name="trace")
app.add_typer(usage.app, name="usage")
