"""AWS Glue and Athena: processing units of jobs, the catalog, and what queries scan."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, number, text
from domain.usage import Usage

# Units of one worker, by its type (Glue developer guide, worker types).
_UNITS = {
    "Standard": 1.0,
    "G.025X": 0.25,
    "G.1X": 1.0,
    "G.2X": 2.0,
    "G.4X": 4.0,
    "G.8X": 8.0,
}
_USUAL_UNITS = 10.0
_USUAL_SHELL_UNITS = 0.0625
_CRAWLER_UNITS = 1.0


def job(context: Context) -> Iterator[Usage]:
    """All of its units for as long as it runs."""
    flexible = text(context.get("executionClass")) == "FLEX"
    item = "flexible.processing_unit" if flexible else "processing_unit"
    yield _units(context, item, _units_of(context))


def crawler(context: Context) -> Iterator[Usage]:
    """Units for as long as it runs."""
    yield _units(context, "processing_unit", _CRAWLER_UNITS)


def _units(context: Context, item: str, units: float) -> Usage:
    running = context.quantities.duration_seconds
    amount = None if running is None else running * units
    context.note(f"It runs on {units:g} processing units at a time.")
    return context.use("etl", item, "seconds", amount)


def _units_of(context: Context) -> float:
    capacity = number(context.get("maxCapacity"))
    workers = number(context.get("numberOfWorkers"))
    if capacity is not None:
        return capacity
    if workers is not None:
        return workers * _UNITS.get(text(context.get("workerType")) or "", 1.0)
    shell = text(block(context.get("command")).get("name")) == "pythonshell"
    return _USUAL_SHELL_UNITS if shell else _USUAL_UNITS


def database(context: Context) -> Iterator[Usage]:
    """Objects of the catalog and requests to it."""
    yield context.use("etl", "catalog.objects", "object_seconds", None)
    yield context.use("etl", "catalog.requests", "requests", context.quantities.requests)


def workgroup(context: Context) -> Iterator[Usage]:
    """What queries scan."""
    yield context.use("queries", "scanned", "bytes", context.quantities.scanned_bytes)


COSTERS: dict[str, Coster] = {
    "aws:glue/job:Job": job,
    "aws:glue/crawler:Crawler": crawler,
    "aws:glue/catalogDatabase:CatalogDatabase": database,
    "aws:athena/workgroup:Workgroup": workgroup,
}
