"""A record of every connection in a network."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from domain.blueprint import RETENTION_DAYS
from stacks.aws.policy import allow, document, trust
from stacks.aws.regions import Region
from stacks.names import Names


def declare_flow_log(
    name: str, vpc_id: Any, region: Region, names: Names, key_arn: Any, *, parent: Any
) -> None:
    """Logs all traffic of a VPC, kept for :data:`~domain.blueprint.RETENTION_DAYS`."""
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.cloudwatch.LogGroup(
        f"{name}-flows",
        name_prefix=f"{names.prefix(f'{name}-flows')}-",
        retention_in_days=RETENTION_DAYS,
        kms_key_id=key_arn,
        tags=names.aws_tags(),
        opts=child,
    )
    role = aws.iam.Role(
        f"{name}-flows",
        name_prefix=f"{names.prefix(f'{name}-flows', most=30)}-",
        assume_role_policy=trust(
            "vpc-flow-logs.amazonaws.com",
            {"StringEquals": {"aws:SourceAccount": region.account}},
        ),
        tags=names.aws_tags(),
        opts=child,
    )
    written = aws.iam.RolePolicy(
        f"{name}-flows",
        role=role.id,
        policy=document(
            allow(
                ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                pulumi.Output.concat(group.arn, ":*"),
            ),
            allow("logs:DescribeLogGroups", region.arn("logs", "*")),
        ),
        opts=child,
    )
    aws.ec2.FlowLog(
        f"{name}-flows",
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        tags=names.aws_tags(),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[written]),
    )
