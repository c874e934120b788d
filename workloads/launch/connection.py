"""SSH connections to hosts: keys checked, patient with hosts that boot, one sentence if not."""

from __future__ import annotations

import asyncio
import errno
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh

from domain.errors import InputError
from domain.hosts import Host
from workloads.launch.own_keys import public_key, readable_key
from workloads.launch.trust import KnownHosts, name_in_file

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0
# A host of a cloud answers a while before its users' keys are there.
_KEYS_SECONDS = 60.0
# One attempt: a host that is not there does not answer at all.
_ATTEMPT_SECONDS = 20.0
# A connection over which so many questions in a row find no answer is given up.
_KEEPALIVES = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """How we prove who we are, and know who they are."""

    known_hosts: KnownHosts
    identity: Path | None = None
    """A private key, beside those of the agent and of ``~/.ssh``."""
    ssh_config: Path | None = None
    """Instead of ``~/.ssh/config``."""
    introduce: Callable[[Host, str], None] | None = None
    """Hands a public key over to a host before each attempt, where its cloud does so."""


class _NotYet(Exception):  # noqa: N818, nothing is wrong yet
    """Worth another attempt while hosts boot."""


class _Checked(asyncssh.SSHClient):
    """Decides about keys that the known-hosts file does not have."""

    def __init__(self, trust: KnownHosts, alias: str | None) -> None:
        self._trust, self._alias = trust, alias
        self.refused: str | None = None

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        name = host if host == self._alias else name_in_file(host, port)
        seen = f"{key.get_algorithm()} {key.get_fingerprint()}"
        if self._trust.knows(name):
            self.refused = (
                f"its key has changed: it shows {seen}, which is not what {self._trust.path} has "
                "for it; somebody may be in between. If the host was made anew, remove the old "
                f"key with: ssh-keygen -f {self._trust.path} -R '{name}'"
            )
            return False
        if not self._trust.accept_new:
            self.refused = (
                f"its key is not known: it shows {seen}, and {self._trust.path} has none for "
                f"'{name}'; compare it with the host's own and use --accept-new-hosts"
            )
            return False
        self._trust.add(name, key)
        return True


