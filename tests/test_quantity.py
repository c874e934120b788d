"""Quantities: what people write, what the models see, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import QuantityError
from domain.quantity import BANDWIDTH, DURATION, FREQUENCY, MONEY, MONEY_RATE, SIZE, Kind

KINDS = [DURATION, SIZE, BANDWIDTH, MONEY, MONEY_RATE, FREQUENCY]


@pytest.mark.parametrize(
    ("kind", "text", "si"),
    [
        (BANDWIDTH, "100 Gbit/s", 12.5e9),
        (BANDWIDTH, "100Gbps", 12.5e9),
        (BANDWIDTH, "3.2 GB/s", 3.2e9),
        (SIZE, "2 TiB", 2 * 2**40),
        (SIZE, "150 GB", 150e9),
        (SIZE, "8 Gbit", 1e9),
        (DURATION, "90 min", 5400.0),
        (DURATION, "1.5h", 5400.0),
        (DURATION, "2 days", 172800.0),
        (MONEY, "$2,000", 2000.0),
        (MONEY, "2000 USD", 2000.0),
        (MONEY_RATE, "$250/day", 250 / 24),
        (MONEY_RATE, "$730/month", 1.0),
        (FREQUENCY, "20 per hour", 20 / 3600),
        (SIZE, 0, 0.0),
    ],
)
def test_what_people_write(kind: Kind, text: object, si: float) -> None:
    assert kind.parse(text) == pytest.approx(si, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (SIZE, 150, "150 has no unit; a size is written like '2 TiB'"),
        (SIZE, "150", "no unit, which is not a size"),
        (SIZE, "3 min", "unit 'min', which is not a size"),
        (DURATION, "soon", "'soon' is not a duration; write for example '90 min'"),
        (MONEY, "$5/h", "unit '$/h', which is not an amount of money"),
        (BANDWIDTH, "100 Gbit", "not a bandwidth"),
        (DURATION, "1e999 s", "must be finite"),
        (SIZE, True, "True is not a size"),
    ],
)
def test_what_is_wrong_is_said(kind: Kind, text: object, said: str) -> None:
    with pytest.raises(QuantityError) as caught:
        kind.parse(text)
    assert said in str(caught.value)


@given(st.sampled_from(KINDS), st.floats(1e-6, 1e15))
def test_what_is_written_reads_back_the_same(kind: Kind, value: float) -> None:
    assert kind.parse(kind.write(value)) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (BANDWIDTH, "100 Gbit/s"),
        (SIZE, "2 TiB"),
        (SIZE, "110 kB"),
        (DURATION, "90 min"),
        (DURATION, "12 h"),
        (MONEY_RATE, "$250/day"),
        (MONEY, "$2000"),
    ],
)
def test_round_figures_stay_as_people_write_them(kind: Kind, text: str) -> None:
    assert kind.write(kind.parse(text)) == text
