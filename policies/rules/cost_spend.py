"""What a stack costs in all, who pays for it, and who hears when it is too much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field

from domain.costing.context import KNOWN_LATER, Survey
from domain.costing.gcp.compute import TEMPLATES
from domain.costing.plan import ResourceCost
from domain.figures import money, percent
from domain.frozen import Frozen
from domain.quantity import PositiveUsd, UsdPerHour
from policies.default_tags import default_tags
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_HOURS_PER_MONTH = 730
_BUDGETS = ("aws:budgets/budget:Budget", "gcp:billing/budget:Budget")


class HourlyCap(Frozen):
    """The dearest that a stack may be while everything runs."""

    max_usd_per_hour: UsdPerHour | None = None


class MonthlyBudget(Frozen):
    """The dearest that a month of 730 hours may be."""

    max_usd_per_month: PositiveUsd | None = None


class TeamBudgets(Frozen):
    """What each team may spend in a month, by the value of a tag."""

    tag: str = "team"
    max_usd_per_month: dict[str, PositiveUsd] = Field(default_factory=dict)


class Attribution(Frozen):
    """How much of the bill must carry the tag."""

    tag: str = "team"
    min_share: float = Field(default=0.95, ge=0, le=1)


class BudgetAlarm(Frozen):
    """From which monthly cost on somebody has to be told."""

    from_usd_per_month: PositiveUsd = 1000.0


def hourly_cap(world: World, settings: HourlyCap) -> Iterator[Judgement]:
    """An hour with everything running costs no more than the cap of the environment."""
    if settings.max_usd_per_hour is not None:
        yield from _within(world, _HOURS_PER_MONTH, settings.max_usd_per_hour, "an hour")


def monthly_budget(world: World, settings: MonthlyBudget) -> Iterator[Judgement]:
    """A month of 730 hours costs no more than the budget of the environment."""
    if settings.max_usd_per_month is not None:
        yield from _within(world, 1, settings.max_usd_per_month, "a month")


def _within(world: World, parts: int, limit_usd: float, period: str) -> Iterator[Judgement]:
    total = world.plan.monthly_usd
    if total is not None and float(total) / parts > limit_usd:
        yield Finding(
            f"the stack costs {money(float(total) / parts)} {period}, {money(limit_usd)} are "
            f"allowed; the most of it is {_dearest(world)}"
        )
        return
    gaps = [each for each in world.plan.resources if each.unpriced]
    if gaps:
        names = ", ".join(f"'{each.resource.name}'" for each in gaps[:3])
        yield Undecided(
            f"{len(gaps)} resources have no known price ({names}{', …' if len(gaps) > 3 else ''})"
        )


def _dearest(world: World) -> str:
    dearest = max(world.plan.resources, key=lambda each: each.monthly_usd or Decimal(0))
    return f"'{dearest.resource.name}' with {money(float(dearest.monthly_usd or 0))} a month"


def team_budgets(world: World, settings: TeamBudgets) -> Iterator[Judgement]:
    """What carries a team's tag costs no more in a month than that team may spend."""
    if not settings.max_usd_per_month:
        return
    spent: dict[str, float] = defaultdict(float)
    unpriced: dict[str, int] = defaultdict(int)
    for cost, team in _by_tag(world, settings.tag):
        spent[team or ""] += float(cost.monthly_usd or 0)
        unpriced[team or ""] += bool(cost.unpriced)
    for team, limit in settings.max_usd_per_month.items():
        if spent[team] > limit:
            yield Finding(
                f"what is tagged {settings.tag}={team} costs {money(spent[team])} a month, "
                f"{money(limit)} are allowed"
            )
        elif unpriced[team]:
            yield Undecided(f"{unpriced[team]} resources of {team} have no known price")


