"""What a stack costs in a month: every resource priced, free, waiting for usage, or unpriced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar

from domain.bill import Bill, Gap, LineItem, to_micro_dollars
from domain.catalog import Catalog
from domain.catalog.facts import REFERENCE_REGIONS
from domain.costing.context import Context, Survey
from domain.costing.free import why_free
from domain.costing.kinds import usual_type
from domain.costing.quantities import Quantities, StatedUsage
from domain.costing.reasons import COMPONENT, FREE_AS_DECLARED, NOT_OURS
from domain.costing.registry import costers
from domain.costing.stated import quantity_note, who_states, with_stated
from domain.costing.waiting import has_unknown, without_defaults
from domain.errors import near_misses
from domain.pricing import price
from domain.resources import Resource, ResourceGraph
from domain.usage import Usage

Basis = Literal["priced", "free", "usage", "unpriced"]
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+|[a-z]+-[a-z]+\d+")
_MONTH_HOURS = Decimal(730)
_Entry = TypeVar("_Entry", LineItem, Gap)


@dataclass(frozen=True, slots=True)
class ResourceCost:
    """One resource and what it costs in a month of 730 hours.

    ``usage`` waits for a quantity and has a unit price where one is known; ``unpriced`` has
    no price. ``notes`` are the assumptions that were made, or why it is free.
    """

    resource: Resource
    basis: Basis
    lines: tuple[LineItem, ...] = ()
    usage: tuple[Gap, ...] = ()
    unpriced: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def monthly_usd(self) -> Decimal | None:
        """The part that is known without usage; None where a part of that has no price."""
        if self.unpriced:
            return None
        return sum((line.amount_usd for line in self.lines), Decimal(0))

    @property
    def hourly_usd(self) -> Decimal | None:
        """A 730th of the month."""
        return _hourly(self.monthly_usd)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "urn": self.resource.urn,
            "type": self.resource.type,
            "name": self.resource.name,
            "basis": self.basis,
            "hourly_usd": _plain(self.hourly_usd),
            "monthly_usd": _plain(self.monthly_usd),
            "lines": [line.to_json() for line in self.lines],
            "usage": [_waiting(gap) for gap in self.usage],
            "unpriced": [gap.to_json() for gap in self.unpriced],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Every resource of a graph with its cost, in the order of the graph, and the whole bill."""

    graph: ResourceGraph
    resources: tuple[ResourceCost, ...]
    bill: Bill
    notes: tuple[str, ...] = ()

    @property
    def monthly_usd(self) -> Decimal | None:
        """The sum of what is priced; None where nothing is and something ought to be."""
        if self.bill.unpriced and not self.bill.lines:
            return None
        return self.bill.total_usd

    def bill_json(self) -> dict[str, Any]:
        """The bill as ``plan --json`` shows it."""
        whole = self.bill.to_json()
        return {
            "hourly_usd": _plain(_hourly(self.monthly_usd)),
            "monthly_usd": _plain(self.monthly_usd),
            "lines": _in_order(whole["lines"]),
            "unpriced": _in_order(whole["unpriced"]),
            "price_dates": whole["price_dates"],
            "notes": whole["notes"],
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data, as in ``plan --json``: in the order of URNs."""
        return {
            "source": self.graph.origin,
            "resources": [each.to_json() for each in sorted(self.resources, key=_urn)],
            "bill": self.bill_json(),
            "notes": list(self.notes),
        }


def _urn(cost: ResourceCost) -> str:
    return cost.resource.urn


def _in_order(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By resource: previews list resources in no order of theirs."""
    return sorted(entries, key=lambda entry: str(entry["resource"]))


def cost_graph(
    graph: ResourceGraph,
    catalog: Catalog,
    *,
    quantities: Mapping[str, Quantities] | None = None,
    usage: StatedUsage | None = None,
    today: date | None = None,
) -> Plan:
    """What a month of 730 hours of every resource of ``graph`` costs.

    Nothing raises: a type that nobody prices, a price that nobody knows and a quantity that
    nobody stated become gaps, each with its reason.

    Args:
        graph: the resources, and how they refer.
        catalog: prices, a team's own where it gave any.
        quantities: what is stated of usage, by URN or by the name of the component of ours
            that owns the resources (a pool, a bucket, ``network``).
        usage: what a usage file states, by URN and key; it wins over ``quantities``.
        today: the day to judge the age of the prices by, if they are to be judged.
    """
    survey = Survey(graph, catalog, quantities or {}, usage=usage or {})
    readings = [_read(survey.context(resource)) for resource in graph.resources]
    bill = price([each for reading in readings for each in reading.usages], catalog, today=today)
    lines, gaps = _by_resource(bill.lines), _by_resource(bill.unpriced)
    resources = [
        _cost(reading, lines.get(reading.urn, ()), gaps.get(reading.urn, ()))
        for reading in readings
    ]
    whole = Bill(
        tuple(line for each in resources for line in each.lines),
        tuple(gap for each in resources for gap in (*each.usage, *each.unpriced)),
        bill.notes,
    )
    return Plan(graph, tuple(resources), whole, _assumptions(graph, resources))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one resource uses, or why it uses nothing that is billed."""

    context: Context
    usages: tuple[Usage, ...] = ()
    free: str | None = None

    @property
    def urn(self) -> str:
        return self.context.resource.urn


def _read(context: Context) -> _Reading:
    resource = context.resource
    if resource.external:
        return _Reading(context, free=NOT_OURS)
    if not resource.custom:
        return _Reading(context, free=COMPONENT)
    kind = usual_type(resource.type)
    coster = costers().get(kind)
    if coster is None:
        return _Reading(context, free=why_free(kind))
    told = without_defaults(
        coster(context),
        context.waiting,
        urn=resource.urn,
        catalog=context.catalog,
        is_preview=has_unknown(resource.inputs),
    )
    usages = with_stated(tuple(told), context)
    if usages:
        _doubt_region(context)
    return _Reading(context, usages, free=None if usages else FREE_AS_DECLARED)


def _doubt_region(context: Context) -> None:
    """Says that a region is none that is known, so that another's prices are taken for it."""
    region = context.region
    if not region or not _REGION.fullmatch(region) or context.provider not in REFERENCE_REGIONS:
        return
    catalog, provider = context.catalog, context.provider

    def known() -> frozenset[str]:
        return frozenset(catalog.regions(provider)) | {
            price.region for price in catalog.services(provider)
        }

    regions = context.survey.once(f"regions of {provider}", known)
    if region not in regions:
        near = near_misses(region, regions)
        context.note(
            f"No region '{region}' of {provider} is known{near}; what is priced there at all "
            "has the price of another region."
        )


def _cost(reading: _Reading, lines: Sequence[LineItem], gaps: Sequence[Gap]) -> ResourceCost:
    context = reading.context
    resource, notes = context.resource, tuple(context.notes)
    if reading.free:
        return ResourceCost(resource, "free", notes=(*notes, reading.free))
    if not reading.usages:
        reason = f"resources of type {resource.type} are not priced yet"
        gap = Gap(resource.urn, resource.type, reason)
        return ResourceCost(resource, "unpriced", unpriced=(gap,))
    if any("sustained use" in (line.note or "") for line in lines):
        notes = (*notes, "Machines that run all month are billed less for their sustained use.")
    usage = tuple(gap for gap in gaps if gap.awaits_usage)
    unpriced = tuple(gap for gap in gaps if not gap.awaits_usage)
    basis: Basis = "unpriced" if unpriced else "usage" if usage and not lines else "priced"
    return ResourceCost(resource, basis, _sourced(context, lines), usage, unpriced, notes)


def _sourced(context: Context, lines: Sequence[LineItem]) -> tuple[LineItem, ...]:
    """The lines, those whose quantity somebody stated with a note of who did."""
    sources = who_states(context) if lines else {}
    return tuple(
        replace(line, note=_and(line.note, quantity_note(sources[line.component])))
        if line.component in sources
        else line
        for line in lines
    )


def _and(note: str | None, more: str) -> str:
    return f"{note} {more}" if note else more


def _assumptions(graph: ResourceGraph, resources: Iterable[ResourceCost]) -> tuple[str, ...]:
    """What people must know to read the totals, each thing once."""
    said = dict.fromkeys(graph.notes)
    for each in resources:
        if each.basis != "free":
            said |= dict.fromkeys(each.notes)
    return tuple(said)


def _by_resource(entries: Iterable[_Entry]) -> dict[str, list[_Entry]]:
    found: dict[str, list[_Entry]] = {}
    for entry in entries:
        found.setdefault(entry.resource, []).append(entry)
    return found


def _hourly(monthly_usd: Decimal | None) -> Decimal | None:
    return None if monthly_usd is None else to_micro_dollars(monthly_usd / _MONTH_HOURS)


def _plain(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _waiting(gap: Gap) -> dict[str, Any]:
    shown = gap.to_json()
    del shown["resource"]
    return shown
