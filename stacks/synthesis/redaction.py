"""Secrets are replaced before anything leaves the child, also inside what was made of them.

Stands alone (standard library only): the child loads it by path, next to a program that may
bring packages of the same names.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

SECRET = "[secret]"
_SHORTEST_INSIDE = 4
"""Characters from which a secret is looked for inside longer text; a shorter one, such as
``1``, is everywhere."""
_DEEPEST = 3
"""Layers of encoding that are looked through: base64 of gzip of base64."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


class Redactor:
    """Knows every secret text of one run, and finds it again."""

    def __init__(self, secrets: Iterable[Any] = ()) -> None:
        self._exact: set[str] = set()
        self._inside: set[str] = set()
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: Any) -> None:
        """Remembers a secret: every text in it, and as JSON where it is written so."""
        if isinstance(secret, dict):
            for value in secret.values():
                self.learn(value)
        elif isinstance(secret, list | tuple):
            for value in secret:
                self.learn(value)
        elif isinstance(secret, str) and secret and secret != SECRET:
            self._learn_text(secret)

    def _learn_text(self, text: str) -> None:
        if text in self._exact:
            return
        self._exact.add(text)
        if len(text) >= _SHORTEST_INSIDE:
            self._inside |= {
                text,
                json.dumps(text)[1:-1],
                json.dumps(text, ensure_ascii=False)[1:-1],
                quote(text, safe=""),
                quote_plus(text),
                base64.b64encode(text.encode()).decode().rstrip("="),
            }
        if text[:1] in "{[":
            with suppress(ValueError):
                self.learn(json.loads(text))

    def holds(self, text: str, depth: int = 0) -> bool:
        """Whether a secret is in this text, plainly or under an encoding."""
        if text in self._exact or any(secret in text for secret in self._inside):
            return True
        if depth >= _DEEPEST or not self._exact:
            return False
        return any(
            self.holds(decoded, depth + 1)
            for word in _BASE64.findall(text)
            if (decoded := _decoded(word)) is not None
        )

    def value(self, value: Any) -> Any:
        """A property value without secrets: a text with one in it is replaced as a whole."""
        if isinstance(value, str):
            return SECRET if self.holds(value) else value
        if isinstance(value, dict):
            return {self.text(key): self.value(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each) for each in value]
        number = isinstance(value, int | float) and len(str(value)) >= _SHORTEST_INSIDE
        return SECRET if number and str(value) in self._exact else value

    def text(self, text: str) -> str:
        """A message or a name without secrets: only they are replaced, the rest can be read."""
        if text in self._exact:
            return SECRET
        for secret in sorted(self._inside, key=len, reverse=True):
            text = text.replace(secret, SECRET)
        return text


def _decoded(word: str) -> str | None:
    padded = word.rstrip("=") + "=" * (-len(word.rstrip("=")) % 4)
    try:
        data = base64.b64decode(padded, altchars=b"-_" if {"-", "_"} & set(word) else None)
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (binascii.Error, ValueError, OSError, EOFError):
        return None
    return data.decode("utf-8", "replace")
