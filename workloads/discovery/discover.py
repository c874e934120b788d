"""From the outputs of a stack to the hosts of one of its pools, waiting for those that boot."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from domain.errors import InputError
from domain.hosts import Host, choose_pool
from domain.stack_outputs import Access, PoolOutput, StackOutputs
from workloads.discovery.found import Found, Seen

_PAUSE_SECONDS = 5.0
# What a stack says of its users, and whom that means for SSH. OS Login makes names of its own.
# Session Manager's user is there only once somebody has opened a session; the images are Ubuntu.
_USERS = {"os-login": None, "ssm-user": "ubuntu"}


def find_hosts(
    outputs: StackOutputs,
    pool: str | None = None,
    *,
    user: str | None = None,
    jump: str | None = None,
    patience_seconds: float = 600.0,
    client: Any = None,
    told: Callable[[str], None] = lambda text: None,
    pause_seconds: float = _PAUSE_SECONDS,
) -> tuple[Host, ...]:
    """The hosts of a pool, once as many run as the stack has asked for.

    Args:
        outputs: what the stack exports.
        pool: its name; the only one if None.
        user: whom to log in as, instead of what the stack says.
        jump: a host on the way, instead of the cloud's tunnel.
        patience_seconds: how long hosts may take to appear.
        client: the cloud's client, where it is not the usual one.
        told: hears how many are there yet.
        pause_seconds: between two looks.

    Raises:
        InputError: no such pool, too few hosts in time, or the cloud does not let us look.
    """
    name = choose_pool(list(outputs.pools), pool)
    chosen = outputs.pools[name]
    access = _access(outputs, chosen, jump)
    expected = chosen.count if chosen.count else (chosen.min or 1)
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            seen = _look(outputs, name, access, client)
        except InputError as error:
            raise error.at(f"pool '{name}'") from None
        machines = len({each.slice or each.name for each in seen.hosts})
        if machines >= expected:
            return tuple(_host(each, name, chosen, access, user) for each in seen.hosts)
        if time.monotonic() >= deadline:
            booting = f", {seen.pending} on the way" if seen.pending else ""
            raise InputError(
                f"{machines} of {expected} hosts are there after {patience_seconds:.0f} s"
                f"{booting}; see the group's activity in {chosen.region}, or wait longer with "
                "--boot-timeout",
                where=f"pool '{name}'",
            )
        told(f"{machines} of {expected} hosts of pool '{name}' are there")
        time.sleep(min(pause_seconds, max(0.0, deadline - time.monotonic())))


def _look(outputs: StackOutputs, name: str, access: Access, client: Any) -> Seen:
    pool = outputs.pools[name]
    if pool.provider == "aws":
        from workloads.discovery import ec2

        return ec2.find_instances(pool, access, client)
    if pool.machine.startswith("tpu-"):
        from workloads.discovery import tpu

        return tpu.find_hosts(pool, outputs.tpus.get(name, ()), access, client)
    from workloads.discovery import gce

    return gce.find_instances(pool, access, client)


def _access(outputs: StackOutputs, pool: PoolOutput, jump: str | None) -> Access:
    access = outputs.access.get(pool.region, Access(kind="private"))
    if jump is not None:
        # Through a host of the network, private addresses are reached without a tunnel.
        return access.model_copy(update={"kind": "private", "jump": jump})
    return access


def _host(found: Found, name: str, pool: PoolOutput, access: Access, user: str | None) -> Host:
    known = _USERS.get(access.user, access.user) if access.user else None
    return Host(
        address=found.address,
        user=user or known,
        pool=name,
        internal=found.internal,
        jump=access.jump if not found.carrier else None,
        provider=pool.provider,
        region=pool.region,
        machine=pool.machine,
        market=pool.market,
        name=found.name,
        slice=found.slice,
        proxy_command=found.carrier,
    )
