"""Reading what programs write: a block or a list with one, numbers and truths as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.resources import UNKNOWN, is_known

GIB = 2.0**30
_MOST = 1e18


def block(value: Any) -> Mapping[str, Any]:
    """A nested argument; older providers write a list that holds one."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return value if isinstance(value, Mapping) else {}


def blocks(value: Any) -> list[Mapping[str, Any]]:
    """Every nested argument of a list, or the one that stands alone."""
    if isinstance(value, Mapping):
        return [value]
    return [each for each in value if isinstance(each, Mapping)] if is_list(value) else []


def is_list(value: Any) -> bool:
    """Whether it is a JSON array."""
    return isinstance(value, list | tuple)


def waits(value: Any) -> bool:
    """Whether only a deployment will tell it."""
    return isinstance(value, str) and value == UNKNOWN


def number(value: Any) -> float | None:
    """A size or a count, also where it is written as text; None where it is not known.

    Neither is below nothing or beyond all bounds.
    """
    if isinstance(value, bool) or not is_known(value):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if 0 <= found <= _MOST else None


def integer(value: Any) -> int | None:
    """A whole number, as :func:`number` reads it."""
    found = number(value)
    return None if found is None else int(found)


def text(value: Any) -> str | None:
    """Text that is there and known, else None."""
    return value if isinstance(value, str) and value and is_known(value) else None


def truth(value: Any) -> bool:
    """A truth, also where it is written as text; what is absent or unknown is false."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def last_part(value: Any) -> str | None:
    """The name at the end of a path or a link: ``zones/us-central1-a`` → ``us-central1-a``."""
    found = text(value)
    return found.rstrip("/").rsplit("/", 1)[-1] if found else None
