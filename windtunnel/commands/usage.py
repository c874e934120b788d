"""`windtunnel usage init`: a first usage file, with a line for everything that depends on usage."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import InputError
from windtunnel.options import PreviewPath, PricesPath, Project, StackName, StatePath

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "What resources are used for in a month: requests, bytes, hours.\n\n"
        "A usage file states it; `plan`, `diff` and `check` price it with --usage FILE:\n\n"
        "  dataset: {stored: 5 TiB, read_requests: 10 million}\n\n"
        "  'web-*': {processed: 300 GB}"
    ),
)


@app.callback()
def _group() -> None:
    pass


@app.command("init")
def init(
    stack: StackName = None,
    preview: PreviewPath = None,
    state: StatePath = None,
    project: Project = None,
    prices: PricesPath = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The usage file to write.")
    ] = Path("usage.yaml"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace a usage file that exists.")
    ] = False,
) -> None:
    """Write a usage file with everything in a stack that depends on usage, commented out.

    Each line has its unit price. A few resources of a type stand there by name, many once by
    type. Take the '#' away from what you know, put your own figure there, and price it.

    Examples:

      windtunnel usage init --stack prod

      windtunnel plan --stack prod --usage usage.yaml

      windtunnel usage init --preview preview.json --out prod-usage.yaml
    """
    from domain.costing.usage_template import usage_template
    from windtunnel.flying import open_catalog
    from windtunnel.output import check_writable, write_atomically
    from windtunnel.sources import one_graph

    if out.exists() and not force:
        raise InputError("exists already; give another --out, or --force", where=str(out))
    check_writable(out)
    graph = one_graph(stack, preview, state, project)
    options = {
        "--stack": stack,
        "--preview": preview,
        "--state": state,
        "--project": project,
        "--prices": prices,
        "--usage": out,
    }
    words = [(name, str(value)) for name, value in options.items() if value is not None]
    command = shlex.join(["windtunnel", "plan", *(word for pair in words for word in pair)])
    text = usage_template(graph, open_catalog(prices), command)
    if text is None:
        print(f"nothing depends on usage in {graph.origin}; {out} was not written")
        return
    write_atomically(out, text)
    print(f"wrote {out}; take the '#' away from what you know, then")
    print(f"next:  {command}")
