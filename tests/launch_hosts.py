"""Real OpenSSH servers as hosts: on loopback ports, each with a host key of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from domain.hosts import Host
from workloads.launch.benchmarks import Benchmark
from workloads.launch.bundle import FOLDERS, Bundle, pack
from workloads.launch.connection import Credentials
from workloads.launch.plan import Limits, Plan
from workloads.launch.trust import KnownHosts

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
STANDIN = Benchmark("mlp", "standin_benchmark", ("mlp",), "measurement.json")


def need_openssh() -> None:
    if not Path(SSHD).is_file() or shutil.which("ssh-keygen") is None:
        pytest.skip("no OpenSSH server here")


def make_key(path: Path) -> str:
    """A key pair; gives the public half."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True
    )
    return path.with_suffix(".pub").read_text()


def free_port() -> int:
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return int(each.getsockname()[1])


def standin_bundle() -> Bundle:
    return pack((*FOLDERS, Path(__file__).parent / "standin_benchmark"))


@dataclass
class Server:
    """One sshd; ``prefix`` runs it elsewhere, like ``ip netns exec NAME``."""

    folder: Path
    authorised: str
    address: str = "127.0.0.1"
    prefix: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    offers_sftp: bool = True

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        key = self.folder / "host_key"
        if not key.exists():
            make_key(key)
        keys = self.folder / "authorized_keys"
        keys.write_text(self.authorised)
        config = self.folder / "sshd_config"
        config.write_text(
            f"ListenAddress {self.address}\nPort {self.port}\nHostKey {key}\nPidFile none\n"
            f"AuthorizedKeysFile {keys}\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 100\n"
            f"{'Subsystem sftp internal-sftp' if self.offers_sftp else ''}\nLogLevel ERROR\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "sshd.log").open("ab") as log:
            command = [*self.prefix, SSHD, "-D", "-e", "-f", str(config)]
            self.process = subprocess.Popen(command, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError((self.folder / "sshd.log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def known_hosts_line(self) -> str:
        public = (self.folder / "host_key.pub").read_text()
        where = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        return f"{where} {public}"

    def host(self, **more: object) -> Host:
        return Host(
            address=self.address,
            port=self.port,
            user=getpass.getuser(),
            directory=str(self.folder / "host"),
            **more,  # type: ignore[arg-type]
        )


@dataclass
class Lab:
    """Some servers, the key that they accept, and a file of their keys."""

    folder: Path
    servers: list[Server]

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def identity(self) -> Path:
        return self.folder / "key"

    @property
    def ssh_config(self) -> Path:
        return self.folder / "ssh_config"

    def credentials(self, **more: object) -> Credentials:
        return Credentials(
            KnownHosts(self.known_hosts),
            identity=self.identity,
            ssh_config=self.ssh_config,
            **more,  # type: ignore[arg-type]
        )

    def plan(
        self,
        out: Path,
        settings: Sequence[str] = (),
        *,
        hosts: Sequence[Host] | None = None,
        credentials: Credentials | None = None,
        limits: Limits | None = None,
        benchmark: Benchmark = STANDIN,
        **more: object,
    ) -> Plan:
        return Plan(
            benchmark=benchmark,
            hosts=tuple(hosts or [server.host() for server in self.servers]),
            out=out,
            bundle=standin_bundle(),
            credentials=credentials or self.credentials(),
            settings=tuple(settings),
            python=sys.executable,
            limits=limits or Limits(timeout_seconds=60, boot_seconds=5, grace_seconds=1),
            **more,  # type: ignore[arg-type]
        )


def ready_lab(folder: Path, servers: list[Server]) -> Lab:
    """Servers that run, known to whoever launches on them."""
    made = Lab(folder, servers)
    made.known_hosts.write_text("".join(server.known_hosts_line() for server in servers))
    made.ssh_config.write_text("")
    return made


@contextlib.contextmanager
def lab(folder: Path, count: int = 2) -> Iterator[Lab]:
    """Servers on loopback ports."""
    need_openssh()
    folder.mkdir(exist_ok=True)
    public = make_key(folder / "key")
    servers = [Server(folder / f"server-{index}", public) for index in range(count)]
    try:
        for server in servers:
            server.start()
        yield ready_lab(folder, servers)
    finally:
        for server in servers:
            server.stop()


def processes_with(word: str) -> list[int]:
    """Processes whose command line has a word; what the launches of a test left behind."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def wait_until_gone(word: str, seconds: float = 20.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while (left := processes_with(word)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


class Notes:
    """A watch that keeps everything."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.events: list[tuple[str, Mapping[str, Any]]] = []
        self.lines: list[tuple[str, str]] = []

    def stage(self, host: Host | None, text: str) -> None:
        self.stages.append(f"{host.label}: {text}" if host else text)

    def event(self, host: Host, event: Mapping[str, Any]) -> None:
        self.events.append((host.label, event))

    def log(self, host: Host, line: str) -> None:
        self.lines.append((host.label, line))

    def told(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for _, event in self.events if event["event"] == kind]
