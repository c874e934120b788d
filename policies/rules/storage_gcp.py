"""Google Cloud: what buckets must say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from domain.resources import UNKNOWN
from policies.demands import at, demand, refers, switched_on, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_BUCKET = "gcp:storage/bucket:Bucket"


def logs_elsewhere(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A bucket that keeps its access log in itself logs its own logging, for ever."""
    for bucket in world.of_type(_BUCKET):
        target = at(bucket, "logging.logBucket")
        if target == UNKNOWN and not refers(bucket, "logging"):
            yield undecided(bucket, "logging.logBucket")
            continue
        itself = {bucket.id, bucket.get("name")} - {None}
        if target in itself or world.referred(bucket, "logging") is bucket:
            yield Finding(f"'{bucket.name}' writes its access log into itself", bucket)


RULES: tuple[Rule, ...] = (
    Rule(
        id="bucket-public-access-prevented",
        title="No bucket can be made public",
        category="security",
        judge=demand(
            {_BUCKET: "publicAccessPrevention"},
            lambda value: value == "enforced",
            "can be made public by one binding",
        ),
        remedy='set public_access_prevention="enforced"',
        references=("CKV_GCP_114",),
        guides=("Cloud Storage: public access prevention",),
        scope="resource",
    ),
    Rule(
        id="bucket-uniform-access",
        title="Access to buckets is governed by IAM alone",
        category="security",
        judge=switched_on(
            {_BUCKET: "uniformBucketLevelAccess"}, "lets objects have access lists of their own"
        ),
        remedy="set uniform_bucket_level_access=True",
        references=("CKV_GCP_29",),
        guides=("CIS GCP Foundation: buckets have uniform bucket-level access enabled",),
        scope="resource",
    ),
    Rule(
        id="buckets-versioned",
        title="Buckets keep what is overwritten",
        category="security",
        judge=switched_on({_BUCKET: "versioning.enabled"}, "forgets what is overwritten"),
        remedy="set versioning={'enabled': True}, and a lifecycle rule that expires old versions",
        references=("CKV_GCP_78",),
        guides=("Cloud Storage: object versioning",),
        scope="resource",
    ),
    Rule(
        id="bucket-logs-elsewhere",
        title="No bucket logs to itself",
        category="security",
        judge=logs_elsewhere,
        remedy="name another bucket in logging={'log_bucket': …}",
        references=("CKV_GCP_63",),
        guides=("Cloud Storage: usage logs and storage logs",),
    ),
)
