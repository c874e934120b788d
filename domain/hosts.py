"""Hosts that a benchmark can be launched on, and the file in which people list them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from domain.catalog import Catalog
from domain.described import AcceleratorChoice
from domain.environment import Market
from domain.errors import CatalogError, InputError, near_misses
from domain.frozen import Frozen
from domain.located import Located, parse, parse_yaml, read_text
from domain.measurement import MeasuredEnvironment
from domain.quantity import UsdPerHour

SSH_PORT = 22
Port = Annotated[int, Field(ge=1, le=65535)]
Word = Annotated[str, Field(min_length=1, pattern=r"^[^\s\x00-\x1f]+$")]


class Host(Frozen):
    """One host: how it is reached, and what it is.

    A hosts file has these keys; discovery fills in the same.
    """

    address: Word
    port: Port = SSH_PORT
    user: Word | None = None
    pool: str = "hosts"
    internal: Word | None = None
    """Where the other hosts reach it, if not at ``address``."""
    jump: Word | None = None
    """``[user@]host[:port]`` of a host on the way."""
    identity: Path | None = None
    """A private key, beside those of the agent; relative to the file."""
    directory: str | None = None
    """Where code, results and checkpoints are put there; ``.windtunnel`` in its home if not."""
    provider: Literal["aws", "gcp", "custom"] = "custom"
    region: str | None = None
    machine: str | None = None
    market: Market = "on_demand"
    accelerator: AcceleratorChoice | None = None
    accelerators: Annotated[int, Field(ge=0)] | None = None
    price: UsdPerHour | None = None
    """What it costs; a cloud's machine has its price from the catalog."""
    name: str | None = None
    """What its cloud calls it. Its key is then known by this name, since addresses wander."""
    slice: str | None = None
    """The TPU slice that it is a part of."""
    proxy_command: tuple[str, ...] = ()
    """A program that carries the connection, like Session Manager's."""

    @model_validator(mode="after")
    def _tells_what_it_is(self) -> Self:
        if self.accelerator is not None and not self.accelerators:
            raise ValueError("an accelerator needs accelerators beside it: how many there are")
        if self.machine is not None and self.provider == "custom" and self.accelerator is None:
            raise ValueError("a machine needs its provider, aws or gcp, or its accelerator")
        if self.provider != "custom" and (self.machine is None or self.region is None):
            raise ValueError(f"a host of {self.provider} needs its machine and region")
        return self

    @property
    def label(self) -> str:
        """What messages and logs call it."""
        if self.name is not None:
            return self.name
        return self.address if self.port == SSH_PORT else f"{self.address}:{self.port}"


class _HostsFile(Frozen):
    hosts: tuple[Host, ...]


HostCheck = Callable[[Host, Callable[[str], str]], None]
"""Raises where a host cannot be right; it is given what tells the place of one of its keys."""


def read_hosts(path: Path, check: HostCheck | None = None) -> tuple[Host, ...]:
    """The hosts of a YAML file, ``hosts: [{address, port, user, pool, accelerators, …}]``.

    Raises:
        InputError: unreadable, an unknown key, a host that is listed twice or that ``check``
            refuses; with file and line.
    """
    text = read_text(path, "file of hosts", InputError)
    located = parse_yaml(text, str(path), "file of hosts")
    hosts = parse(_HostsFile, located).hosts
    if not hosts:
        raise InputError("lists no host; give at least one", where=located.place(("hosts",)))
    first: dict[tuple[str, int, str | None], int] = {}
    for index, host in enumerate(hosts):
        key = (host.address, host.port, host.jump)
        if key in first:
            raise InputError(
                f"{host.label} is listed twice (first at "
                f"{located.place(('hosts', first[key]))}); a host runs one worker",
                where=located.place(("hosts", index)),
            )
        first[key] = index
        if check is not None:
            check(host, partial(_place, located, index))
    return tuple(_beside(host, path.parent) for host in hosts)


def _place(located: Located, index: int, key: str) -> str:
    return f"{located.place(('hosts', index, key))}: hosts.{index}.{key}"


def _beside(host: Host, folder: Path) -> Host:
    if host.identity is None:
        return host
    return host.model_copy(update={"identity": folder / host.identity.expanduser()})


def hosts_of_pool(hosts: Sequence[Host], pool: str | None) -> tuple[Host, ...]:
    """The hosts of one pool; the only one where none is named.

    Raises:
        InputError: no such pool, or several to choose from.
    """
    pools = list(dict.fromkeys(host.pool for host in hosts))
    chosen = choose_pool(pools, pool)
    return tuple(host for host in hosts if host.pool == chosen)


def choose_pool(pools: Sequence[str], pool: str | None) -> str:
    """The pool that is named, or the only one.

    Raises:
        InputError: no such pool, or several to choose from.
    """
    if pool is None:
        if len(pools) != 1:
            raise InputError(
                f"there are {len(pools)} pools ({', '.join(pools)}); choose one with --pool"
            )
        return pools[0]
    if pool not in pools:
        hint = near_misses(pool, pools) or f"; there are {', '.join(pools)}"
        raise InputError(f"there is no pool '{pool}'{hint}", where="--pool")
    return pool


def machines_in(hosts: Sequence[Host]) -> int:
    """How many machines are paid for: the hosts of a TPU slice are one."""
    return len({host.slice or f"{host.label} {host.port}" for host in hosts})


def usd_per_hour(hosts: Sequence[Host], catalog: Catalog) -> float | None:
    """What hosts cost together, or None where the price of one is not known."""
    rates = {host.slice or f"{host.label} {host.port}": _rate(host, catalog) for host in hosts}
    known = [rate for rate in rates.values() if rate is not None]
    return sum(known) if len(known) == len(rates) else None


def why_unpriced(hosts: Sequence[Host], catalog: Catalog) -> str:
    """A sentence on the first host without a price."""
    host = next((each for each in hosts if _rate(each, catalog) is None), None)
    if host is None:
        return ""
    if host.provider == "custom" or host.machine is None or host.region is None:
        return f"what {host.label} costs is not known; give it a price in the hosts file"
    try:
        offer = catalog.offer(host.provider, host.region, host.machine)
    except CatalogError as error:
        return str(error)
    return offer.why_unpriced(host.market)


def _rate(host: Host, catalog: Catalog) -> float | None:
    if host.price is not None:
        return host.price
    if host.provider == "custom" or host.machine is None or host.region is None:
        return None
    try:
        return catalog.offer(host.provider, host.region, host.machine).usd_per_hour(host.market)
    except CatalogError:
        return None


def _kind(host: Host) -> tuple[object, ...]:
    return (
        *(host.provider, host.region, host.machine, host.market),
        *(host.accelerator, host.accelerators),
    )


def environment_of(hosts: Sequence[Host]) -> MeasuredEnvironment | None:
    """Where a run on these hosts runs, or None where only the hosts themselves can tell.

    Raises:
        InputError: they are not all of one kind, so that no one environment tells of them.
    """
    if any(_kind(host) != _kind(hosts[0]) for host in hosts):
        raise InputError(
            f"{hosts[0].label} and the others are not of one kind: a measurement tells of one "
            "machine type; put each kind into a pool and choose one with --pool"
        )
    host = hosts[0]
    if host.machine is None and host.accelerator is None:
        return None
    return MeasuredEnvironment(
        provider=host.provider,
        region=host.region,
        machine=host.machine,
        accelerator=host.accelerator,
        accelerators_per_node=host.accelerators or None,
        nodes=machines_in(hosts),
        market=host.market if host.provider != "custom" else None,
    )
