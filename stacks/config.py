"""The environment of a stack, out of its structured configuration."""

from __future__ import annotations

from typing import Any

import pulumi

from domain.catalog import load_catalog
from domain.deployable import check_deployable
from domain.environment import Environment
from domain.errors import InputError
from domain.located import Located, parse

KEY = "windtunnel:environment"


def read_environment() -> Environment:
    """What ``windtunnel:environment`` of this stack says.

    Raises:
        pulumi.RunError: absent, not an environment, or one that no cloud could provide; the
            message names the key and what would be right.
    """
    stack = pulumi.get_stack()
    where = f"Pulumi.{stack}.yaml"
    if pulumi.runtime.is_config_secret(KEY):
        raise pulumi.RunError(
            f"{where}: {KEY} holds a secret, which everything made of it would show; an "
            "environment has none: write the value plainly, or keep it in a secret store"
        )
    try:
        found: Any = pulumi.Config("windtunnel").get_object("environment")
    except Exception as error:
        raise pulumi.RunError(f"{where}: {KEY} is not a mapping: {error}") from None
    if found is None:
        raise pulumi.RunError(
            f"{where}: {KEY} is missing; write one with "
            f"'windtunnel choose SCENARIO --write {stack}' or 'windtunnel init'"
        )
    try:
        if not isinstance(found, dict):
            raise InputError("must be a mapping of keys to values", where=f"{where}: {KEY}")
        environment = parse(Environment, Located(found, f"{where}: {KEY}"))
        check_deployable(environment, load_catalog())
    except InputError as error:
        raise pulumi.RunError(str(error)) from None
    return environment
