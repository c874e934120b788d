"""AWS Directory Service: controllers, two of them in two zones."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.aws.classes import class_hours
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import number, text
from domain.usage import Usage

_KINDS = {
    "SimpleAD": "simple_ad",
    "ADConnector": "ad_connector",
    "MicrosoftAD": "microsoft_ad",
}
_LEAST_CONTROLLERS = 2.0


def directory(context: Context) -> Iterator[Usage]:
    """Its controllers by kind and size, and accounts that it is shared with."""
    kind = _KINDS.get(text(context.get("type")) or "SimpleAD")
    managed = kind == "microsoft_ad"
    # An edition that is not named is the larger one; so is a size (provider documentation).
    size = text(context.get("edition" if managed else "size"))
    size = (size or ("Enterprise" if managed else "Large")).lower()
    if kind is None:
        yield context.unpriceable("directory", f"its type is {KNOWN_LATER}")
        return
    count = number(context.get("desiredNumberOfDomainControllers")) or _LEAST_CONTROLLERS
    yield class_hours(context, "directory", kind, size, max(count, _LEAST_CONTROLLERS))
    if managed:
        yield context.hours("directory", f"sharing.{size}", None)


COSTERS: dict[str, Coster] = {"aws:directoryservice/directory:Directory": directory}
