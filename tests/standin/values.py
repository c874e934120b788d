"""Between the SDK's property values and plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue


def plain(value: PropertyValue) -> Any:
    found = value.value
    if isinstance(found, Mapping):
        return plain_map(found)
    if isinstance(found, tuple):
        return [plain(each) for each in found]
    return found


def plain_map(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Without nulls: a program that leaves an argument out and one that says None agree."""
    return {key: plain(value) for key, value in values.items() if value.value is not None}


def wrapped(value: Any) -> PropertyValue:
    if isinstance(value, Mapping):
        return PropertyValue(wrapped_map(value))
    if isinstance(value, list):
        return PropertyValue([wrapped(each) for each in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def wrapped_map(values: Mapping[str, Any]) -> dict[str, PropertyValue]:
    return {key: wrapped(value) for key, value in values.items()}
