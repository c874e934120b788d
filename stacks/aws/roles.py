"""What the nodes of one pool may do: their buckets, their keys, sessions, their metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from stacks.aws.monitoring import NAMESPACE
from stacks.aws.policy import Statement, allow, document, trust
from stacks.names import Names

READ_ONLY = "dataset"
"""The storage of this name is read on nodes and never written; all other buckets are both."""

_READ = ["s3:GetObject", "s3:GetObjectVersion"]
_WRITE = [
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
]
_LIST = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
_KEY_USE = ["kms:Decrypt", "kms:GenerateDataKey"]
# What the agent of Systems Manager calls for sessions and commands; AWS ties none of these to a
# resource. The managed policy for it would also let a node read every parameter there is.
_SESSION = [
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
]


@dataclass(frozen=True)
class Reach:
    """What a role reaches."""

    buckets: Mapping[str, Any]
    """Storage key → ARN of its bucket."""
    key_arns: Sequence[Any] = ()
    parameters: Sequence[Any] = field(default=())
    """ARNs of the parameters that nodes read when they start."""


def declare_profile(
    name: str, reach: Reach, names: Names, tags: dict[str, str], *, parent: Any
) -> tuple[Any, Any]:
    """The instance profile of a pool, and the policy that must be there before its nodes."""
    child = pulumi.ResourceOptions(parent=parent)
    prefix = f"{names.prefix(name, most=30)}-"
    role = aws.iam.Role(
        name,
        name_prefix=prefix,
        description=f"Nodes of the pool {name} of Windtunnel's stack {names.stack}",
        assume_role_policy=trust("ec2.amazonaws.com"),
        tags=tags,
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        name, role=role.id, policy=document(*_statements(reach)), opts=child
    )
    profile = aws.iam.InstanceProfile(
        name, name_prefix=prefix, role=role.name, tags=tags, opts=child
    )
    return profile, policy


def _statements(reach: Reach) -> list[Statement]:
    found = [
        allow(_SESSION, "*"),
        allow(
            "cloudwatch:PutMetricData",
            "*",
            conditions={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
        ),
        # The agent asks which group its node belongs to; AWS ties this to no resource.
        allow("ec2:DescribeTags", "*"),
    ]
    written = [arn for storage, arn in reach.buckets.items() if storage != READ_ONLY]
    if reach.buckets:
        everything = list(reach.buckets.values())
        found += [allow(_LIST, everything), allow(_READ, _objects(everything))]
    if written:
        found.append(allow(_WRITE, _objects(written)))
    if reach.key_arns:
        found.append(allow(_KEY_USE, list(reach.key_arns)))
    if reach.parameters:
        found.append(allow("ssm:GetParameter", list(reach.parameters)))
    return found


def _objects(bucket_arns: Sequence[Any]) -> list[Any]:
    return [pulumi.Output.concat(arn, "/*") for arn in bucket_arns]
