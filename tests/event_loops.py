"""An event loop for what still expects that a program has one."""

from __future__ import annotations

import asyncio

_LOOP = asyncio.new_event_loop()


def an_event_loop() -> None:
    """Pulumi's mocks ask for the current loop, which any ``asyncio.run`` before took away."""
    asyncio.set_event_loop(_LOOP)