class Connector:
    """Connects to hosts, through each jump host once."""

    def __init__(
        self,
        credentials: Credentials,
        patience_seconds: float,
        told: Callable[[Host, str], None] = lambda host, text: None,
        keepalive_seconds: float = 5.0,
    ) -> None:
        self._credentials, self._patience_seconds = credentials, patience_seconds
        self._told, self._keepalive_seconds = told, keepalive_seconds
        self._jumps: dict[str, asyncio.Task[asyncssh.SSHClientConnection]] = {}

    async def connect(self, host: Host) -> asyncssh.SSHClientConnection:
        """A connection; attempts are repeated while the host may be booting.

        Raises:
            InputError: it cannot be reached, its key is not trusted, or it does not let us in.
        """
        deadline, pause = time.monotonic() + self._patience_seconds, _FIRST_PAUSE_SECONDS
        tunnel = await self._tunnel(host)
        denied_since: float | None = None
        while True:
            try:
                await self._introduce(host)
                return await self._attempt(host, tunnel)
            except asyncssh.PermissionDenied:
                denied_since = denied_since or time.monotonic()
                waited = time.monotonic() - denied_since
                if host.name is None or waited >= min(_KEYS_SECONDS, self._patience_seconds):
                    raise InputError(_denied(host), where=host.label) from None
                self._told(host, "it does not let us in yet")
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            except _NotYet as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise InputError(
                        f"cannot be reached: {error} (tried for {self._patience_seconds:.0f} s); "
                        "is it running, and does a rule let SSH in from here?",
                        where=host.label,
                    ) from None
                self._told(host, f"not there yet: {error}")
                await asyncio.sleep(min(pause, left))
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def close(self) -> None:
        """Closes the connections to jump hosts."""
        for task in self._jumps.values():
            task.cancel()
            for result in await asyncio.gather(task, return_exceptions=True):
                if isinstance(result, asyncssh.SSHClientConnection):
                    result.close()

    async def _tunnel(self, host: Host) -> asyncssh.SSHClientConnection | None:
        jump = host.jump
        if jump is None or host.proxy_command:
            return None
        before = self._jumps.get(jump)
        if before is None or _is_over(before):
            self._jumps[jump] = asyncio.create_task(self._to_jump(jump, host))
        return await asyncio.shield(self._jumps[jump])

    async def _to_jump(self, jump: str, host: Host) -> asyncssh.SSHClientConnection:
        own = Connector(
            replace(self._credentials, introduce=None),
            self._patience_seconds,
            self._told,
            self._keepalive_seconds,
        )
        return await own.connect(parse_jump(jump, host.identity))

    async def _introduce(self, host: Host) -> None:
        if self._credentials.introduce is None:
            return
        identity = host.identity or self._credentials.identity
        key = await public_key(identity, host)
        await asyncio.to_thread(self._credentials.introduce, host, key)

    async def _attempt(
        self, host: Host, tunnel: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        client: _Checked | None = None

        def checked() -> _Checked:
            nonlocal client
            client = _Checked(self._credentials.known_hosts, host.name)
            return client

        try:
            return await asyncssh.connect(
                host.address,
                client_factory=checked,
                tunnel=tunnel if tunnel is not None else (),
                **self._options(host),
            )
        except asyncssh.HostKeyNotVerifiable as error:
            why = client.refused if client is not None else None
            raise InputError(why or f"its key is not trusted: {error}", where=host.label) from None
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise InputError(
                f"a private key cannot be used: {error}; add it to the agent with ssh-add",
                where=host.label,
            ) from None
        except asyncssh.ConfigParseError as error:
            raise InputError(f"the SSH configuration is wrong: {error}") from None
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise _NotYet(f"its name cannot be looked up ({error.strerror})") from None
            raise InputError(
                f"there is no host of this name ({error.strerror})", where=host.label
            ) from None
        except asyncssh.ChannelOpenError as error:
            raise _NotYet(f"the jump host gets no answer from it ({error.reason})") from None
        except asyncssh.PermissionDenied:
            raise
        except (asyncssh.DisconnectError, TimeoutError) as error:
            raise _NotYet(str(error) or "it does not answer") from None
        except OSError as error:
            raise self._unreachable(host, error) from None

    def _unreachable(self, host: Host, error: OSError) -> Exception:
        if isinstance(error, FileNotFoundError | PermissionError):
            name = error.filename or (host.proxy_command[0] if host.proxy_command else "a file")
            return InputError(f"connecting needs {name}: {error.strerror}", where=host.label)
        # asyncio gathers the failures of several addresses into one text.
        known = {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT}
        if error.errno in known:
            return _NotYet(_plain(error))
        return _NotYet(str(error))

    def _options(self, host: Host) -> dict[str, Any]:
        known = self._credentials
        options: dict[str, Any] = {
            "known_hosts": _lookup(known.known_hosts, host.name),
            "connect_timeout": _ATTEMPT_SECONDS,
            "login_timeout": _ATTEMPT_SECONDS,
            "keepalive_interval": self._keepalive_seconds,
            "keepalive_count_max": _KEEPALIVES,
            "password": None,
            "preferred_auth": "publickey",
        }
        # A port of 22 is left out, so that ~/.ssh/config may say another.
        if host.port != 22:
            options["port"] = host.port
        if host.user is not None:
            options["username"] = host.user
        if host.name is not None:
            options["host_key_alias"] = host.name
        kinds = known.known_hosts.preferred_kinds(
            host.name or name_in_file(host.address, host.port)
        )
        if kinds:
            options["server_host_key_algs"] = kinds
        if known.ssh_config is not None:
            options["config"] = [str(known.ssh_config)]
        if host.proxy_command:
            options["proxy_command"] = list(host.proxy_command)
        identity = host.identity or known.identity
        if identity is not None:
            options["client_keys"] = [readable_key(identity, host)]
        return options


def _is_over(task: asyncio.Task[asyncssh.SSHClientConnection]) -> bool:
    """Whether a connection failed, or was lost since."""
    if not task.done():
        return False
    return task.cancelled() or task.exception() is not None or task.result().is_closed()


def parse_jump(text: str, identity: Path | None = None) -> Host:
    """The host that ``[user@]host[:port]`` means.

    Raises:
        InputError: the port is not a number, or nothing is left for the host.
    """
    user, _, place = text.rpartition("@")
    address, _, port = place.partition(":")
    if not address or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        raise InputError(f"'{text}' is not [user@]host[:port]", where="jump")
    return Host(address=address, port=int(port or 22), user=user or None, identity=identity)


def _lookup(trust: KnownHosts, alias: str | None) -> Callable[..., Sequence[Sequence[object]]]:
    def match(host: str, address: str, port: int | None) -> Sequence[Sequence[object]]:
        return trust.match(host if host == alias else name_in_file(host, port))

    return match


def _denied(host: Host) -> str:
    who = f"user '{host.user}'" if host.user else "the user of this name"
    return (
        f"it does not let us in: none of our keys is accepted for {who}; see 'ssh-add -l', or "
        "name a key with --identity and a user with --user"
    )


def _plain(error: OSError) -> str:
    texts = {
        errno.ECONNREFUSED: "it refuses connections",
        errno.EHOSTUNREACH: "there is no way to it",
        errno.ENETUNREACH: "there is no way to it",
        errno.ETIMEDOUT: "it does not answer",
    }
    return texts.get(error.errno or 0, error.strerror or str(error))
