"""Buckets: private, encrypted, with uniform access."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pulumi
from pulumi_gcp import storage

from domain.environment import ObjectStore
from stacks.gcp.context import Context
from stacks.gcp.keys import Key, after_grants

_CLASSES = {"standard": "STANDARD", "infrequent": "NEARLINE", "archive": "ARCHIVE"}
_DAY_SECONDS = 24 * 3600
_KEPT_DAYS = 7
"""How long what was overwritten or deleted can be brought back."""


@dataclass(frozen=True)
class BucketArgs:
    """A bucket of the environment."""

    context: Context
    store: ObjectStore
    key: Key | None

    @property
    def region(self) -> str:
        """Where the bucket stands."""
        return self.store.region or self.context.region


class Bucket(pulumi.ComponentResource):
    """One bucket. What is overwritten or deleted stays for a week as an old version.

    Soft delete keeps a copy as well, and would bill it twice; it is only on where the stack is
    protected from deletion.
    """

    def __init__(
        self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("windtunnel:gcp:Bucket", name, {}, opts)
        context, key = args.context, args.key
        protected = context.environment.governance.deletion_protection
        bucket = storage.Bucket(
            context.names.prefix(name),
            location=args.region,
            storage_class=_CLASSES[args.store.storage_class],
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            force_destroy=False,
            versioning=storage.BucketVersioningArgs(enabled=True),
            soft_delete_policy=storage.BucketSoftDeletePolicyArgs(
                retention_duration_seconds=_KEPT_DAYS * _DAY_SECONDS if protected else 0
            ),
            lifecycle_rules=_lifecycle(args.store),
            encryption=storage.BucketEncryptionArgs(default_kms_key_name=key.id) if key else None,
            labels=context.names.gcp_labels(context.environment, storage=name),
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(parent=self, protect=protected), after_grants(key)
            ),
        )
        self.bucket: pulumi.Output[str] = bucket.name
        self.register_outputs({"bucket": bucket.name})


def _lifecycle(store: ObjectStore) -> list[storage.BucketLifecycleRuleArgs]:
    delete = storage.BucketLifecycleRuleActionArgs(type="Delete")
    rules = [
        storage.BucketLifecycleRuleArgs(
            action=delete,
            condition=storage.BucketLifecycleRuleConditionArgs(
                days_since_noncurrent_time=_KEPT_DAYS, with_state="ARCHIVED"
            ),
        ),
        storage.BucketLifecycleRuleArgs(
            action=storage.BucketLifecycleRuleActionArgs(type="AbortIncompleteMultipartUpload"),
            condition=storage.BucketLifecycleRuleConditionArgs(age=_KEPT_DAYS),
        ),
    ]
    if store.expire is not None:
        rules.append(
            storage.BucketLifecycleRuleArgs(
                action=delete,
                condition=storage.BucketLifecycleRuleConditionArgs(
                    age=math.ceil(store.expire / _DAY_SECONDS), with_state="LIVE"
                ),
            )
        )
    return rules
