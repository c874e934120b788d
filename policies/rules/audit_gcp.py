"""Google Cloud: whether what is done is written down."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.values import blocks
from domain.resources import UNKNOWN
from policies.demands import at, switched_on, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_AUDITS = (
    "gcp:projects/iAMAuditConfig:IAMAuditConfig",
    "gcp:folder/iamAuditConfig:IamAuditConfig",
    "gcp:organizations/iamAuditConfig:IamAuditConfig",
)
_HOLDS_DATA = (
    "gcp:storage/bucket:Bucket",
    "gcp:bigquery/dataset:Dataset",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:spanner/database:Database",
    "gcp:lustre/instance:Instance",
    "gcp:filestore/instance:Instance",
)
_KINDS = ("ADMIN_READ", "DATA_READ", "DATA_WRITE")


def reads_logged(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A stack that holds data says that reading and writing it is logged.

    Google always logs changes to resources; who read which data it logs only where a project
    (or its folder or organisation) asks for it.
    """
    if any(world.of_type(*_HOLDS_DATA)) and not any(world.of_type(*_AUDITS)):
        yield Finding("who reads the data of this stack is written down nowhere")


def nobody_exempt(world: World, _: NoSettings) -> Iterator[Judgement]:
    """What an audit configuration logs, it logs of everybody; and for all services, all of it."""
    for config in world.of_type(*_AUDITS):
        logs = at(config, "auditLogConfigs")
        if logs == UNKNOWN:
            yield undecided(config, "auditLogConfigs")
            continue
        exempt = [who for log in blocks(logs) for who in log.get("exemptedMembers") or ()]
        missing = set(_KINDS) - {log.get("logType") for log in blocks(logs)}
        if exempt:
            yield Finding(f"'{config.name}' logs nothing of {exempt[0]}", config)
        elif config.get("service") == "allServices" and missing:
            yield Finding(f"'{config.name}' leaves {', '.join(sorted(missing))} out", config)


RULES: tuple[Rule, ...] = (
    Rule(
        id="data-access-logged",
        title="Who reads which data is logged",
        category="security",
        severity="advisory",
        judge=reads_logged,
        remedy="declare projects.IAMAuditConfig with service='allServices' and the log types "
        "ADMIN_READ, DATA_READ and DATA_WRITE, or see that the organisation does",
        guides=("CIS GCP Foundation: Cloud Audit Logging is configured properly",),
    ),
    Rule(
        id="audit-log-complete",
        title="The audit log leaves nobody out",
        category="security",
        judge=nobody_exempt,
        remedy="leave exempted_members out and list all three log types",
        guides=("CIS GCP Foundation: Cloud Audit Logging is configured properly",),
        scope="resource",
    ),
    Rule(
        id="balancer-logs-on",
        title="Load balancers keep a log of requests",
        category="security",
        severity="advisory",
        judge=switched_on(
            {
                "gcp:compute/backendService:BackendService": "logConfig.enable",
                "gcp:compute/regionBackendService:RegionBackendService": "logConfig.enable",
            },
            "keeps no log of requests",
        ),
        remedy="set log_config={'enable': True, 'sample_rate': 1}",
        guides=("CIS GCP Foundation: logging is enabled for HTTP(S) load balancers",),
        scope="resource",
    ),
)
