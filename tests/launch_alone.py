"""A launch in a process of its own, for tests that end it: ``python launch_alone.py PLAN.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from launch_hosts import STANDIN, standin_bundle

from domain.hosts import read_hosts
from windtunnel.__main__ import EXIT_INTERRUPTED
from windtunnel.commands.launch import run_plan
from workloads.launch.connection import Credentials
from workloads.launch.plan import Limits, Plan
from workloads.launch.trust import KnownHosts


def main() -> int:
    told = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(told["lab"])
    plan = Plan(
        benchmark=STANDIN,
        hosts=read_hosts(Path(told["hosts"])),
        out=Path(told["out"]),
        bundle=standin_bundle(),
        credentials=Credentials(
            KnownHosts(folder / "known_hosts"), folder / "key", folder / "ssh_config"
        ),
        settings=tuple(told["settings"]),
        python=sys.executable,
        limits=Limits(timeout_seconds=120, grace_seconds=1),
        name=told["name"],
    )
    try:
        run_plan(plan)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
