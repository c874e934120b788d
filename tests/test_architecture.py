"""The rooms import each other in one direction, and nothing heavier than they may."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"domain", "simulator", "stacks", "workloads", "policies", "windtunnel"}

# Room → what its modules may import, beside the standard library and the room itself.
ARROWS: dict[str, set[str]] = {
    "domain": {"pydantic", "pydantic_core", "yaml"},
    "simulator/models": {"domain", "numpy", "scipy"},
    "simulator/engine": {"domain", "simulator.models", "simpy", "numpy", "scipy"},
    "simulator/traces": {"domain", "numpy", "pandas"},
    "simulator/study": {
        "domain",
        "simulator.models",
        "simulator.engine",
        "simulator.traces",
        "numpy",
        "scipy",
        "pandas",
        "joblib",
        "pyarrow",
    },
    "simulator/report": {"domain", "simulator.study", "jinja2", "matplotlib", "plotly", "rich"},
    "policies": {"domain", "pydantic", "pydantic_core", "yaml"},
    "policies/pack": {"domain", "policies", "pulumi", "google", "grpc"},
    "stacks": {"domain", "pulumi", "pulumi_aws", "pulumi_gcp", "cryptography", "google", "grpc"},
    "workloads": {
        "domain",
        "tensorflow",
        "keras",
        "numpy",
        "pandas",
        "pyarrow",
        "matplotlib",
        "psutil",
        "pydantic",
        "pynvml",
    },
    "workloads/readers": {"domain", "tensorflow", "numpy", "obstore"},
    "workloads/launch": {"domain", "asyncssh", "workloads.settings"},
    "workloads/discovery": {"domain", "boto3", "botocore", "google", "pulumi"},
    "windtunnel": {
        "domain",
        "simulator",
        "policies",
        "stacks",
        "workloads",
        "pydantic",
        "typer",
        "rich",
        "pandas",
        "ruamel",
    },
}


def modules(room: str) -> Iterator[Path]:
    """The modules of a room, without those of a room inside of it."""
    inner = [ROOT / other for other in ARROWS if other.startswith(f"{room}/")]
    for path in sorted((ROOT / room).rglob("*.py")):
        if not any(path.is_relative_to(each) for each in inner):
            yield path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)} imports relatively"
            yield node.module or ""


def allowed(name: str, room: str) -> bool:
    known = {*ARROWS[room], room.replace("/", ".")}
    inside = any(name == known_name or name.startswith(known_name + ".") for known_name in known)
    return inside or name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("room", ARROWS)
def test_a_room_imports_only_what_the_plan_draws(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name in imports(path)
        if not allowed(name, room)
    ]
    assert wrong == []


def test_every_module_belongs_to_a_room() -> None:
    homeless = [
        str(path.relative_to(ROOT))
        for top in OURS
        for path in modules(top)
        if not any(path.is_relative_to(ROOT / room) for room in ARROWS)
        and path.name != "__init__.py"
    ]
    assert homeless == []


def test_nothing_imports_the_command_line() -> None:
    callers = [
        str(path.relative_to(ROOT))
        for room in ARROWS
        if room != "windtunnel"
        for path in modules(room)
        if any(name.partition(".")[0] == "windtunnel" for name in imports(path))
    ]
    assert callers == []
