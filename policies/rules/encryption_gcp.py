"""Google Cloud: whose keys the data at rest is encrypted with, and how long they are used."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.costing.values import blocks, text, truth
from domain.resources import UNKNOWN, Resource
from policies.demands import at, inside, refers, shown, stated, together, undecided, written
from policies.remedies import Code
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.rules.compute_gcp import TEMPLATES
from policies.world import World

_SPEC = "encryptionSpec.kmsKeyName"
_TABLE = "gcp:bigquery/table:Table"
_DATASET = "gcp:bigquery/dataset:Dataset"
_DATASET_KEY = "defaultEncryptionConfiguration.kmsKeyName"

KEYS = {
    "gcp:alloydb/cluster:Cluster": "encryptionConfig.kmsKeyName",
    "gcp:artifactregistry/repository:Repository": "kmsKeyName",
    _DATASET: _DATASET_KEY,
    "gcp:cloudfunctions/function:Function": "kmsKeyName",
    "gcp:cloudfunctionsv2/function:Function": "kmsKeyName",
    "gcp:cloudrunv2/job:Job": "template.template.encryptionKey",
    "gcp:cloudrunv2/service:Service": "template.encryptionKey",
    "gcp:composer/environment:Environment": "config.encryptionConfig.kmsKeyName",
    "gcp:container/cluster:Cluster": "databaseEncryption.keyName",
    "gcp:dataflow/flexTemplateJob:FlexTemplateJob": "kmsKeyName",
    "gcp:dataflow/job:Job": "kmsKeyName",
    "gcp:datafusion/instance:Instance": "cryptoKeyConfig.keyReference",
    "gcp:dataproc/cluster:Cluster": "clusterConfig.encryptionConfig.kmsKeyName",
    "gcp:lustre/instance:Instance": "kmsKey",
    "gcp:memorystore/instance:Instance": "kmsKey",
    "gcp:pubsub/topic:Topic": "kmsKeyName",
    "gcp:redis/cluster:Cluster": "kmsKey",
    "gcp:redis/instance:Instance": "customerManagedKey",
    "gcp:sql/databaseInstance:DatabaseInstance": "encryptionKeyName",
    "gcp:storage/bucket:Bucket": "encryption.defaultKmsKeyName",
    "gcp:vertex/aiDataset:AiDataset": _SPEC,
    "gcp:vertex/aiEndpoint:AiEndpoint": _SPEC,
    "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore": _SPEC,
    "gcp:vertex/aiFeatureStore:AiFeatureStore": _SPEC,
    "gcp:vertex/aiIndex:AiIndex": _SPEC,
    "gcp:vertex/aiMetadataStore:AiMetadataStore": _SPEC,
    "gcp:vertex/aiTensorboard:AiTensorboard": _SPEC,
    "gcp:workbench/instance:Instance": "gceSetup.bootDisk.kmsKey",
}
"""Type of resource → where it names the Cloud KMS key of its data."""

_KEY = Code("key.id")
_EXAMPLES = {
    "gcp:container/cluster:Cluster": {"state": "ENCRYPTED", "keyName": _KEY},
}
"""Where a key alone is not enough."""

_DISK_KEYS = ("kmsKeySelfLink", "kmsKeyName", "rawKey", "rsaEncryptedKey")
_DISKS = {
    "gcp:compute/disk:Disk": "diskEncryptionKey",
    "gcp:compute/regionDisk:RegionDisk": "diskEncryptionKey",
}
# Whose files a key is offered for: the basic tiers take none.
_FILESTORE = "gcp:filestore/instance:Instance"
_FILESTORE_WITH_KEYS = ("ENTERPRISE", "ZONAL", "REGIONAL", "HIGH_SCALE_SSD")

_NOT_OURS = "is encrypted with a key of Google's, which you can neither rotate nor withdraw"


def _tables(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A table has its own key or its dataset's; a view stores nothing."""
    path = "encryptionConfiguration.kmsKeyName"
    for table in world.of_type(_TABLE):
        if table.get("view"):
            continue
        dataset = world.referred(table, "datasetId", _DATASET)
        if dataset is not None and at(dataset, _DATASET_KEY):
            continue
        yield from _named(table, path, at(table, path))


