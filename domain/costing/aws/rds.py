"""Amazon RDS: instances by engine and class, their storage, backups and insights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.aws.classes import class_hours, family_of, is_burstable, vcpus_of
from domain.costing.aws.rds_support import extended_support
from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import GIB, integer, number, text, truth
from domain.usage import Usage, bands

INSTANCE = "aws:rds/instance:Instance"
_PROXY_TARGET = "aws:rds/proxyTarget:ProxyTarget"
# What an engine is billed as; MariaDB as MySQL, Oracle by its licence.
_BILLED_AS = {"mariadb": "mysql", "mysql": "mysql", "postgres": "postgres"}
_LICENSED = {
    "oracle-se1": "oracle_se1",
    "oracle-se2": "oracle_se2",
    "oracle-se2-cdb": "oracle_se2",
    "sqlserver-ex": "sqlserver_ex",
    "sqlserver-web": "sqlserver_web",
    "sqlserver-se": "sqlserver_se",
    "sqlserver-ee": "sqlserver_ee",
}
_OWN_LICENCE_ONLY = ("oracle-se", "oracle-ee", "oracle-ee-cdb")
_USUAL_GIB = 20.0
_LEAST_PROVISIONED_IOPS = 1000.0
# gp3 includes more from 400 GiB on, where a volume is striped (RDS user guide, gp3 storage).
_GP3_STRIPED_FROM_GIB = {"mysql": 400.0, "mariadb": 400.0, "postgres": 400.0}
_GP3_IOPS, _GP3_STRIPED_IOPS = 3000.0, 12000.0
_GP3_MB_PER_S, _GP3_STRIPED_MB_PER_S = 125.0, 500.0
_FREE_INSIGHTS_DAYS, _LONG_INSIGHTS_DAYS = 7, 731


def instance(context: Context) -> Iterator[Usage]:
    """The instance, twice where a standby is kept in another zone, and its storage."""
    source = context.referred("replicateSourceDb", INSTANCE)
    engine = text(context.get("engine")) or (None if source is None else text(source.get("engine")))
    kind = text(context.get("instanceClass"))
    if engine is None:
        yield context.unpriceable("database", f"its engine is {KNOWN_LATER}")
        return
    if engine.startswith("aurora"):
        yield class_hours(context, "aurora", kind)
        yield from extended_support(context, engine, source)
        context.note("Aurora bills storage with the cluster.")
        yield context.kept("aurora", "storage", None)
        yield context.use("aurora", "requests", "requests", None)
        yield context.kept("aurora", "backup.storage", None)
        yield from extras(context, "aurora", kind)
        return
    copies = 2.0 if truth(context.get("multiAz")) else 1.0
    if copies > 1:
        context.note("A database in two zones is billed as two: its standby costs the same.")
    yield class_hours(context, "database", kind, billed_as(context, engine), copies)
    yield from extended_support(context, engine, source)
    yield from _storage(context, engine, copies, source)
    yield context.kept("database", "backup.storage", None)
    yield from extras(context, "database", kind)


def billed_as(context: Context, engine: str) -> str:
    """The engine's name in the price catalog, by its licence."""
    if engine in _OWN_LICENCE_ONLY or (
        engine.startswith("oracle")
        and text(context.get("licenseModel")) == "bring-your-own-license"
    ):
        return "oracle_byol"
    return _BILLED_AS.get(engine) or _LICENSED.get(engine) or engine.replace("-", "_")


def _storage(
    context: Context, engine: str, copies: float, source: Context | None
) -> Iterator[Usage]:
    iops = number(context.get("iops"))
    product = text(context.get("storageType")) or ("io1" if iops else "gp2")
    product = "magnetic" if product == "standard" else product
    gib = number(context.get("allocatedStorage"))
    if gib is None and source is not None:
        gib = number(source.get("allocatedStorage"))
    if context.is_waiting("allocatedStorage") and gib is None:
        yield context.unpriceable("database storage", f"its size is {KNOWN_LATER}")
        return
    if gib is None:
        context.note(f"A database without a size is taken to have {_USUAL_GIB:g} GB.")
        gib = _USUAL_GIB
    product = f"multi_az.{product}" if copies > 1 else product
    yield context.kept("database", f"{product}.storage", gib * GIB)
    if product.endswith(("io1", "io2")):
        wanted = max(iops or 0.0, _LEAST_PROVISIONED_IOPS)
        if wanted != iops:
            context.note(f"Provisioned storage has at least {_LEAST_PROVISIONED_IOPS:g} IOPS.")
        for item, _, part in bands(
            context.catalog, context.provider, "database", f"{product}.iops", wanted
        ):
            yield _per_second(context, item, part)
    elif product.endswith("gp3"):
        striped = gib >= _GP3_STRIPED_FROM_GIB.get(engine, float("inf"))
        extra = (iops or 0.0) - (_GP3_STRIPED_IOPS if striped else _GP3_IOPS)
        yield _per_second(context, f"{product}.iops", max(extra, 0.0))
        rate = number(context.get("storageThroughput")) or 0.0
        faster = rate - (_GP3_STRIPED_MB_PER_S if striped else _GP3_MB_PER_S)
        amount = max(faster, 0.0) * 1e6 * context.seconds
        yield context.use("database", f"{product}.throughput", "rate_seconds", amount)
    elif product.endswith("magnetic"):
        requests = context.quantities.requests
        yield context.use("database", f"{product}.requests", "requests", requests)


def _per_second(context: Context, item: str, iops: float) -> Usage:
    return context.use("database", item, "iops_seconds", iops * context.seconds)


def extras(context: Context, service: str, kind: str | None) -> Iterator[Usage]:
    """Credits of a burstable class, and what Performance Insights keeps beyond a week."""
    if kind is None:
        return
    if is_burstable(kind) and family_of(kind) != "t2":
        yield context.hours(service, "cpu_credit", None)
    if not truth(context.get("performanceInsightsEnabled")):
        return
    days = integer(context.get("performanceInsightsRetentionPeriod")) or _FREE_INSIGHTS_DAYS
    vcpus = vcpus_of(kind)
    if days > _FREE_INSIGHTS_DAYS:
        item = f"insights.{family_of(kind)}"
        if days == _LONG_INSIGHTS_DAYS and vcpus is not None:
            kept = context.hours("database", item, vcpus)
            yield replace(kept, name=f"database, insights kept for two years, {kind}")
        else:
            reason = f"no price of keeping insights for {days} days is known"
            yield context.unpriceable("database, insights", reason)
    yield context.use("database", "insights.requests", "requests", None)


def snapshot(context: Context) -> Iterator[Usage]:
    """What a snapshot keeps beyond the free backup storage of its region."""
    yield context.kept("database", "backup.storage", context.quantities.stored_bytes)


def proxy(context: Context) -> Iterator[Usage]:
    """By the processors of the instance behind it."""
    for target in context.users(_PROXY_TARGET):
        found = context.beside(target).referred("dbInstanceIdentifier", INSTANCE)
        kind = None if found is None else text(found.get("instanceClass"))
        vcpus = None if kind is None else vcpus_of(kind)
        if vcpus is not None:
            yield context.hours("database", "proxy.vcpu", max(vcpus, 2.0))
            return
    yield context.hours("database", "proxy.vcpu", None)


COSTERS: dict[str, Coster] = {
    INSTANCE: instance,
    "aws:rds/snapshot:Snapshot": snapshot,
    "aws:rds/snapshotCopy:SnapshotCopy": snapshot,
    "aws:rds/proxy:Proxy": proxy,
}
