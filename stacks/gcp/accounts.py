"""Who the hosts are: an account for each pool, with leave for what its hosts do and no more."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_gcp import projects, serviceaccount, storage

from stacks.gcp.context import Context

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
"""The one scope of hosts: what they may do is told by roles alone."""

_LONGEST_ID = 30
_PROJECT_ROLES = ("roles/logging.logWriter", "roles/monitoring.metricWriter")
_READ, _READ_WRITE = "roles/storage.objectViewer", "roles/storage.objectUser"
# The storage that workloads read their samples from, where they name no other.
_DATASET = "dataset"


def declare_account(
    context: Context,
    pool: str,
    buckets: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The e-mail address of a pool's account.

    It writes logs and metrics, reads the bucket ``dataset`` and uses the objects of the others.
    """
    names = context.names
    account = serviceaccount.Account(
        names.prefix(f"{pool}-account"),
        account_id=names.prefix(f"pool-{pool}", most=_LONGEST_ID),
        display_name=f"Hosts of pool {pool}, stack {names.stack}",
        opts=opts,
    )
    for role in _PROJECT_ROLES:
        projects.IAMMember(
            names.prefix(f"{pool}-{role.rpartition('.')[-1]}"),
            project=context.project,
            role=role,
            member=account.member,
            opts=opts,
        )
    for key, bucket in buckets.items():
        storage.BucketIAMMember(
            names.prefix(f"{pool}-uses-{key}"),
            bucket=bucket,
            role=_READ if key == _DATASET else _READ_WRITE,
            member=account.member,
            opts=opts,
        )
    return account.email
