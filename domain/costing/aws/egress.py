"""What leaves AWS for the internet; how much is a question of use."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context
from domain.costing.quantities import owner_of
from domain.usage import Egress, Usage


def egress(context: Context) -> Iterator[Usage]:
    """A line of its own; none where an environment or a simulation bills what is moved."""
    if owner_of(context.resource, context.graph) is None and not context.quantities.source:
        yield Egress(
            resource=context.resource.urn,
            provider=context.provider,
            region=context.region,
            bytes=None,
            period_seconds=context.seconds,
        )
