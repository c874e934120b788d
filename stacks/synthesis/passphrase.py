"""Opens the secrets of a stack's configuration that a passphrase closes.

Pulumi's passphrase provider: a key of 32 bytes by PBKDF2-HMAC-SHA256 over the passphrase with
1,000,000 rounds and the salt of ``encryptionsalt`` (``v1:<salt>:<check value>``), and AES-256
in GCM; a value is ``v1:<nonce>:<ciphertext>``, all in base64. The check value opens to
``pulumi`` when the passphrase is right.
"""

from __future__ import annotations

import base64
import binascii
import os
from hashlib import pbkdf2_hmac
from pathlib import Path

from domain.errors import InputError
from domain.located import Located

_ROUNDS = 1_000_000
_KEY_BYTES = 32
_CHECK = "pulumi"
_VARIABLE = "PULUMI_CONFIG_PASSPHRASE"


class Decrypter:
    """Opens the values of one stack file. The key is made at the first secret: it takes a second.

    ``closed_because`` says why secrets stay closed, where they do.
    """

    def __init__(self, stack: Located) -> None:
        self._salt = stack.data.get("encryptionsalt")
        self._file = stack
        self._key: bytes | None = None
        self.closed_because = ""

    def open(self, ciphertext: str, where: str) -> str | None:
        """The plain text, or None where there is no passphrase to open it with.

        Raises:
            InputError: the passphrase is wrong, or the value is damaged.
        """
        if not isinstance(self._salt, str):
            provider = self._file.data.get("secretsprovider")
            holder = provider if isinstance(provider, str) else "Pulumi's service"
            self.closed_because = f"{holder} holds its key"
            return None
        if self._key is None:
            passphrase = _passphrase()
            if passphrase is None:
                self.closed_because = f"{_VARIABLE} is not set"
                return None
            self._key = self._derive(passphrase)
        plain = _decrypt(self._key, ciphertext)
        if plain is None:
            raise InputError(
                "this secret was not encrypted for this stack, or is damaged; set it again with "
                "'pulumi config set --secret'",
                where=where,
            )
        return plain

    def _derive(self, passphrase: str) -> bytes:
        where = self._file.place(("encryptionsalt",))
        version, salt, *check = str(self._salt).split(":", 2)
        try:
            if version != "v1" or not check:
                raise ValueError
            raw = base64.b64decode(salt, validate=True)
        except (binascii.Error, ValueError):
            raise InputError("must read v1:<salt>:<check value>", where=where) from None
        key = pbkdf2_hmac("sha256", passphrase.encode(), raw, _ROUNDS, _KEY_BYTES)
        if _decrypt(key, check[0]) != _CHECK:
            raise InputError(f"{_VARIABLE} is not the passphrase of this stack", where=where)
        return key


def _passphrase() -> str | None:
    """From the environment, as the CLI reads it; an empty passphrase is one too."""
    if (passphrase := os.environ.get(_VARIABLE)) is not None:
        return passphrase
    if not (file := os.environ.get(f"{_VARIABLE}_FILE")):
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as failure:
        raise InputError(
            f"the file that {_VARIABLE}_FILE names cannot be read: {failure.strerror}", where=file
        ) from None


def _decrypt(key: bytes, text: str) -> str | None:
    # Imported here: it takes a tenth of a second, and few stacks have secrets.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        version, nonce, data = text.split(":")
        if version != "v1":
            return None
        opened = AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(data), None)
        return opened.decode()
    except (InvalidTag, binascii.Error, ValueError):
        return None
