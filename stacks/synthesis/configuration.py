"""The configuration of a stack, merged, typed and decrypted as the CLI does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from json import JSONDecodeError, dumps, loads
from typing import Any

from domain.located import KeyPath, Located
from domain.resources import SECRET
from stacks.synthesis.passphrase import Decrypter
from stacks.synthesis.project import Project, read, wrong
from stacks.synthesis.redaction import Redactor

_SHOWN = 60
"""Characters of a wrong value that are repeated to whoever wrote it."""
_WHOLE_NUMBER = re.compile(r"[+-]?\d+")


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration of a stack as a program gets it: every value a text."""

    values: Mapping[str, str]
    secret_keys: tuple[str, ...]
    secrets: tuple[Any, ...]
    """What was decrypted, so that it can be found again and be left out of everything."""
    notes: tuple[str, ...]

    def shown(self) -> Mapping[str, str]:
        """The values as people may see them."""
        redactor = Redactor(self.secrets)
        return {
            key: SECRET if key in self.secret_keys else redactor.value(value)
            for key, value in self.values.items()
        }


def read_config(project: Project, stack: str) -> Config:
    """The project's values and defaults under the stack's own.

    Raises:
        InputError: unknown stack, a required value that is missing, a value of another type,
            a secret that the passphrase does not open; with file and line.
    """
    located = read(project.stack_file(stack), "stack configuration")
    given = located.data.get("config") or {}
    if not isinstance(given, Mapping):
        raise wrong(located, ("config",), "'config' must be a mapping of keys to values")
    merger = _Merger(project, located, Decrypter(located))
    declared = project.located.data.get("config")
    for key, declaration in (declared if isinstance(declared, Mapping) else {}).items():
        merger.declare(str(key), declaration, given)
    for key, value in given.items():
        merger.put(str(key), value, located, ("config", key))
    return merger.config()


class _Merger:
    def __init__(self, project: Project, stack: Located, decrypter: Decrypter) -> None:
        self._project, self._stack, self._decrypter = project, stack, decrypter
        self._values: dict[str, str] = {}
        self._secret_keys: set[str] = set()
        self._secrets: list[Any] = []
        self._placeholders: list[str] = []
        self._types: dict[str, Mapping[str, Any]] = {}

    def declare(self, key: str, declaration: Any, given: Mapping[str, Any]) -> None:
        """One entry of the project's ``config`` block: a plain value, or how a value must be."""
        full, source = self._full(key), self._project.located
        typed = isinstance(declaration, Mapping) and (
            {"type", "value", "default", "description", "secret", "items"} & set(declaration)
        )
        if not typed:
            self.put(key, declaration, source, ("config", key))
            return
        if "type" in declaration:
            self._types[full] = declaration
        for word in ("default", "value"):
            if word in declaration:
                self.put(key, declaration[word], source, ("config", key, word))
                break
        else:
            if not any(self._full(str(each)) == full for each in given):
                raise wrong(
                    self._stack,
                    ("config",),
                    f"'{full}' is missing; {self._project.file.name} asks every stack for it"
                    + (f" ({declaration['type']})" if "type" in declaration else ""),
                )
        if declaration.get("secret"):
            self._secret_keys.add(full)
            self._secrets.append(self._values.get(full))

    def put(self, key: str, value: Any, located: Located, path: KeyPath) -> None:
        """One value, from whichever file; the later one counts."""
        full = self._full(key)
        value, secrets = _opened(value, lambda text: self._open(full, text, located, path))
        if secrets or full in self._secret_keys:
            self._secret_keys.add(full)
            self._secrets += secrets or [value]
        if (declared := self._types.get(full)) is not None and not secrets:
            _check_type(full, value, declared, located, path)
        self._values[full] = _as_text(value)

    def config(self) -> Config:
        why = self._decrypter.closed_because
        notes = [
            f"secret '{key}' is a placeholder: {why}" for key in dict.fromkeys(self._placeholders)
        ]
        if imported := self._stack.data.get("environment"):
            names = imported.get("imports") if isinstance(imported, Mapping) else imported
            notes.append(f"what Pulumi ESC would add from {_as_text(names)} is not known here")
        secret_keys = tuple(sorted(self._secret_keys))
        return Config(self._values, secret_keys, tuple(self._secrets), tuple(notes))

    def _full(self, key: str) -> str:
        return key if ":" in key else f"{self._project.name}:{key}"

    def _open(self, key: str, ciphertext: str, located: Located, path: KeyPath) -> str:
        opened = self._decrypter.open(ciphertext, located.place(path))
        if opened is None:
            self._placeholders.append(key)
            return SECRET
        return opened


def _opened(value: Any, open_: Callable[[str], str]) -> tuple[Any, list[str]]:
    """The value with its ``secure:`` parts decrypted, and what they were."""
    if isinstance(value, Mapping):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            text = open_(value["secure"])
            return text, [text]
        pairs = {str(key): _opened(each, open_) for key, each in value.items()}
        return (
            {key: each for key, (each, _) in pairs.items()},
            [text for _, texts in pairs.values() for text in texts],
        )
    if isinstance(value, list):
        items = [_opened(each, open_) for each in value]
        return [each for each, _ in items], [text for _, texts in items for text in texts]
    return value, []


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str | int | float):
        return str(value)
    return dumps(value, sort_keys=True, separators=(",", ":"), default=_as_text)


def _check_type(
    key: str, value: Any, declared: Mapping[str, Any], located: Located, path: KeyPath
) -> None:
    kind = declared["type"]
    if not _fits(value, kind, declared.get("items")):
        given = "" if declared.get("secret") else f", not {_as_text(value)[:_SHOWN]!r}"
        raise wrong(located, path, f"'{key}' must be of type {kind}{given}")


def _fits(value: Any, kind: Any, items: Any) -> bool:
    """Whether a value has a declared type. ``pulumi config set`` writes figures as texts."""
    match kind:
        case "string":
            return not isinstance(value, Mapping | list)
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole or (isinstance(value, str) and bool(_WHOLE_NUMBER.fullmatch(value)))
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "array" | "object":
            if isinstance(value, str):
                try:
                    value = loads(value)
                except JSONDecodeError:
                    return False
            if kind == "object":
                return isinstance(value, Mapping)
            inner = items.get("type") if isinstance(items, Mapping) else None
            deeper = items.get("items") if isinstance(items, Mapping) else None
            return isinstance(value, list) and (
                inner is None or all(_fits(each, inner, deeper) for each in value)
            )
    return True
