"""The fact tables as they lie in ``domain/facts``: read when first asked for, then kept.

Columns carry the unit in which the source states the fact (GiB, GB/s, Gbit/s, TFLOP/s, US
dollars), so that a row can be checked against it; here they become SI floats. An empty
cell is unknown.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from pathlib import Path

from domain.catalog.records import Accelerator, Machine, Source, Tier
from domain.catalog.units import BILLING_UNITS, PLAIN_UNITS
from domain.errors import InputError, near_misses

Row = Mapping[str, str]

FOLDER = Path(__file__).resolve().parent.parent / "facts"
# Provider → the tables that its machines and offers are spread over.
FAMILIES = {"aws": ("aws",), "gcp": ("gcp", "tpu")}
# Asked where the region itself has no price: the region that the sources know best.
REFERENCE_REGIONS = {"aws": "us-east-1", "gcp": "us-central1"}

_GIB = 2.0**30
_GBIT_PER_S = 1e9 / 8
_PRECISIONS = {
    "fp32": "fp32_tflops",
    "tf32": "tf32_tflops",
    "fp16": "fp16_tflops",
    "bf16": "bf16_tflops",
    "fp8": "fp8_tflops",
    "int8": "int8_tops",
}


def number(text: str, unit: float = 1.0) -> float | None:
    """A cell in SI units, or None where it is empty."""
    return float(text) * unit if text else None


def day(text: str) -> date | None:
    """A cell that holds an ISO date, or None where it is empty."""
    return date.fromisoformat(text) if text else None


def spelling(name: str) -> str:
    """Names that differ only in case, spaces or underscores are one name."""
    return "-".join(name.replace("_", " ").lower().split())


class Facts:
    """All tables of one folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    def _table(self, name: str) -> list[dict[str, str]]:
        return [row for _, row in self._rows(name)]

    def _rows(self, name: str) -> Iterator[tuple[str, dict[str, str]]]:
        """``file:line`` of each row, and the row."""
        path = self._folder / f"{name}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            header = next(rows)
            for row in rows:
                place = f"{path}:{rows.line_num}"
                if len(row) != len(header):
                    raise InputError(
                        f"has {len(row)} cells, the first line has {len(header)}; a cell with a "
                        "comma in it stands in double quotes",
                        where=place,
                    )
                yield place, dict(zip(header, row, strict=True))

    @cached_property
    def fingerprint(self) -> str:
        """Eight hex digits that change with any fact."""
        names = ["accelerators", "aliases", "commitments", "products", "sources"]
        for provider, families in FAMILIES.items():
            names.append(f"services_{provider}")
            names += [f"{kind}_{family}" for kind in ("machines", "offers") for family in families]
        digest = hashlib.sha256()
        for name in sorted(names):
            digest.update((self._folder / f"{name}.csv").read_bytes())
        return digest.hexdigest()[:8]

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Every source by its key."""
        return {
            row["key"]: Source(
                key=row["key"],
                title=row["title"],
                address=row["address"] or None,
                licence=row["licence"] or None,
                observed=day(row["observed"]),
                holds_prices=row["prices"] == "yes",
                note=row["note"] or None,
            )
            for row in self._table("sources")
        }

    @cached_property
    def accelerators(self) -> dict[str, Accelerator]:
        """Every accelerator by its canonical id."""
        return {row["id"]: _accelerator(row) for row in self._table("accelerators")}

    @cached_property
    def aliases(self) -> dict[tuple[str, str], str]:
        """(spelling, scope) → canonical id."""
        return {
            (spelling(row["alias"]), row["scope"].lower()): row["id"]
            for row in self._table("aliases")
        }

    @cached_property
    def _products(self) -> dict[tuple[str, str, str], str]:
        return {
            (row["provider"], row["service"], row["kind"]): row["product"]
            for row in self._table("products")
        }

    def product(self, provider: str, service: str, kind: str) -> str:
        """What ``provider`` sells as ``kind``; a name that is not a kind is a product already."""
        return self._products.get((provider, service, kind), kind)

    @cached_property
    def commitments(self) -> dict[tuple[str, str, str], Row]:
        """(provider, region, family) → per cent off for one and for three years."""
        return {
            (row["provider"], row["region"], row["family"]): row
            for row in self._table("commitments")
        }

    @cache  # noqa: B019 - one instance lives as long as the process
    def machines(self, provider: str) -> dict[str, Machine]:
        """The machine types of a provider by name."""
        return {
            row["name"]: self._machine(provider, row)
            for family in FAMILIES[provider]
            for row in self._table(f"machines_{family}")
        }

    def _machine(self, provider: str, row: Row) -> Machine:
        accelerator = self.accelerators[row["accelerator"]] if row["accelerator"] else None
        return Machine(
            provider=provider,
            name=row["name"],
            family=row["family"],
            host_machine=row["host_machine"] or None,
            vm_count=int(row["vm_count"]),
            vcpu=number(row["vcpu"]),
            memory_bytes=number(row["memory_gib"], _GIB),
            accelerator=accelerator.id if accelerator else None,
            accelerator_count=int(row["accelerator_count"]),
            accelerator_memory_bytes=accelerator.memory_bytes if accelerator else None,
            is_tpu=accelerator is not None and accelerator.vendor == "google",
            network_bytes_per_second=number(row["network_gbit_per_s"], _GBIT_PER_S),
            network_baseline_bytes_per_second=number(
                row["network_baseline_gbit_per_s"], _GBIT_PER_S
            ),
            network_gpu_bytes_per_second=number(row["network_gpu_only_gbit_per_s"], _GBIT_PER_S),
            local_nvme_bytes=float(row["local_nvme_gib"]) * _GIB,
            local_nvme_optional_bytes=float(row["local_nvme_optional_gib"]) * _GIB,
            efa_interfaces=int(row["efa_interfaces"]),
            source=row["source"],
            as_of=day(row["as_of"]),
            note=row["note"] or None,
        )

    @cache  # noqa: B019
    def offers(self, provider: str) -> dict[tuple[str, str], Row]:
        """(region, machine) → its row; thousands, so a row becomes an offer when asked for."""
        return {
            (row["region"], row["machine"]): row
            for family in FAMILIES[provider]
            for row in self._table(f"offers_{family}")
        }

    @cache  # noqa: B019
    def services(self, provider: str) -> dict[tuple[str, str], dict[str, tuple[list[Tier], Row]]]:
        """(service, item) → region → its tiers in order, and the row of the first.

        Raises:
            InputError: a figure without a number or in no unit, a tier out of order.
        """
        found: dict[tuple[str, str], dict[str, tuple[list[Tier], Row]]] = {}
        for place, row in self._rows(f"services_{provider}"):
            regions = found.setdefault((row["service"], row["item"]), {})
            tiers, first = regions.setdefault(row["region"], ([], row))
            try:
                tiers.append(_next_tier(row, tiers, first))
            except InputError as error:
                raise error.at(place) from None
        return found

    @cache  # noqa: B019
    def service_items(self, provider: str) -> dict[str, tuple[str, ...]]:
        """Service → its items."""
        found: dict[str, list[str]] = {}
        for service, item in self.services(provider):
            found.setdefault(service, []).append(item)
        return {service: tuple(items) for service, items in found.items()}


def _next_tier(row: Row, before: Sequence[Tier], first: Row) -> Tier:
    """The tier of one row, which follows those of the rows above it."""
    unit, what = row["unit"], f"'{row['service']},{row['item']},{row['region']}'"
    if unit not in BILLING_UNITS and unit not in PLAIN_UNITS:
        hint = near_misses(unit, BILLING_UNITS) or f"; units are {', '.join(BILLING_UNITS)}"
        raise InputError(f"{what}: '{unit}' is no unit that is known{hint}")
    if unit != first["unit"]:
        raise InputError(f"{what}: its first tier is in {first['unit']}, this one in {unit}")
    tier = Tier(_figure(row, "above") if row["above"] else 0.0, _figure(row, "value"))
    if before and tier.above <= before[-1].above:
        raise InputError(
            f"{what}: the tier above {tier.above:.12g} stands below that above "
            f"{before[-1].above:.12g}; tiers of a price stand in ascending order, each once, the "
            "first with 'above' left empty"
        )
    if not before and tier.above:
        raise InputError(
            f"{what}: its first tier is above {tier.above:.12g}, so what is below has no price; "
            "the first of a price has 'above' left empty"
        )
    return tier


def _figure(row: Row, column: str) -> float:
    try:
        return float(row[column])
    except ValueError:
        raise InputError(
            f"'{row['service']},{row['item']},{row['region']}': {column} is '{row[column]}', "
            "which is no number"
        ) from None


def _accelerator(row: Row) -> Accelerator:
    links = row["links"]
    return Accelerator(
        id=row["id"],
        vendor=row["vendor"],
        memory_bytes=number(row["memory_gib"], _GIB),
        memory_bytes_per_second=number(row["memory_gb_per_s"], 1e9),
        peak_flops={
            precision: float(row[column]) * 1e12
            for precision, column in _PRECISIONS.items()
            if row[column]
        },
        link_kind=row["link_kind"],
        link_bytes_per_second=number(row["link_gb_per_s_each_way"], 1e9),
        links=int(links) if links else None,
        tdp_watts=number(row["tdp_watts"]),
        measured_bf16_flops=number(row["measured_bf16_tflops"], 1e12),
        frameworks=tuple(row["frameworks"].split("|")),
        tensorflow_support=row["tensorflow_support"],
        tensorflow_reason=row["tensorflow_reason"] or None,
        confidence=row["confidence"],
        source=row["source"],
        as_of=day(row["as_of"]),
        note=row["note"] or None,
    )
