"""Versions of databases that standard support has ended for, which cost more until they go."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context
from domain.costing.values import text
from domain.usage import Usage

# Engine → what its versions in extended support begin with (RDS and Aurora user guides,
# "Amazon RDS Extended Support"). MySQL 5.7 is Aurora MySQL 2.
_EXTENDED = {
    "mysql": ("5.7",),
    "postgres": ("11", "12", "13"),
    "aurora-mysql": ("5.7",),
    "aurora-postgresql": ("11", "12", "13"),
}
_REFUSED = "open-source-rds-extended-support-disabled"


def extended_support(context: Context, engine: str, *above: Context | None) -> Iterator[Usage]:
    """A gap for what an old version costs more: by the processor, and dearer in its third year.

    Args:
        context: the instance.
        engine: its engine.
        above: the cluster or the source that may name the version in its stead.
    """
    versions = [_version(each) for each in (context, *above) if each is not None]
    version = next((each for each in versions if each), "")
    refused = text(context.resource.get("engineLifecycleSupport")) == _REFUSED
    if refused or not any(_begins(version, old) for old in _EXTENDED.get(engine, ())):
        return
    reason = (
        f"version {version} of {engine} is in extended support, "
        "whose price for each vCPU depends on the year"
    )
    yield context.unpriceable("extended support", reason)


def _version(context: Context) -> str | None:
    return text(context.resource.get("engineVersion"))


def _begins(version: str, old: str) -> bool:
    return version == old or version.startswith((f"{old}.", f"{old}_"))
