"""Who is let in and who is believed: keys, known hosts, jump hosts, hosts that are not there."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch_hosts import Lab, free_port, lab, make_key

from domain.errors import InputError
from domain.hosts import Host
from workloads.launch.connection import Connector, Credentials, parse_jump
from workloads.launch.trust import KnownHosts


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("lab") / "l", count=1) as made:
        yield made


def connect(host: Host, credentials: Credentials, patience_seconds: float = 0.0) -> str:
    """What the host answers to ``echo``."""

    async def ask() -> str:
        connector = Connector(credentials, patience_seconds)
        try:
            connection = await connector.connect(host)
            done = await connection.run("echo in; echo $SSH_CONNECTION")
            connection.close()
            await connection.wait_closed()
            return str(done.stdout)
        finally:
            await connector.close()

    return asyncio.run(ask())


def with_known(one: Lab, path: Path, accept_new: bool = False) -> Credentials:
    return Credentials(KnownHosts(path, accept_new), one.identity, one.ssh_config)


def test_a_known_host_lets_us_in(one: Lab) -> None:
    assert connect(one.servers[0].host(), one.credentials()).startswith("in")


def test_a_host_that_nobody_knows_is_refused_with_its_fingerprint(one: Lab, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="SHA256:") as refused:
        connect(one.servers[0].host(), with_known(one, tmp_path / "known"))
    assert "--accept-new-hosts" in str(refused.value)
    assert not (tmp_path / "known").exists()


def test_a_new_host_that_is_accepted_is_written_down_as_openssh_reads_it(
    one: Lab, tmp_path: Path
) -> None:
    known = tmp_path / "known"
    known.write_text("# mine, without an end of line")
    connect(one.servers[0].host(), with_known(one, known, accept_new=True))
    server = one.servers[0]
    found = subprocess.run(
        ["ssh-keygen", "-F", f"[{server.address}]:{server.port}", "-f", str(known)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ssh-" in found.stdout
    assert known.read_text().startswith("# mine, without an end of line\n")
    assert connect(server.host(), with_known(one, known)).startswith("in")


@pytest.mark.parametrize("accept_new", [False, True])
def test_a_host_whose_key_changed_is_refused_whatever_is_accepted(
    one: Lab, tmp_path: Path, accept_new: bool
) -> None:
    server = one.servers[0]
    other = make_key(tmp_path / "other")
    known = tmp_path / "known"
    known.write_text(f"[{server.address}]:{server.port} {other}")
    with pytest.raises(InputError, match="its key has changed") as refused:
        connect(server.host(), with_known(one, known, accept_new))
    assert f"ssh-keygen -f {known} -R '[{server.address}]:{server.port}'" in str(refused.value)
    assert known.read_text() == f"[{server.address}]:{server.port} {other}"


def test_a_host_that_lost_the_kind_of_key_it_had_has_changed(one: Lab, tmp_path: Path) -> None:
    server = one.servers[0]
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(tmp_path / "other")], check=True
    )
    known = tmp_path / "known"
    other = (tmp_path / "other.pub").read_text()
    known.write_text(f"[{server.address}]:{server.port} {other}")
    with pytest.raises(InputError, match="its key has changed"):
        connect(server.host(), with_known(one, known, accept_new=True))
    assert known.read_text().endswith(other)


def test_the_key_of_another_port_says_nothing_of_this_one(one: Lab, tmp_path: Path) -> None:
    known = tmp_path / "known"
    known.write_text(f"{one.servers[0].address} {make_key(tmp_path / 'other')}")
    connect(one.servers[0].host(), with_known(one, known, accept_new=True))


def test_a_host_is_known_by_the_name_of_its_cloud(one: Lab, tmp_path: Path) -> None:
    known = tmp_path / "known"
    host = one.servers[0].host(name="i-0abc")
    connect(host, with_known(one, known, accept_new=True))
    assert known.read_text().startswith("i-0abc ssh-ed25519 ")
    assert connect(host, with_known(one, known)).startswith("in")


def test_a_key_that_is_not_let_in_is_named_as_such_at_once(one: Lab, tmp_path: Path) -> None:
    make_key(tmp_path / "wrong")
    credentials = Credentials(KnownHosts(one.known_hosts), tmp_path / "wrong", one.ssh_config)
    with pytest.raises(InputError, match="none of our keys is accepted"):
        connect(one.servers[0].host(), credentials, patience_seconds=60)


def test_a_private_key_that_is_not_there_is_named(one: Lab, tmp_path: Path) -> None:
    credentials = Credentials(KnownHosts(one.known_hosts), tmp_path / "absent", one.ssh_config)
    with pytest.raises(InputError, match="absent cannot be read: No such file"):
        connect(one.servers[0].host(), credentials)


def test_what_is_no_private_key_is_named(one: Lab, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not a key")
    credentials = Credentials(KnownHosts(one.known_hosts), tmp_path / "key", one.ssh_config)
    with pytest.raises(InputError, match="a private key cannot be used"):
        connect(one.servers[0].host(), credentials)


def test_a_key_of_the_agent_is_enough(one: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    started = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True)
    socket = re.search(r"SSH_AUTH_SOCK=([^;]+)", started.stdout)
    process = re.search(r"SSH_AGENT_PID=(\d+)", started.stdout)
    assert socket
    assert process
    monkeypatch.setenv("SSH_AUTH_SOCK", socket[1])
    try:
        subprocess.run(["ssh-add", "-q", str(one.identity)], check=True)
        credentials = Credentials(KnownHosts(one.known_hosts), None, one.ssh_config)
        assert connect(one.servers[0].host(), credentials).startswith("in")
    finally:
        os.kill(int(process[1]), 15)


def test_the_users_ssh_configuration_is_read(one: Lab, tmp_path: Path) -> None:
    server = one.servers[0]
    config = tmp_path / "config"
    config.write_text(
        f"Host lab\n  HostName {server.address}\n  Port {server.port}\n"
        f"  IdentityFile {one.identity}\n"
    )
    credentials = Credentials(KnownHosts(one.known_hosts), None, config)
    assert connect(Host(address="lab"), credentials).startswith("in")


def test_an_unreachable_host_is_named_after_the_time_for_booting(one: Lab) -> None:
    host = Host(address="127.0.0.1", port=free_port())
    with pytest.raises(InputError, match="refuses connections") as failure:
        connect(host, one.credentials(), patience_seconds=1)
    assert failure.value.where == host.label


def test_a_name_that_does_not_exist_is_named_at_once(one: Lab) -> None:
    with pytest.raises(InputError, match=r"no host of this name|cannot be looked up"):
        connect(Host(address="nowhere.invalid"), one.credentials())


def test_a_host_that_is_still_booting_is_waited_for(tmp_path: Path) -> None:
    with lab(tmp_path / "lab", count=1) as made:
        server = made.servers[0]
        server.stop()

        def boot() -> None:
            time.sleep(1.5)
            server.start()

        booting = threading.Thread(target=boot)
        booting.start()
        try:
            assert connect(server.host(), made.credentials(), patience_seconds=30).startswith("in")
        finally:
            booting.join()


def test_a_jump_host_is_on_the_way_and_checked_like_any_other(tmp_path: Path) -> None:
    with lab(tmp_path / "lab") as made:
        jump, goal = made.servers
        way = f"{jump.host().user}@{jump.address}:{jump.port}"
        assert connect(goal.host(jump=way), made.credentials()).startswith("in")
        made.known_hosts.write_text(goal.known_hosts_line())
        with pytest.raises(InputError, match="its key is not known") as refused:
            connect(goal.host(jump=way), made.credentials())
        assert refused.value.where == jump.host().label


def test_a_program_may_carry_the_connection(one: Lab) -> None:
    server = one.servers[0]
    relay = (
        "import socket, sys, threading\n"
        f"s = socket.create_connection(({server.address!r}, {server.port}))\n"
        "def up():\n"
        "    while data := sys.stdin.buffer.raw.read(65536): s.sendall(data)\n"
        "    s.shutdown(1)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := s.recv(65536):\n"
        "    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()\n"
    )
    host = server.host(proxy_command=("python3", "-c", relay))
    assert connect(host, one.credentials()).startswith("in")


def test_a_carrying_program_that_is_not_installed_is_named(one: Lab) -> None:
    host = one.servers[0].host(proxy_command=("no-such-program", "--x"))
    with pytest.raises(InputError, match="no-such-program"):
        connect(host, one.credentials())


@pytest.mark.parametrize("text", ["", "me@", "host:port", "host:0", "host:70000"])
def test_a_jump_host_that_is_none(text: str) -> None:
    with pytest.raises(InputError, match=r"is not \[user@\]host"):
        parse_jump(text)


def test_a_file_of_known_hosts_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("@strange marker here\n")
    with pytest.raises(InputError, match="is not a file of known hosts"):
        KnownHosts(tmp_path / "known")


def test_a_cloud_may_hand_our_key_over_before_we_connect(tmp_path: Path) -> None:
    with lab(tmp_path / "lab", count=1) as made:
        server = made.servers[0]
        authorised = server.folder / "authorized_keys"
        authorised.write_text("")
        given: list[str] = []

        def introduce(host: Host, public_key: str) -> None:
            given.append(host.label)
            authorised.write_text(public_key)

        host = server.host()
        assert connect(host, made.credentials(introduce=introduce)).startswith("in")
        assert given == [host.label]


def test_a_host_of_a_cloud_is_given_time_to_get_its_keys(tmp_path: Path) -> None:
    with lab(tmp_path / "lab", count=1) as made:
        server = made.servers[0]
        authorised = server.folder / "authorized_keys"
        authorised.write_text("")
        later = threading.Timer(1.0, authorised.write_text, (server.authorised,))
        later.start()
        made.known_hosts.write_text("i-1 " + server.known_hosts_line().partition(" ")[2])
        host = server.host(name="i-1")
        assert connect(host, made.credentials(), patience_seconds=20).startswith("in")
        later.join()
