"""What the stack may cost in a month, and who hears when it costs more."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from domain.blueprint import TAG_STACK
from domain.environment import Environment
from stacks.names import Names

_MONTH_HOURS = 730
# Of what, and per cent of the month's budget.
_ALERTS = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))


def declare_budget(environment: Environment, names: Names, *, parent: Any) -> None:
    """A monthly budget of the resources with this stack's tag, where one is asked for.

    Costs are found by the tag ``windtunnel-stack``, which an administrator has to activate as
    a cost allocation tag once in the account; until then the budget sees nothing.
    """
    governance = environment.governance
    if governance.budget is None:
        return
    notifications = [
        aws.budgets.BudgetNotificationArgs(
            comparison_operator="GREATER_THAN",
            notification_type=kind,
            threshold=per_cent,
            threshold_type="PERCENTAGE",
            subscriber_email_addresses=list(governance.alert_emails),
        )
        for kind, per_cent in _ALERTS
    ]
    aws.budgets.Budget(
        "spend",
        name_prefix=f"{names.prefix('spend')}-",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{governance.budget * _MONTH_HOURS:.2f}",
        limit_unit="USD",
        cost_filters=[
            aws.budgets.BudgetCostFilterArgs(
                name="TagKeyValue", values=[f"user:{TAG_STACK}${names.stack}"]
            )
        ],
        notifications=notifications if governance.alert_emails else None,
        tags=names.aws_tags(),
        opts=pulumi.ResourceOptions(parent=parent),
    )
