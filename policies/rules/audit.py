"""The audit trail of AWS, the flows of its networks, and how long logs are kept."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.values import number
from domain.frozen import Frozen
from domain.resources import SECRET, UNKNOWN
from policies.attributes import (
    PRESENT,
    TRUE,
    TRUE_BY_DEFAULT,
    one_of,
    row,
    rule,
)
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_TRAIL = "aws:cloudtrail/trail:Trail"
_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


class KeptDays(Frozen):
    """How long logs are kept at least."""

    minimum_days: int = 365


def judge_retention(world: World, settings: KeptDays) -> Iterator[Judgement]:
    """Logs are kept for a year at least: most break-ins are found months after they began.

    Groups that name no number of days, or 0, keep logs for ever.
    """
    for group in world.of_type(_LOG_GROUP):
        written = group.inputs.get("retentionInDays")
        days = number(written)
        if written in (UNKNOWN, SECRET):
            yield Undecided(
                f"how long '{group.name}' keeps logs is known only after deployment", group
            )
        elif days and days < settings.minimum_days:
            kept = "1 day" if days == 1 else f"{days:g} days"
            yield Finding(
                f"'{group.name}' keeps logs for {kept}, not {settings.minimum_days}",
                group,
                f"set retention_in_days={settings.minimum_days}",
            )


def judge_flows(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Every network writes down who spoke to whom."""
    for vpc in world.of_type("aws:ec2/vpc:Vpc"):
        if not world.users(vpc, "aws:ec2/flowLog:FlowLog"):
            yield Finding(f"'{vpc.name}' writes no flow log", vpc)


_HOLDS_DATA = (
    "aws:s3/bucket:Bucket",
    "aws:rds/instance:Instance",
    "aws:rds/cluster:Cluster",
    "aws:dynamodb/table:Table",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    "aws:efs/fileSystem:FileSystem",
)
_TRAILS = (
    _TRAIL,
    "aws:cloudtrail/eventDataStore:EventDataStore",
    "aws:cloudtrail/organizationDelegatedAdminAccount:OrganizationDelegatedAdminAccount",
)


def judge_declared(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A stack that holds data, or has machines with accelerators, has a trail that outlives the
    90 days for which AWS keeps events by itself."""
    worth = any(world.of_type(*_HOLDS_DATA)) or any(
        each.accelerators for each in world.fleets if each.provider == "aws"
    )
    if worth and not any(world.of_type(*_TRAILS)):
        yield Finding("who does what in this stack's account is kept by no trail of the stack")


RULES: tuple[Rule, ...] = (
    Rule(
        "audit-trail-declared",
        "There is an audit trail",
        "security",
        judge_declared,
        "declare a cloudtrail.Trail with is_multi_region_trail=True and "
        "enable_log_file_validation=True, or see that the account or the organisation has one",
        severity="advisory",
        guides=("CIS AWS Foundations 3.0, 3.1", "AWS Security Hub CloudTrail.1"),
    ),
    rule(
        "audit-trail-on",
        "The audit trail is on",
        """A trail that is declared records: one that is switched off hides what came after.""",
        "records nothing",
        [row(_TRAIL, "enableLogging", TRUE_BY_DEFAULT, "CKV_AWS_251")],
        guides=("CIS AWS Foundations 3.0, 3.1", "AWS Security Hub CloudTrail.1"),
    ),
    rule(
        "audit-trail-everywhere",
        "The audit trail covers every region",
        """A trail covers every region: strangers work where nobody looks.""",
        "records one region only",
        [row(_TRAIL, "isMultiRegionTrail", TRUE, "CKV_AWS_67")],
        guides=("CIS AWS Foundations 3.0, 3.1", "AWS Security Hub CloudTrail.1"),
    ),
    rule(
        "audit-trail-validated",
        "The audit trail cannot be rewritten unseen",
        """Digests are written beside the records, so that a changed or missing one shows.""",
        "can be rewritten unseen",
        [row(_TRAIL, "enableLogFileValidation", TRUE, "CKV_AWS_36")],
        guides=("CIS AWS Foundations 3.0, 3.2", "AWS Security Hub CloudTrail.4"),
    ),
    rule(
        "audit-trail-tells",
        "The audit trail tells when records arrive",
        """A trail tells a topic of new records, so that something can read them as they come.""",
        "tells nobody of new records",
        [row(_TRAIL, "snsTopicName", PRESENT, "CKV_AWS_252")],
        severity="advisory",
        guides=("AWS CloudTrail user guide: configuring Amazon SNS notifications",),
    ),
    Rule(
        "flow-logs-on",
        "Networks write down who spoke to whom",
        "security",
        judge_flows,
        "add an ec2.FlowLog with vpc_id and traffic_type='ALL'",
        severity="advisory",
        references=("CKV2_AWS_11",),
        guides=("CIS AWS Foundations 3.0, 3.7", "AWS Security Hub EC2.6"),
    ),
    rule(
        "logs-end",
        "Logs say how long they are kept",
        """Groups of logs name a number of days: what nobody chose is kept, and paid for, for
        ever.""",
        "does not say how long it keeps logs",
        [row(_LOG_GROUP, "retentionInDays", PRESENT, "CKV_AWS_66", example=365)],
        severity="advisory",
        guides=("Amazon CloudWatch Logs user guide: log retention",),
    ),
    Rule(
        "logs-kept",
        "Logs are kept long enough",
        "security",
        judge_retention,
        "set retention_in_days=365",
        severity="advisory",
        settings=KeptDays,
        references=("CKV_AWS_338",),
        guides=("AWS Security Hub CloudWatch.16",),
        scope="resource",
    ),
    rule(
        "threats-watched",
        "Watching for threats is not switched off",
        """A declared detector of GuardDuty is on, and certificates are written in public logs,
        where a forged one shows.""",
        "is switched off",
        [
            row("aws:guardduty/detector:Detector", "enable", TRUE_BY_DEFAULT, "CKV_AWS_238"),
            row(
                "aws:acm/certificate:Certificate",
                "options.certificateTransparencyLoggingPreference",
                one_of("ENABLED", by_default=True),
                "CKV_AWS_234",
            ),
        ],
        guides=("AWS Security Hub GuardDuty.1", "RFC 6962"),
    ),
)
