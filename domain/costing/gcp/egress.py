"""What leaves a bucket or a registry, by where it goes; how much is a question of use."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context
from domain.costing.quantities import owner_of
from domain.usage import Usage

INTERNET = ("internet", "internet:asia", "internet:china", "internet:australia")
ANYWHERE = ("inter_region", *INTERNET)


def egress(context: Context, items: tuple[str, ...] = ANYWHERE) -> Iterator[Usage]:
    """One line a destination; none where an environment or a simulation bills what is moved."""
    ours = owner_of(context.resource, context.graph)
    if ours is None and not context.quantities.source:
        for item in items:
            yield context.use("data_transfer", item, "bytes", None)
