"""How long a command waits for the catalog: ``python -m benchmarks.catalog``."""

from __future__ import annotations

import subprocess
import sys

STARTS = 5
# A fresh process each time: what was read once stays read.
_FRESH = """
import time
from domain.catalog import load_catalog
started = time.perf_counter()
catalog = load_catalog()
catalog.offer("aws", "us-east-1", "p4d.24xlarge")
catalog.accelerator("a100-sxm4-40gb")
catalog.service("aws", "object_storage", "standard.storage", "us-east-1")
one = time.perf_counter()
catalog.offer("gcp", "us-central1", "a3-highgpu-8g")
print(one - started, time.perf_counter() - one)
"""


def main() -> None:
    pairs = [
        tuple(map(float, subprocess.check_output([sys.executable, "-c", _FRESH]).split()))
        for _ in range(STARTS)
    ]
    for name, seconds in (
        ("load, first look-ups at AWS", sorted(pair[0] for pair in pairs)),
        ("first look-up at GCP after it", sorted(pair[1] for pair in pairs)),
    ):
        best, median = seconds[0] * 1e3, seconds[STARTS // 2] * 1e3
        print(f"{name}: best {best:.0f} ms, median {median:.0f} ms")


if __name__ == "__main__":
    main()
