"""What a deployed stack exports, as those read it who launch on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import NonNegativeInt

from domain.environment import Market
from domain.errors import InputError
from domain.frozen import Frozen
from domain.located import Located, parse, parse_yaml, read_text

SECRET = "[secret]"
"""What the pulumi CLI prints in the place of a secret value."""


class Find(Frozen):
    """How the hosts of a pool are found: tags on AWS, a project and labels on GCP."""

    auto_scaling_group: str | None = None
    tags: Mapping[str, str] = {}
    project: str | None = None
    labels: Mapping[str, str] = {}
    instance_group: str | None = None
    tpus: tuple[str, ...] = ()


class PoolOutput(Frozen):
    """One pool of a stack."""

    provider: Literal["aws", "gcp"]
    region: str
    zones: tuple[str, ...] = ()
    machine: str
    market: Market = "on_demand"
    count: NonNegativeInt
    min: NonNegativeInt | None = None
    max: NonNegativeInt | None = None
    find: Find


class Access(Frozen):
    """How hosts of a region are reached.

    ``ssm`` and ``iap`` carry SSH through the cloud's own tunnel; ``public`` and ``private`` say
    which of a host's addresses to connect to, the private ones through a jump host if one is
    given.
    """

    kind: Literal["ssm", "iap", "public", "private"]
    user: str | None = None
    project: str | None = None
    jump: str | None = None


class Slice(Frozen):
    """One TPU slice and the addresses of its hosts."""

    name: str
    zone: str
    endpoints: tuple[str, ...] = ()


class StackOutputs(Frozen):
    """The exports that lead to hosts; a stack may have others, which are of no concern here."""

    pools: Mapping[str, PoolOutput]
    tpus: Mapping[str, tuple[Slice, ...]] = {}
    access: Mapping[str, Access] = {}


def read_outputs(path: Path) -> StackOutputs:
    """What ``pulumi stack output --json`` printed into a file.

    Raises:
        InputError: unreadable, or not the outputs of a stack of ours; with file and line.
    """
    text = read_text(path, "file of outputs", InputError)
    return parse_outputs(parse_yaml(text, str(path), "file of outputs"))


def parse_outputs(located: Located) -> StackOutputs:
    """The outputs in plain data.

    Raises:
        InputError: they are not those of a stack of ours, or nothing was deployed.
    """
    data = located.data
    hidden = next(
        (key for key in ("pools", "tpus", "access") if _is_hidden(_used(data, key))), None
    )
    if hidden is not None:
        raise InputError(
            f"holds '{SECRET}', since the stack's outputs are secret; save them with 'pulumi stack "
            "output --json --show-secrets > outputs.json' and give --outputs",
            where=f"{located.place((hidden,))}: {hidden}",
        )
    if not isinstance(data.get("pools"), dict) or not data["pools"]:
        raise InputError(
            "has no pools: these are the outputs of no deployed stack of ours "
            "(pulumi stack output --json > outputs.json, after pulumi up)",
            where=located.name,
        )
    access = _used(data, "access")
    regions = access if isinstance(access, dict) else {}
    located.data = {
        "pools": {
            name: _known(PoolOutput, pool) | _found(pool) for name, pool in data["pools"].items()
        },
        "tpus": {
            name: [_known(Slice, each) for each in slices]
            for name, slices in (data.get("tpus") or {}).items()
        },
        "access": {name: _known(Access, each) for name, each in regions.items()},
    }
    return parse(StackOutputs, located)


def _used(data: dict[str, Any], key: str) -> Any:
    """An output without the part of it that says nothing of hosts."""
    value = data.get(key)
    if key == "access" and isinstance(value, dict):
        return {name: each for name, each in value.items() if name != "load_balancer"}
    return value


def _is_hidden(data: Any) -> bool:
    """Whether Pulumi kept any of it back."""
    if isinstance(data, dict):
        return any(_is_hidden(each) for each in data.values())
    if isinstance(data, list):
        return any(_is_hidden(each) for each in data)
    return bool(data == SECRET)


def _known(model: type[Frozen], data: Any) -> Any:
    """Without the keys that only people or later versions read."""
    if not isinstance(data, dict):
        return data
    return {key: value for key, value in data.items() if key in model.model_fields}


def _found(pool: Any) -> dict[str, Any]:
    if not isinstance(pool, dict) or "find" not in pool:
        return {}
    return {"find": _known(Find, pool["find"])}
