"""What a type of resource is called today, whatever an older provider called it."""

from __future__ import annotations

import re
from functools import cache

# Modules that providers have renamed.
_MODULES = {
    "aws:alb": "aws:lb",
    "aws:applicationloadbalancing": "aws:lb",
    "aws:elasticloadbalancing": "aws:elb",
    "aws:elasticloadbalancingv2": "aws:lb",
}


@cache
def usual_type(written: str) -> str:
    """The type's present name: ``aws:s3/bucketV2:BucketV2`` → ``aws:s3/bucket:Bucket``."""
    module, _, rest = written.partition("/")
    found = f"{_MODULES.get(module, module)}/{rest}" if rest else written
    if not found.startswith(("aws:s3/", "aws:ec2/")):
        return found
    return re.sub(r"V2(?=:|$)", "", found)
