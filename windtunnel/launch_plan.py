"""From the options of `windtunnel launch` to a plan, refused here if it could not work."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import InputError, QuantityError
from domain.hosts import Host, environment_of, usd_per_hour, why_unpriced
from domain.quantity import DURATION, MONEY
from windtunnel.flying import open_catalog
from windtunnel.launch_hosts import HostOptions, launch_hosts
from windtunnel.launch_known import host_check

if TYPE_CHECKING:
    from simulator.study.calibrated import Calibrated
    from workloads.launch.connection import Credentials
    from workloads.launch.plan import Limits, Plan

_BOOTING_SECONDS = 600.0
_STANDING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LimitOptions:
    """What the command line says of time, money and patience."""

    timeout: str
    boot_timeout: str | None
    restarts: int
    max_usd: str | None


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the command line says of keys."""

    known_hosts: Path | None
    accept_new_hosts: bool
    identity: Path | None
    ssh_config: Path | None


def make_plan(
    benchmark: str,
    where: HostOptions,
    limits: LimitOptions,
    trusted: Trusted,
    *,
    settings: Sequence[str],
    config: Path | None,
    out: Path | None,
    python: str | None,
    prices: Path | None,
    calibrated: Calibrated,
    patient: bool,
    told: Callable[[str], None],
) -> Plan:
    """The plan that the options mean; everything that can be checked here is.

    Args:
        calibrated: knows accelerators that no catalog has.
        patient: whether hosts of a stack that do not run yet are waited for.
        told: hears of the wait.

    Raises:
        InputError: says which option or file is wrong.
    """
    try:
        from workloads.launch.benchmarks import PROBES, find_benchmark
        from workloads.launch.bundle import pack
        from workloads.launch.plan import Plan, new_name
        from workloads.launch.results import check_out
    except ImportError as error:
        raise InputError(
            f"launching needs an SSH client, which is not installed ({error}): "
            "pip install 'windtunnel[workload]'"
        ) from None

    probes = tuple(settings) if benchmark == PROBES else ()
    find_benchmark(benchmark, 1, probes)
    given = _settings(benchmark, settings, config, limits.restarts, told)
    kept = _limits(limits, where.are_standing)
    if out is not None:
        check_out(out)
    credentials = _credentials(trusted, where.jump)
    check = host_check(open_catalog(prices), calibrated, told, probes=benchmark == PROBES)
    hosts = launch_hosts(where, kept.boot_seconds if patient else 0.0, told, check)
    environment_of(hosts)
    chosen = find_benchmark(benchmark, len(hosts), probes)
    name = new_name()
    return Plan(
        benchmark=chosen,
        hosts=hosts,
        out=out or _default_out(f"{benchmark}-{name}"),
        bundle=pack(),
        credentials=_introduced(credentials, hosts),
        settings=() if probes else tuple(settings),
        config=given,
        python=python,
        limits=_with_prices(kept, hosts, prices),
        name=name,
    )


def _settings(
    benchmark: str,
    settings: Sequence[str],
    config: Path | None,
    restarts: int,
    told: Callable[[str], None],
) -> dict[str, Any] | None:
    """The configuration to hand over, once it and the settings are known to be right."""
    from workloads.launch.benchmarks import PROBES
    from workloads.settings import read_settings

    if benchmark == PROBES:
        if config is not None:
            raise InputError("probes take no configuration; give --set instead", where="--config")
        return None
    checked = read_settings(benchmark, config, settings)
    if restarts and getattr(checked, "checkpoint_steps", None) is None:
        told("no checkpoint_steps are set: a restart begins at the first step")
    if config is None:
        return None
    whole: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
    return whole


def _limits(options: LimitOptions, are_standing: bool) -> Limits:
    from workloads.launch.plan import Limits

    boot = _STANDING_SECONDS if are_standing else _BOOTING_SECONDS
    if options.boot_timeout is not None:
        boot = _seconds(options.boot_timeout, "--boot-timeout")
    timeout = _seconds(options.timeout, "--timeout")
    if timeout <= 0:
        raise InputError("must be more than 0, like '30 min'", where="--timeout")
    return Limits(
        timeout_seconds=timeout,
        boot_seconds=boot,
        restarts=options.restarts,
        max_usd=None if options.max_usd is None else _usd(options.max_usd),
    )


def _seconds(text: str, option: str) -> float:
    try:
        seconds = DURATION.parse(text)
    except QuantityError as error:
        raise error.at(option) from None
    if seconds < 0:
        raise InputError(f"'{text}' must be at least 0", where=option)
    return seconds


def _usd(text: str) -> float:
    try:
        usd = float(text)
    except ValueError:
        try:
            usd = MONEY.parse(text)
        except QuantityError as error:
            raise error.at("--max-usd") from None
    if not 0 < usd < MONEY.most:
        raise InputError(f"'{text}' must be more than 0, like 5 or '$5'", where="--max-usd")
    return usd


def _with_prices(limits: Limits, hosts: Sequence[Host], prices: Path | None) -> Limits:
    from dataclasses import replace

    catalog = open_catalog(prices)
    rate = usd_per_hour(hosts, catalog)
    if limits.max_usd is not None and rate is None:
        raise InputError(f"cannot be kept: {why_unpriced(hosts, catalog)}", where="--max-usd")
    return replace(limits, usd_per_hour=rate)


def _credentials(trusted: Trusted, jump: str | None) -> Credentials:
    from workloads.launch.connection import Credentials, parse_jump
    from workloads.launch.trust import KnownHosts

    if jump is not None:
        parse_jump(jump)
    for path, option in ((trusted.identity, "--identity"), (trusted.ssh_config, "--ssh-config")):
        if path is not None and not path.expanduser().is_file():
            raise InputError("there is no such file", where=f"{option} {path}")
    return Credentials(
        KnownHosts(trusted.known_hosts, trusted.accept_new_hosts),
        trusted.identity,
        trusted.ssh_config,
    )


def _introduced(credentials: Credentials, hosts: Sequence[Host]) -> Credentials:
    """With what hands our key over, where the hosts' cloud does that."""
    from dataclasses import replace

    from workloads.discovery.instance_connect import send_key, uses_instance_connect

    if not all(uses_instance_connect(host) for host in hosts):
        return credentials
    return replace(credentials, introduce=send_key)


def _default_out(name: str) -> Path:
    from simulator.study.ledger import PROJECT_FOLDER, find_project

    return (find_project(Path.cwd()) or Path.cwd()) / PROJECT_FOLDER / "launches" / name
