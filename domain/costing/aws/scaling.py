"""What Application Auto Scaling keeps at least, of capacity that is declared elsewhere."""

from __future__ import annotations

from domain.costing.context import Context
from domain.costing.values import number, text

TARGET = "aws:appautoscaling/target:Target"


def least_capacity(context: Context, dimension: str, *names: str) -> float | None:
    """The lower bound of a dimension of this resource, where a target scales it.

    Args:
        context: the resource that is scaled.
        dimension: as ``dynamodb:table:WriteCapacityUnits``.
        names: what targets may call it: ``table/<name>``, an ARN. A name that two resources
            of the stack bear tells nothing, so leave it out then.
    """
    for other in context.survey.of_type(TARGET):
        target = context.beside(other.resource)
        if text(target.get("scalableDimension")) != dimension:
            continue
        meant = target.referred("resourceId")
        if text(target.get("resourceId")) in names or (
            meant is not None and meant.resource.urn == context.resource.urn
        ):
            return number(target.get("minCapacity"))
    return None
