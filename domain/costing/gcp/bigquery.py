"""BigQuery: storage by its age, queries by what they scan, and ways in and out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import ServiceUse, Usage

_DATASET = "gcp:bigquery/dataset:Dataset"
_SERVICE = "warehouse"


def dataset(context: Context) -> Iterator[Usage]:
    """Queries on demand; reservations of slots are resources of their own."""
    yield context.use(_SERVICE, "queries", "bytes", context.quantities.scanned_bytes)


def table(context: Context) -> Iterator[Usage]:
    """What a table keeps; after 90 days without a change it is long-term storage."""
    parent = context.referred("datasetId", _DATASET) or _by_name(context)
    region = context.region
    if parent is not None and text(parent.get("location")):
        region = parent.region
    stored = context.quantities.stored_bytes
    lines: tuple[ServiceUse, ...] = (
        context.kept(_SERVICE, "storage.active", stored),
        context.kept(_SERVICE, "storage.long_term", None),
        context.use(_SERVICE, "streaming_inserts", "bytes", context.quantities.ingested_bytes),
        context.use(_SERVICE, "write_api", "bytes", None),
        context.use(_SERVICE, "read_api", "bytes", None),
    )
    for line in lines:
        yield replace(line, region=region)


def _by_name(context: Context) -> Context | None:
    """The dataset of this stack that is called as the table says."""
    name = text(context.resource.get("datasetId"))
    for each in context.survey.of_type(_DATASET):
        if name and text(each.resource.get("datasetId")) == name:
            return context.beside(each.resource)
    return None


COSTERS: dict[str, Coster] = {_DATASET: dataset, "gcp:bigquery/table:Table": table}
