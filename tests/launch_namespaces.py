"""Hosts with networks of their own on one machine: namespaces, links between them, sshd inside."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch_hosts import Lab, Server, make_key, need_openssh, ready_lab

# Several test runs at once get namespaces and addresses of their own.
_RUN = os.getpid() % 100_000
_NET = f"10.213.{_RUN % 250}"
_BRIDGE = f"wt{_RUN}"


def _name(index: int) -> str:
    return f"{_BRIDGE}-{index}"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def need_namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("not root, which network namespaces need")
    if shutil.which("ip") is None or shutil.which("tc") is None:
        pytest.skip("no network namespaces: iproute2 is not installed")
    try:
        ip("netns", "add", f"{_BRIDGE}-probe")
        ip("netns", "delete", f"{_BRIDGE}-probe")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces: {error.stderr.decode().strip()}")


@contextlib.contextmanager
def namespaces(folder: Path, count: int = 2, rate: str | None = None) -> Iterator[Lab]:
    """Servers in namespaces on one bridge; ``rate`` limits their links."""
    need_namespaces()
    need_openssh()
    folder.mkdir(exist_ok=True)
    public = make_key(folder / "key")
    servers = [
        Server(
            folder / f"server-{index}",
            public,
            address=f"{_NET}.{index + 2}",
            prefix=("ip", "netns", "exec", _name(index)),
            port=22,
        )
        for index in range(count)
    ]
    try:
        remove_network(count)
        try:
            make_network(count, rate)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces: {error.stderr.decode().strip()}")
        for server in servers:
            server.start()
        yield ready_lab(folder, servers)
    finally:
        for server in servers:
            server.stop()
        remove_network(count)


def make_network(count: int, rate: str | None) -> None:
    ip("link", "add", _BRIDGE, "type", "bridge")
    ip("address", "add", f"{_NET}.1/24", "dev", _BRIDGE)
    ip("link", "set", _BRIDGE, "up")
    for index in range(count):
        name = _name(index)
        ip("netns", "add", name)
        ip("link", "add", f"{name}-out", "type", "veth", "peer", "name", f"{name}-in")
        ip("link", "set", f"{name}-in", "netns", name)
        ip("link", "set", f"{name}-out", "master", _BRIDGE, "up")
        ip("-n", name, "address", "add", f"{_NET}.{index + 2}/24", "dev", f"{name}-in")
        ip("-n", name, "link", "set", f"{name}-in", "up")
        ip("-n", name, "link", "set", "lo", "up")
        if rate is not None:
            limit = ["root", "tbf", "rate", rate, "burst", "256kb", "latency", "50ms"]
            subprocess.run(
                ["tc", "-n", name, "qdisc", "add", "dev", f"{name}-in", *limit],
                check=True,
                capture_output=True,
            )


def remove_network(count: int) -> None:
    for index in range(count):
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("netns", "delete", _name(index))
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "delete", f"{_name(index)}-out")
    with contextlib.suppress(subprocess.CalledProcessError):
        ip("link", "delete", _BRIDGE)


def set_link(index: int, up: bool) -> None:
    """Cuts or mends the link of one host; nobody on either side is told."""
    ip("link", "set", f"{_name(index)}-out", "up" if up else "down")
