"""`Pulumi.<stack>.yaml`: the environment goes in, comments and other keys stay."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from domain.environment import Environment
from domain.errors import InputError, ScenarioError
from domain.located import KeyPath, Located, parse, read_text, read_yaml
from windtunnel.output import replacing

ENVIRONMENT_KEY = "windtunnel:environment"
_KEPT = ("governance",)
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def stack_config_path(stack: str, folder: Path) -> Path:
    """The config file of a stack: beside the nearest `Pulumi.yaml` upwards, or in ``folder``.

    Raises:
        InputError: a name that no stack can have.
    """
    name = stack.rsplit("/", 1)[-1]
    if not _STACK_NAME.fullmatch(name):
        raise InputError(
            f"'{stack}' is not a stack's name; use letters, digits, '-', '_' and '.', like 'dev'"
        )
    for candidate in (folder, *folder.parents):
        if (candidate / "Pulumi.yaml").is_file():
            return candidate / f"Pulumi.{name}.yaml"
    return folder / f"Pulumi.{name}.yaml"


def environment_as_config(environment: Environment) -> dict[str, Any]:
    """The plain mapping that parses back to this environment; defaults are left out."""
    return environment.model_dump(mode="json", exclude_unset=True)


def read_environment(path: Path) -> Environment | None:
    """The environment in a stack config, or None where it has none.

    Raises:
        ScenarioError: not a stack config, not an environment, or one that no cloud could
            provide; names the line of each key that is wrong.
    """
    from domain.catalog import load_catalog
    from domain.deployable import check_deployable

    config = read_yaml(path, "stack config")
    at = ("config", ENVIRONMENT_KEY)
    found = (config.data.get("config") or {}).get(ENVIRONMENT_KEY)
    if found is None:
        return None
    if not isinstance(found, dict):
        raise ScenarioError(
            "must be a mapping of keys to values", where=f"{config.place(at)}: {ENVIRONMENT_KEY}"
        )
    _refuse_secrets(config, at, found)
    places = {key[len(at) :]: place for key, place in config.places.items() if key[: len(at)] == at}
    located = Located(found, str(path), places)
    environment = parse(Environment, located)
    check_deployable(
        environment,
        load_catalog(),
        lambda key: f"{located.place(key)}: {'.'.join(map(str, key))}",
    )
    return environment


def _refuse_secrets(config: Located, path: KeyPath, value: Any) -> None:
    """An environment is shown everywhere, so that nothing in it can be kept secret."""
    if isinstance(value, dict):
        if list(value) == ["secure"]:
            raise ScenarioError(
                "is a secret, which everything made of an environment would show; write the "
                "value plainly, or keep it in a secret store",
                where=f"{config.place(path)}: {'.'.join(map(str, path[1:]))}",
            )
        for key, each in value.items():
            _refuse_secrets(config, (*path, key), each)


def holds_environment(path: Path) -> bool:
    """Whether a stack config is there and has an environment.

    Raises:
        ScenarioError: the file there is not a stack config.
    """
    return path.exists() and ENVIRONMENT_KEY in _read(path)[1].get("config", {})


def write_environment(path: Path, environment: Environment) -> list[str]:
    """Puts the environment into a stack config, atomically; gives the keys that it removed.

    Governance that the new environment does not mention stays: its rules hold whatever is
    deployed.

    Raises:
        ScenarioError: the file there is not a YAML mapping.
        InputError: it cannot be written. The old file survives.
    """
    yaml, document = _read(path)
    config = document.setdefault("config", {})
    new = environment_as_config(environment)
    old = config.get(ENVIRONMENT_KEY)
    removed: list[str] = []
    if isinstance(old, dict):
        new = {key: old[key] for key in _KEPT if key in old} | new
        removed = [str(key) for key in old if key not in new]
        _merge(old, new)
    else:
        config[ENVIRONMENT_KEY] = new
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
    return removed


def _read(path: Path) -> tuple[Any, dict[str, Any]]:
    """How to write a stack config as it was written, and what is in it."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    old_text = read_text(path, "stack config") if path.exists() else ""
    if re.search(r"^( *)[^\s#-][^\n]*:\n\1  +- ", old_text, re.MULTILINE):
        yaml.indent(mapping=2, sequence=4, offset=2)
    try:
        document = yaml.load(old_text) if old_text.strip() else None
    except YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise ScenarioError(
            "is not valid YAML; mend it first, it was left as it is", where=f"{path}:{line}"
        ) from None
    if document is None:
        document = yaml.map()
    if not isinstance(document, dict):
        raise ScenarioError(
            "is not a stack config: a mapping with the key 'config'", where=str(path)
        )
    if not isinstance(document.get("config", {}), dict):
        raise ScenarioError("'config' holds no keys; it was left as it is", where=str(path))
    return yaml, document


def _merge(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Makes ``old`` equal ``new`` in place, so that comments on what stays are kept."""
    for key in [key for key in old if key not in new]:
        del old[key]
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            _merge(old[key], value)
        elif key not in old or old[key] != value:
            old[key] = value
