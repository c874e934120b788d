"""Google Cloud: databases, caches and what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from domain.costing.values import blocks, text, truth
from domain.resources import UNKNOWN, Resource
from policies.demands import at, demand, inside, switched_on, together, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_SQL = "gcp:sql/databaseInstance:DatabaseInstance"
_SPANNER = "gcp:spanner/database:Database"
_REDIS = "gcp:redis/instance:Instance"

_KEPT_BY_DEFAULT = {
    "gcp:bigquery/table:Table": "deletionProtection",
    "gcp:bigtable/instance:Instance": "deletionProtection",
    "gcp:container/cluster:Cluster": "deletionProtection",
    _SPANNER: "deletionProtection",
    _SQL: "deletionProtection",
}
"""Types that the provider does not delete until it is told to."""

_NEWEST = {"MYSQL": (8, 0), "POSTGRES": (18,), "SQLSERVER": (2022,)}
"""Database engine → its latest major version on Cloud SQL, August 2026."""


def current(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Databases run the latest major version of their engine, which is repaired the longest."""
    for database in world.of_type(_SQL):
        runs = at(database, "databaseVersion")
        if runs == UNKNOWN:
            yield undecided(database, "databaseVersion")
        engine, *version = (text(runs) or "").split("_")
        newest = _NEWEST.get(engine)
        numbers = tuple(int(part) for part in version if re.fullmatch(r"\d+", part))
        if newest and numbers and numbers < newest:
            wanted = ".".join(map(str, newest))
            yield Finding(
                f"'{database.name}' runs {runs}; the latest major version is {wanted}",
                database,
            )


_FLAGS = {
    ("MYSQL", "local_infile"): ("off", "off"),
    ("POSTGRES", "log_connections"): ("on", "off"),
    ("POSTGRES", "log_disconnections"): ("on", "off"),
    ("SQLSERVER", "cross db ownership chaining"): ("off", "off"),
    ("SQLSERVER", "contained database authentication"): ("off", "off"),
}
"""Engine and flag → what it must be, and what it is where nobody says it."""


def flags(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Flags of databases are as the CIS benchmark has them: who connects is logged, clients
    read no files, and no database opens another."""
    for database in world.of_type(_SQL):
        path = "settings.databaseFlags"
        if UNKNOWN in (at(database, "databaseVersion"), at(database, path)):
            yield undecided(database, path)
            continue
        engine = (text(at(database, "databaseVersion")) or "").split("_")[0]
        said = {
            each.get("name"): str(each.get("value")).lower() for each in blocks(at(database, path))
        }
        wrong = [
            f"{flag} is {said.get(flag, usual)}"
            for (of, flag), (wanted, usual) in _FLAGS.items()
            if of == engine and said.get(flag, usual) != wanted
        ]
        if wrong:
            yield Finding(f"'{database.name}': {', '.join(wrong)}", database)


def _primary(database: Resource) -> bool:
    """Whether it is written to, rather than a replica, which cannot have backups."""
    return at(database, "masterInstanceName") is None


def _encrypts(value: Any) -> bool:
    return value in ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")


def sql_tls(world: World, settings: NoSettings) -> Iterator[Judgement]:
    """Databases take encrypted connections only, by ``sslMode`` or, where that is not said, by
    the older ``requireSsl``."""
    judge = demand({_SQL: "settings.ipConfiguration.sslMode"}, _encrypts, "takes plain connections")
    for each in judge(world, settings):
        said = each.resource and at(each.resource, "settings.ipConfiguration")
        if inside(said, "sslMode") is not None or not truth(inside(said, "requireSsl")):
            yield each


RULES: tuple[Rule, ...] = (
    Rule(
        id="databases-deletion-protected",
        title="Databases are not deleted by a slip",
        category="security",
        judge=switched_on(_KEPT_BY_DEFAULT, "can be deleted by a slip", default=True),
        remedy="set deletion_protection=True",
        references=("CKV_GCP_119", "CKV_GCP_121", "CKV_GCP_122"),
        guides=("Spanner: prevent accidental database deletion", "Provider: deletion_protection"),
        scope="resource",
    ),
    Rule(
        id="spanner-drop-protected",
        title="Spanner databases refuse to be dropped",
        category="security",
        judge=switched_on(
            {_SPANNER: "enableDropProtection"}, "is dropped by whoever asks, by any tool"
        ),
        remedy="set enable_drop_protection=True",
        references=("CKV_GCP_120",),
        guides=("Spanner: prevent accidental database deletion",),
        scope="resource",
    ),
    Rule(
        id="databases-current",
        title="Databases run the latest major version",
        category="security",
        severity="advisory",
        judge=current,
        remedy="name the latest major version in database_version",
        references=("CKV_GCP_79",),
        guides=("Cloud SQL: database versions and version policies",),
        scope="resource",
    ),
    Rule(
        id="databases-backed-up",
        title="Databases are backed up by themselves",
        category="security",
        judge=switched_on(
            {_SQL: "settings.backupConfiguration.enabled"},
            "is not backed up",
            applies=_primary,
        ),
        remedy="set settings.backup_configuration={'enabled': True}",
        references=("CKV_GCP_14",),
        guides=("CIS GCP Foundation: Cloud SQL instances have automated backups",),
        scope="resource",
    ),
    Rule(
        id="tls-only",
        title="Databases take encrypted connections only",
        category="security",
        judge=sql_tls,
        remedy="set settings.ip_configuration={'ssl_mode': 'ENCRYPTED_ONLY'}",
        references=("CKV_GCP_6",),
        guides=("CIS GCP Foundation: Cloud SQL requires incoming connections to use SSL",),
        scope="resource",
    ),
    Rule(
        id="database-flags",
        title="Flags of databases are as the benchmark has them",
        category="security",
        severity="advisory",
        judge=flags,
        remedy="set each in settings.database_flags=[{'name': …, 'value': …}]",
        references=(
            "CKV_GCP_50",
            "CKV_GCP_52",
            "CKV_GCP_53",
            "CKV_GCP_58",
            "CKV_GCP_59",
        ),
        guides=("CIS GCP Foundation: Cloud SQL database services",),
        scope="resource",
    ),
    Rule(
        id="caches-ask-who",
        title="Caches ask who connects",
        category="security",
        judge=together(
            switched_on({_REDIS: "authEnabled"}, "takes connections without a password"),
            demand(
                {
                    "gcp:redis/cluster:Cluster": "authorizationMode",
                    "gcp:memorystore/instance:Instance": "authorizationMode",
                },
                lambda value: "IAM" in str(value),
                "takes connections of anybody",
                example="AUTH_MODE_IAM_AUTH",
                examples={"gcp:memorystore/instance:Instance": "IAM_AUTH"},
            ),
        ),
        remedy="set auth_enabled=True (authorization_mode='AUTH_MODE_IAM_AUTH' of a cluster)",
        references=("CKV_GCP_95",),
        guides=("Memorystore for Redis: AUTH feature overview",),
        scope="resource",
    ),
    Rule(
        id="encrypted-in-transit",
        title="Caches speak TLS",
        category="security",
        judge=demand(
            dict.fromkeys(
                (
                    _REDIS,
                    "gcp:redis/cluster:Cluster",
                    "gcp:memorystore/instance:Instance",
                ),
                "transitEncryptionMode",
            ),
            lambda value: "SERVER_AUTHENTICATION" in str(value),
            "sends what it holds in plain",
        ),
        remedy='set transit_encryption_mode="SERVER_AUTHENTICATION"',
        references=("CKV_GCP_97",),
        guides=("Memorystore for Redis: about in-transit encryption",),
        scope="resource",
    ),
)
