"""Costers of Google Cloud: one module a service, each with its table of types."""

from __future__ import annotations

from domain.costing.gcp import (
    artifacts,
    bigquery,
    compute,
    databases,
    disks,
    dns,
    gke,
    jobs,
    monitoring,
    network,
    pubsub,
    redis,
    security,
    serverless,
    sql,
    storage,
    tpu,
)

SERVICES = (
    artifacts,
    bigquery,
    compute,
    databases,
    disks,
    dns,
    gke,
    jobs,
    monitoring,
    network,
    pubsub,
    redis,
    security,
    serverless,
    sql,
    storage,
    tpu,
)
