"""Kubernetes: load balancers and disks that a cluster asks its cloud for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.context import Context, Coster
from domain.costing.values import block, blocks, text
from domain.usage import Usage


def service(context: Context) -> Iterator[Usage]:
    """A load balancer of the cloud, where it is of that type."""
    if text(block(context.get("spec")).get("type")) == "LoadBalancer":
        reason = "what load balancer the cloud makes for it is not told here"
        yield context.unpriceable("load balancer", reason)


def claim(context: Context) -> Iterator[Usage]:
    """A disk of the class that it names."""
    yield _disk(context, block(context.get("spec")))


def stateful_set(context: Context) -> Iterator[Usage]:
    """A disk of each claim, for each of its pods."""
    for each in blocks(block(context.get("spec")).get("volumeClaimTemplates")):
        yield _disk(context, block(each.get("spec")))


def _disk(context: Context, spec: Mapping[str, Any]) -> Usage:
    size = text(block(block(spec.get("resources")).get("requests")).get("storage"))
    what = f"a disk of {size}" if size else "a disk"
    return context.unpriceable("disk", f"what {what} costs depends on the cluster's storage class")


COSTERS: dict[str, Coster] = {
    "kubernetes:core/v1:Service": service,
    "kubernetes:core/v1:PersistentVolumeClaim": claim,
    "kubernetes:apps/v1:StatefulSet": stateful_set,
}
