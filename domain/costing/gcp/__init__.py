"""Costers of Google Cloud: one module a service, each with its table of types."""

from __future__ import annotations

from domain.costing.gcp import (
    artifacts,
    compute,
    disks,
    gke,
    monitoring,
    network,
    pubsub,
    redis,
    security,
    storage,
    tpu,
)

SERVICES = (
    artifacts,
    compute,
    disks,
    gke,
    monitoring,
    network,
    pubsub,
    redis,
    security,
    storage,
    tpu,
)
