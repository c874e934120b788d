"""Amazon Managed Workflows for Apache Airflow: environments by class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.aws.classes import class_hours
from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage


def environment(context: Context) -> Iterator[Usage]:
    """The environment by the hour; workers and schedulers beyond the first of each, and data."""
    kind = (text(context.get("environmentClass")) or "mw1.small").lower()
    yield class_hours(context, "airflow", kind, "environment")
    for more in ("worker", "scheduler"):
        extra = context.hours("airflow", f"{kind}.{more}", None)
        yield replace(extra, name=f"airflow, {kind} further {more}")
    yield context.kept("airflow", "storage", context.quantities.stored_bytes)


COSTERS: dict[str, Coster] = {"aws:mwaa/environment:Environment": environment}