def costs_attributable(world: World, settings: Attribution) -> Iterator[Judgement]:
    """Nearly all of the bill carries the tag by which costs are told apart."""
    total = tagged = 0.0
    dearest: tuple[float, str] = (0.0, "")
    for cost, value in _by_tag(world, settings.tag):
        usd = float(cost.monthly_usd or 0)
        total += usd
        if value:
            tagged += usd
        elif usd > dearest[0]:
            dearest = (usd, cost.resource.name)
    if total and tagged < settings.min_share * total:
        yield Finding(
            f"{money(total - tagged)} a month carry no tag '{settings.tag}' "
            f"({percent(1 - tagged / total)} of the bill), most of it '{dearest[1]}'"
        )


def _by_tag(world: World, tag: str) -> Iterator[tuple[ResourceCost, str | None]]:
    survey = Survey(world.graph, world.catalog)
    for cost in world.plan.resources:
        if cost.basis != "free":
            context = survey.context(cost.resource)
            # Managed groups have no labels; their template's go to the machines.
            template = context.referred("versions", *TEMPLATES)
            value = context.tags.get(tag) or (template.tags.get(tag) if template else None)
            value = value or default_tags(world, cost.resource).get(tag)
            yield cost, value


def unpriced(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Every resource that costs money has a known price: a total with gaps is no budget."""
    for cost in world.plan.resources:
        for gap in cost.unpriced[:1]:
            if KNOWN_LATER in gap.reason:
                yield Undecided(f"{gap.component}: {gap.reason}", cost.resource)
            else:
                yield Finding(
                    f"what '{cost.resource.name}' costs is not known ({gap.component}: "
                    f"{gap.reason})",
                    cost.resource,
                )


def budget_alarm(world: World, settings: BudgetAlarm) -> Iterator[Judgement]:
    """A stack that costs much has a budget that tells somebody before the month is over."""
    total = float(world.plan.monthly_usd or 0)
    budgets = list(world.of_type(*_BUDGETS))
    if total >= settings.from_usd_per_month and not budgets:
        yield Finding(f"the stack costs {money(total)} a month, and no budget watches it")
    for budget in budgets:
        if not any(budget.inputs.get(key) for key in ("notifications", "thresholdRules")):
            yield Finding(f"the budget '{budget.name}' tells nobody when it is spent", budget)


RULES: tuple[Rule, ...] = (
    Rule(
        id="hourly-cost-cap",
        title="The stack stays under its hourly cap",
        category="cost",
        judge=hourly_cap,
        settings=HourlyCap,
        remedy="take fewer or smaller machines, or buy them on spot; "
        "'windtunnel choose' finds what fits",
    ),
    Rule(
        id="monthly-budget",
        title="The stack stays under its monthly budget",
        category="cost",
        judge=monthly_budget,
        settings=MonthlyBudget,
        remedy="take fewer or smaller machines, buy them on spot, or let them run part of the "
        "month; 'windtunnel plan' shows what costs most",
    ),
    Rule(
        id="team-budgets",
        title="Each team stays under its budget",
        category="cost",
        judge=team_budgets,
        settings=TeamBudgets,
        remedy="make that team's pools smaller, or agree on a larger budget in policy.yaml",
    ),
    Rule(
        id="costs-attributable",
        title="The bill can be told apart by team",
        category="cost",
        severity="advisory",
        judge=costs_attributable,
        settings=Attribution,
        remedy="tag what costs money (governance.tags, or default tags of the provider)",
        guides=("AWS Well-Architected, cost optimisation: COST03", "FinOps: allocation"),
    ),
    Rule(
        id="no-unpriced-resources",
        title="Everything that costs money has a known price",
        category="cost",
        severity="advisory",
        judge=unpriced,
        remedy="give its price in a file of your own prices (--prices), or take another type",
    ),
    Rule(
        id="budget-alarm",
        title="A budget watches a stack that costs much",
        category="cost",
        severity="advisory",
        judge=budget_alarm,
        settings=BudgetAlarm,
        remedy="set governance.budget and governance.alert_emails, or declare an "
        "aws.budgets.Budget or gcp.billing.Budget with notifications",
        guides=("AWS Well-Architected, cost optimisation: COST03", "Cloud Billing: budgets"),
    ),
)
