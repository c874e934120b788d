"""How long the policies take, and how that grows: ``python -m benchmarks.policies``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
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


def as_export(graph: ResourceGraph) -> dict[str, Any]:
    """The graph as ``pulumi stack export`` would write it."""
    resources = [
        {
            "urn": each.urn,
            "type": each.type,
            "custom": True,
            "id": each.name,
            "inputs": each.inputs,
            "propertyDependencies": {
                key: list(urns) for key, urns in each.property_dependencies.items()
            },
        }
        for each in graph.resources
    ]
    return {"version": 3, "deployment": {"resources": resources}}


def whole_command(option: str, file: Path) -> float:
    """Wall seconds of ``windtunnel check`` with its start, the best of three."""
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        words = [sys.executable, "-m", "windtunnel", "check", option, str(file), "--json"]
        done = subprocess.run(words, capture_output=True)
        seconds.append(time.perf_counter() - started)
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr.decode())
    return min(seconds)


def main() -> None:
    """CPU seconds to judge graphs of growing size by every rule, and the whole command."""
    for size in (100, 1_000, 10_000):
        world = World(large_graph(size))
        started = time.process_time()
        report = judge(world)
        seconds = time.process_time() - started
        print(
            f"{size:>7,} resources, {len(all_rules())} rules: {seconds:.2f} s, "
            f"{len(report.violations):,} violations"
        )
    shared = Path(os.environ.get("WINDTUNNEL_SHARED", "../shared")) / "data" / "pulumi"
    captured = shared / "captured_graph_preview_shape.json"
    if captured.is_file():
        seconds = whole_command("--preview", captured)
        print(f"windtunnel check, captured preview of 87 resources: {seconds:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(as_export(large_graph(10_000))))
        seconds = whole_command("--state", file)
        print(f"windtunnel check, export of 10,000 resources: {seconds:.2f} s")


if __name__ == "__main__":
    main()
