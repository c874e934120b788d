"""Which keys of hosts are trusted: what a known-hosts file says, and new ones if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import asyncssh
from asyncssh.public_key import get_default_public_key_algs

from domain.errors import InputError
from domain.hosts import SSH_PORT

DEFAULT_FILE = Path("~/.ssh/known_hosts")


def name_in_file(host: str, port: int | None) -> str:
    """What a known-hosts file calls a host: its port is told where it is not the usual one."""
    return host if port in (None, SSH_PORT) else f"[{host}]:{port}"


class KnownHosts:
    """A known-hosts file as OpenSSH writes it; new keys are added at its end.

    Args:
        path: the file; ``~/.ssh/known_hosts`` if None. It may be absent: nobody is known then.
        accept_new: whether the key of a host that is not in it is trusted and written down. A
            key that differs from the one in the file is refused in any case.

    Raises:
        InputError: the file cannot be read, or is no known-hosts file.
    """

    def __init__(self, path: Path | None = None, accept_new: bool = False) -> None:
        self.path = (path or DEFAULT_FILE).expanduser()
        self.accept_new = accept_new
        try:
            self._text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self._text = ""
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"the file of known hosts cannot be read: {error}", where=str(self.path)
            ) from None
        try:
            self._keys = asyncssh.import_known_hosts(self._text)
        except ValueError as error:
            raise InputError(
                f"is not a file of known hosts: {error}", where=str(self.path)
            ) from None

    def match(self, name: str) -> Sequence[Sequence[object]]:
        """What the file says of a host: trusted keys, authorities, revoked keys, and so on."""
        return self._keys.match(name, "", None)

    def knows(self, name: str) -> bool:
        """Whether any key of this host, or of an authority for it, is in the file."""
        trusted, authorities, *_ = self.match(name)
        return bool(trusted or authorities)

    def preferred_kinds(self, name: str) -> list[str]:
        """Kinds of keys to ask a known host for: those in the file, then all others.

        With those in the file alone, a host that has none of them any more would just hang up,
        and nobody would hear that its key has changed. Empty where the host is not known, or
        known by an authority.
        """
        trusted, authorities, *_ = self.match(name)
        if authorities or not trusted:
            return []
        known = [
            kind
            for key in trusted
            if isinstance(key, asyncssh.SSHKey)
            for kind in key.sig_algorithms
        ]
        every = [*known, *get_default_public_key_algs()]
        return [kind.decode("ascii") for kind in dict.fromkeys(every)]

    def add(self, name: str, key: asyncssh.SSHKey) -> None:
        """Trusts a key from now on.

        Raises:
            InputError: the file cannot be written.
        """
        line = f"{name} {key.export_public_key().decode('ascii').strip()}\n"
        if self._text and not self._text.endswith("\n"):
            line = "\n" + line
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Appended in one write, as OpenSSH does: other programs add to the file as well.
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise InputError(
                f"the key of {name} cannot be added: {error}", where=str(self.path)
            ) from None
        self._text += line
        self._keys = asyncssh.import_known_hosts(self._text)