def _spanner(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A database names one key, or one for each region."""
    for database in world.of_type("gcp:spanner/database:Database"):
        path = "encryptionConfig.kmsKeyName"
        key = at(database, path) or at(database, "encryptionConfig.kmsKeyNames")
        yield from _named(database, path, key)


def _bigtable(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Every cluster of an instance names its key."""
    for instance in world.of_type("gcp:bigtable/instance:Instance"):
        clusters = at(instance, "clusters")
        keys = [each.get("kmsKeyName") for each in blocks(clusters)]
        keys += [UNKNOWN] if clusters == UNKNOWN else []
        path = "clusters.kmsKeyName"
        yield from _named(
            instance, path, _weakest(keys), [{"clusterId": "<its name>", "kmsKeyName": _KEY}]
        )


def _filestore(world: World, _: NoSettings) -> Iterator[Judgement]:
    for share in world.of_type(_FILESTORE):
        if text(share.get("tier")) in _FILESTORE_WITH_KEYS:
            yield from _named(share, "kmsKeyName", at(share, "kmsKeyName"))


def _disks(world: World, _: NoSettings) -> Iterator[Judgement]:
    for kind, path in _DISKS.items():
        for disk in world.of_type(kind):
            name = "kmsKeyName" if kind.endswith("RegionDisk") else "kmsKeySelfLink"
            yield from _named(disk, path, _disk_key(at(disk, path)), {name: _KEY})


def _boot_disks(world: World, _: NoSettings) -> Iterator[Judgement]:
    for instance in world.of_type("gcp:compute/instance:Instance"):
        disk = at(instance, "bootDisk")
        if text(inside(disk, "source")):
            continue  # a disk of its own, which is judged there
        key = inside(disk, "kmsKeySelfLink") or inside(disk, "diskEncryptionKeyRaw")
        yield from _named(instance, "bootDisk.kmsKeySelfLink", key)


def _template_disks(world: World, _: NoSettings) -> Iterator[Judgement]:
    for template in world.of_type(*TEMPLATES):
        disks = at(template, "disks")
        if disks == UNKNOWN:
            yield undecided(template, "disks")
        keys = [
            _disk_key(disk.get("diskEncryptionKey"))
            for disk in blocks(disks)
            if disk.get("type") != "SCRATCH" and not disk.get("source")
        ]
        if keys:
            example = [{"diskEncryptionKey": {"kmsKeySelfLink": _KEY}}]
            yield from _named(template, "disks.diskEncryptionKey", _weakest(keys), example)


def _disk_key(block: object) -> object:
    """The key in a ``diskEncryptionKey``: one of Cloud KMS, or one that comes with requests."""
    return next(filter(None, (inside(block, name) for name in _DISK_KEYS)), None)


def _weakest(keys: list[object]) -> object:
    """Nothing if a key is missing, else unknown if one is, else one of them."""
    missing = [key for key in keys if not key]
    return None if missing or not keys else UNKNOWN if UNKNOWN in keys else keys[0]


def _named(
    resource: Resource, path: str, key: object, example: object = None
) -> Iterator[Judgement]:
    """Whether a key is named; ``example`` is what to write at the first step, if not a key."""
    if key == UNKNOWN and not refers(resource, path):
        yield undecided(resource, path)
    elif not key:
        examples = {} if example is None else {resource.type: example}
        yield Finding(
            f"'{resource.name}' {_NOT_OURS}: {path} is not set",
            resource,
            written(resource.type, path, _KEY, examples),
        )


_PERIOD = re.compile(r"(\d+(?:\.\d+)?)s")
_LONGEST_PERIOD_SECONDS = 90 * 86_400


def rotated(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A key that encrypts gets a new version at least every 90 days, by itself.

    The fewer bytes a version has encrypted, the less its loss gives away. Keys that sign, and
    keys whose material is imported, cannot be rotated so.
    """
    for key in world.of_type("gcp:kms/cryptoKey:CryptoKey"):
        purpose = at(key, "purpose") or "ENCRYPT_DECRYPT"
        if purpose != "ENCRYPT_DECRYPT" or truth(key.get("importOnly")):
            continue
        period = at(key, "rotationPeriod")
        if period == UNKNOWN:
            yield undecided(key, "rotationPeriod")
            continue
        seconds = _PERIOD.fullmatch(str(period or ""))
        if not seconds or float(seconds[1]) > _LONGEST_PERIOD_SECONDS:
            yield Finding(
                f"'{key.name}' is not rotated every 90 days: rotationPeriod is {shown(period)}", key
            )


RULES: tuple[Rule, ...] = (
    Rule(
        id="encrypted-with-managed-key",
        title="Data at rest is encrypted with a key that you manage",
        category="security",
        judge=together(
            stated(KEYS, _NOT_OURS, example=_KEY, examples=_EXAMPLES),
            _tables,
            _spanner,
            _bigtable,
            _filestore,
        ),
        remedy="name a key of Cloud KMS",
        references=(
            "CKV_GCP_80",
            "CKV_GCP_81",
            "CKV_GCP_83",
            "CKV_GCP_84",
            "CKV_GCP_85",
            "CKV_GCP_90",
            "CKV_GCP_91",
            "CKV_GCP_92",
            "CKV_GCP_93",
            "CKV_GCP_96",
        ),
        guides=("Cloud KMS: customer-managed encryption keys", "CIS GCP Foundation: BigQuery CMEK"),
    ),
    Rule(
        id="disks-encrypted-with-managed-key",
        title="Disks are encrypted with a key that you manage",
        category="security",
        judge=together(_disks, _boot_disks, _template_disks),
        remedy="name a key of Cloud KMS",
        references=("CKV_GCP_37", "CKV_GCP_38"),
        guides=(
            "CIS GCP Foundation: VM disks are encrypted with customer-supplied keys",
            "Compute Engine: protect resources with Cloud KMS keys",
        ),
        scope="resource",
    ),
    Rule(
        id="keys-rotated",
        title="Encryption keys are rotated by themselves",
        category="security",
        judge=rotated,
        remedy='set rotation_period="7776000s"',
        references=("CKV_GCP_43",),
        guides=("CIS GCP Foundation: KMS keys are rotated within 90 days",),
        scope="resource",
    ),
)
