"""What was measured of each kind of link and NIC, out of ``domain/facts/collectives.csv``.

Rows hold absolute figures; the models take them relative to the row ``generic``, whose figures
are the priors of the calibration. So a calibration that was fitted on one kind moves the
others with it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache

from domain.catalog.facts import FOLDER
from domain.errors import CatalogError, near_misses
from simulator.models.collectives.fabric import Interconnect

GENERIC_KIND = "generic"
_LEVELS = ("link", "network")


@cache
def interconnect_rows() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """(level, kind) → its row as it lies in the table."""
    with (FOLDER / "collectives.csv").open(newline="", encoding="utf-8") as file:
        return {(row["level"], row["kind"]): row for row in csv.DictReader(file)}


def network_kinds() -> tuple[str, ...]:
    """The kinds of network that ``interconnect_of`` knows."""
    return tuple(kind for level, kind in interconnect_rows() if level == "network")


@cache
def interconnect_of(link_kind: str, network_kind: str = GENERIC_KIND) -> Interconnect:
    """What is known of accelerators' links (``link_kind`` of the catalog) and of a network.

    A link that nobody measured counts as generic, since the catalog has many of them.

    Raises:
        CatalogError: no such kind of network.
    """
    known = network_kinds()
    if network_kind not in known:
        raise CatalogError(
            f"no network of kind {network_kind!r}{near_misses(network_kind, known)} "
            f"(known: {', '.join(known)})"
        )
    return Interconnect(
        link_efficiency=_relative("link", link_kind, "efficiency"),
        switch_efficiency=_relative("link", link_kind, "switch_efficiency")
        / _relative("link", link_kind, "efficiency"),
        network_latency=_relative("network", network_kind, "latency_us"),
        network_efficiency=_relative("network", network_kind, "efficiency"),
    )


def _relative(level: str, kind: str, column: str) -> float:
    """A figure over that of the generic kind; 1 where it is not known."""
    rows = interconnect_rows()
    figure = rows.get((level, kind), {}).get(column, "")
    return float(figure) / float(rows[level, GENERIC_KIND][column]) if figure else 1.0
