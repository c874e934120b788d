"""Opens a file of Pulumi: one JSON document, or JSON lines of engine events.

Reads once and forwards, so that pipes work and a long event log is never in memory as a
whole. Text around the JSON (a warning that went to the same stream) is passed over.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from domain.errors import InputError
from domain.located import is_json
from domain.resources.recognise import not_a_document, not_json, not_ours

_EVENT_SUFFIX = "Event"
_STARTS_JSON = re.compile(r'\s*(\{\s*(["}]|$)|\[\s*([{\["\d\]-]|$))')
_LONGEST_WORD = len("-Infinity")
_MOST_NOISE = 200_000
"""Characters before the JSON after which we stop looking for its start."""

Events = Iterator[tuple[int, Mapping[str, Any]]]
"""Line number and event."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[dict[str, Any] | Events]:
    """A document, or the events of a log.

    Raises:
        InputError: it cannot be read, is no JSON, or was cut.
    """
    try:
        with path.open("rb") as binary, _decoded(binary) as stream:
            yield _parsed(stream)
    except OSError as error:
        raise InputError(
            f"cannot be read: {(error.strerror or str(error)).lower()}", where=str(path)
        ) from None
    except UnicodeError:
        raise InputError(not_ours("binary data"), where=str(path)) from None
    except RecursionError:
        raise InputError("the JSON is nested too deeply to be read", where=str(path)) from None
    except InputError as error:
        raise error.at(str(path)) from None


def _decoded(binary: io.BufferedReader) -> io.TextIOWrapper:
    """As UTF-8, or as UTF-16 where its mark says so (PowerShell's ``>`` writes that)."""
    head = binary.peek(2)[:2]
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return io.TextIOWrapper(binary, "utf-16" if head in marks else "utf-8-sig")


def _parsed(stream: io.TextIOWrapper) -> dict[str, Any] | Events:
    noise = ""
    for number, line in enumerate(stream, 1):
        # In the terminal's view of a preview, lists start lines as well.
        if _STARTS_JSON.match(line) and ("{" in line or not noise.strip()):
            event = _event(line)
            if event is not None:
                return _events(stream, number, event)
            return _document(line + stream.read(), number)
        noise += line
        if len(noise) > _MOST_NOISE:
            break
    raise InputError(not_json(noise))


def _document(text: str, line: int) -> dict[str, Any]:
    try:
        document, end = json.JSONDecoder().raw_decode(text.lstrip())
    except json.JSONDecodeError as error:
        cut = error.pos > len(text.strip()) - _LONGEST_WORD or "Unterminated" in error.msg
        if cut:
            raise InputError("the file is cut: its JSON does not end; write it again") from None
        raise InputError(
            f"is not JSON: {error.msg} in column {error.colno}",
            where=f"line {line + error.lineno - 1}",
        ) from None
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"is not JSON that can be read: {error}") from None
    if _STARTS_JSON.match(text.lstrip()[end:]):
        raise InputError("the file holds more than one JSON document; give one")
    if not isinstance(document, dict):
        raise InputError(not_a_document(document))
    return document


def _event(line: str) -> Mapping[str, Any] | None:
    """The event on a line, if there is one."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if isinstance(event, dict) and any(key.endswith(_EVENT_SUFFIX) for key in event):
        return event
    return None


def _events(stream: io.TextIOWrapper, number: int, first: Mapping[str, Any]) -> Events:
    yield number, first
    broken: int | None = None
    for line_number, line in enumerate(stream, number + 1):
        if not line.startswith("{"):
            continue
        if broken is not None:
            raise InputError("is not JSON", where=f"line {broken}")
        event = _event(line)
        if event is not None:
            yield line_number, event
        elif not is_json(line):
            broken = line_number
    if broken is not None:
        raise InputError(f"the event log is cut in line {broken}; write it again")
