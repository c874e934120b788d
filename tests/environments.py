"""Environments that a cloud could provide, drawn at random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
KEYS = {
    "aws": "arn:aws:kms:us-east-1:123456789012:key/0d1c",
    "gcp": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
}
MACHINES = {
    "aws": ["g5.xlarge", "g4dn.12xlarge", "p4d.24xlarge", "p5.48xlarge", "m7i.4xlarge"],
    "gcp": [
        "g2-standard-8",
        "a2-highgpu-1g",
        "n1-standard-8+t4x1",
        "a3-highgpu-8g",
        "c4-standard-8",
    ],
}
SLICES = ["tpu-v5litepod-8", "tpu-v5litepod-16", "tpu-v6e-4"]
PLACES = {
    "aws": ("us-east-1", "us-west-2", ["us-east-1a", "us-east-1b"]),
    "gcp": ("us-central1", "us-east1", ["us-central1-a", "us-central1-b"]),
}


@st.composite
def pools(draw: st.DrawFn, provider: str) -> dict[str, Any]:
    if provider == "gcp" and draw(st.booleans()):
        return {
            "machine": draw(st.sampled_from(SLICES)),
            "count": draw(st.integers(1, 3)),
            "market": draw(st.sampled_from(["on_demand", "spot", "reserved"])),
        }
    pool: dict[str, Any] = {
        "machine": draw(st.sampled_from(MACHINES[provider])),
        "market": draw(st.sampled_from(["on_demand", "spot", "reserved"])),
        "placement": draw(st.sampled_from(["none", "cluster", "spread"])),
        "disk": {
            "kind": draw(st.sampled_from(["balanced", "ssd"])),
            "size": f"{draw(st.integers(50, 4000))} GB",
        },
    }
    if draw(st.booleans()):
        pool["count"] = draw(st.integers(1, 6))
        if pool["market"] != "spot" and draw(st.booleans()):
            pool["reservation"] = draw(st.sampled_from(["new", "cr-0abc"]))
    else:
        pool |= {"min": draw(st.integers(0, 2)), "max": 6}
        if draw(st.booleans()):
            pool["initial"] = draw(st.integers(pool["min"], 6))
    has_gpu = not pool["machine"].startswith("m7i")
    if pool["placement"] != "cluster" and provider == "aws" and has_gpu and draw(st.booleans()):
        pool["alternatives"] = ["g6.12xlarge"]
    return pool


@st.composite
def environments(draw: st.DrawFn, provider: str) -> dict[str, Any]:
    """A plain mapping, as it stands in a stack's configuration."""
    home, away, zones = PLACES[provider]
    environment: dict[str, Any] = {
        "provider": provider,
        "region": home,
        "zones": draw(st.sampled_from([[], zones[:1], zones])),
        "pools": {
            name: draw(pools(provider))
            for name in draw(st.sets(st.sampled_from(["train", "prep", "big-one"]), min_size=1))
        },
        "network": {
            "nat": draw(st.sampled_from(["none", "single", "per_zone"])),
            "endpoints": draw(st.sampled_from([[], ["object_store"], ["object_store", "session"]])),
            "load_balancer": draw(st.sampled_from(["none", "network"])),
        },
        "governance": {
            "audit": draw(st.booleans()),
            "deletion_protection": draw(st.booleans()),
            "encryption": draw(st.sampled_from(["provider_key", "managed_key"])),
            "tags": draw(st.sampled_from([{}, {"team": "Research", "cost-center": "42"}])),
        },
        "storage": {},
    }
    if draw(st.booleans()):
        environment["governance"] |= {"budget": "$900/day", "alert_emails": ["ops@example.com"]}
    if environment["governance"]["encryption"] == "managed_key" and draw(st.booleans()):
        environment["governance"]["key"] = KEYS[provider]
    if draw(st.booleans()):
        environment["network"] |= {"vpc": "vpc-0abc", "subnets": ["subnet-1", "subnet-2"]}
    elif draw(st.booleans()):
        next(iter(environment["pools"].values()))["region"] = away
    if len(environment["zones"]) == 2 and draw(st.booleans()):
        environment["network"] |= {"load_balancer": "application", "certificate": "arn:cert"}
    storage = environment["storage"]
    for name in draw(st.sets(st.sampled_from(["dataset", "checkpoints", "logs"]))):
        storage[name] = {
            "kind": "object_store",
            "storage_class": draw(st.sampled_from(["standard", "infrequent", "archive"])),
        }
        storage[name] |= draw(
            st.sampled_from(
                [
                    {},
                    {"size": "3 TB"},
                    {"existing": "old-bucket"},
                    {"region": away},
                    {"expire": "30 days"},
                ]
            )
        )
    if draw(st.booleans()):
        storage["scratch"] = {
            "kind": "file_system",
            "size": f"{draw(st.integers(1, 20))} TiB",
            "throughput_per_tib": draw(st.sampled_from(["125 MB/s", "250 MB/s", "1000 MB/s"])),
        }
    if draw(st.booleans()):
        storage["cache"] = {"kind": "local_nvme"}
    home_is_empty = all(pool.get("region") for pool in environment["pools"].values())
    if home_is_empty:
        environment["network"]["load_balancer"] = "none"
        storage.pop("scratch", None)
    return environment


def project_with(folder: Path, environment: dict[str, Any], stack: str = "drawn") -> Path:
    """A Pulumi project in ``folder`` with our program and this environment as a stack."""
    (folder / "stacks").symlink_to(ROOT / "stacks")
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    config = {"windtunnel:environment": environment}
    if environment.get("provider") == "gcp":
        config["gcp:project"] = "a-project"
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
    return folder
