"""Why a preview or an update failed, in the words of the program.

Around those words Pulumi puts colours (ANSI codes, or its own ``<{%reset%}>``), a last line
that says nothing ("preview failed"), and the traceback of the interrupt by which it stops a
Python program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from domain.resources.values import text

_MARKUP = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # ANSI: colours and cursor movements
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # ANSI: titles and links
    r"|<\{%.*?%\}>"  # Pulumi's own
    r"|[\x00-\x08\x0b-\x1f\x7f]"
)
_INTERRUPT = re.compile(
    r"(?:During handling of the above exception, another exception occurred:\s*)?"
    r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*KeyboardInterrupt[^\n]*\n?"
)
# A frame of somebody's library: its line, and the code and carets below it.
_LIBRARY_FRAME = re.compile(
    r'^  File "[^"\n]*(?:site-packages|pulumi-language-python|/lib/python3)[^"\n]*", line [^\n]*\n'
    r"(?:    [^\n]*\n)*",
    re.MULTILINE,
)
_SAYS_NOTHING = re.compile(
    r"(?:error: *)*(?:(?:preview|update|refresh|import|destroy) failed"
    r"|(?:resource )?monitor shut down.*"
    r"|one or more errors occurred"
    r"|resource registration failed)[.:]?",
    re.IGNORECASE,
)
_MOST_LINES = 60
"""A longer error is cut in its middle: the call and the cause stand at its ends."""


def clean(message: str) -> str:
    """Text without colours, markup and control characters."""
    return _MARKUP.sub("", text(message))


def program_error(diagnostics: Iterable[Mapping[str, Any]]) -> str | None:
    """What went wrong, or None if there is no diagnostic of an error.

    Empty text: it failed, and nothing says why.
    """
    messages = [
        clean(message)
        for each in diagnostics
        if each.get("severity") == "error" and isinstance(message := each.get("message"), str)
    ]
    if not messages:
        return None
    # A traceback may come as one diagnostic a line.
    joined = "".join(each if each.endswith("\n") else f"{each}\n" for each in messages)
    joined = _INTERRUPT.sub("", re.sub(r"\n\n+", "\n", joined))
    joined = _LIBRARY_FRAME.sub("", joined)
    kept = (line.rstrip() for line in joined.splitlines())
    lines = [line for line in kept if line and not _SAYS_NOTHING.fullmatch(line.strip())]
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines = [*lines[:half], "...", *lines[-half:]]
    return "\n".join(lines).removeprefix("error: ").strip()


def failure(error: str) -> str:
    """The sentence of a failed run, around its own error."""
    if not error:
        return (
            "the run failed without an error of the program, as it does when a mandatory "
            "policy is violated, and its resources may be incomplete; run it without the "
            "policy pack, or give the event log of this run, which holds the violations"
        )
    return (
        "the program failed, so its resources are incomplete and have no total; "
        f"its own error:\n{error}"
    )
