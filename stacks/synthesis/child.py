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

_CREDENTIAL = re.compile(r"(SECRET|TOKEN|PASSWORD|PASSPHRASE|(SECRET|ACCESS|PRIVATE|API)_KEY)$")
"""Environment variables whose values may be told to nobody."""
_SHORTEST_CREDENTIAL = 8


def main() -> None:
    """Answers the request on stdin and ends, whatever threads the program left behind."""
    # Importing a provider's SDK makes millions of objects that stay; collecting among them
    # takes a third of the whole run.
    gc.set_threshold(200_000, 20, 20)
    request = json.load(sys.stdin)
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # A process that the program forks and leaves behind would keep the reader waiting.
    os.register_at_fork(after_in_child=lambda: os.close(answer_to.fileno()))
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
        return {
            "error": f"{sys.executable} has no Pulumi SDK; install 'windtunnel[infra]' there",
            "where": None,
        }

    public = {v for k, v in request["config"].items() if k not in request["secret_keys"]}

    def learn(secret: str) -> None:
        # A region that was kept with a secret is still the region of everything.
        if secret not in public:
            redactor.learn(secret)

    places, properties = _sibling("places").Places(folder), _sibling("properties")
    inventor = _sibling("invention").Inventor(request["config"])
    server = _sibling("monitor")
    engine = server.Engine()
    monitor = server.Monitor(
        request["project"],
        request["stack"],
        place=places.of_request,
        transforms=_sibling("transforms").Transforms(),
        plain=lambda value, reveal: properties.plain(value, learn, reveal),
        struct=properties.struct,
        answer=inventor.answer,
        invent=inventor.resource if request["mode"] != "preview" else None,
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
            dry_run=request["mode"] != "resolved",
            parallel=16,
        )
    )
    read: set[str] = set()
    sys.addaudithook(lambda event, details: _note_read(event, details, read))
    failure = _run(Path(request["program"]), folder, places)
    if failure is None and engine.errors:
        failure = {"error": engine.errors[0], "where": None}
    if failure is not None:
        return {key: redactor.text(text) if text else None for key, text in failure.items()}
    return {
        "resources": [_redacted(state, redactor) for state in monitor.resources.values()],
        "warnings": [redactor.text(note) for note in (*engine.warnings, *monitor.notes)],
        "sources": sorted(_sources(read, places)),
    }


def _run(program: Path, folder: Path, places: Any) -> dict[str, str | None] | None:
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

    def run_it() -> None:
        try:
            runpy.run_path(str(program), run_name="__main__")
        except SystemExit as leaving:
            # What was declared before still counts.
            if leaving.code not in (None, 0):
                raise

    try:
        loop.run_until_complete(run_in_stack(run_it))
    except SystemExit as leaving:
        message = f"the program left with sys.exit({leaving.code!r})"
        return {"error": message, "where": places.of_error(leaving)}
    except BaseException as error:
        where = getattr(error, "where", None) or places.of_error(error)
        name = type(error).__name__
        message = str(error)
        if not isinstance(error, pulumi.RunError) and name != "ProgramError":
            message = f"{name}: {message}" if message else name
        return {"error": message, "where": where}
    return None


def _redacted(state: dict[str, Any], redactor: Any) -> dict[str, Any]:
    secret_outputs = set(state.get("additionalSecretOutputs", ()))
    clean: dict[str, Any] = {}
    for key, value in state.items():
        if key in ("inputs", "outputs"):
            hidden = {k: "[secret]" if k in secret_outputs else v for k, v in value.items()}
            clean[key] = redactor.value(hidden)
        else:
            # A secret may be the word "bucket"; types are the provider's words.
            clean[key] = value if key == "type" else _renamed(value, redactor)
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
    if event != "open":
        return
    path, _, flags = details
    if isinstance(path, str) and not (flags or 0) & (os.O_WRONLY | os.O_RDWR):
        read.add(os.path.abspath(path))


def _sources(read: set[str], places: Any) -> Iterator[str]:
    """What the result was made of: the project's own files that were imported or read.

    The packages ``domain`` and ``stacks`` count wherever they are installed.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.split(".")[0] in ("domain", "stacks"):
            yield file
        elif file:
            read.add(file)
    for file in list(read):
        if places.line(file, 0) and not file.endswith(".pyc") and os.path.isfile(file):
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
