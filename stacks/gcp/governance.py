"""What holds for the whole stack: keys, audit, budget, and who hears of alarms."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_gcp import monitoring

from stacks.gcp.audit import declare_audit
from stacks.gcp.budget import declare_budget
from stacks.gcp.context import Context
from stacks.gcp.keys import declare_keys


@dataclass(frozen=True)
class GovernanceArgs:
    """The stack that is governed."""

    context: Context


class Governance(pulumi.ComponentResource):
    """Keys by region, notification channels; audit and budget where the environment says so."""

    def __init__(
        self, name: str, args: GovernanceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("windtunnel:gcp:Governance", name, {}, opts)
        context = args.context
        governance = context.environment.governance
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=governance.deletion_protection)
        self.channels = [_channel(context, each, child) for each in governance.alert_emails]
        self.keys = declare_keys(context, child, kept)
        if governance.audit:
            declare_audit(context, self.keys.get(context.region), child, kept)
        if governance.budget is not None:
            declare_budget(context, governance.budget, self.channels, child)
        self.register_outputs({"keys": {region: key.id for region, key in self.keys.items()}})


def _channel(context: Context, address: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    channel = monitoring.NotificationChannel(
        f"mail-{address}",
        type="email",
        display_name=address,
        labels={"email_address": address},
        user_labels=context.names.gcp_labels(),
        opts=opts,
    )
    return channel.id
