"""What a launch would do, told without a connection."""

from __future__ import annotations

import shlex
from typing import Any

from workloads.launch.plan import DIRECTORY, Plan

_PORT = "PORT"


def describe(plan: Plan) -> dict[str, Any]:
    """Hosts, files, commands, price and limits, as plain data.

    Folders on hosts are told as seen from the home directory there; ``PORT`` is a free one.
    """
    limits = plan.limits
    base = [host.directory or DIRECTORY for host in plan.hosts]
    return {
        "benchmark": plan.benchmark.name,
        "hosts": [
            {
                "host": host.label,
                "worker": index,
                "address": host.address,
                "port": host.port,
                "user": host.user,
                "way": _way(host.proxy_command, host.jump),
                "pool": host.pool,
                "machine": host.machine,
                "directory": base[index],
                "command": shlex.join(
                    plan.command(_python(plan, base[index]), f"{base[index]}/runs/LAUNCH/{index}")
                ),
                "environment": plan.variables([_PORT] * len(plan.hosts), index),
            }
            for index, host in enumerate(plan.hosts)
        ],
        "copied": {
            "files": plan.bundle.files,
            "bytes": len(plan.bundle.archive),
            "digest": plan.bundle.digest,
        },
        "python": plan.python or f"a virtual environment with {plan.requirements.name}",
        "usd_per_hour": limits.usd_per_hour,
        "max_usd": limits.max_usd,
        "timeout_seconds": limits.timeout_seconds,
        "ends_after_seconds": min(
            limits.timeout_seconds, limits.budget_seconds or limits.timeout_seconds
        ),
        "restarts": limits.restarts,
        "out": str(plan.out),
    }


def _python(plan: Plan, base: str) -> str:
    return plan.python or f"{base}/environments/ENVIRONMENT/bin/python"


def _way(carrier: tuple[str, ...], jump: str | None) -> str:
    if carrier:
        return shlex.join(carrier)
    return f"through {jump}" if jump else "directly"
