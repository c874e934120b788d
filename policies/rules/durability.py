"""What survives a mistake on AWS: backups, versions, protection from deletion, upgrades."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from domain.costing.values import block, number, truth
from domain.resources import SECRET, UNKNOWN
from policies.attributes import TRUE, TRUE_BY_DEFAULT, Want, between, one_of, row, rule
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_INSTANCE = "aws:rds/instance:Instance"
_CLUSTER = "aws:rds/cluster:Cluster"
_NEPTUNE = "aws:neptune/cluster:Cluster"
_DOCUMENTS = "aws:docdb/cluster:Cluster"
_CACHE = "aws:elasticache/cluster:Cluster"
_DOMAINS = "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"
_REDIS = (("engine", one_of("redis", "valkey")),)
_REPLICA = (("replicateSourceDb", Want(lambda value: not value, "", absent=True)),)
_AURORA_MYSQL = (("engine", one_of("aurora", "aurora-mysql", by_default=True)),)

_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1.0}
_LONGEST_ROTATION_DAYS = 90
_LONGEST_MONTH_DAYS = 31
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MONTH = rf"(?:\*|\?|1[0-2]|0?[1-9]|{'|'.join(_MONTHS)})"
_SOME_MONTHS = rf"{_MONTH}(?:-{_MONTH})?(?:/[1-9]\d*)?"
_CALENDAR = re.compile(
    rf"cron\(\S+ \S+ \S+ (?P<months>{_SOME_MONTHS}(?:,{_SOME_MONTHS})*) \S+ \S+\)", re.IGNORECASE
)


def judge_versions(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Buckets keep what is overwritten and deleted, for as long as a lifecycle rule says."""
    versioning = "aws:s3/bucketVersioning:BucketVersioning"
    for bucket in world.of_type("aws:s3/bucket:Bucket"):
        states = [
            block(each.inputs.get("versioningConfiguration")).get("status")
            for each in world.users(bucket, versioning)
        ]
        if truth(block(bucket.inputs.get("versioning")).get("enabled")) or "Enabled" in states:
            continue
        if UNKNOWN in states:
            yield Undecided(
                f"whether '{bucket.name}' keeps versions is known only after deployment", bucket
            )
        else:
            yield Finding(f"'{bucket.name}' keeps no versions of its objects", bucket)


