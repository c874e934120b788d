"""Amazon Managed Grafana and Managed Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

_LICENCE = "aws:grafana/licenseAssociation:LicenseAssociation"


def grafana(context: Context) -> Iterator[Usage]:
    """Users by the month: at least the one who administers it, with plug-ins where licensed."""
    context.note("A Grafana workspace is taken to have one editor, its administrator.")
    yield context.hours("grafana", "editor")
    yield context.hours("grafana", "viewer", None)
    licences = [text(each.get("licenseType")) for each in context.users(_LICENCE)]
    if "ENTERPRISE" in licences:
        yield context.hours("grafana", "enterprise_plugins")


def prometheus(context: Context) -> Iterator[Usage]:
    """Samples that come in, are kept, and are looked at."""
    stated = context.quantities
    yield context.use("prometheus", "samples", "requests", stated.requests)
    yield context.kept("prometheus", "storage", stated.stored_bytes)
    yield context.use("prometheus", "queried_samples", "requests", None)


COSTERS: dict[str, Coster] = {
    "aws:grafana/workspace:Workspace": grafana,
    "aws:amp/workspace:Workspace": prometheus,
}
