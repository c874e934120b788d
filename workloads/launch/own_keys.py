"""Our own keys: the file that was named, or what the agent holds."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import asyncssh

from domain.errors import InputError
from domain.hosts import Host


def readable_key(identity: Path, host: Host) -> str:
    """The path of a private key that can be read.

    Raises:
        InputError: it cannot.
    """
    path = identity.expanduser()
    try:
        path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the private key {path} cannot be read: {error.strerror}", where=host.label
        ) from None
    return str(path)


async def public_key(identity: Path | None, host: Host) -> str:
    """The public half of our key: of the file, or the agent's first.

    Raises:
        InputError: there is neither.
    """
    if identity is not None:
        path = readable_key(identity, host)
        try:
            return asyncssh.read_private_key(path).export_public_key().decode("ascii")
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            beside = Path(f"{path}.pub")
            if beside.is_file():
                return beside.read_text(encoding="utf-8")
            raise InputError(
                f"the private key {path} cannot be used, and {beside.name} is not there",
                where=host.label,
            ) from None
    try:
        async with asyncssh.SSHAgentClient(os.environ.get("SSH_AUTH_SOCK", "")) as agent:
            for pair in await agent.get_keys():
                blob = base64.b64encode(pair.public_data).decode("ascii")
                return f"{pair.algorithm.decode('ascii')} {blob}"
    except (OSError, ValueError):
        pass
    raise InputError(
        "needs a key to hand over: name one with --identity, or add one to the agent",
        where=host.label,
    )
