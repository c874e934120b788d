"""Cloud SQL: vCPUs and memory, storage, twice where a second zone stands by, and licences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, block, number, text, waits
from domain.usage import Usage

INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
_SERVICE = "sql"
_SHARED = ("db-f1-micro", "db-g1-small")
_CUSTOM = re.compile(r"db-custom-(?P<vcpu>\d+)-(?P<mib>\d+)")
_SIZED = re.compile(r"db-(?:n1-)?(?P<kind>standard|highmem|perf-optimized-N)-(?P<vcpu>\d+)")
# GiB of each vCPU (Cloud SQL documentation, "Machine series").
_GIB_A_VCPU = {"standard": 3.75, "highmem": 6.5, "perf-optimized-N": 8.0}
_USUAL_GIB = 10.0
_SQL_SERVER = re.compile(r"SQLSERVER_\d+_(?P<edition>[A-Z]+)")
_LEAST_CORES = 4


def instance(context: Context) -> Iterator[Usage]:
    """Its tier and its storage; an address is billed only while the instance is stopped."""
    settings = block(context.get("settings"))
    tier = text(settings.get("tier"))
    if tier is None:
        yield context.unpriceable("database", f"its tier is {KNOWN_LATER}")
        return
    if text(settings.get("activationPolicy")) == "NEVER":
        context.note("A database that is stopped is billed for its storage alone.")
    else:
        yield from _machine(context, tier, settings)
    standby = _standby(settings)
    kind = "hdd" if text(settings.get("diskType")) == "PD_HDD" else "ssd"
    gib = number(settings.get("diskSize"))
    if gib is None and not waits(settings.get("diskSize")):
        gib = _answered_gib(context)
    if gib is None:
        gib = _USUAL_GIB
        context.note(f"A database without a disk size is taken to have {_USUAL_GIB:g} GiB.")
    yield context.kept(_SERVICE, f"storage.{standby}{kind}", gib * GIB)
    yield context.kept(_SERVICE, "backups", None)


def _answered_gib(context: Context) -> float | None:
    """What the cloud answered, else what the instance has that it is a replica of."""
    gib = number(block(context.resource.outputs.get("settings")).get("diskSize"))
    if gib is not None or not text(context.get("masterInstanceName")):
        return gib
    master = context.referred("masterInstanceName", INSTANCE)
    if master is None:
        return None
    written = number(block(master.get("settings")).get("diskSize"))
    answered = block(master.resource.outputs.get("settings")).get("diskSize")
    return number(answered) if written is None else written


def _standby(settings: Mapping[str, Any]) -> str:
    return "ha." if text(settings.get("availabilityType")) == "REGIONAL" else ""


def _machine(context: Context, tier: str, settings: Mapping[str, Any]) -> Iterator[Usage]:
    standby = _standby(settings)
    if tier in _SHARED:
        yield context.hours(_SERVICE, f"shared.{standby}{tier}")
        return
    shape = _shape(tier)
    if shape is None:
        yield context.unpriceable("database", f"no price of tier {tier} is known")
        return
    vcpu, gib = shape
    plus = text(settings.get("edition")) == "ENTERPRISE_PLUS" or "perf-optimized" in tier
    edition = "enterprise_plus" if plus else "enterprise"
    yield context.hours(_SERVICE, f"{edition}.{standby}vcpu", vcpu)
    yield context.kept(_SERVICE, f"{edition}.{standby}memory", gib * GIB)
    yield from _licence(context, vcpu, standby)


def _shape(tier: str) -> tuple[float, float] | None:
    custom = _CUSTOM.fullmatch(tier)
    if custom:
        return float(custom["vcpu"]), int(custom["mib"]) / 1024
    sized = _SIZED.fullmatch(tier)
    if sized:
        return float(sized["vcpu"]), int(sized["vcpu"]) * _GIB_A_VCPU[sized["kind"]]
    return None


def _licence(context: Context, vcpu: float, standby: str) -> Iterator[Usage]:
    server = _SQL_SERVER.fullmatch(text(context.get("databaseVersion")) or "")
    if server is None or server["edition"] == "EXPRESS":
        return
    if standby:
        reason = "whether the licence of a database that stands by is billed is not known"
        yield context.unpriceable("licence", reason)
        return
    item = f"licence.{server['edition'].lower()}"
    yield context.hours(_SERVICE, item, max(vcpu, _LEAST_CORES))


COSTERS: dict[str, Coster] = {INSTANCE: instance}
