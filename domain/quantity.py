"""Quantities as people write them, SI floats inside.

A scenario says ``100 Gbit/s``, ``2 TiB``, ``90 min``, ``$250/day``; the models see
bytes per second, bytes, seconds and US dollars per hour. A bare number has no unit to
trust, so it is refused (0 needs none). ``GB`` is 10⁹ bytes, ``GiB`` 2³⁰; ``bit`` and
``b`` are bits, ``B`` is bytes. A month is 730 hours, a year 8,760 hours, as clouds bill.

Each kind is a pydantic type (``Seconds``, ``Bytes``, …) that parses on the way in and
writes the shortest exact text on the way out, so parsing what was written gives the
same float back.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from domain.errors import QuantityError

_NUMBER = r"[+-]?(?:\d[\d_]*(?:,\d{3})*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"^\s*(\$)?\s*({_NUMBER})\s*(.*?)\s*$")

_DECIMAL = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50}

_HOUR = 3600.0
_TIME_UNITS = {
    "s": 1.0,
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "min": 60.0,
    "h": _HOUR,
    "day": 24 * _HOUR,
    "week": 7 * 24 * _HOUR,
    "month": 730 * _HOUR,
    "year": 8760 * _HOUR,
}
_TIME_SPELLINGS = {
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "m": "min",
    "mins": "min",
    "minute": "min",
    "minutes": "min",
    "hr": "h",
    "hrs": "h",
    "hour": "h",
    "hours": "h",
    "d": "day",
    "days": "day",
    "weeks": "week",
    "mo": "month",
    "months": "month",
    "yr": "year",
    "years": "year",
}
_TIMES = _TIME_UNITS | {word: _TIME_UNITS[unit] for word, unit in _TIME_SPELLINGS.items()}
_SIZES = (
    {f"{prefix}B": factor for prefix, factor in (_DECIMAL | _BINARY).items()}
    | {f"{prefix}bit": factor / 8 for prefix, factor in (_DECIMAL | _BINARY).items()}
    | {f"{prefix}b": factor / 8 for prefix, factor in _DECIMAL.items() if prefix}
    | {"KB": 1e3, "byte": 1.0, "bytes": 1.0}
)
_SIZE_RATES = {
    f"{size}{slash}": factor for size, factor in _SIZES.items() for slash in ("/s", "ps")
}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of quantity: its units as factors to the SI unit, and how to write it.

    ``written`` are the units tried, largest first, when a value is turned into text.
    """

    name: str
    si_unit: str
    units: dict[str, float]
    written: tuple[str, ...]
    example: str
    most: float
    """Nothing real is larger; larger figures are slips of the keyboard."""
    currency: bool = False

    def parse(self, value: object) -> float:
        """The SI float of ``value``.

        Raises:
            QuantityError: no number, no unit, a unit of another kind, or not finite.
        """
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise QuantityError(f"{value!r} is not {self.name}; write for example '{self.example}'")
        if not isinstance(value, str):
            if value == 0:
                return 0.0
            raise QuantityError(
                f"{value!r} has no unit; {self.name} is written like '{self.example}'"
            )
        match = _QUANTITY.match(value)
        if match is None:
            raise QuantityError(f"'{value}' is not {self.name}; write for example '{self.example}'")
        dollar, digits, unit = match.groups()
        number = float(digits.replace("_", "").replace(",", ""))
        if not math.isfinite(number):
            raise QuantityError(f"'{value}' is too large; {self.name} must be finite")
        unit = self._unit_text(bool(dollar), unit)
        factor = self.units.get(unit, self.units.get(unit.replace(" ", "")))
        if factor is None:
            if number == 0 and not unit:
                return 0.0
            what = f"unit '{unit}'" if unit else "no unit"
            raise QuantityError(
                f"'{value}' has {what}, which is not {self.name}; "
                f"write for example '{self.example}'"
            )
        return number * factor

    def _unit_text(self, dollar: bool, unit: str) -> str:
        if not self.currency:
            return f"$ {unit}".strip() if dollar else unit
        for prefix in ("USD", "usd", "$"):
            if unit.startswith(prefix):
                return "$" + unit[len(prefix) :].replace(" ", "")
        return "$" + unit.replace(" ", "") if dollar else unit

    def write(self, value: float) -> str:
        """The text with the fewest digits that parses back to the same float."""
        if value == 0:
            return "$0" if self.currency else f"0 {self.si_unit}"
        texts = [(self._digits(value / self.units[unit]), unit) for unit in self.written]
        exact = [(digits, unit) for digits, unit in texts if self._text_is(digits, unit, value)]
        digits, unit = min(exact or texts[-1:], key=lambda text: len(text[0]))
        return self._text(digits, unit)

    def _digits(self, number: float) -> str:
        return f"{number:.0f}" if number == int(number) and abs(number) < 1e15 else repr(number)

    def _text(self, digits: str, unit: str) -> str:
        return f"${digits}{unit[1:]}" if self.currency else f"{digits} {unit}"

    def _text_is(self, digits: str, unit: str, value: float) -> bool:
        return float(digits) * self.units[unit] == value


