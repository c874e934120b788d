"""Who prices which type of resource."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from domain.costing import aws, gcp, kubernetes
from domain.costing.context import Coster


@cache
def costers() -> Mapping[str, Coster]:
    """Type of resource → the function that says what it uses."""
    return {
        kind: coster
        for service in (*aws.SERVICES, *gcp.SERVICES, kubernetes)
        for kind, coster in service.COSTERS.items()
    }
