"""`windtunnel schema`: the file formats as JSON Schema."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from windtunnel.options import Out


class Document(StrEnum):
    """What a schema can be asked for."""

    SCENARIO = "scenario"
    ENVIRONMENT = "environment"
    PRICES = "prices"


def schema(
    document: Annotated[
        Document,
        typer.Argument(help="Which file: a scenario, a stack's environment, a price list."),
    ] = Document.SCENARIO,
    out: Out = None,
) -> None:
    """Print the JSON Schema of a file, so that editors complete and validate it.

    Example:  windtunnel schema > .windtunnel.schema.json, and as the first line of a scenario
    # yaml-language-server: $schema=.windtunnel.schema.json
    """
    from pydantic import BaseModel

    from domain.catalog import Prices
    from domain.environment import Environment
    from domain.scenario import Scenario
    from windtunnel.output import to_json, write_atomically

    models: dict[Document, type[BaseModel]] = {
        Document.SCENARIO: Scenario,
        Document.ENVIRONMENT: Environment,
        Document.PRICES: Prices,
    }
    text = to_json(
        {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        | models[document].model_json_schema()
    )
    if out is not None:
        write_atomically(out, text)
    else:
        sys.stdout.write(text)
