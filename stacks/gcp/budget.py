"""The budget whose alarms the team hears."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_gcp import billing

from domain.blueprint import TAG_STACK
from stacks.gcp.context import Context

_HOURS_A_MONTH = 730
_NANOS_A_CENT = 10_000_000
_SPENT = (0.5, 0.8, 1.0)
_FORECAST = (1.0,)


def declare_budget(
    context: Context,
    usd_per_hour: float,
    channels: Sequence[pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> None:
    """A monthly budget on what carries the stack's label, with alarms on spend and forecast."""
    cents = round(usd_per_hour * _HOURS_A_MONTH * 100)
    rules = [(share, "CURRENT_SPEND") for share in _SPENT]
    rules += [(share, "FORECASTED_SPEND") for share in _FORECAST]
    labels = context.names.gcp_labels()
    billing.Budget(
        context.names.prefix("budget"),
        billing_account=context.facts.billing_account,
        display_name=context.names.prefix("budget"),
        amount=billing.BudgetAmountArgs(
            specified_amount=billing.BudgetAmountSpecifiedAmountArgs(
                currency_code="USD",
                units=str(cents // 100),
                nanos=cents % 100 * _NANOS_A_CENT,
            )
        ),
        budget_filter=billing.BudgetBudgetFilterArgs(
            projects=[pulumi.Output.format("projects/{0}", context.facts.number)],
            labels={TAG_STACK: labels[TAG_STACK]},
            calendar_period="MONTH",
            credit_types_treatment="INCLUDE_ALL_CREDITS",
        ),
        threshold_rules=[
            billing.BudgetThresholdRuleArgs(threshold_percent=share, spend_basis=basis)
            for share, basis in rules
        ],
        all_updates_rule=billing.BudgetAllUpdatesRuleArgs(
            monitoring_notification_channels=list(channels)
        )
        if channels
        else None,
        opts=opts,
    )
