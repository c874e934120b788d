"""Check the inputs of resources against the classes that the provider's SDK types them with.

The SDK itself refuses a misspelt argument of a resource, and nothing below it: a dictionary
with a wrong key goes to the cloud as it is.
"""

from __future__ import annotations

import collections.abc
import functools
import importlib
import inspect
import types
import typing
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi import Asset, Output
from pulumi._types import input_type_py_to_pulumi_names, is_input_type
from pulumi.asset import Archive
from pulumi.runtime.rpc import _RESOURCE_MODULES

from domain.resources import SECRET, UNKNOWN, Resource


def problems(resource: Resource) -> list[str]:
    """What the SDK's types have against a resource: a sentence each, with the path."""
    if not resource.custom or resource.type.startswith("pulumi:pulumi:"):
        return []
    if resource.is_provider:
        # Its settings cross as text, so that only their names can be held against the class.
        provider = resource.type.rpartition(":")[2]
        settings = _sdk_class(f"pulumi_{provider}", "ProviderArgs")
        return list(_names(settings, resource.inputs, resource.name))
    return list(_object(_arguments_class(resource.type), resource.inputs, resource.name))


@functools.cache
def _arguments_class(type_: str) -> type:
    """``aws:ec2/vpc:Vpc`` → ``pulumi_aws.ec2.VpcArgs``."""
    package, module, _ = type_.split(":")
    importlib.import_module(f"pulumi_{package}")  # which registers its types
    (registered,) = _RESOURCE_MODULES[f"{package}:{module}"]
    name = registered.mod_info["classes"][type_]
    # The SDK says InitArgs where a nested type already has the usual name.
    return _sdk_class(registered.mod_info["fqn"], f"{name}InitArgs", f"{name}Args")


def _sdk_class(module: str, *names: str) -> type:
    """The first of these classes that there is."""
    with warnings.catch_warnings():
        # Modules load when they are first looked into, and warn of resources that we do not use.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = importlib.import_module(module)
        return next(getattr(found, name) for name in names if hasattr(found, name))


@functools.cache
def _hints(arguments: type) -> dict[str, tuple[Any, bool]]:
    """The type of each property by its name in the engine, and whether it must be there."""
    hints = typing.get_type_hints(
        arguments.__init__, localns={"Output": Output, "T": types.NoneType}
    )
    names = input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters
    return {
        engine_name: (hints[name], parameters[name].default is inspect.Parameter.empty)
        for name, engine_name in names.items()
    }


def _names(arguments: type, value: Mapping[str, Any], path: str) -> Iterator[str]:
    properties = _hints(arguments)
    for key in sorted(set(value) - set(properties)):
        yield f"{path}.{key}: {arguments.__name__} has no such property"
    for key, (_, required) in properties.items():
        if required and value.get(key) is None:
            yield f"{path}.{key}: missing, and {arguments.__name__} needs it"


def _object(arguments: type, value: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _names(arguments, value, path)
    for key, (hint, _) in _hints(arguments).items():
        if value.get(key) is not None:
            yield from _value(hint, value[key], f"{path}.{key}")


def _value(hint: Any, value: Any, path: str) -> Iterator[str]:
    if value in (UNKNOWN, SECRET) or hint is Any:
        return
    choices = _alternatives(hint)
    if len(choices) > 1:
        found = [list(_value(choice, value, path)) for choice in choices]
        if all(found):
            yield from min(found, key=len)
        return
    (hint,) = choices
    origin = typing.get_origin(hint)
    if isinstance(hint, type) and is_input_type(hint):
        if isinstance(value, Mapping):
            yield from _object(hint, value, path)
        else:
            yield _mistyped(path, hint.__name__, value)
    elif origin is collections.abc.Sequence:
        if isinstance(value, list | tuple):
            for index, each in enumerate(value):
                yield from _value(typing.get_args(hint)[0], each, f"{path}[{index}]")
        else:
            yield _mistyped(path, "list", value)
    elif origin is collections.abc.Mapping:
        if isinstance(value, Mapping):
            for key, each in value.items():
                yield from _value(typing.get_args(hint)[1], each, f"{path}.{key}")
        else:
            yield _mistyped(path, "map", value)
    elif not _is_plain(hint, value):
        yield _mistyped(path, hint.__name__, value)


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The members of a union, less what makes it an input: None, an awaitable, an output."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return (hint,)
    return tuple(
        each
        for each in typing.get_args(hint)
        if each is not types.NoneType
        and typing.get_origin(each) not in (collections.abc.Awaitable, Output)
    )


def _is_plain(hint: type, value: Any) -> bool:
    if issubclass(hint, Asset | Archive):
        return isinstance(value, Mapping)
    if hint is bool or isinstance(value, bool):
        return hint is bool and isinstance(value, bool)
    if hint is int:  # numbers cross as floats
        return isinstance(value, int | float) and value == int(value)
    if hint is float:
        return isinstance(value, int | float)
    return issubclass(hint, str) and isinstance(value, str)


def _mistyped(path: str, wanted: str, value: Any) -> str:
    return f"{path}: {value!r} is no {wanted}"
