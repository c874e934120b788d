"""Whether an environment can be deployed at all: refused before anything is declared.

A scenario may ask about what no cloud sells; a stack may not. Each rule here names the key
that breaks it. What only the cloud can tell (quotas, capacity, a name that is taken) is left
to the cloud.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network
from typing import NamedTuple

from domain import blueprint
from domain.catalog import Catalog, Machine
from domain.environment import CustomMachine, Environment, ObjectStore, Pool, SharedFileSystem
from domain.errors import CatalogError, ScenarioError
from domain.figures import size
from domain.located import KeyPath

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
_REGION = {
    "aws": re.compile(r"[a-z]{2}(-[a-z]+)+-\d"),
    "gcp": re.compile(r"[a-z]+-[a-z]+\d+"),
}
_KEY = {
    "aws": re.compile(r"arn:aws[a-z-]*:kms:\S+:key/\S+"),
    "gcp": re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+"),
}
_KEY_EXAMPLE = {
    "aws": "arn:aws:kms:us-east-1:123456789012:key/…",
    "gcp": "projects/P/locations/L/keyRings/R/cryptoKeys/K",
}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_SMALLEST_DISK_GIB = 10
_LARGEST_DISK_GIB = 64 * 1024
_LARGEST_PREFIX, _SMALLEST_PREFIX = 16, 22
_MOST_TAGS = 40
# A spread placement group on AWS (EC2 user guide, "Placement strategies").
_SPREAD_PER_ZONE = 7


class Problem(NamedTuple):
    """A key of the environment, and why it cannot be deployed."""

    path: KeyPath
    message: str


def check_deployable(
    environment: Environment, catalog: Catalog, place: Callable[[KeyPath], str] | None = None
) -> None:
    """Refuses what no cloud could provide.

    Args:
        place: how to name the place of a key; otherwise its dotted path.

    Raises:
        ScenarioError: each thing that is wrong, with its key, a line each.
    """
    found = list(problems(environment, catalog))
    if not found:
        return
    name = place or (lambda path: ".".join(map(str, path)))
    first, *rest = found
    lines = [first.message, *(f"{name(each.path)}: {each.message}" for each in rest)]
    raise ScenarioError("\n".join(lines), where=name(first.path))


def problems(environment: Environment, catalog: Catalog) -> Iterator[Problem]:
    """Everything that keeps an environment from being deployed."""
    if environment.provider == "custom":
        yield Problem(
            ("provider",), "'custom' is a cluster of your own; only aws and gcp are deployed"
        )
        return
    yield from _places(environment)
    for name in environment.pools:
        yield from _pool(environment, name, catalog)
    for name in environment.storage:
        yield from _storage(environment, name)
    yield from _alike("pools", environment.pools)
    yield from _alike("storage", environment.storage)
    yield from _network(environment)
    yield from _homeless(environment)
    yield from _governance(environment)


def _places(environment: Environment) -> Iterator[Problem]:
    named: dict[KeyPath, str | None] = {("region",): environment.region}
    named |= {("pools", name, "region"): pool.region for name, pool in environment.pools.items()}
    named |= {
        ("storage", name, "region"): getattr(each, "region", None)
        for name, each in environment.storage.items()
    }
    allowed = environment.governance.allowed_regions
    for path, region in named.items():
        if region is None:
            continue
        if not _REGION[environment.provider].fullmatch(region):
            example = "us-east-1" if environment.provider == "aws" else "us-central1"
            yield Problem(
                path, f"'{region}' is not a region of {environment.provider}, like '{example}'"
            )
        elif allowed is not None and region not in allowed:
            yield Problem(path, f"'{region}' is not in governance.allowed_regions")
    separator = "-" if environment.provider == "gcp" else ""
    pattern = re.compile(rf"{re.escape(environment.region or '')}{separator}[a-z]")
    for index, zone in enumerate(environment.zones):
        if not pattern.fullmatch(zone):
            yield Problem(
                ("zones", index),
                f"'{zone}' is not a zone of {environment.region}, "
                f"like '{environment.region}{separator}a'",
            )
    if len(set(environment.zones)) < len(environment.zones):
        yield Problem(("zones",), "names a zone twice")


def _pool(environment: Environment, name: str, catalog: Catalog) -> Iterator[Problem]:
    pool, path = environment.pools[name], ("pools", name)
    if not _NAME.fullmatch(name):
        yield Problem(path, _name_rule("pool"))
    region = environment.pool_region(name) or ""
    if isinstance(pool.machine, CustomMachine):
        yield Problem((*path, "machine"), "a machine of one's own is not deployed; name a type")
        return
    try:
        machine = catalog.machine(environment.provider, pool.machine)
    except CatalogError as error:
        yield Problem((*path, "machine"), error.message)
        return
    yield from _alternatives(environment, pool, path, machine, catalog)
    if environment.provider == "aws" and pool.placement == "spread":
        most = _SPREAD_PER_ZONE * blueprint.zones_in(environment, region)
        if (pool.count or pool.max or 0) > most:
            yield Problem(
                (*path, "placement"),
                f"spread holds {_SPREAD_PER_ZONE} nodes in each zone, so {most} here",
            )
    if machine.is_tpu and pool.count is None:
        yield Problem(path, "slices are not scaled one by one; give 'count'")
    yield from _reservation(environment, pool, path, machine.is_tpu)
    if pool.image and environment.provider == "aws" and not pool.image.startswith("ami-"):
        yield Problem((*path, "image"), f"'{pool.image}' is not an image, like 'ami-0abc…'")
    if not machine.is_tpu:
        yield from _disk(environment, pool, path, machine, catalog)


def _alternatives(
    environment: Environment, pool: Pool, path: KeyPath, machine: Machine, catalog: Catalog
) -> Iterator[Problem]:
    """Machines that stand in for each other start from one image, on one network."""
    for index, name in enumerate(pool.alternatives):
        try:
            other = catalog.machine(environment.provider, name)
        except CatalogError as error:
            yield Problem((*path, "alternatives", index), error.message)
            continue
        if _vendor(other, catalog) != _vendor(machine, catalog):
            yield Problem(
                (*path, "alternatives", index),
                f"{name} cannot stand in for {machine.name}: its accelerators are of another kind",
            )
    if pool.alternatives and (pool.placement == "cluster" or machine.is_tpu):
        yield Problem(
            (*path, "alternatives"),
            "slices have no alternatives"
            if machine.is_tpu
            else "a cluster placement needs machines of one type",
        )


def _vendor(machine: Machine, catalog: Catalog) -> str | None:
    return catalog.accelerator(machine.accelerator).vendor if machine.accelerator else None


def _reservation(
    environment: Environment, pool: Pool, path: KeyPath, is_tpu: bool
) -> Iterator[Problem]:
    if pool.reservation is None:
        return
    where = (*path, "reservation")
    if pool.market == "spot":
        yield Problem(where, "spot capacity cannot be reserved; use market on_demand or reserved")
    if is_tpu:
        yield Problem(where, "TPU slices take their reservation from market: reserved")
    elif pool.reservation == "new" and pool.count is None:
        yield Problem(where, "a new reservation needs a fixed 'count'")
    elif environment.provider == "aws" and not pool.reservation.startswith(("new", "cr-")):
        yield Problem(where, f"'{pool.reservation}' is neither 'new' nor an id like 'cr-0abc…'")


def _disk(
    environment: Environment, pool: Pool, path: KeyPath, machine: Machine, catalog: Catalog
) -> Iterator[Problem]:
    disk = pool.disk
    product = blueprint.disk_product(environment.provider, machine.name, disk, catalog)
    if product == "st1":
        yield Problem((*path, "disk", "kind"), "st1 cannot be a boot disk; use balanced or ssd")
    if not _SMALLEST_DISK_GIB <= blueprint.disk_gib(disk) <= _LARGEST_DISK_GIB:
        yield Problem(
            (*path, "disk", "size"), f"{size(disk.size)} is not between 10 GiB and 64 TiB"
        )
    if disk.iops is not None and product.startswith("pd-"):
        yield Problem((*path, "disk", "iops"), f"{product} has no operations to provision")


def _storage(environment: Environment, name: str) -> Iterator[Problem]:
    storage, path = environment.storage[name], ("storage", name)
    if not _NAME.fullmatch(name):
        yield Problem(path, _name_rule("storage"))
    if isinstance(storage, ObjectStore) and storage.existing is not None:
        if not _BUCKET.fullmatch(storage.existing):
            yield Problem((*path, "existing"), f"'{storage.existing}' is not a bucket's name")
    elif isinstance(storage, SharedFileSystem):
        fastest = blueprint.FSX_TIERS[-1] * 1e6
        if storage.throughput_per_tib > fastest:
            yield Problem(
                (*path, "throughput_per_tib"),
                f"the fastest tier has {size(fastest)}/s for each TiB",
            )


def _network(environment: Environment) -> Iterator[Problem]:
    network = environment.network
    try:
        block = IPv4Network(network.cidr)
        fits = block.is_private and _LARGEST_PREFIX <= block.prefixlen <= _SMALLEST_PREFIX
    except ValueError:
        fits = False
    if not fits:
        yield Problem(
            ("network", "cidr"),
            f"'{network.cidr}' is not a private block of /16 to /22, like '10.0.0.0/16'",
        )
    if network.vpc and not network.subnets:
        yield Problem(("network", "vpc"), "needs 'subnets' of it, private ones")
    if network.subnets and not network.vpc:
        yield Problem(("network", "subnets"), "needs the 'vpc' that they belong to")
    away = [each for each in blueprint.pool_regions(environment) if each != environment.region]
    if network.vpc and away:
        yield Problem(
            ("network", "vpc"), f"serves {environment.region} only, but a pool is in {away[0]}"
        )
    if network.load_balancer == "application":
        if not network.certificate:
            yield Problem(
                ("network", "certificate"), "is missing; an application load balancer needs one"
            )
        spans = len(network.subnets) if network.vpc else len(environment.zones)
        if environment.provider == "aws" and spans < 2:
            yield Problem(
                ("network", "load_balancer"),
                "an application load balancer needs two zones; name them in 'zones'",
            )


def _homeless(environment: Environment) -> Iterator[Problem]:
    """What stands in the network of the home region, where no pool brings one."""
    if environment.region in blueprint.pool_regions(environment):
        return
    shared = [
        ("storage", name)
        for name, storage in environment.storage.items()
        if isinstance(storage, SharedFileSystem)
    ]
    if environment.network.load_balancer != "none":
        shared.append(("network", "load_balancer"))
    for path in shared:
        yield Problem(
            path,
            f"stands in {environment.region}, but no pool does; give a pool that region, or the "
            "environment the region of its pools",
        )


def _governance(environment: Environment) -> Iterator[Problem]:
    governance, provider = environment.governance, environment.provider
    if governance.key is not None:
        if governance.encryption != "managed_key":
            yield Problem(("governance", "key"), "is given, but 'encryption' is not managed_key")
        if not _KEY[provider].fullmatch(governance.key):
            yield Problem(
                ("governance", "key"),
                f"'{governance.key}' is not a key, like '{_KEY_EXAMPLE[provider]}'",
            )
    for index, address in enumerate(governance.alert_emails):
        if not _EMAIL.fullmatch(address):
            yield Problem(("governance", "alert_emails", index), f"'{address}' is no address")
    if governance.budget is not None and governance.budget <= 0:
        yield Problem(("governance", "budget"), "must be more than nothing")
    for key in governance.tags:
        if key.startswith(("aws:", "windtunnel-", "goog")):
            yield Problem(("governance", "tags", key), "starts like tags that are not yours to set")
        elif not re.fullmatch(r"[A-Za-z][\w.:/=+@-]{0,62}", key):
            yield Problem(("governance", "tags", key), "is not a tag that both clouds accept")
    if len(governance.tags) > _MOST_TAGS:
        yield Problem(("governance", "tags"), f"are more than {_MOST_TAGS}")


def _alike(kind: str, names: Iterable[str]) -> Iterator[Problem]:
    """Clouds know no underscore: names that differ by it alone would be one."""
    seen: dict[str, str] = {}
    for name in names:
        plain = name.replace("_", "-").strip("-")
        if plain in seen:
            yield Problem((kind, name), f"is too like '{seen[plain]}': clouds take '_' for '-'")
        seen.setdefault(plain, name)


def _name_rule(what: str) -> str:
    return f"is not a name for a {what}: a small letter, then small letters, digits, '-' or '_'"
