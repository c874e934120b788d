"""What a cloud tells of the hosts of a pool at one moment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """A host that runs.

    Args:
        name: what its cloud calls it.
        address: where SSH goes.
        internal: where other hosts of the pool reach it.
        carrier: a program that carries the connection, where no address is open.
        slice: the TPU slice that it is a part of.
    """

    name: str
    address: str
    internal: str
    carrier: tuple[str, ...] = ()
    slice: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Hosts that run, in an order that stays, and how many are on their way."""

    hosts: tuple[Found, ...]
    pending: int = 0
