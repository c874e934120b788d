"""How long pricing a stack takes, and how much memory: ``python -m benchmarks.pricing``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.policies import as_export
from domain.resources import Resource, ResourceGraph

RESOURCES = 10_000
MOST_SECONDS, MOST_MB = 5.0, 500.0
MOST_PREVIEW_SECONDS = 1.5

# Type, inputs, and the input that refers to a resource of an earlier type, where one does.
_KINDS: tuple[tuple[str, dict[str, Any], tuple[str, str] | None], ...] = (
    ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"}, None),
    ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, ("vpcId", "aws:ec2/vpc:Vpc")),
    ("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, None),
    (
        "aws:ec2/launchTemplate:LaunchTemplate",
        {"instanceType": "m5.xlarge", "monitoring": {"enabled": True}},
        None,
    ),
    (
        "aws:autoscaling/group:Group",
        {"desiredCapacity": 3, "minSize": 1, "maxSize": 9},
        ("launchTemplate", "aws:ec2/launchTemplate:LaunchTemplate"),
    ),
    (
        "aws:ec2/instance:Instance",
        {"instanceType": "g5.xlarge", "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 100}},
        ("subnetId", "aws:ec2/subnet:Subnet"),
    ),
    ("aws:ebs/volume:Volume", {"type": "io2", "size": 500, "iops": 40_000}, None),
    ("aws:s3/bucket:Bucket", {}, None),
    (
        "aws:rds/instance:Instance",
        {"engine": "postgres", "instanceClass": "db.r6g.large", "allocatedStorage": 100},
        None,
    ),
    ("aws:lambda/function:Function", {"memorySize": 512}, None),
    ("aws:sqs/queue:Queue", {}, None),
    ("aws:dynamodb/table:Table", {"billingMode": "PAY_PER_REQUEST"}, None),
    ("aws:lb/loadBalancer:LoadBalancer", {}, ("subnets", "aws:ec2/subnet:Subnet")),
    ("aws:ec2/natGateway:NatGateway", {}, ("subnetId", "aws:ec2/subnet:Subnet")),
    ("aws:elasticache/replicationGroup:ReplicationGroup", {"nodeType": "cache.m6g.large"}, None),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", {"period": 60}, None),
    ("gcp:compute/network:Network", {}, None),
    (
        "gcp:compute/instance:Instance",
        {"machineType": "n2-standard-4", "zone": "us-central1-a"},
        ("network", "gcp:compute/network:Network"),
    ),
    ("gcp:compute/routerNat:RouterNat", {"region": "us-central1"}, None),
    ("gcp:compute/address:Address", {"region": "us-central1"}, None),
    ("gcp:storage/bucket:Bucket", {"location": "us-central1"}, None),
    (
        "gcp:sql/databaseInstance:DatabaseInstance",
        {"databaseVersion": "POSTGRES_15", "settings": {"tier": "db-custom-2-7680"}},
        None,
    ),
    ("gcp:cloudrunv2/service:Service", {"location": "us-central1"}, None),
)


def large_stack(size: int) -> ResourceGraph:
    """So many resources of many types on both clouds, which refer to those before them."""
    resources: list[Resource] = []
    latest: dict[str, str] = {}
    for number in range(size):
        kind, inputs, refers = _KINDS[number % len(_KINDS)]
        urn = f"urn:pulumi:bench::large::{kind}::r{number}"
        uses = {refers[0]: (latest[refers[1]],)} if refers else {}
        named = {**inputs, "name": f"r{number}"}
        resources.append(Resource(urn, kind, named, property_dependencies=uses))
        latest[kind] = urn
    return ResourceGraph(tuple(resources))


def whole_command(*options: object) -> tuple[float, float]:
    """Wall seconds (the best of three) and peak megabytes of ``windtunnel plan``."""
    seconds, peak_mb = [], 0.0
    for _ in range(3):
        words = [sys.executable, "-m", "windtunnel", "plan", *map(str, options)]
        started = time.perf_counter()
        with tempfile.TemporaryFile() as told:
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=told)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds.append(time.perf_counter() - started)
            if process.returncode:
                told.seek(0)
                raise SystemExit(told.read().decode())
        kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
        peak_mb = max(peak_mb, kilobytes / 1024)
    return min(seconds), peak_mb


def main() -> None:
    """The whole command on a large export, and on a real preview."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_text(json.dumps(as_export(large_stack(RESOURCES))))
        for shape, more in (("JSON", ["--json"]), ("a table", [])):
            seconds, peak_mb = whole_command("--state", file, *more)
            print(
                f"windtunnel plan, export of {RESOURCES:,} resources as {shape}: {seconds:.2f} s "
                f"(at most {MOST_SECONDS:g}), {peak_mb:.0f} MB (at most {MOST_MB:g})"
            )
    shared = Path(os.environ.get("WINDTUNNEL_SHARED", "../shared")) / "data" / "pulumi"
    for preview in sorted(shared.glob("example_preview__*.json")):
        seconds, _ = whole_command("--preview", preview)
        name = preview.stem.removeprefix("example_preview__")
        print(
            f"windtunnel plan, preview of {name}: {seconds:.2f} s (at most {MOST_PREVIEW_SECONDS})"
        )


if __name__ == "__main__":
    main()
