"""Whether an environment can be deployed at all: refused before anything is declared."""

from __future__ import annotations

from domain.catalog import Catalog
from domain.environment import Environment


def check_deployable(environment: Environment, catalog: Catalog) -> None:
    """Refuses what no cloud could provide.

    Raises:
        InputError: the first thing that is wrong, with the key that says it as its place.
    """
