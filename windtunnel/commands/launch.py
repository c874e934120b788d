"""`windtunnel launch`: a benchmark on real hosts, measured, beside what was predicted of it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InputError
from windtunnel.options import AsJson, CalibrationPath, PricesPath, Project

if TYPE_CHECKING:
    from simulator.study.calibrated import Calibrated
    from simulator.study.compare_measured import Comparison
    from workloads.launch.plan import Launched, Plan


def launch(
    benchmark: Annotated[
        str,
        typer.Argument(
            metavar="BENCHMARK",
            help="small_cnn, mlp, tape_network, resnet50, bert, gpt, dlrm, serve or probes.",
        ),
    ],
    stack: Annotated[
        str | None,
        typer.Option("--stack", metavar="STACK", help="A deployed stack, asked through Pulumi."),
    ] = None,
    outputs: Annotated[
        Path | None,
        typer.Option(
            "--outputs", metavar="FILE", help="What `pulumi stack output --json` printed."
        ),
    ] = None,
    hosts: Annotated[
        Path | None,
        typer.Option(
            "--hosts", metavar="FILE", help="A YAML file: hosts: [{address, port, user, …}]."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting of the benchmark, like global_batch=64 or model.layers=4. Repeatable.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings of the benchmark in JSON."),
    ] = None,
    pool: Annotated[
        str | None, typer.Option("--pool", metavar="NAME", help="Which pool, if there are several.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Only the first so many hosts of it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="A folder for the results; otherwise one in .windtunnel/launches.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be done, and connect to nobody.")
    ] = False,
    max_usd: Annotated[
        str | None,
        typer.Option(
            "--max-usd", metavar="USD", help="Stop when the hosts have cost so much since we began."
        ),
    ] = None,
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="Stop after this time.")
    ] = "2 h",
    boot_timeout: Annotated[
        str | None,
        typer.Option(
            "--boot-timeout",
            metavar="TIME",
            help="How long hosts may take to appear and to answer.",
            show_default="10 min for a stack, 30 s for a hosts file",
        ),
    ] = None,
    restarts: Annotated[
        int,
        typer.Option(
            "--restarts", min=0, help="How often all may start again after a worker has died."
        ),
    ] = 0,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="An interpreter on the hosts that has TensorFlow; otherwise one is made ready.",
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="NAME", help="Whom to log in as.")
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option("--identity", metavar="FILE", help="A private key, beside the agent's."),
    ] = None,
    jump: Annotated[
        str | None,
        typer.Option("--jump", metavar="[USER@]HOST[:PORT]", help="A host on the way."),
    ] = None,
    known_hosts: Annotated[
        Path | None,
        typer.Option(
            "--known-hosts",
            metavar="FILE",
            help="Whose keys are trusted; ~/.ssh/known_hosts if not given.",
        ),
    ] = None,
    accept_new_hosts: Annotated[
        bool,
        typer.Option(
            "--accept-new-hosts", help="Trust hosts seen for the first time, and write them down."
        ),
    ] = False,
    ssh_config: Annotated[
        Path | None,
        typer.Option("--ssh-config", metavar="FILE", help="Instead of ~/.ssh/config."),
    ] = None,
    project: Project = None,
    prices: PricesPath = None,
    calibration: CalibrationPath = None,
    as_json: AsJson = False,
) -> None:
    """Run a TensorFlow benchmark on deployed hosts, bring the measurement home, clean up.

    All workers start together. Whatever happens, they are stopped: at the end, on a failure,
    on Ctrl-C, when time or money is over, when the connection breaks. The measurement is
    printed beside its prediction and goes into the project's ledger.

    Examples:

      windtunnel launch resnet50 --stack dev --dry-run

      windtunnel launch gpt --hosts hosts.yaml --set steps=200 --max-usd 5

      windtunnel launch bert --outputs outputs.json --restarts 2 --timeout '30 min'
    """
    from simulator.study.calibrated import load_calibrated
    from windtunnel.launch_hosts import HostOptions
    from windtunnel.launch_plan import LimitOptions, Trusted, make_plan
    from windtunnel.launch_screen import launch_screen
    from windtunnel.output import emit

    calibrated = load_calibrated(calibration)
    limits = LimitOptions(timeout, boot_timeout, restarts, max_usd)
    with launch_screen(None) as screen:
        plan = make_plan(
            benchmark,
            HostOptions(stack, outputs, hosts, project, pool, count, user, jump),
            limits,
            Trusted(known_hosts, accept_new_hosts, identity, ssh_config),
            settings=settings or (),
            config=config,
            out=out,
            python=python,
            prices=prices,
            calibrated=calibrated,
            # A dry run tells what is there; it does not wait for what is not.
            patient=not dry_run,
            told=lambda text: screen.stage(None, text),
        )
    if dry_run:
        from windtunnel.launch_tables import draw_plan
        from workloads.launch.describe import describe

        told = describe(plan)
        emit(told, as_json, None, lambda console: draw_plan(console, told))
        return
    done = run_plan(plan)
    compared, why_not = _compare(done, calibrated)

    def draw(console: Any) -> None:
        from windtunnel.launch_tables import draw_launched

        draw_launched(console, done, compared, why_not)

    result = {**done.to_json(), "compared": [each.to_json() for each in compared]}
    emit(result, as_json, None, draw)


def run_plan(plan: Plan) -> Launched:
    """The launch; a signal that ends us ends it in order.

    Raises:
        SystemExit: Ctrl-C, SIGTERM or SIGHUP, after everything was stopped; 128 + its number.
    """
    from windtunnel.launch_screen import launch_screen
    from workloads.launch.run import Cancelled
    from workloads.launch.run import launch as run_launch

    received: list[int] = []
    account = ""

    async def until_told() -> Launched:
        nonlocal account
        task, loop = asyncio.current_task(), asyncio.get_running_loop()

        def end(number: int) -> None:
            received.append(number)
            if task is not None and len(received) == 1:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end, number)
        with launch_screen(plan.limits.usd_per_hour) as screen:
            try:
                return await run_launch(plan, screen)
            except Cancelled as cancelled:
                account = str(cancelled)
                raise

    try:
        return asyncio.run(until_told())
    except asyncio.CancelledError:
        number = received[0] if received else signal.SIGINT
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        told = account or "before anything was begun"
        print(f"windtunnel: stopped by {name} {told}", file=sys.stderr)
        raise SystemExit(128 + number) from None


def _compare(done: Launched, calibrated: Calibrated) -> tuple[list[Comparison], str]:
    """What is predicted of the runs, written into the ledger; or why nothing is."""
    from windtunnel.ledgers import record_outcomes, start_ledger
    from windtunnel.measured import compare_runs

    if not done.measurements:
        return [], ""
    try:
        compared = compare_runs(done.measurements, calibrated, str(done.plan.out))
    except InputError as error:
        # The measurement is there, whatever is known of its machine or model.
        return [], str(error)
    try:
        record_outcomes(start_ledger(), compared)
    except InputError as error:
        print(f"windtunnel: {error}; this outcome is not in the ledger", file=sys.stderr)
    return compared, ""
