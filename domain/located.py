"""YAML that remembers where each key stands, so that an error can point at it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from domain.errors import InputError, ScenarioError, near_misses

KeyPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

_NUMBER_ERRORS = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "string_type": "text",
    "date_type": "a day such as 2027-01-31",
    "date_parsing": "a day such as 2027-01-31",
    "date_from_datetime_parsing": "a day such as 2027-01-31",
    "date_from_datetime_inexact": "a day such as 2027-01-31",
    "bool_parsing": "true or false",
    "dict_type": "a mapping of keys to values",
    "list_type": "a list",
    "tuple_type": "a list",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_LIMIT_ERRORS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


@dataclass(slots=True)
class Located:
    """Plain data as read, and for each key path the place that it came from."""

    data: dict[str, Any]
    name: str
    places: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """``file:line`` of a key path, or of its nearest parent that is written down."""
        for length in range(len(path), 0, -1):
            if (found := self.places.get(path[:length])) is not None:
                return found
        return self.name


def read_text(path: Path, what: str, error: type[InputError] = ScenarioError) -> str:
    """The text of a user's file.

    Raises:
        InputError: of the given kind; absent, a folder, not readable or not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = near_misses(path.name, siblings)
        raise error(f"there is no such {what}{hint}", where=str(path)) from None
    except IsADirectoryError:
        raise error(f"is a folder; a {what} is a file", where=str(path)) from None
    except UnicodeDecodeError:
        raise error(f"is not text in UTF-8; a {what} is", where=str(path)) from None
    except OSError as failure:
        raise error(f"cannot be read: {failure.strerror or failure}", where=str(path)) from None


def is_json(text: str) -> bool:
    """Whether a text, like a line of a log, is a JSON document."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read_yaml(path: Path, what: str = "scenario") -> Located:
    """One YAML mapping from a file.

    Raises:
        ScenarioError: unreadable, not YAML, a key given twice, several documents, not a mapping.
    """
    return parse_yaml(read_text(path, f"{what} file"), str(path), what)


def parse_yaml(text: str, name: str, what: str = "scenario") -> Located:
    """One YAML mapping from text; ``name`` is what errors call its file."""
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError:
        raise ScenarioError("is not valid YAML: it holds a control character", where=name) from None
    try:
        node = loader.get_single_node()
        if node is None:
            raise ScenarioError(f"is empty; a {what} is a YAML mapping", where=name)
        if not isinstance(node, yaml.MappingNode):
            raise ScenarioError(
                f"must be a YAML mapping of keys to values, as a {what} is", where=name
            )
        located = Located({}, name)
        _note_places(node, (), located)
        located.data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScenarioError(
            f"is not valid YAML: {error.problem or error.context}", where=f"{name}:{line}"
        ) from None
    except RecursionError:
        raise ScenarioError("is nested too deeply to be read", where=name) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(f"is not valid YAML: {error}", where=name) from None
    finally:
        loader.dispose()
    return located


def _note_places(
    node: yaml.Node, path: KeyPath, located: Located, above: tuple[yaml.Node, ...] = ()
) -> None:
    if any(node is each for each in above):
        raise ScenarioError(
            "holds itself through an anchor",
            where=f"{located.name}:{node.start_mark.line + 1}",
        )
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            inner = (*path, key)
            place = f"{located.name}:{key_node.start_mark.line + 1}"
            if inner in located.places:
                raise ScenarioError(
                    f"key '{key}' is given twice (first at {located.places[inner]})", where=place
                )
            located.places[inner] = place
            _note_places(value_node, inner, located, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            located.places[*path, index] = f"{located.name}:{item.start_mark.line + 1}"
            _note_places(item, (*path, index), located, above)


def locate(error: InputError, located: Located) -> InputError:
    """The same error with file and line, where its place is a key that the file has."""
    keys, _, rest = (error.where or "").partition(":")
    path = tuple(keys.split("."))
    if rest or path[0] not in located.data:
        return error
    return type(error)(error.message, where=f"{located.place(path)}: {keys}")


def set_value(located: Located, path: str, value: Any, place: str) -> None:
    """Puts a value at a dotted path, making the mappings on the way.

    Raises:
        ScenarioError: the path is empty, or leads through something that is no mapping.
    """
    keys = path.split(".")
    if not all(keys):
        raise ScenarioError(f"'{path}' is not a path like 'environment.region'", where=place)
    here: Any = located.data
    for key in keys[:-1]:
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            raise ScenarioError(f"'{path}' leads through '{key}', which holds no keys", where=place)
    here[keys[-1]] = value
    located.places[tuple(keys)] = place


def parse(model: type[Model], located: Located) -> Model:
    """The typed value of what was read.

    Raises:
        ScenarioError: naming file, line and key of each thing that is wrong.
    """
    try:
        return model.model_validate(located.data)
    except ValidationError as error:
        raise ScenarioError("\n".join(_sentences(error.errors(), located))) from None


def _sentences(errors: Sequence[ErrorDetails], located: Located, limit: int = 6) -> list[str]:
    told: list[str] = []
    for error in errors:
        path = _path_in_data(error, located.data)
        keys = ".".join(map(str, path))
        text = f"{located.place(path)}: {keys + ': ' if keys else ''}{_sentence(error)}"
        if text not in told:
            told.append(text)
    rest = len(told) - limit
    return told if rest <= 0 else [*told[:limit], f"… and {rest} more"]


def _path_in_data(error: ErrorDetails, data: Any) -> KeyPath:
    """Pydantic's location without the tags of unions, which the file does not hold."""
    path: list[str | int] = []
    here: Any = data
    for step in error["loc"]:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(step)
    if error["type"] in ("unknown_key", "not_a_truth_value"):
        path.append(error["ctx"]["key"])
    return tuple(path)


def _sentence(error: ErrorDetails) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return f"needs the key '{error['loc'][-1]}'"
    if kind in _NUMBER_ERRORS:
        shown = repr(given) if isinstance(given, str) else given
        return f"{shown} is not {_NUMBER_ERRORS[kind]}"
    if kind in _LIMIT_ERRORS:
        key, words = _LIMIT_ERRORS[kind]
        return f"{given!r} must be {words} {context[key]}"
    if kind == "literal_error":
        known = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return f"{given!r} is not one of {', '.join(known)}{near_misses(str(given), known)}"
    if kind == "union_tag_invalid":
        hint = near_misses(context["tag"], context["expected_tags"].replace("'", "").split(", "))
        return f"'{context['tag']}' is not one of {context['expected_tags']}{hint}"
    if kind == "union_tag_not_found":
        return f"needs the key {context['discriminator']}"
    if kind == "too_short":
        return "is empty; give at least one"
    if kind == "string_too_short":
        return "is empty; write something there"
    return error["msg"].removeprefix("Value error, ")
