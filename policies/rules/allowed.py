"""What a team agreed on: regions, zones, projects, providers and their versions, types.

What no settings name is not restricted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from domain.costing.values import is_list, last_part, text
from domain.frozen import Frozen
from domain.resources import UNKNOWN, Resource
from domain.resources.regions import region_of
from policies.demands import at, undecided
from policies.rule import Finding, Judgement, Rule
from policies.world import World


class Regions(Frozen):
    """Where resources may stand: ``us-east-1``, ``europe-*``, ``eu`` for a multi-region."""

    regions: tuple[str, ...] = ()


class Zones(Frozen):
    """In which zones resources may stand."""

    zones: tuple[str, ...] = ()


class Types(Frozen):
    """Types of resource that nobody is to declare: ``aws:iam/user:User``, ``gcp:sql/*``."""

    types: tuple[str, ...] = ()


class Packages(Frozen):
    """The Pulumi packages that may be used: ``aws``, ``gcp``."""

    packages: tuple[str, ...] = ()


class Versions(Frozen):
    """The oldest version that each provider may have: ``{aws: 7.0.0}``."""

    oldest: Mapping[str, Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")]] = Field(
        default_factory=dict
    )


class Projects(Frozen):
    """The Google Cloud projects in which resources may stand."""

    projects: tuple[str, ...] = ()


def regions(world: World, settings: Regions) -> Iterator[Judgement]:
    """Resources stand only in agreed regions: for the law, for the price, for the distance."""
    if not settings.regions:
        return
    for resource in managed(world):
        if UNKNOWN in (resource.inputs.get("region"), resource.inputs.get("location")):
            yield undecided(resource, "its region")
        region = region_of(resource, world.graph)
        if region and region != "global" and not _matches(region, settings.regions):
            yield Finding(
                f"'{resource.name}' stands in {region}", resource, _instead(settings.regions)
            )


_ZONES = (
    "zone",
    "availabilityZone",
    "availabilityZones",
    "zones",
    "nodeLocations",
    "distributionPolicyZones",
)


def zones(world: World, settings: Zones) -> Iterator[Judgement]:
    """Resources stand only in agreed zones: where the accelerators and the data are."""
    if not settings.zones:
        return
    for resource in managed(world):
        named = [resource.get(key) for key in _ZONES]
        flat = [one for each in named for one in (each if is_list(each) else (each,))]
        for zone in filter(None, map(last_part, flat)):
            if not _matches(zone, settings.zones):
                remedy = _instead(settings.zones)
                yield Finding(f"'{resource.name}' stands in {zone}", resource, remedy)
                break


def projects(world: World, settings: Projects) -> Iterator[Judgement]:
    """Resources stand only in agreed projects: nothing of a test ends up in production."""
    if not settings.projects:
        return
    usual = world.graph.config.get("gcp:project")
    for resource in managed(world):
        if resource.type.startswith("gcp:"):
            project = text(resource.get("project")) or usual
            if project and not _matches(project, settings.projects):
                remedy = _instead(settings.projects)
                yield Finding(f"'{resource.name}' stands in {project}", resource, remedy)


def forbidden(world: World, settings: Types) -> Iterator[Judgement]:
    """Nobody declares what the team agreed to do without."""
    for kind in sorted(world.types):
        if _matches(kind, settings.types):
            for resource in world.of_type(kind):
                yield Finding(f"'{resource.name}' is of a type that is not allowed", resource)


def packages(world: World, settings: Packages) -> Iterator[Judgement]:
    """Stacks use only the providers that the team knows how to run."""
    if not settings.packages:
        return
    for resource in managed(world):
        package = resource.type.split(":")[0]
        if package not in (*settings.packages, "pulumi"):
            remedy = _instead(settings.packages)
            yield Finding(f"'{resource.name}' is managed by {package}", resource, remedy)


def versions(world: World, settings: Versions) -> Iterator[Judgement]:
    """Providers are no older than agreed: older ones know neither new hardware nor new rules."""
    for provider in world.graph.resources:
        package = provider.type.split(":")[-1]
        if not provider.is_provider or package not in settings.oldest:
            continue
        used, oldest = text(at(provider, "version")), settings.oldest[package]
        if used and _numbers(used) < _numbers(oldest):
            yield Finding(
                f"'{provider.name}' is version {used} of {package}",
                provider,
                f"require pulumi-{package} {oldest} or later",
            )


def _numbers(version: str) -> tuple[int, ...]:
    plain = version.removeprefix("v").split("-")[0].split("+")[0]
    return tuple(int(part) for part in plain.split(".") if part.isdigit())


def managed(world: World) -> Iterator[Resource]:
    """Everything that the stack manages, type by type."""
    return world.of_type(*sorted(world.types))


def _matches(value: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(value, each) for each in patterns)


def _instead(allowed: tuple[str, ...]) -> str:
    return f"allowed here: {', '.join(allowed)}"


RULES: tuple[Rule, ...] = (
    Rule(
        "allowed-regions",
        "Resources stand in agreed regions",
        "hygiene",
        regions,
        "name another region",
        settings=Regions,
        scope="resource",
    ),
    Rule(
        "allowed-zones",
        "Resources stand in agreed zones",
        "hygiene",
        zones,
        "name another zone",
        settings=Zones,
        scope="resource",
    ),
    Rule(
        "allowed-projects",
        "Resources stand in agreed projects",
        "hygiene",
        projects,
        "name another project",
        settings=Projects,
        scope="resource",
    ),
    Rule(
        "forbidden-types",
        "Nobody declares what the team does without",
        "hygiene",
        forbidden,
        "leave it out",
        settings=Types,
        scope="resource",
    ),
    Rule(
        "allowed-packages",
        "Stacks use agreed providers",
        "hygiene",
        packages,
        "use another provider",
        settings=Packages,
        scope="resource",
    ),
    Rule(
        "provider-versions",
        "Providers are no older than agreed",
        "hygiene",
        versions,
        "require a later version",
        settings=Versions,
        scope="resource",
    ),
)
