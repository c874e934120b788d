"""Amounts of a month as people write them: 5 TiB kept, 10 million requests, 10 GB/day, 120 h.

What a line is billed by (its measure) decides how its amount is written. What is kept is
meant for the whole month (5 TiB), or says for how long (400,000 GB-hours); what flows is the
sum of the month (300 GB), or a rate (20 per second). Where requests are stated beside it, what
flows or runs may be of each of them (200 ms each). A month is 730 hours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from domain.errors import QuantityError, near_misses
from domain.materials import MONTH_SECONDS
from domain.quantity import BANDWIDTH, DURATION, SIZE
from domain.usage import Measure

_COUNT = re.compile(r"([+-]?(?:\d[\d_,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*(\S*)")
_RATE = re.compile(r"(?P<amount>.*?)(?:\s*/\s*|\s+(?:per|an?|every)\s+)(?P<time>[a-zµ]+)")
_HELD = re.compile(r"(?P<amount>.*?\S)\s*[-·*×]\s*(?P<time>[A-Za-zµ]+)")
_EACH = re.compile(
    r"(?P<amount>.*\S)\s+(?:each|(?:per|an?)\s+(?:request|call|invocation|query|message|event))"
)
OF_EACH: frozenset[Measure] = frozenset({"bytes", "seconds"})
"""What one request has an amount of."""
_MULTIPLES = {
    "k": 1e3,
    "thousand": 1e3,
    "M": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "bn": 1e9,
    "billion": 1e9,
    "billions": 1e9,
    "trillion": 1e12,
}
_COUNTED = re.compile(
    r"(requests?|calls?|messages?|events?|operations?|queries|query|objects?|items?|invocations?|"
    r"transitions?|records?|units?|reads?|writes?|keys?|users?|jobs?|tokens?|iops|executions?|"
    r"rotations?|notifications?|emails?|certificates?|evaluations?|[a-z]+-requests?)",
    re.IGNORECASE,
)
_MOST = 1e18


def parse_amount(written: object, measure: Measure, unit: str | None = None) -> float:
    """The amount of a month in SI: bytes, byte-seconds, seconds, a number of requests.

    ``unit`` is what one unit of the price is called; an amount may be given in it.

    Raises:
        QuantityError: no number, no unit, a unit of another kind, below nothing or too large.
    """
    amount = _PARSERS.get(measure, _number)(written, unit)
    if amount < 0:
        raise QuantityError(f"'{written}' must be at least 0, like '{example(measure, unit)}'")
    if not math.isfinite(amount) or amount > _MOST * MONTH_SECONDS:
        raise QuantityError(f"'{written}' is too large, like a slip of the keyboard")
    return amount


def of_each(written: object) -> str | None:
    """What one request takes, where that is what is written: ``200 ms each``."""
    match = _EACH.fullmatch(written.strip()) if isinstance(written, str) else None
    return match["amount"] if match else None


def example(measure: Measure, unit: str | None = None) -> str:
    """An amount of this measure as people would write it."""
    if measure == "seconds":
        if unit is None or unit == "hour":
            return "730 h"
        if unit == "minute":
            return "100 h"
        if unit == "month":
            return "1 month"
        return f"730 {unit}s" if unit.endswith("-hour") else f"1 {unit}"
    return _EXAMPLES.get(measure, "100")


def write_amount(amount: float, measure: Measure) -> str | None:
    """The text of a known amount; None for a measure that has no short one."""
    if measure == "bytes":
        return SIZE.write(amount)
    if measure == "byte_seconds":
        return SIZE.write(amount / MONTH_SECONDS)
    if measure == "requests" and amount == int(amount):
        return f"{amount:.0f}"
    return None


_EXAMPLES: dict[Measure, str] = {
    "bytes": "100 GiB",
    "byte_seconds": "100 GiB",
    "requests": "1 million",
    "object_seconds": "1 million objects",
    "iops_seconds": "3000 IOPS",
    "rate_seconds": "125 MB/s",
}


def _bytes(written: object, unit: str | None) -> float:
    amount, times = _flow(written)
    return _sized(amount, written) * times


def _byte_seconds(written: object, unit: str | None) -> float:
    amount, seconds = _held(written)
    return _sized(amount, written) * seconds


def _requests(written: object, unit: str | None) -> float:
    amount, times = _flow(written)
    return _count(amount, written, "1 million") * times


def _held_count(written: object, unit: str | None) -> float:
    amount, seconds = _held(written)
    return _count(amount, written, "1 million") * seconds


def _bandwidth(written: object, unit: str | None) -> float:
    return BANDWIDTH.parse(written) * MONTH_SECONDS


def _seconds(written: object, unit: str | None) -> float:
    """A time, or things times a time: ``120 h``, ``200 capacity-unit-hours``, ``8 h/day``."""
    amount, times = _flow(written)
    match = re.fullmatch(r"(.*?\d)\s+[A-Za-z][\w-]*-([a-z]+)", str(amount).strip())
    if match and match[2] in DURATION.units:
        return DURATION.parse(f"{match[1]} {match[2]}") * times
    try:
        return DURATION.parse(amount) * times
    except QuantityError as error:
        raise _as_written(error, written, "a time", example("seconds", unit)) from None


def _number(written: object, unit: str | None) -> float:
    return _count(written, written, "100")


def _flow(written: object) -> tuple[object, float]:
    """What flows, and how often in the month."""
    match = _RATE.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        return written, 1.0
    if match["time"] not in DURATION.units:
        raise QuantityError(
            f"'{written}' is per '{match['time']}', which is no time that is known; "
            f"write for example '20 per second'{near_misses(match['time'], DURATION.units)}"
        )
    return match["amount"], MONTH_SECONDS / DURATION.units[match["time"]]


def _held(written: object) -> tuple[object, float]:
    """What is kept, and for how many seconds."""
    match = _HELD.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None or match["time"] not in DURATION.units:
        return written, MONTH_SECONDS
    return match["amount"], DURATION.units[match["time"]]


def _sized(amount: object, written: object) -> float:
    try:
        return SIZE.parse(amount)
    except QuantityError as error:
        raise _as_written(error, written, "a size", "100 GiB") from None


def _as_written(error: QuantityError, written: object, what: str, like: str) -> QuantityError:
    is_number = isinstance(written, int | float) and not isinstance(written, bool)
    if is_number and str(written) not in ("nan", "inf", "-inf"):
        return QuantityError(f"{written!r} has no unit; {what} is written like '{like}'")
    return QuantityError(f"{written!r} is not {what}; write for example '{like}'")


def _count(amount: object, written: object, like: str) -> float:
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        return float(amount)
    match = _COUNT.fullmatch(amount.strip()) if isinstance(amount, str) else None
    if match is None:
        raise QuantityError(f"{written!r} is not a number; write for example '{like}'")
    digits, word, noun = match.groups()
    if word not in _MULTIPLES and word.lower() not in _MULTIPLES and not noun:
        word, noun = "", word
    factor = _MULTIPLES.get(word, _MULTIPLES.get(word.lower())) if word else 1.0
    if factor is None or (noun and not _COUNTED.fullmatch(noun)):
        wrong = noun if factor is not None else word
        raise QuantityError(
            f"'{written}' counts '{wrong}', which is no multiple that is known; "
            f"write for example '{like}'"
        )
    return float(digits.replace("_", "").replace(",", "")) * factor


_PARSERS: dict[Measure, Callable[[object, str | None], float]] = {
    "bytes": _bytes,
    "byte_seconds": _byte_seconds,
    "requests": _requests,
    "object_seconds": _held_count,
    "iops_seconds": _held_count,
    "rate_seconds": _bandwidth,
    "seconds": _seconds,
}