DURATION = Kind("a duration", "s", _TIMES, ("day", "h", "min", "s", "ms", "us"), "90 min", 1e10)
SIZE = Kind(
    "a size",
    "B",
    _SIZES,
    ("PB", "PiB", "TB", "TiB", "GB", "GiB", "MB", "MiB", "kB", "KiB", "B"),
    "2 TiB",
    1e21,
)
BANDWIDTH = Kind(
    "a bandwidth",
    "B/s",
    _SIZE_RATES,
    ("Gbit/s", "MB/s", "GB/s", "Mbit/s", "kB/s", "B/s"),
    "100 Gbit/s",
    1e18,
)
MONEY = Kind("an amount of money", "$", {"$": 1.0}, ("$",), "$2000", 1e12, currency=True)
MONEY_RATE = Kind(
    "money per time",
    "$/h",
    {
        f"${slash}{word}": _HOUR / seconds
        for word, seconds in _TIMES.items()
        for slash in ("/", "per")
    },
    ("$/h", "$/day", "$/month"),
    "$250/day",
    1e9,
    currency=True,
)
OPERATIONS = Kind(
    "a rate of operations",
    "FLOP/s",
    {
        f"{prefix}{word}": factor
        for prefix, factor in (_DECIMAL | {"E": 1e18}).items()
        for word in ("FLOP/s", "FLOPS", "OP/s", "OPS")
    },
    ("PFLOP/s", "TFLOP/s", "GFLOP/s", "MFLOP/s", "FLOP/s"),
    "312 TFLOP/s",
    1e21,
)
FREQUENCY = Kind(
    "a rate of events",
    "/s",
    {f"{slash}{word}": 1 / seconds for word, seconds in _TIMES.items() for slash in ("/", "per ")},
    ("/h", "/day", "/min", "/s"),
    "20 /h",
    1e9,
)


@dataclass(frozen=True, slots=True)
class Read:
    """Marks a pydantic field as a quantity of one kind: ``Annotated[float, Read(SIZE)]``."""

    kind: Kind
    positive: bool = False

    def _validate(self, value: object) -> float:
        # Pydantic gathers the ValueErrors of all fields; a QuantityError would end the reading.
        try:
            number = self.kind.parse(value)
        except QuantityError as error:
            raise ValueError(error.message) from None
        if number < 0 or (self.positive and number == 0):
            least = "more than" if self.positive else "at least"
            raise ValueError(f"'{value}' must be {least} 0, like '{self.kind.example}'")
        if number > self.kind.most:
            most = self.kind.write(self.kind.most)
            raise ValueError(f"'{value}' is too large; at most {most} is taken")
        return number

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.kind.write, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "description": self.kind.name, "examples": [self.kind.example]}


Seconds = Annotated[float, Read(DURATION)]
PositiveSeconds = Annotated[float, Read(DURATION, positive=True)]
Bytes = Annotated[float, Read(SIZE)]
PositiveBytes = Annotated[float, Read(SIZE, positive=True)]
BytesPerSecond = Annotated[float, Read(BANDWIDTH, positive=True)]
FlopsPerSecond = Annotated[float, Read(OPERATIONS, positive=True)]
Usd = Annotated[float, Read(MONEY)]
PositiveUsd = Annotated[float, Read(MONEY, positive=True)]
UsdPerHour = Annotated[float, Read(MONEY_RATE)]
PerSecond = Annotated[float, Read(FREQUENCY, positive=True)]
