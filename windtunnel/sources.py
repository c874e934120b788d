"""Where a resource graph comes from: our program or any other, a preview, an export, git."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from domain.errors import InputError, near_misses
from domain.resources import ResourceGraph
from windtunnel.stack_config import read_environment

_FILE_SUFFIXES = (".json", ".jsonl", ".ndjson", ".log", ".txt", ".yaml", ".yml")


def find_project(folder: Path) -> Path:
    """The folder of the nearest `Pulumi.yaml` upwards.

    Raises:
        InputError: there is none.
    """
    found = nearest_project(folder)
    if found is None:
        raise InputError(
            "there is no Pulumi.yaml here or in a folder above; go to a Pulumi project, or name "
            "one with --project",
            where=str(folder.absolute()),
        )
    return found


def nearest_project(folder: Path | None) -> Path | None:
    """The folder of the nearest `Pulumi.yaml` upwards, from here if from no other, or None."""
    start = (folder or Path.cwd()).absolute()
    above = (start, *start.parents)
    return next((each for each in above if (each / "Pulumi.yaml").is_file()), None)


def one_graph(
    stack: str | None, preview: Path | None, state: Path | None, project: Path | None
) -> ResourceGraph:
    """The graph that the options of a command mean.

    Raises:
        InputError: none of them, or a stack and a file at once.
    """
    if stack is not None:
        if preview is not None or state is not None:
            raise InputError("give either --stack or a file, not both")
        return graph_of_stack(find_project(project or Path.cwd()), stack)
    from domain.resources.reading import read_change, read_resources

    if preview is not None:
        return read_change(preview, state).after
    if state is not None:
        return read_resources(state)
    raise InputError(
        "say what to price: --stack STACK, --preview FILE or --state FILE "
        "(see 'windtunnel plan --help')"
    )


def graph_of_stack(
    project: Path,
    stack: str,
    *,
    environment_of: Path | None = None,
    mode: Literal["preview", "foretold"] = "preview",
) -> ResourceGraph:
    """What the program declares for a stack, without a cloud.

    Args:
        project: where its ``Pulumi.yaml`` is.
        stack: its name.
        environment_of: the project whose virtual environment runs it, if not its own.
        mode: ``foretold`` makes up ids, ARNs and the like, which only a deployment tells.

    Raises:
        InputError: no such stack, wrong configuration, or the program's own error.
    """
    try:
        from stacks.synthesis import synthesise
        from stacks.synthesis.project import read_project
    except ImportError as error:
        raise InputError(
            f"running a Pulumi program needs its SDK, which is not installed ({error}): "
            "pip install 'windtunnel[infra]'"
        ) from None
    config = _stack_file(project, stack)
    if config is not None:
        if environment_of is None and config.is_relative_to(Path.cwd()):
            config = config.relative_to(Path.cwd())
        # Our own environments are refused with the line of the key, before anything runs.
        read_environment(config)
    python = read_project(environment_of).python if environment_of else None
    return synthesise(project, stack, mode=mode, python=python)


def _stack_file(project: Path, stack: str) -> Path | None:
    path = project / f"Pulumi.{stack.rsplit('/', 1)[-1]}.yaml"
    return path if path.is_file() else None


def graph_of(text: str, project: Path | None) -> ResourceGraph:
    """The graph that one word of a command line means.

    A file (preview, export, checkpoint, event log), a stack of the project, or
    ``REVISION:STACK``: the stack as the program was at a git revision.

    Raises:
        InputError: none of these; names the stacks that there are.
    """
    from domain.resources.reading import read_resources

    path = Path(text)
    if path.is_file():
        return read_resources(path)
    nearest = nearest_project(project)
    is_stack = nearest is not None and _stack_file(nearest, text) is not None
    is_nowhere = nearest is None and project is None and ":" not in text
    if is_nowhere or (_looks_like_a_file(text) and not is_stack):
        raise _no_such_file(path)
    folder = find_project(project or Path.cwd())
    if _stack_file(folder, text):
        return graph_of_stack(folder, text)
    revision, colon, stack = text.rpartition(":")
    if colon and revision:
        return _graph_at(revision, folder, stack)
    stacks = stacks_of(folder)
    raise InputError(
        f"'{text}' is neither a file, nor a stack ({', '.join(stacks) or 'there are none'}), "
        f"nor REVISION:STACK{near_misses(text, stacks)}"
    )


def _looks_like_a_file(text: str) -> bool:
    return Path(text).suffix in _FILE_SUFFIXES and ":" not in text


def _no_such_file(path: Path) -> InputError:
    if path.is_dir():
        return InputError("is a folder; give a preview or an export in it", where=str(path))
    beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    no_stack = "; nor is it a stack: there is no Pulumi.yaml here or in a folder above"
    told = "" if _looks_like_a_file(str(path)) else no_stack
    return InputError(
        f"there is no such file{told}{near_misses(path.name, beside)}", where=str(path)
    )


def _graph_at(revision: str, project: Path, stack: str) -> ResourceGraph:
    with checked_out(project, revision) as old:
        name, known = stack.rsplit("/", 1)[-1], stacks_of(old)
        if known and name not in known:
            raise InputError(
                f"there is no stack '{name}' at {revision}; there are {', '.join(known)}"
                f"{near_misses(name, known)}",
                where=str(old / f"Pulumi.{name}.yaml"),
            )
        return graph_of_stack(old, stack, environment_of=project)


def stacks_of(project: Path) -> list[str]:
    """The stacks that have a config file."""
    names = (path.name.split(".") for path in project.glob("Pulumi.*.yaml"))
    return sorted(".".join(parts[1:-1]) for parts in names)


@contextlib.contextmanager
def checked_out(project: Path, revision: str) -> Iterator[Path]:
    """The project's folder as it was at a git revision, in a temporary place.

    Errors from inside the block are told of the revision, like ``main:Pulumi.prod.yaml:14``.

    Raises:
        InputError: not under git, or no such revision.
    """
    inside = _git(project, "rev-parse", "--show-prefix").decode().removesuffix("\n")
    top = Path(_git(project, "rev-parse", "--show-toplevel").decode().strip())
    if revision.startswith("-"):
        raise InputError(f"'{revision}' is not a git revision")
    archive = _git(top, "archive", "--format=tar", revision)
    with tempfile.TemporaryDirectory(prefix="windtunnel-") as name:
        folder = Path(name).resolve()
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        old = folder / inside
        if not (old / "Pulumi.yaml").is_file():
            raise InputError(f"there was no Pulumi.yaml in {inside or 'the project'} at {revision}")
        try:
            yield old
        except InputError as error:
            raise _of_revision(error, revision, folder, inside) from None


def _of_revision(error: InputError, revision: str, folder: Path, inside: str) -> InputError:
    """The same error without the folder that is gone by the time that somebody reads it."""

    def told(text: str) -> str:
        return text.replace(f"{folder}/", f"{revision}:").replace(str(folder), revision)

    where = error.where
    if where is not None:
        # A program's own error names files from the folder of its project.
        in_project = not Path(where).is_absolute()
        where = f"{revision}:{inside}{where}" if in_project else told(where)
    return type(error)(told(error.message), where=where)


def path_in_repository(path: Path) -> str:
    """A file from the top of its git repository; as it is called where there is no git."""
    folder = folder_in_repository(path.parent)
    return str(path) if folder is None else folder + path.name


def folder_in_repository(folder: Path) -> str | None:
    """A folder from the top of its git repository, like ``infra/``; empty for the top itself."""
    try:
        return _git(folder, "rev-parse", "--show-prefix").decode().removesuffix("\n")
    except InputError:
        return None


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, check=True, timeout=120
        )
    except FileNotFoundError:
        raise InputError("a git revision needs git, which is not installed") from None
    except subprocess.CalledProcessError as error:
        told = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise InputError(f"git: {told}") from None
    return done.stdout
