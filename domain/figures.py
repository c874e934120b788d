"""Figures as people read them: three digits and a unit."""

from __future__ import annotations

import math
from decimal import Decimal

_TIME_STEPS = ((86400.0 * 3, 86400.0, "d"), (3600.0, 3600.0, "h"), (60.0, 60.0, "min"))
_SIZE_STEPS = (
    (1e15, "PB"),
    (1e12, "TB"),
    (1e9, "GB"),
    (1e6, "MB"),
    (1e3, "kB"),
)
# Less than this part of a price is the rounding of its source.
_ROUNDING = Decimal("1e-5")


def digits(value: float) -> str:
    """Three significant digits, thousands separated, no exponent."""
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:,.0f}"
    places = max(0, 2 - math.floor(math.log10(magnitude)))
    text = f"{value:.{min(places, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float) -> str:
    """``8.12 h``, ``34 min``, ``0.25 s``; a dash where it is not known."""
    if not math.isfinite(seconds):
        return "–"
    for least, unit_seconds, unit in _TIME_STEPS:
        if abs(seconds) >= least:
            return f"{digits(seconds / unit_seconds)} {unit}"
    if seconds and abs(seconds) < 0.1:
        return f"{digits(seconds * 1e3)} ms"
    return f"{digits(seconds)} s"


def money(usd: float) -> str:
    """``$1,234`` from a hundred dollars on, cents below, three digits below one dollar."""
    if not math.isfinite(usd):
        return "–"
    sign = "-" if usd < 0 else ""
    usd = abs(usd)
    if usd >= 100:
        return f"{sign}${usd:,.0f}"
    if usd >= 1 or usd == 0:
        return f"{sign}${usd:.2f}"
    return f"{sign}${digits(usd)}"


def unit_price(usd: float | Decimal) -> str:
    """``$0.0000004``: six significant digits, no exponent, whatever it is the price of.

    A price that was reckoned from a round one, as $0.06000012 an hour from $0.0000166667 a
    second, is round again.
    """
    exact, round_one = Decimal(f"{usd:.6g}"), Decimal(f"{usd:.3g}")
    is_round = abs(Decimal(usd) - round_one) < abs(round_one) * _ROUNDING
    return f"${(round_one if is_round else exact).normalize():f}"


def size(size_bytes: float) -> str:
    """``3.1 GB``, decimal units."""
    for factor, unit in _SIZE_STEPS:
        if abs(size_bytes) >= factor:
            return f"{digits(size_bytes / factor)} {unit}"
    return f"{digits(size_bytes)} B"


def percent(share: float) -> str:
    """``73 %``; a dash where it is not known."""
    return f"{share * 100:.0f} %" if math.isfinite(share) else "–"
