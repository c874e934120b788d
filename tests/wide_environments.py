"""Environments that use nearly everything that an environment can say, one for each cloud."""

from __future__ import annotations

from typing import Any

WIDE: dict[str, dict[str, Any]] = {
    "aws": {
        "provider": "aws",
        "region": "us-east-1",
        "zones": ["us-east-1a", "us-east-1b"],
        "pools": {
            "efa": {
                "machine": "p5.48xlarge",
                "count": 2,
                "placement": "cluster",
                "reservation": "cr-0123456789abcdef0",
            },
            "paid": {"machine": "p4d.24xlarge", "count": 1, "market": "reserved"},
            "cheap": {
                "machine": "g5.12xlarge",
                "min": 0,
                "max": 8,
                "initial": 2,
                "market": "spot",
                "alternatives": ["g6.12xlarge", "g5.24xlarge"],
                "disk": {"kind": "ssd", "size": "300 GiB", "iops": 8000},
            },
            "far": {"machine": "g5.xlarge", "count": 3, "region": "us-west-2"},
            "cpu": {
                "machine": "c5.4xlarge",
                "min": 1,
                "max": 4,
                "placement": "spread",
                "image": "ami-0123456789abcdef0",
            },
        },
        "storage": {
            "dataset": {"kind": "object_store", "existing": "somebodys-bucket"},
            "cold": {"kind": "object_store", "storage_class": "archive", "expire": "900 d"},
            "warm": {"kind": "object_store", "storage_class": "infrequent", "region": "us-west-2"},
            "scratch": {"kind": "file_system", "size": "10 TiB", "throughput_per_tib": "500 MB/s"},
            "cache": {"kind": "local_nvme"},
        },
        "network": {
            "nat": "per_zone",
            "endpoints": ["object_store", "session"],
            "load_balancer": "application",
            "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
        },
        "governance": {
            "budget": "$50/h",
            "alert_emails": ["a@example.com", "b@example.com"],
            "tags": {"team": "research"},
            "audit": True,
            "deletion_protection": True,
        },
    },
    "gcp": {
        "provider": "gcp",
        "region": "us-central1",
        "zones": ["us-central1-a"],
        "pools": {
            "direct": {
                "machine": "a3-megagpu-8g",
                "count": 2,
                "placement": "cluster",
                "reservation": "new",
            },
            "rdma": {
                "machine": "a3-ultragpu-8g",
                "count": 2,
                "placement": "cluster",
                "reservation": "an-own-reservation",
            },
            "attached": {
                "machine": "n1-standard-16+t4x2",
                "min": 0,
                "max": 6,
                "market": "spot",
                "disk": {"kind": "ssd", "size": "150 GiB"},
            },
            "far": {"machine": "a2-highgpu-1g", "count": 1, "region": "us-east1"},
            "cpu": {"machine": "c3-standard-8", "count": 2, "placement": "spread"},
            "slice": {"machine": "tpu-v5litepod-16", "count": 2, "market": "reserved"},
            "spot": {"machine": "tpu-v5litepod-8", "count": 1, "market": "spot"},
        },
        "storage": {
            "dataset": {"kind": "object_store", "size": "1 TB", "region": "us-east1"},
            "cold": {"kind": "object_store", "storage_class": "archive", "expire": "900 d"},
            "shared": {"kind": "file_system", "size": "18 TiB", "throughput_per_tib": "1 GB/s"},
            "cache": {"kind": "local_nvme"},
        },
        "network": {
            "nat": "single",
            "load_balancer": "application",
            "certificate": "projects/p/locations/us-central1/certificates/c",
        },
        "governance": {
            "budget": "$50/h",
            "alert_emails": ["a@example.com"],
            "audit": True,
            "deletion_protection": True,
        },
    },
}
_OWN_NETWORK = {
    "nat": "none",
    "load_balancer": "network",
    "vpc": "vpc-1",
    "subnets": ["net-1"],
}
PLAIN: dict[str, dict[str, Any]] = {
    provider: {
        **environment,
        # A network that is there already serves one region.
        "pools": {name: pool for name, pool in environment["pools"].items() if name != "far"},
        "network": _OWN_NETWORK,
        "governance": {"encryption": "provider_key"},
    }
    for provider, environment in WIDE.items()
}
"""The same in a network that is there already, without keys, audit and people to alert."""
