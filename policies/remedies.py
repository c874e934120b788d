"""Remedies, written as a Python program would do it, in the language of the program at hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any


class Code(str):
    """A piece of a program, such as ``key.id``, where a remedy would have a value."""

    def __repr__(self) -> str:
        return str(self)


def snake(name: str) -> str:
    """``kmsKeyId`` → ``kms_key_id``, as Python's SDKs call it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """``kms_key_id`` → ``kmsKeyId``."""
    return re.sub(r"(?<=[A-Za-z0-9])_([a-z0-9])", lambda found: found[1].upper(), name)


def _pascal(name: str) -> str:
    name = camel(name)
    return name[:1].upper() + name[1:]


def to_set(inputs: Mapping[str, Any]) -> str:
    """``set kms_key_id='…'``: inputs by their names in the engine, as Python writes them."""
    return f"set {', '.join(f'{snake(key)}={_snaked(each)!r}' for key, each in inputs.items())}"


def placed(path: str, value: Any) -> dict[str, Any]:
    """A value at its path: ``a.b[]`` → ``{'a': {'b': [value]}}``."""
    for step in reversed(path.split(".")):
        value = [value] if step.endswith(("[]", "[0]")) else value
        value = {bare(step): value}
    return dict(value)


def bare(step: str) -> str:
    """The name in a step of a path."""
    return step.removesuffix("[0]").removesuffix("[]").removesuffix("?")


def united(first: Any, second: Any) -> Any:
    """Two values of an input as one that has what both have; the first goes first."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        both = {key: united(first[key], second[key]) for key in first if key in second}
        return {**first, **{key: second[key] for key in second if key not in first}, **both}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second) == 1:
        return [united(first[0], second[0])]
    return first


def _snaked(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_as_key(key, snake): _snaked(each) for key, each in value.items()}
    return [_snaked(each) for each in value] if isinstance(value, list) else value


def _as_key(key: str, spelt: Callable[[str], str]) -> str:
    """A property's name respelt; what is no name, such as ``enable-oslogin``, is a key as it is."""
    return spelt(key) if key.isidentifier() else key


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language writes an input."""

    name: Callable[[str], str] = camel
    assigns: str = ": "
    quote: str = "'"


_TYPESCRIPT = _Language()
_LANGUAGES = {
    **dict.fromkeys((".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs"), _TYPESCRIPT),
    **dict.fromkeys((".yaml", ".yml"), _TYPESCRIPT),
    ".go": _Language(_pascal, quote='"'),
    ".cs": _Language(_pascal, " = ", '"'),
    ".java": _Language(quote='"'),
}
_ASSIGNS = re.compile(r"\b([a-z]\w*)=(?=['\"\[{\dA-Za-z])")
_OTHERWISE = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*")|\b(?P<truth>True|False)\b|(?<!governance\.)\b(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b"""
)


_SETTINGS = frozenset({"local_nvme", "object_store", "on_demand", "per_zone"})
"""Names in the settings of an environment, which are the same whatever the program's language."""


def in_language_of(source: str | None, remedy: str) -> str:
    """A remedy for a program whose file is ``source`` (``index.ts:12``): names and values as its
    language writes them. Python's stay as they are, and so do those of languages not known."""
    language = _LANGUAGES.get(PurePath((source or "").partition(":")[0]).suffix)
    if language is None:
        return remedy
    written, done = "", 0
    while found := _ASSIGNS.search(remedy, done):
        value, end = _value(remedy, found.end())
        if value is None:
            end, value = found.end(), ast.Name("")
        written += _prose(remedy[done : found.start()], language)
        written += f"{language.name(found[1])}{language.assigns}{_expression(value, language)}"
        done = end
    return written + _prose(remedy[done:], language)


def _value(text: str, start: int) -> tuple[ast.expr | None, int]:
    """The longest expression of Python that starts there, and where it ends."""
    for end in range(len(text), start, -1):
        if text[end - 1] not in " ,;.":
            try:
                # What a remedy leaves out (…) is no Python; a name is, of the same length.
                found = ast.parse(text[start:end].replace("…", "_"), mode="eval").body
            except SyntaxError:
                continue
            if not isinstance(found, ast.Tuple | ast.BoolOp | ast.Compare | ast.IfExp):
                return found, end
    return None, start


def _expression(value: ast.expr, language: _Language) -> str:
    match value:
        case ast.Dict():
            pairs = (
                f"{_key(key, language)}{language.assigns}{_expression(each, language)}"
                for key, each in zip(value.keys, value.values, strict=True)
            )
            return f"{{ {', '.join(pairs)} }}"
        case ast.Call(args=[], keywords=[_, *_] as options):
            pairs = (
                f"{language.name(each.arg or '')}{language.assigns}"
                f"{_expression(each.value, language)}"
                for each in options
            )
            return f"{{ {', '.join(pairs)} }}"
        case ast.List():
            return f"[{', '.join(_expression(each, language) for each in value.elts)}]"
        case ast.Constant(value=bool() as truth):
            return str(truth).lower()
        case ast.Constant(value=str() as text):
            quote = "\"'".replace(language.quote, "") if language.quote in text else language.quote
            return f"{quote}{text}{quote}"
        case ast.Name(id="_"):
            return "…"
        case _:
            return _prose(ast.unparse(value), language)


def _key(key: ast.expr | None, language: _Language) -> str:
    name = str(key.value) if isinstance(key, ast.Constant) else ""
    return language.name(name) if name.isidentifier() else f"{language.quote}{name}{language.quote}"


def _prose(text: str, language: _Language) -> str:
    def respelt(found: re.Match[str]) -> str:
        name = found["name"]
        if found["truth"]:
            return found[0].lower()
        return language.name(name) if name and name not in _SETTINGS else found[0]

    return _OTHERWISE.sub(respelt, text)
