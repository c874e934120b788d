"""The hosts that the options of a launch mean: of a stack, of saved outputs, of a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InputError
from domain.hosts import Host, HostCheck, hosts_of_pool, read_hosts
from windtunnel.sources import find_project


@dataclass(frozen=True, slots=True)
class HostOptions:
    """What the command line says of hosts."""

    stack: str | None = None
    outputs: Path | None = None
    hosts: Path | None = None
    project: Path | None = None
    pool: str | None = None
    count: int | None = None
    user: str | None = None
    jump: str | None = None

    @property
    def are_standing(self) -> bool:
        """Whether the hosts are listed in a file, so that nothing has to appear first."""
        return self.hosts is not None


def launch_hosts(
    options: HostOptions,
    patience_seconds: float,
    told: Callable[[str], None],
    check: HostCheck | None = None,
) -> tuple[Host, ...]:
    """The hosts, worker 0 first.

    Args:
        options: where they are.
        patience_seconds: how long those of a stack may take to appear.
        told: hears how many are there yet.
        check: looks at each host of a file.

    Raises:
        InputError: none or several of stack, outputs and hosts file; a pool that is not there;
            fewer hosts than ``count``; what the cloud does not tell.
    """
    ways = {"--stack": options.stack, "--outputs": options.outputs, "--hosts": options.hosts}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1:
        raise InputError(
            f"{' and '.join(given)} are given, and each says where the hosts are; keep one of them"
        )
    if not given:
        raise InputError(
            "say where the hosts are: one of --stack STACK, --outputs FILE and --hosts FILE "
            "(see 'windtunnel launch --help')"
        )
    if options.hosts is not None:
        listed = hosts_of_pool(read_hosts(options.hosts, check), options.pool)
        found = tuple(_as_told(host, options) for host in listed)
    else:
        found = _discovered(options, patience_seconds, told)
    if options.count is not None and options.count > len(found):
        raise InputError(
            f"{options.count} hosts are asked for, and there are {len(found)}", where="--count"
        )
    found = found[: options.count]
    _check_slices(found)
    return found


def _as_told(host: Host, options: HostOptions) -> Host:
    """With what the command line says, where the file says nothing."""
    changes = {"user": host.user or options.user, "jump": host.jump or options.jump}
    return host.model_copy(update=changes)


def _discovered(
    options: HostOptions, patience_seconds: float, told: Callable[[str], None]
) -> tuple[Host, ...]:
    from domain.stack_outputs import read_outputs
    from workloads.discovery.discover import find_hosts

    if options.outputs is not None:
        outputs = read_outputs(options.outputs)
    else:
        from workloads.discovery.live import live_outputs

        outputs = live_outputs(find_project(options.project or Path.cwd()), options.stack or "")
    return find_hosts(
        outputs,
        options.pool,
        user=options.user,
        jump=options.jump,
        patience_seconds=patience_seconds,
        told=told,
    )


def _check_slices(hosts: tuple[Host, ...]) -> None:
    slices = [host.slice for host in hosts if host.slice is not None]
    if len(slices) > 1:
        several = len(set(slices)) < len(slices)
        way = "" if several else "; take the first with --count 1"
        raise InputError(
            f"there are {len(slices)} TPU hosts in {len(set(slices))} slices, and benchmarks run "
            f"on one slice of one host{way}"
        )
