"""How long the policies take, and how that grows: ``python -m benchmarks.policies``."""

from __future__ import annotations

import time
from typing import Any

from domain.resources import Resource, ResourceGraph
from policies.judge import judge
from policies.registry import all_rules
from policies.world import World

_KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("aws:ec2/instance:Instance", {"instanceType": "g5.xlarge", "ami": "ami-1"}),
    ("aws:s3/bucket:Bucket", {"forceDestroy": True}),
    ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
    ("aws:iam/rolePolicy:RolePolicy", {"policy": '{"Statement": {"Action": "*"}}'}),
    ("gcp:compute/instance:Instance", {"machineType": "g2-standard-4", "zone": "us-central1-a"}),
    ("gcp:storage/bucket:Bucket", {"location": "us-central1"}),
    ("gcp:compute/firewall:Firewall", {"sourceRanges": ["0.0.0.0/0"]}),
)


def large_graph(size: int) -> ResourceGraph:
    """So many resources of the usual kinds, each of which refers to one before it."""
    resources: list[Resource] = []
    for number in range(size):
        kind, inputs = _KINDS[number % len(_KINDS)]
        uses = {"subnetId": (resources[number // 2].urn,)} if resources else {}
        urn = f"urn:pulumi:bench::large::{kind}::r{number}"
        named = {**inputs, "name": f"r{number}"}
        resources.append(Resource(urn, kind, named, property_dependencies=uses))
    return ResourceGraph(tuple(resources), config={"aws:region": "us-east-1"})


def main() -> None:
    """CPU seconds to judge graphs of growing size by every rule."""
    for size in (100, 1_000, 10_000):
        world = World(large_graph(size))
        started = time.process_time()
        report = judge(world)
        seconds = time.process_time() - started
        print(
            f"{size:>7,} resources, {len(all_rules())} rules: {seconds:.2f} s, "
            f"{len(report.violations):,} violations"
        )


if __name__ == "__main__":
    main()
