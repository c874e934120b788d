"""What a launch would do, and what it gave, as people read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from domain.figures import duration

if TYPE_CHECKING:
    from rich.console import Console

    from simulator.study.compare_measured import Comparison
    from workloads.launch.plan import Launched


def draw_plan(console: Console, told: Mapping[str, Any]) -> None:
    """What ``describe`` tells of a plan."""
    hosts, copied = told["hosts"], told["copied"]
    lines = [f"{told['benchmark']} on {_count(len(hosts), 'host')}; nothing was done", ""]
    for host in hosts:
        who = f"{host['user']}@" if host["user"] else ""
        machine = f", {host['machine']}" if host["machine"] else ""
        lines.append(
            f"worker {host['worker']}  {host['host']}  ({who}{host['address']}, port "
            f"{host['port']}, {host['way']}{machine})"
        )
        lines.append(f"    $ {host['command']}")
        lines += [f"    {key}={value}" for key, value in host["environment"].items()]
    lines += [
        "",
        f"copied to each: {copied['files']} files of code, {copied['bytes'] / 1e3:.0f} kB, "
        f"digest {copied['digest']}",
        f"run by: {told['python']}",
        f"price: {_price(told['usd_per_hour'])}",
        f"ends at the latest after {duration(told['ends_after_seconds'])}{_money(told)}; "
        f"{_count(told['restarts'], 'restart')} allowed",
        f"results into {told['out']}",
    ]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def draw_launched(
    console: Console, done: Launched, compared: Sequence[Comparison], why_not: str
) -> None:
    """What a launch gave, beside what is predicted of it."""
    from simulator.report.measured_tables import draw_comparisons

    cost = "" if done.usd is None else f", ${done.usd:.4g}"
    again = f", {_count(done.restarts, 'restart')}" if done.restarts else ""
    console.print(
        f"{done.plan.benchmark.name} on {_count(len(done.plan.hosts), 'host')}: "
        f"{duration(done.seconds)}{cost}{again}; results in {done.plan.out}",
        markup=False,
        soft_wrap=True,
    )
    if compared:
        draw_comparisons(console, compared)
    elif done.measurements:
        for each in done.measurements:
            console.print(f"measured: {duration(each.step_seconds)} a step", markup=False)
        console.print(f"not predicted: {why_not}", markup=False, soft_wrap=True)


def _price(usd_per_hour: float | None) -> str:
    return "not known" if usd_per_hour is None else f"${usd_per_hour:.4g} an hour for all hosts"


def _money(told: Mapping[str, Any]) -> str:
    if told["max_usd"] is None or told["ends_after_seconds"] >= told["timeout_seconds"]:
        return ""
    return f", when ${told['max_usd']:g} are spent"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
