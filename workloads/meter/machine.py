"""One host as it tells of itself: processor, memory, accelerators, driver, kernel.

In a container the limits of its control group count, not those of the machine around it.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from domain.measurement import MeasuredMachine
from workloads.meter.accelerators import Accelerators

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def this_machine() -> MeasuredMachine:
    """The host that runs this program; what cannot be read is absent."""
    accelerators = Accelerators()
    return MeasuredMachine(
        processor=_processor(),
        vcpu=usable_cpus(),
        memory_bytes=usable_memory_bytes(),
        accelerator=accelerators.name,
        accelerators=len(accelerators),
        accelerator_memory_bytes=accelerators.memory_bytes,
        driver=accelerators.driver,
        kernel=f"{platform.system()} {platform.release()}".strip(),
    )


def usable_cpus() -> int:
    """How many processors this program may use at once, at least one."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    quota, _, period = _told(_CONTROL_GROUP / "cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal() and int(period):
        count = min(count, -(-int(quota) // int(period)))
    return max(count, 1)


def usable_memory_bytes() -> float:
    """How much memory this program may hold."""
    total = float(psutil.virtual_memory().total)
    limit = _told(_CONTROL_GROUP / "memory.max")
    return min(total, float(limit)) if limit.isdecimal() and int(limit) else total


def _processor() -> str:
    for line in _told(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _told(path: Path) -> str:
    """What a file of the kernel says, or nothing where there is none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
