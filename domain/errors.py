"""What can go wrong, as one family.

    WindtunnelError
    ├── InputError            the user's file, flag or figure is wrong: exit 2
    │   ├── QuantityError     a figure without its unit, or with the wrong one
    │   ├── ScenarioError     a scenario that cannot be read or does not hold together
    │   ├── CatalogError      a machine, accelerator or price that the catalog does not have
    │   └── TraceError        a row of a trace that cannot be read
    ├── GoalNotMet            the answer is no: nothing meets the goal: exit 1
    └── RunFailed             what was launched failed, or was stopped by time or money: exit 1

Every message says where, what was given, what would be right. Anything that is not a
``WindtunnelError`` is our own fault: exit 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class WindtunnelError(Exception):
    """Root of every error that Windtunnel raises on purpose."""


class InputError(WindtunnelError):
    """Something that the user gave is wrong.

    Args:
        message: what was given and what would be right, one sentence or two.
        where: file, key or line, as precise as it is known.
    """

    def __init__(self, message: str, *, where: str | None = None) -> None:
        self.message = message
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)

    def at(self, where: str) -> InputError:
        """The same error, told from further outside (a file around a key)."""
        return type(self)(self.message, where=f"{where}: {self.where}" if self.where else where)


class QuantityError(InputError):
    """A figure whose unit is missing, unknown or of another kind."""


class ScenarioError(InputError):
    """A scenario that cannot be read, or whose parts do not fit together."""


class CatalogError(InputError):
    """A look-up that the catalog of facts cannot answer."""


class TraceError(InputError):
    """A trace, or one row of it, that cannot be read."""


class GoalNotMet(WindtunnelError):  # noqa: N818, an answer rather than an error
    """No candidate meets the goal. The caller has already said which came near."""


class RunFailed(WindtunnelError):  # noqa: N818, an outcome rather than an error
    """A benchmark that was launched did not end well; everything has been stopped.

    Args:
        message: what happened, one sentence or two.
        where: the host that it happened on, if it was one.
    """

    def __init__(self, message: str, *, where: str | None = None) -> None:
        self.message = message
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)


def near_misses(asked: str, known: Iterable[str], limit: int = 3) -> str:
    """ "; did you mean 'a', 'b'?" for a misspelt word, or nothing when none is close."""
    spelt = {word.lower(): word for word in sorted(known)}
    matches = [spelt[each] for each in get_close_matches(asked.lower(), spelt, limit, 0.7)]
    return f"; did you mean {', '.join(repr(match) for match in matches)}?" if matches else ""
