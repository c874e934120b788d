"""Who prices which type of resource, whatever an older provider called it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from domain.costing.aws import (
    ebs,
    ec2,
    eks,
    file_storage,
    groups,
    load_balancing,
    messaging,
    monitoring,
    names,
    network,
    s3,
    security,
)
from domain.costing.context import Coster
from domain.costing.gcp import compute, disks, gke, services, tpu
from domain.costing.gcp import network as gcp_network
from domain.costing.gcp import security as gcp_security
from domain.costing.gcp import storage as gcp_storage

_SERVICES = (
    ebs,
    messaging,
    names,
    disks,
    services,
    ec2,
    eks,
    file_storage,
    groups,
    load_balancing,
    monitoring,
    network,
    s3,
    security,
    compute,
    gke,
    tpu,
    gcp_network,
    gcp_security,
    gcp_storage,
)
# Modules that providers have renamed.
_MODULES = {
    "aws:alb": "aws:lb",
    "aws:applicationloadbalancing": "aws:lb",
    "aws:elasticloadbalancing": "aws:elb",
    "aws:elasticloadbalancingv2": "aws:lb",
}


@cache
def costers() -> Mapping[str, Coster]:
    """Type of resource → the function that says what it uses."""
    return {kind: coster for service in _SERVICES for kind, coster in service.COSTERS.items()}


@cache
def usual_type(written: str) -> str:
    """The type's present name: ``aws:s3/bucketV2:BucketV2`` → ``aws:s3/bucket:Bucket``."""
    module, _, rest = written.partition("/")
    found = f"{_MODULES.get(module, module)}/{rest}" if rest else written
    if not found.startswith(("aws:s3/", "aws:ec2/")):
        return found
    return re.sub(r"V2(?=:|$)", "", found)