def judge_rotation(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Secrets are changed by themselves, every 90 days at least."""
    for rotation in world.of_type("aws:secretsmanager/secretRotation:SecretRotation"):
        rules = block(rotation.inputs.get("rotationRules"))
        schedule = rules.get("scheduleExpression")
        if UNKNOWN in (rotation.inputs.get("rotationRules"), schedule):
            yield Undecided(
                f"how often '{rotation.name}' changes its secret is known only after deployment",
                rotation,
            )
            continue
        found = _RATE.fullmatch(str(schedule or ""))
        calendar = _CALENDAR.fullmatch(str(schedule or ""))
        days = number(rules.get("automaticallyAfterDays"))
        if found:
            days = int(found.group(1)) * _DAYS[found.group(2)]
        if calendar and not found:
            days = _longest_pause(calendar["months"]) * _LONGEST_MONTH_DAYS
        if days is not None and days > _LONGEST_ROTATION_DAYS:
            yield Finding(
                f"'{rotation.name}' changes its secret every {days:g} days only", rotation
            )
        elif days is None and not schedule:
            yield Finding(f"'{rotation.name}' does not say how often it changes", rotation)


def _longest_pause(written: str) -> int:
    """How many months pass at most from one month that a calendar names to the next."""
    named: set[int] = set()
    for part in written.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = 1 if first in ("*", "?") else _month(first)
        end = _month(last) if last else 12 if step or first in ("*", "?") else start
        end += 12 if end < start else 0
        named.update((month - 1) % 12 + 1 for month in range(start, end + 1, int(step or 1)))
    months = sorted(named)
    return max(after - before for before, after in pairwise((*months, months[0] + 12)))


def _month(written: str) -> int:
    return int(written) if written.isdigit() else _MONTHS.index(written.upper()) + 1


def _snapshots(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Databases and caches whose backups are a number of days."""
    for warehouse in world.of_type("aws:redshift/cluster:Cluster"):
        days = warehouse.inputs.get("automatedSnapshotRetentionPeriod")
        if days in (UNKNOWN, SECRET):
            yield Undecided(
                f"how long '{warehouse.name}' keeps backups is known only after deployment",
                warehouse,
            )
        elif number(days) == 0:
            yield Finding(f"'{warehouse.name}' keeps no backups", warehouse)


RULES: tuple[Rule, ...] = (
    rule(
        "databases-backed-up",
        "Databases are backed up",
        """Databases and caches keep daily backups, clusters of documents and graphs for a week at
        least, so that a mistake can be taken back.""",
        "keeps too few backups",
        [
            row(_INSTANCE, "backupRetentionPeriod", between(1, 35), "CKV_AWS_133", where=_REPLICA),
            row(_CLUSTER, "backupRetentionPeriod", between(1, 35, by_default=True), "CKV_AWS_133"),
            row(_DOCUMENTS, "backupRetentionPeriod", between(7), "CKV_AWS_360"),
            row(_NEPTUNE, "backupRetentionPeriod", between(7), "CKV_AWS_361"),
            row(_CACHE, "snapshotRetentionLimit", between(1), "CKV_AWS_134", where=_REDIS),
        ],
        also=_snapshots,
        references=("CKV_AWS_343",),
        remedy="keep backups for seven days at least",
        guides=("AWS Security Hub RDS.11, DocumentDB.2, Neptune.5, ElastiCache.1 and Redshift.3",),
    ),
    rule(
        "databases-deletion-protected",
        "What holds much is not deleted by a slip",
        """Databases, load balancers and firewalls refuse to be deleted until somebody says so
        twice.""",
        "can be deleted by a slip",
        [
            row(
                "aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection", TRUE, "CKV_AWS_150"
            ),
            row("aws:networkfirewall/firewall:Firewall", "deleteProtection", TRUE, "CKV_AWS_344"),
            row(_INSTANCE, "deletionProtection", TRUE, "CKV_AWS_293"),
            row(_CLUSTER, "deletionProtection", TRUE, "CKV_AWS_139"),
        ],
        guides=("AWS Security Hub ELB.6, NetworkFirewall.9, RDS.7 and RDS.8",),
    ),
    rule(
        "domains-locked",
        "Nobody moves a domain away",
        """Registered domains are locked against a transfer to somebody else.""",
        "may be transferred",
        [
            row(
                "aws:route53domains/registeredDomain:RegisteredDomain",
                "transferLock",
                TRUE_BY_DEFAULT,
                "CKV_AWS_377",
            )
        ],
        guides=("Amazon Route 53 developer guide: locking a domain",),
    ),
    rule(
        "databases-current",
        "Databases take small upgrades by themselves",
        """Minor versions, which mend holes, are taken in the maintenance window.""",
        "does not take small upgrades",
        [
            *(
                row(kind, "autoMinorVersionUpgrade", TRUE_BY_DEFAULT, "CKV_AWS_226")
                for kind in (_INSTANCE, "aws:rds/clusterInstance:ClusterInstance")
            ),
            row(
                "aws:dms/replicationInstance:ReplicationInstance",
                "autoMinorVersionUpgrade",
                TRUE,
                "CKV_AWS_222",
            ),
            row(
                _CACHE,
                "autoMinorVersionUpgrade",
                Want(truth, "true", absent=True),
                "CKV_AWS_322",
                where=_REDIS,
            ),
        ],
        severity="advisory",
        guides=("CIS AWS Foundations 3.0, 2.3.2", "AWS Security Hub RDS.13, DMS.6, ElastiCache.2"),
    ),
    rule(
        "snapshots-tagged",
        "Backups bear the tags of what they are of",
        """Snapshots get the tags of their cluster: rules and bills that go by tags hold for them
        too.""",
        "leaves its backups without tags",
        [
            row(_CLUSTER, "copyTagsToSnapshot", TRUE, "CKV_AWS_313"),
            row(_NEPTUNE, "copyTagsToSnapshot", TRUE, "CKV_AWS_362"),
        ],
        severity="advisory",
        category="hygiene",
        guides=("AWS Security Hub RDS.16 and Neptune.8",),
    ),
    rule(
        "databases-rewind",
        "Aurora can be taken back in time",
        """Clusters of Aurora MySQL keep the changes of some hours, and go back in minutes.""",
        "cannot be taken back in time",
        [row(_CLUSTER, "backtrackWindow", between(1), "CKV_AWS_326", where=_AURORA_MYSQL)],
        severity="advisory",
        category="reliability",
        guides=("AWS Security Hub RDS.14",),
    ),
    rule(
        "search-survives-a-zone",
        "Search domains survive a zone",
        """Search domains have three masters of their own, and nodes in several zones.""",
        "does not survive the loss of a zone",
        [
            demand
            for kind in _DOMAINS
            for demand in (
                row(kind, "clusterConfig.dedicatedMasterCount", between(3), "CKV_AWS_318"),
                row(kind, "clusterConfig.dedicatedMasterEnabled", TRUE_BY_DEFAULT, "CKV_AWS_318"),
                row(kind, "clusterConfig.zoneAwarenessEnabled", TRUE, "CKV_AWS_318"),
            )
        ],
        severity="advisory",
        category="reliability",
        guides=("AWS Security Hub Opensearch.6 and Opensearch.11",),
    ),
    Rule(
        "buckets-versioned",
        "Buckets keep versions",
        "security",
        judge_versions,
        "add an s3.BucketVersioning with versioning_configuration={'status': 'Enabled'}",
        references=("CKV_AWS_21",),
        guides=("AWS Security Hub S3.14", "Amazon S3 user guide: versioning"),
    ),
    Rule(
        "secrets-rotated",
        "Secrets are changed within 90 days",
        "security",
        judge_rotation,
        "set rotation_rules={'automatically_after_days': 90}",
        references=("CKV_AWS_304",),
        guides=("AWS Security Hub SecretsManager.1 and SecretsManager.4",),
        scope="resource",
    ),
    rule(
        "file-system-doors",
        "A door to a file system leads to one folder",
        """Access points of EFS lead to a folder of their own, not to the root of all.""",
        "leads to the root of the file system",
        [
            row(
                "aws:efs/accessPoint:AccessPoint",
                "rootDirectory.path",
                Want(lambda value: value not in ("", "/"), "/data"),
                "CKV_AWS_329",
            )
        ],
        guides=("AWS Security Hub EFS.3",),
    ),
    rule(
        "file-system-users",
        "A door to a file system says as whom one enters",
        """Access points of EFS give whoever enters a user of their own.""",
        "lets clients say who they are",
        [
            row(
                "aws:efs/accessPoint:AccessPoint",
                "posixUser",
                Want(bool, {"uid": 1000, "gid": 1000}),
                "CKV_AWS_330",
            )
        ],
        guides=("AWS Security Hub EFS.4",),
    ),
)
