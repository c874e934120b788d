"""Who did what: a trail of every call to AWS, and of every access to the environment's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from domain.blueprint import RETENTION_DAYS
from domain.environment import Environment
from stacks.aws.keys import trail_arn, trail_name
from stacks.aws.policy import Statement, allow, service
from stacks.aws.regions import Region
from stacks.aws.storage import declare_bucket
from stacks.names import Names

_TRAIL = service("cloudtrail.amazonaws.com")


def declare_trail(
    environment: Environment,
    names: Names,
    home: Region,
    key_arn: Any,
    bucket_arns: Sequence[Any],
    *,
    parent: Any,
) -> None:
    """A trail over all regions, with the objects of ``bucket_arns``, and where it is kept."""
    protect = environment.governance.deletion_protection
    ours = {"aws:SourceArn": trail_arn(home, names)}

    def statements(arn: Any) -> Sequence[Statement]:
        return (
            allow("s3:GetBucketAcl", arn, principal=_TRAIL, conditions={"StringEquals": ours}),
            allow(
                "s3:PutObject",
                pulumi.Output.concat(arn, "/AWSLogs/", home.account, "/*"),
                principal=_TRAIL,
                conditions={"StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"}},
            ),
        )

    made = declare_bucket(
        "audit",
        prefix=names.prefix("audit", most=30),
        tags=names.aws_tags(),
        key_arn=key_arn,
        expire_days=RETENTION_DAYS,
        statements=statements,
        protect=protect,
        parent=parent,
    )
    objects = aws.cloudtrail.TrailEventSelectorDataResourceArgs(
        type="AWS::S3::Object",
        values=[pulumi.Output.concat(arn, "/") for arn in bucket_arns],
    )
    aws.cloudtrail.Trail(
        "audit",
        name=trail_name(names),
        s3_bucket_name=made.bucket.bucket,
        is_multi_region_trail=True,
        include_global_service_events=True,
        enable_log_file_validation=True,
        kms_key_id=key_arn,
        event_selectors=[
            aws.cloudtrail.TrailEventSelectorArgs(
                read_write_type="All",
                include_management_events=True,
                data_resources=[objects] if bucket_arns else None,
            )
        ],
        tags=names.aws_tags(),
        opts=pulumi.ResourceOptions(parent=parent, protect=protect, depends_on=[made.policy]),
    )
