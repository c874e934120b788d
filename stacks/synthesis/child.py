"""Runs one Pulumi program as the CLI would, and says what it declares. A process of its own.

Run by path with a request as JSON on stdin; the answer is JSON on stdout, to which the
program itself has no access. The program may bring its own ``stacks`` and ``domain`` (another
revision of ours), so none of our packages is imported by name here.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import os
import re
import runpy
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

_CREDENTIAL = re.compile(r"SECRET|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_KEY", re.IGNORECASE)
"""Environment variables whose values may be told to nobody."""
_SHORTEST_CREDENTIAL = 8


def main() -> None:
    """Answers the request on stdin and ends, whatever threads the program left behind."""
    # Importing a provider's SDK makes millions of objects that stay; collecting among them
    # takes a third of the whole run.
    gc.set_threshold(200_000, 20, 20)
    request = json.load(sys.stdin)
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    json.dump(_synthesise(request), answer_to)
    answer_to.flush()
    sys.stdout.flush()
    os._exit(0)


def _synthesise(request: dict[str, Any]) -> dict[str, Any]:
    redactor = _sibling("redaction").Redactor(request["secrets"])
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_CREDENTIAL and _CREDENTIAL.search(name):
            redactor.learn(value)
    folder = Path(request["folder"])
    try:
        import pulumi
    except ModuleNotFoundError:
        return {"error": f"{sys.executable} has no Pulumi SDK; install it there", "where": None}

    properties, monitor_module = _sibling("properties"), _sibling("monitor")
    inventor = _sibling("invention").Inventor(request["config"])
    engine = monitor_module.Engine()
    monitor = monitor_module.Monitor(
        request["project"],
        request["stack"],
        folder,
        plain=lambda value, reveal: properties.plain(value, redactor.learn, reveal),
        struct=properties.struct,
        answer=inventor.answer,
        invent=inventor.resource if request["mode"] == "resolved" else None,
    )
    pulumi.runtime.set_all_config(request["config"], request["secret_keys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request["project"],
            stack=request["stack"],
            organization=request["organization"],
            root_directory=str(folder),
            monitor=monitor,
            engine=engine,
            dry_run=request["mode"] == "preview",
            parallel=16,
        )
    )
    read: set[str] = set()
    sys.addaudithook(lambda event, details: _note_read(event, details, read))
    failure = _run(Path(request["program"]), folder, monitor_module.place_in)
    if failure is None and engine.errors:
        failure = {"error": engine.errors[0], "where": None}
    if failure is not None:
        return {key: redactor.text(text) if text else None for key, text in failure.items()}
    return {
        "resources": [_redacted(state, redactor) for state in monitor.resources.values()],
        "warnings": [redactor.text(note) for note in (*engine.warnings, *monitor.notes)],
        "sources": sorted(_sources(folder, read, monitor_module.place_in)),
    }


def _run(program: Path, folder: Path, place_in: Any) -> dict[str, str | None] | None:
    """Runs the program to its end; what failed and where, if anything did."""
    import pulumi
    from pulumi.runtime.stack import run_in_stack

    work = program if program.is_dir() else program.parent
    os.chdir(work)
    sys.path[:0] = [str(work), str(folder)]
    sys.argv = [str(program)]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(ThreadPoolExecutor(16))
    try:
        loop.run_until_complete(
            run_in_stack(lambda: runpy.run_path(str(program), run_name="__main__") and None)
        )
    except SystemExit as leaving:
        if leaving.code in (None, 0):
            return None
        message = f"the program left with sys.exit({leaving.code!r})"
        return {"error": message, "where": _place(leaving, folder, place_in)}
    except BaseException as error:
        where = getattr(error, "where", None) or _place(error, folder, place_in)
        name = type(error).__name__
        message = str(error)
        if not isinstance(error, pulumi.RunError) and name != "ProgramError":
            message = f"{name}: {message}" if message else name
        return {"error": message, "where": where}
    return None


def _place(error: BaseException, folder: Path, place_in: Any) -> str | None:
    """The program's own innermost line on the way to an error, through its causes as well."""
    if isinstance(error, SyntaxError) and error.filename:
        return str(place_in(folder, error.filename, error.lineno or 1) or error.filename)
    found, trace = None, error.__traceback__
    while trace is not None:
        file = os.path.abspath(trace.tb_frame.f_code.co_filename)
        # "<frozen os>" and its like are no files.
        if os.path.isfile(file):
            found = place_in(folder, file, trace.tb_lineno) or found
        trace = trace.tb_next
    if found is None and error.__cause__ is not None:
        return _place(error.__cause__, folder, place_in)
    return found


def _redacted(state: dict[str, Any], redactor: Any) -> dict[str, Any]:
    values = ("inputs", "outputs")
    secret_outputs = set(state.get("additionalSecretOutputs", ()))
    clean: dict[str, Any] = {}
    for key, value in state.items():
        if key in values:
            hidden = {k: "[secret]" if k in secret_outputs else v for k, v in value.items()}
            clean[key] = redactor.value(hidden)
        else:
            clean[key] = _renamed(value, redactor)
    return clean


def _renamed(value: Any, redactor: Any) -> Any:
    """URNs and places: a secret in a name is replaced alone, so that references still meet."""
    if isinstance(value, str):
        return redactor.text(value)
    if isinstance(value, list):
        return [_renamed(each, redactor) for each in value]
    if isinstance(value, dict):
        return {redactor.text(key): _renamed(each, redactor) for key, each in value.items()}
    return value


def _note_read(event: str, details: tuple[Any, ...], read: set[str]) -> None:
    if event == "open" and isinstance(details[0], str):
        read.add(os.path.abspath(details[0]))


def _sources(folder: Path, read: set[str], place_in: Any) -> Iterator[str]:
    """What the result was made of: the project's own files that were imported or read.

    The packages ``domain`` and ``stacks`` count wherever they are installed.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.split(".")[0] in ("domain", "stacks"):
            yield file
        elif file:
            read.add(file)
    for file in read:
        if place_in(folder, file, 0) and not file.endswith(".pyc") and os.path.isfile(file):
            yield file


def _sibling(name: str) -> ModuleType:
    """A module next to this file, under a name that no program has."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"_windtunnel_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
