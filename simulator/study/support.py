"""Which of a user's own measurements a prediction rests on, counted by what they share with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Support:
    """Measurements of one model with one framework on one accelerator."""

    accelerator: str
    model: str
    framework: str
    count: int
    last: str = ""
    """The day of the newest, as ISO date; empty where none is told."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Supported:
    """Of one run: how many measurements were of its accelerator, and of its model there."""

    accelerator: str
    of_accelerator: int
    of_model: int
    last: str

    @property
    def text(self) -> str:
        """A sentence for people; empty where nothing was measured."""
        if not self.of_accelerator:
            return ""
        runs = "measurement" if self.of_accelerator == 1 else "measurements"
        same = ""
        if self.of_model == self.of_accelerator:
            same = ", of this model" if self.of_model == 1 else ", all of this model"
        elif self.of_model:
            same = f", {self.of_model} of this model"
        last = f", last {self.last}" if self.last else ""
        return (
            f"supported by {self.of_accelerator} {runs} of your own on {self.accelerator}"
            f"{same}{last}"
        )

    def to_json(self) -> dict[str, Any]:
        """Keys that people may rely on."""
        return {
            "measurements_of_accelerator": self.of_accelerator,
            "measurements_of_model": self.of_model,
            "last": self.last or None,
        }


def count_support(rows: Iterable[tuple[str, str, str, str]]) -> tuple[Support, ...]:
    """Counts of measurements, each told by accelerator, model, framework and day."""
    found: dict[tuple[str, str, str], tuple[int, str]] = {}
    for accelerator, model, framework, day in rows:
        count, last = found.get((accelerator, model, framework), (0, ""))
        found[accelerator, model, framework] = (count + 1, max(last, day))
    return tuple(Support(*key, *value) for key, value in sorted(found.items()))


def joined_support(*counts: Iterable[Support]) -> tuple[Support, ...]:
    """Counts of several sets of measurements together."""
    found: dict[tuple[str, str, str], tuple[int, str]] = {}
    for each in (one for some in counts for one in some):
        key = (each.accelerator, each.model, each.framework)
        count, last = found.get(key, (0, ""))
        found[key] = (count + each.count, max(last, each.last))
    return tuple(Support(*key, *value) for key, value in sorted(found.items()))


def support_of(counts: Iterable[Support], accelerator: str, model: str) -> Supported:
    """What of all that was measured is like one run."""
    mine = [each for each in counts if each.accelerator == accelerator]
    return Supported(
        accelerator=accelerator,
        of_accelerator=sum(each.count for each in mine),
        of_model=sum(each.count for each in mine if each.model == model),
        last=max((each.last for each in mine), default=""),
    )
