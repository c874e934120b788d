"""Keys that encrypt everything of the environment in one region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.environment import Environment
from stacks.aws.policy import Statement, allow, document, service
from stacks.aws.regions import Region
from stacks.names import Names

_DELETION_DAYS = 30
"""The longest that AWS waits before a deleted key, and all data under it, is gone."""
_USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
# The roles in which AWS itself starts nodes and fills file systems. They appear with the first
# use, so a policy cannot name them as principals, only ask who is calling.
_SERVICE_ROLES = (
    "aws-service-role/autoscaling.amazonaws.com/*",
    "aws-service-role/spot.amazonaws.com/*",
    "aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/*",
)


def declare_keys(
    environment: Environment, names: Names, regions: Mapping[str, Region], *, parent: Any
) -> dict[str, Any]:
    """The ARN of the key of each region; empty where the provider's own keys are used.

    A key that is given serves the environment's region. Its policy must let CloudWatch Logs,
    CloudTrail, alarms and the roles of auto scaling and FSx use it, as the policy here does.
    """
    governance = environment.governance
    if governance.encryption != "managed_key":
        return {}
    keys = {
        name: _key(regions[name], environment, names, parent)
        for name in blueprint.key_regions(environment)
    }
    if governance.key:
        keys[environment.region or ""] = governance.key
    return keys


def _key(region: Region, environment: Environment, names: Names, parent: Any) -> Any:
    name = f"key-{region.name}"
    key = aws.kms.Key(
        name,
        description=f"Data of Windtunnel's stack {names.stack} in {region.name}",
        enable_key_rotation=True,
        deletion_window_in_days=_DELETION_DAYS,
        policy=document(*_statements(region, environment, names)),
        tags=names.aws_tags(),
        opts=pulumi.ResourceOptions(
            parent=parent,
            provider=region.provider,
            protect=environment.governance.deletion_protection,
        ),
    )
    aws.kms.Alias(
        name,
        name_prefix=f"alias/{names.prefix('data')}-",
        target_key_id=key.key_id,
        opts=pulumi.ResourceOptions(parent=parent, provider=region.provider),
    )
    return key.arn


def _statements(region: Region, environment: Environment, names: Names) -> list[Statement]:
    root = region.arn("iam", "root", is_global=True)
    ours = {"StringEquals": {"kms:CallerAccount": region.account}}
    service_roles = {
        **ours,
        "ArnLike": {
            "aws:PrincipalArn": [
                region.arn("iam", f"role/{role}", is_global=True) for role in _SERVICE_ROLES
            ]
        },
    }
    found = [
        # Roles of the account need their own permission besides.
        allow("kms:*", "*", principal={"AWS": root}),
        allow(_USE, "*", principal={"AWS": "*"}, conditions=service_roles),
        allow(
            "kms:CreateGrant",
            "*",
            principal={"AWS": "*"},
            conditions={**service_roles, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]
    if environment.governance.alert_emails:
        found.append(
            allow(
                ["kms:Decrypt", "kms:GenerateDataKey*"],
                "*",
                principal=service("cloudwatch.amazonaws.com"),
                conditions={"StringEquals": {"aws:SourceAccount": region.account}},
            )
        )
    if environment.governance.audit:
        found += [
            allow(
                _USE,
                "*",
                principal=service(f"logs.{region.name}.amazonaws.com"),
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": region.arn("logs", "log-group:*")
                    }
                },
            ),
            allow(
                ["kms:GenerateDataKey*", "kms:DescribeKey"],
                "*",
                principal=service("cloudtrail.amazonaws.com"),
                conditions={
                    "StringEquals": {"aws:SourceArn": trail_arn(region, names)},
                },
            ),
        ]
    return found


def trail_name(names: Names) -> str:
    """What the audit trail is called; its bucket and its key know it by this name."""
    return names.prefix("audit")


def trail_arn(region: Region, names: Names) -> Any:
    """The ARN of the audit trail, before it is there."""
    return region.arn("cloudtrail", f"trail/{trail_name(names)}")
