"""The same on all hosts at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

from domain.errors import InputError, RunFailed, WindtunnelError

T = TypeVar("T")


async def together(tasks: Iterable[Awaitable[T]]) -> list[T]:
    """Results in order; where several fail, one error that tells of each."""
    results = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [each for each in results if isinstance(each, BaseException)]
    for failure in failures:
        if not isinstance(failure, WindtunnelError):
            raise failure
    if failures:
        # Failures of the run weigh more than input that a second look may find right.
        kind = RunFailed if any(isinstance(each, RunFailed) for each in failures) else InputError
        raise kind("\n".join(dict.fromkeys(map(str, failures))))
    return [each for each in results if not isinstance(each, BaseException)]
