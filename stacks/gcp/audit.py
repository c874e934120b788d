"""The audit log: who did what in the project, kept out of reach for a while."""

from __future__ import annotations

import pulumi
from pulumi_gcp import logging, projects, storage

from domain.blueprint import RETENTION_DAYS
from stacks.gcp.context import Context
from stacks.gcp.keys import Key, after_grants

_DAY_SECONDS = 24 * 3600
_EVERY_KIND = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


def declare_audit(
    context: Context,
    key: Key | None,
    opts: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
) -> None:
    """Audit logs of every service of the project, and a bucket that keeps them.

    Audit settings belong to the project: two stacks in one project set the same ones.

    Args:
        kept: options of what deletion protection covers.
    """
    name = context.names.prefix("audit")
    projects.IAMAuditConfig(
        name,
        project=context.project,
        service="allServices",
        audit_log_configs=[
            projects.IAMAuditConfigAuditLogConfigArgs(log_type=kind) for kind in _EVERY_KIND
        ],
        opts=opts,
    )
    bucket = storage.Bucket(
        name,
        location=context.region,
        storage_class="STANDARD",
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        # Nobody, the project's owner included, deletes an entry before its time.
        retention_policy=storage.BucketRetentionPolicyArgs(
            retention_period=str(RETENTION_DAYS * _DAY_SECONDS)
        ),
        lifecycle_rules=[
            storage.BucketLifecycleRuleArgs(
                action=storage.BucketLifecycleRuleActionArgs(type="Delete"),
                condition=storage.BucketLifecycleRuleConditionArgs(age=RETENTION_DAYS),
            )
        ],
        encryption=storage.BucketEncryptionArgs(default_kms_key_name=key.id) if key else None,
        labels=context.names.gcp_labels(),
        opts=pulumi.ResourceOptions.merge(kept, after_grants(key)),
    )
    sink = logging.ProjectSink(
        name,
        project=context.project,
        destination=pulumi.Output.concat("storage.googleapis.com/", bucket.name),
        filter='log_id("cloudaudit.googleapis.com/activity")'
        ' OR log_id("cloudaudit.googleapis.com/data_access")'
        ' OR log_id("cloudaudit.googleapis.com/system_event")'
        ' OR log_id("cloudaudit.googleapis.com/policy")',
        unique_writer_identity=True,
        opts=opts,
    )
    storage.BucketIAMMember(
        name,
        bucket=bucket.name,
        role="roles/storage.objectCreator",
        member=sink.writer_identity,
        opts=opts,
    )
