"""Hosts with networks of their own on one machine: namespaces, links between them, sshd inside."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch_hosts import Lab, Server, make_key, need_openssh

_NET = "10.213.77"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def need_namespaces() -> None:
    if os.geteuid() != 0:
        pytest.skip("not root, which network namespaces need")
    if shutil.which("ip") is None:
        pytest.skip("no network namespaces: iproute2 is not installed")
    try:
        ip("netns", "add", "wt-probe")
        ip("netns", "delete", "wt-probe")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespaces: {error.stderr.decode().strip()}")


@contextlib.contextmanager
def namespaces(folder: Path, count: int = 2, rate: str | None = None) -> Iterator[Lab]:
    """Servers in namespaces ``wt-0``, ``wt-1``, …, on one bridge; ``rate`` limits their links."""
    need_namespaces()
    need_openssh()
    folder.mkdir(exist_ok=True)
    public = make_key(folder / "key")
    servers = [
        Server(
            folder / f"server-{index}",
            public,
            address=f"{_NET}.{index + 2}",
            prefix=("ip", "netns", "exec", f"wt-{index}"),
            port=22,
        )
        for index in range(count)
    ]
    try:
        remove_network(count)
        make_network(count, rate)
        for server in servers:
            server.start()
        made = Lab(folder, servers)
        made.known_hosts.write_text("".join(server.known_hosts_line() for server in servers))
        made.ssh_config.write_text("")
        yield made
    finally:
        for server in servers:
            server.stop()
        remove_network(count)


def make_network(count: int, rate: str | None) -> None:
    ip("link", "add", "wt-bridge", "type", "bridge")
    ip("address", "add", f"{_NET}.1/24", "dev", "wt-bridge")
    ip("link", "set", "wt-bridge", "up")
    for index in range(count):
        name = f"wt-{index}"
        ip("netns", "add", name)
        ip("link", "add", f"{name}-out", "type", "veth", "peer", "name", f"{name}-in")
        ip("link", "set", f"{name}-in", "netns", name)
        ip("link", "set", f"{name}-out", "master", "wt-bridge", "up")
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
            ip("netns", "delete", f"wt-{index}")
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "delete", f"wt-{index}-out")
    with contextlib.suppress(subprocess.CalledProcessError):
        ip("link", "delete", "wt-bridge")


def set_link(index: int, up: bool) -> None:
    """Cuts or mends the link of one host; nobody on either side is told."""
    ip("link", "set", f"wt-{index}-out", "up" if up else "down")
