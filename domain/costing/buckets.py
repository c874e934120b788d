"""What every bucket shares: how much it is planned to hold."""

from __future__ import annotations

from domain.blueprint import TAG_SIZE
from domain.costing.context import Context
from domain.costing.values import number


def planned_bytes(context: Context) -> float | None:
    """What is stated, else what its tag says that it will hold."""
    stated = context.quantities.stored_bytes
    if stated is not None:
        return stated
    planned = number(context.tags.get(TAG_SIZE))
    if planned is not None:
        context.note(f"A bucket holds what its tag {TAG_SIZE} says.")
    return planned
