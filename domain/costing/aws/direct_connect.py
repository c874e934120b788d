"""AWS Direct Connect: ports by the hour, at the price of their speed."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import text
from domain.usage import Usage


def connection(context: Context) -> Iterator[Usage]:
    """A port of one's own."""
    yield from _port(context, "dedicated")


def hosted(context: Context) -> Iterator[Usage]:
    """A part of a partner's port."""
    yield from _port(context, "hosted")


def _port(context: Context, kind: str) -> Iterator[Usage]:
    speed = text(context.get("bandwidth"))
    if speed is None:
        yield context.unpriceable("port", f"its bandwidth is {KNOWN_LATER}")
        return
    yield context.hours("direct_connect", f"{kind}.{speed.lower()}")
    sent = context.quantities.processed_bytes
    yield context.use("direct_connect", "sent", "bytes", sent)


COSTERS: dict[str, Coster] = {
    "aws:directconnect/connection:Connection": connection,
    "aws:directconnect/hostedConnection:HostedConnection": hosted,
}
