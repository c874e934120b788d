"""Buckets: encrypted, versioned, private, reached over TLS only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from domain.environment import Environment, ObjectStore
from stacks.aws.policy import Statement, document, only_encrypted
from stacks.aws.regions import Region
from stacks.names import Names

TAG_STORAGE_CLASS = "windtunnel-storage-class"
_DAY_SECONDS = 86_400
_ABANDONED_DAYS = 7
"""Uploads that were begun and never finished are dropped."""
_OLD_VERSION_DAYS = 30
# Objects cannot move to STANDARD_IA in their first 30 days (S3 user guide, "Transitioning
# objects using Amazon S3 Lifecycle").
_CLASSES = {"infrequent": ("STANDARD_IA", 30), "archive": ("GLACIER", 0)}


@dataclass(frozen=True)
class BucketArgs:
    """What a bucket of the environment is."""

    environment: Environment
    names: Names
    region: Region
    storage: ObjectStore
    key_arn: Any = None


class Bucket(pulumi.ComponentResource):
    """A bucket of the environment, by the key of its storage."""

    def __init__(self, name: str, args: BucketArgs) -> None:
        super().__init__("windtunnel:aws:Bucket", name, None, args.region.component)
        tags = args.names.aws_tags(args.environment, storage=name)
        if args.storage.storage_class != "standard":
            tags[TAG_STORAGE_CLASS] = args.storage.storage_class
        made = declare_bucket(
            name,
            prefix=args.names.prefix(name, most=30),
            tags=tags,
            key_arn=args.key_arn,
            expire_days=_days(args.storage.expire),
            storage_class=args.storage.storage_class,
            protect=args.environment.governance.deletion_protection,
            parent=self,
        )
        self.name: Any = made.bucket.bucket
        self.arn: Any = made.bucket.arn
        self.register_outputs({"name": self.name, "arn": self.arn})


class Made(NamedTuple):
    """A bucket, and its policy, which must stand before a service writes there."""

    bucket: Any
    policy: Any


def declare_bucket(
    name: str,
    *,
    prefix: str,
    tags: dict[str, str],
    key_arn: Any,
    protect: bool,
    parent: Any,
    expire_days: int | None = None,
    storage_class: str = "standard",
    statements: Callable[[Any], Sequence[Statement]] = lambda arn: (),
) -> Made:
    """A bucket with everything that keeps it safe; S3's own key where there is no ``key_arn``.

    Args:
        statements: what its policy allows besides, by the bucket's ARN.
    """
    child = pulumi.ResourceOptions(parent=parent, protect=protect)
    bucket = aws.s3.Bucket(
        name,
        bucket_prefix=f"{prefix}-",
        force_destroy=False,
        tags=tags,
        # The key outlives the bucket: a destroy that stops at a full bucket must not have
        # taken the key to what is in it.
        opts=pulumi.ResourceOptions(parent=parent, protect=protect, depends_on=_behind(key_arn)),
    )
    aws.s3.BucketVersioning(
        name,
        bucket=bucket.id,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        opts=child,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        name, bucket=bucket.id, rules=[_encryption(key_arn)], opts=child
    )
    aws.s3.BucketLifecycleConfiguration(
        name, bucket=bucket.id, rules=[_lifecycle(expire_days, storage_class)], opts=child
    )
    aws.s3.BucketOwnershipControls(
        name,
        bucket=bucket.id,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=child,
    )
    private = aws.s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    everything = [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")]
    policy = aws.s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=document(
            only_encrypted("s3:*", everything),
            *statements(bucket.arn),
        ),
        # S3 refuses two changes of a bucket's access at once.
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[private])),
    )
    return Made(bucket, policy)


def _behind(value: Any) -> Any:
    """What a value was made by, as a dependency; nothing where it was given."""
    return value.apply(lambda _: []) if isinstance(value, pulumi.Output) else None


def _encryption(key_arn: Any) -> Any:
    default = (
        aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs
    )
    return aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
        apply_server_side_encryption_by_default=default(sse_algorithm="AES256")
        if key_arn is None
        else default(sse_algorithm="aws:kms", kms_master_key_id=key_arn),
        # One request to the key service for many objects.
        bucket_key_enabled=key_arn is not None,
    )


def _lifecycle(expire_days: int | None, storage_class: str) -> Any:
    transitions = []
    if storage_class in _CLASSES:
        product, days = _CLASSES[storage_class]
        # S3 refuses objects that would move after they are gone.
        if expire_days is None or expire_days > days:
            transitions = [
                aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                    days=days, storage_class=product
                )
            ]
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="keep",
        status="Enabled",
        # All objects.
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        abort_incomplete_multipart_upload=(
            aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=_ABANDONED_DAYS
            )
        ),
        noncurrent_version_expiration=(
            aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=_OLD_VERSION_DAYS
            )
        ),
        expiration=None
        if expire_days is None
        else aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire_days),
        transitions=transitions or None,
    )


def _days(seconds: float | None) -> int | None:
    return None if seconds is None else max(math.ceil(seconds / _DAY_SECONDS), 1)
