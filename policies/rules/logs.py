"""What services on AWS write down of what they do."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.values import block, blocks, is_list, truth
from domain.errors import InputError
from domain.located import parse_yaml
from domain.resources import SECRET, UNKNOWN, Resource
from policies.attributes import (
    PRESENT,
    TRUE,
    TRUE_BY_DEFAULT,
    Want,
    is_json,
    none_of,
    one_of,
    row,
    rule,
)
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_DOMAINS = "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"
_BROKER = "aws:mq/broker:Broker"
_WORKFLOWS = "aws:mwaa/environment:Environment"
_ACCESS_LOGS = {"bucket": "<name of a bucket>", "enabled": True}
_CONTROL_PLANE = {"api", "audit", "authenticator", "controllerManager", "scheduler"}


def _all_kinds(value: Any) -> bool:
    return is_list(value) and set(map(str, value)) >= _CONTROL_PLANE


def _search_logs(domain: Resource) -> Iterator[str]:
    """The kinds of log that a search domain publishes."""
    for option in blocks(domain.inputs.get("logPublishingOptions")):
        if option.get("enabled") is None or truth(option.get("enabled")):
            yield str(option.get("logType"))


def _search(world: World, _: NoSettings) -> Iterator[Judgement]:
    for domain in world.of_type(*_DOMAINS):
        if domain.inputs.get("logPublishingOptions") == UNKNOWN:
            yield Undecided(
                f"which logs '{domain.name}' publishes is known only after deployment", domain
            )
        elif not any(_search_logs(domain)):
            yield Finding(f"'{domain.name}' publishes no logs", domain)


def _search_audit(world: World, _: NoSettings) -> Iterator[Judgement]:
    for domain in world.of_type(*_DOMAINS):
        if domain.inputs.get("logPublishingOptions") == UNKNOWN:
            yield Undecided(
                f"which logs '{domain.name}' publishes is known only after deployment", domain
            )
        elif "AUDIT_LOGS" not in _search_logs(domain):
            yield Finding(f"'{domain.name}' publishes no AUDIT_LOGS", domain)


_SESSION_LOGS = {
    "s3BucketName": "s3EncryptionEnabled",
    "cloudWatchLogGroupName": "cloudWatchEncryptionEnabled",
}
"""Where a session may be logged → whether that must be encrypted."""


def judge_sessions(world: World, _: NoSettings) -> Iterator[Judgement]:
    """What is typed in sessions of Session Manager is kept, in an encrypted bucket or log group."""
    for document in world.of_type("aws:ssm/document:Document"):
        if document.inputs.get("documentType") != "Session":
            continue
        content = session(document)
        if content is None:
            yield Undecided(
                f"what '{document.name}' says of sessions is known only after deployment", document
            )
            continue
        encrypted = [
            truth(content.get(encryption))
            for name, encryption in _SESSION_LOGS.items()
            if content.get(name)
        ]
        if not encrypted:
            yield Finding(f"'{document.name}' keeps no log of sessions", document)
        elif not all(encrypted):
            yield Finding(f"'{document.name}' keeps logs of sessions in the clear", document)


def session(document: Resource) -> Mapping[str, Any] | None:
    """What a document of Session Manager says of sessions, in JSON or YAML; None if unknown."""
    content = document.inputs.get("content")
    if content in (UNKNOWN, SECRET):
        return None
    if isinstance(content, str):
        try:
            content = (
                json.loads(content)
                if is_json(content)
                else parse_yaml(content, document.name, "document").data
            )
        except (ValueError, InputError):
            return None
    return block(content.get("inputs")) if isinstance(content, Mapping) else None


RULES: tuple[Rule, ...] = (
    rule(
        "cluster-logging",
        "Clusters log what their control plane does",
        """The API, audit, authenticator, controller manager and scheduler of a cluster all log.""",
        "does not log all that its control plane does",
        [
            row(
                "aws:eks/cluster:Cluster",
                "enabledClusterLogTypes",
                Want(_all_kinds, sorted(_CONTROL_PLANE)),
                "CKV_AWS_37",
            )
        ],
        guides=("AWS Security Hub EKS.8", "Amazon EKS user guide: control plane logging"),
    ),
    rule(
        "balancer-logs-on",
        "Load balancers and their shields log requests",
        """Who asked for what is written down where it enters.""",
        "does not log requests",
        [
            row(
                "aws:lb/loadBalancer:LoadBalancer",
                "accessLogs.enabled",
                TRUE,
                "CKV_AWS_91",
                example=_ACCESS_LOGS,
                where=[("loadBalancerType", none_of("gateway", instead="application"))],
            ),
            row("aws:elb/loadBalancer:LoadBalancer", "accessLogs.bucket", PRESENT, "CKV_AWS_92"),
            row(
                "aws:elb/loadBalancer:LoadBalancer",
                "accessLogs.enabled",
                TRUE_BY_DEFAULT,
                "CKV_AWS_92",
                example=_ACCESS_LOGS,
            ),
            *(
                row(kind, "loggingConfiguration.logDestination", PRESENT, "CKV_AWS_176")
                for kind in ("aws:waf/webAcl:WebAcl", "aws:wafregional/webAcl:WebAcl")
            ),
        ],
        severity="advisory",
        guides=("AWS Security Hub ELB.5 and WAF.1",),
    ),
    rule(
        "services-log",
        "Services keep logs",
        """Databases, brokers, search domains and state machines publish their logs: nothing else
        tells afterwards what went wrong, or who did it.""",
        "keeps no logs",
        [
            row(_BROKER, "logs.general", TRUE, "CKV_AWS_48"),
            *(
                row(kind, "enabledCloudwatchLogsExports", PRESENT, check, example=[example])
                for kind, check, example in (
                    ("aws:docdb/cluster:Cluster", "CKV_AWS_85", "audit"),
                    ("aws:rds/instance:Instance", "CKV_AWS_129", "<a log of this engine>"),
                    ("aws:rds/cluster:Cluster", "CKV_AWS_324", "<a log of this engine>"),
                )
            ),
            row(
                "aws:sfn/stateMachine:StateMachine",
                "loggingConfiguration.includeExecutionData",
                TRUE,
                "CKV_AWS_285",
            ),
            row(
                "aws:ecs/cluster:Cluster",
                "configuration.executeCommandConfiguration.logging",
                none_of("NONE", instead="DEFAULT"),
                "CKV_AWS_223",
                "CKV_AWS_224",
            ),
        ],
        also=_search,
        references=("CKV_AWS_84",),
        severity="advisory",
        remedy="publish its logs",
        guides=(
            "AWS Security Hub RDS.9, RDS.34, DocumentDB.4, Opensearch.4, StepFunctions.1, MQ.2",
        ),
    ),
    rule(
        "services-audited",
        "Services log who did what",
        """Brokers and search domains write down who changed what, beside how they fare.""",
        "does not log who did what",
        [
            row(
                _BROKER,
                "logs.audit",
                TRUE,
                "CKV_AWS_197",
                where=[("engineType", Want(lambda value: str(value).lower() == "activemq", ""))],
            )
        ],
        also=_search_audit,
        references=("CKV_AWS_317",),
        severity="advisory",
        remedy="publish its audit logs",
        guides=("AWS Security Hub Opensearch.5 and MQ.2",),
    ),
    *(
        rule(
            f"workflow-{part}-logs",
            f"Workflows' {part} logs",
            f"""The {part} of a managed Airflow logs what it does.""",
            f"does not log what its {part} does",
            [row(_WORKFLOWS, f"loggingConfiguration.{part}Logs.enabled", TRUE, check)],
            severity="advisory",
            guides=("Amazon MWAA user guide: viewing Airflow logs",),
        )
        for part, check in (
            ("scheduler", "CKV_AWS_242"),
            ("worker", "CKV_AWS_243"),
            ("webserver", "CKV_AWS_244"),
        )
    ),
    Rule(
        "sessions-logged",
        "Sessions on machines are kept",
        "security",
        judge_sessions,
        "name an encrypted bucket or log group in the document's inputs",
        references=("CKV_AWS_113",),
        guides=("AWS Systems Manager user guide: logging session data",),
        scope="resource",
    ),
    rule(
        "tracing-on",
        "Functions and state machines trace requests",
        """What a request waited for, and where, can be followed through functions.""",
        "does not trace requests",
        [
            row(
                "aws:lambda/function:Function",
                "tracingConfig.mode",
                one_of("Active", "PassThrough"),
                "CKV_AWS_50",
            ),
            row(
                "aws:sfn/stateMachine:StateMachine",
                "tracingConfiguration.enabled",
                TRUE,
                "CKV_AWS_284",
            ),
        ],
        severity="advisory",
        guides=("AWS X-Ray developer guide",),
    ),
)
