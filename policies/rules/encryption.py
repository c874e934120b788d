"""Encryption at rest on AWS: that it is on."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.values import block, blocks, truth
from domain.resources import SECRET, UNKNOWN
from policies.attributes import (
    FALSE_BY_DEFAULT,
    PRESENT,
    TRUE,
    TRUE_BY_DEFAULT,
    Want,
    none_of,
    one_of,
    row,
    rule,
)
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_DOMAINS = "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"
_EMR = "aws:emr/securityConfiguration:SecurityConfiguration"
_EMR_AT_REST = "configuration.EncryptionConfiguration.AtRestEncryptionConfiguration"

_KEY_OR_TRUE = Want(lambda value: value not in ("", "false", False), "alias/aws/sqs", anything=True)

_DISKS = (
    row("aws:ebs/volume:Volume", "encrypted", TRUE, "CKV_AWS_3"),
    row(
        "aws:ebs/encryptionByDefault:EncryptionByDefault", "enabled", TRUE_BY_DEFAULT, "CKV_AWS_106"
    ),
    row(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "blockDeviceMappings[].ebs?.encrypted",
        Want(truth, "true"),
    ),
    row("aws:ec2/amiCopy:AmiCopy", "encrypted", TRUE, "CKV_AWS_235"),
    row(
        _EMR,
        f"{_EMR_AT_REST}.LocalDiskEncryptionConfiguration.EnableEbsEncryption",
        TRUE,
        "CKV_AWS_350",
    ),
    row("aws:workspaces/workspace:Workspace", "rootVolumeEncryptionEnabled", TRUE, "CKV_AWS_156"),
)

_AT_REST = (
    *(row(kind, "encryptAtRest.enabled", TRUE, "CKV_AWS_5") for kind in _DOMAINS),
    row("aws:sqs/queue:Queue", "kmsMasterKeyId | sqsManagedSseEnabled", _KEY_OR_TRUE, "CKV_AWS_27"),
    row("aws:sns/topic:Topic", "kmsMasterKeyId", PRESENT, "CKV_AWS_26"),
    row("aws:efs/fileSystem:FileSystem", "encrypted", TRUE, "CKV_AWS_42"),
    row("aws:kinesis/stream:Stream", "encryptionType", one_of("KMS"), "CKV_AWS_43"),
    row("aws:neptune/cluster:Cluster", "storageEncrypted", TRUE, "CKV_AWS_44"),
    row("aws:dax/cluster:Cluster", "serverSideEncryption.enabled", TRUE, "CKV_AWS_47"),
    row("aws:rds/instance:Instance", "storageEncrypted", TRUE, "CKV_AWS_16"),
    row("aws:rds/cluster:Cluster", "storageEncrypted", TRUE, "CKV_AWS_96"),
    row("aws:docdb/cluster:Cluster", "storageEncrypted", TRUE, "CKV_AWS_74"),
    row("aws:docdb/globalCluster:GlobalCluster", "storageEncrypted", TRUE, "CKV_AWS_292"),
    # The root volume of a workspace is a disk of a machine; what people keep is on the other.
    row("aws:workspaces/workspace:Workspace", "userVolumeEncryptionEnabled", TRUE, "CKV_AWS_155"),
    row(
        "aws:redshift/cluster:Cluster",
        "encrypted",
        Want(truth, "true", absent=True),
        "CKV_AWS_64",
    ),
    row(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "atRestEncryptionEnabled",
        TRUE,
        "CKV_AWS_29",
    ),
    row("aws:appsync/apiCache:ApiCache", "atRestEncryptionEnabled", TRUE, "CKV_AWS_214"),
    row(
        "aws:codebuild/project:Project",
        "artifacts.encryptionDisabled",
        FALSE_BY_DEFAULT,
        "CKV_AWS_78",
        where=[("artifacts.type", none_of("NO_ARTIFACTS", instead="S3"))],
    ),
    row(
        "aws:codebuild/project:Project",
        "secondaryArtifacts[].encryptionDisabled",
        FALSE_BY_DEFAULT,
        "CKV_AWS_78",
    ),
    row(
        "aws:athena/workgroup:Workgroup",
        "configuration.resultConfiguration.encryptionConfiguration.encryptionOption",
        one_of("SSE_KMS", "CSE_KMS", "SSE_S3"),
        "CKV_AWS_159",
    ),
    row(
        "aws:dlm/lifecyclePolicy:LifecyclePolicy",
        "policyDetails.schedules[].crossRegionCopyRules[].encrypted",
        TRUE,
        "CKV_AWS_255",
    ),
    row(_EMR, f"{_EMR_AT_REST}.LocalDiskEncryptionConfiguration", PRESENT, "CKV_AWS_349"),
    *(
        row(f"aws:glue/{kind}", "securityConfiguration", PRESENT, "CKV_AWS_195")
        for kind in ("crawler:Crawler", "devEndpoint:DevEndpoint", "job:Job")
    ),
)


def _devices(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Disks of machines and images: those of a snapshot are encrypted as it is."""
    for resource in world.of_type(
        "aws:ec2/instance:Instance",
        "aws:ec2/launchConfiguration:LaunchConfiguration",
        "aws:ec2/ami:Ami",
    ):
        root = [("rootBlockDevice", block(resource.inputs.get("rootBlockDevice")))]
        disks = blocks(resource.inputs.get("ebsBlockDevices"))
        found = [(str(disk.get("deviceName", "a disk")), disk) for disk in disks]
        for name, disk in found if resource.type == "aws:ec2/ami:Ami" else root + found:
            if disk.get("encrypted") in (UNKNOWN, SECRET):
                yield Undecided(
                    f"whether {name} of '{resource.name}' is encrypted "
                    "is known only after deployment",
                    resource,
                )
            elif not truth(disk.get("encrypted")) and not disk.get("snapshotId"):
                yield Finding(f"'{resource.name}' has a disk in the clear: {name}", resource)
                break


RULES: tuple[Rule, ...] = (
    rule(
        "disks-encrypted",
        "Disks are encrypted",
        """Every disk of a machine, of an image and of a cluster's nodes is encrypted: snapshots and
        discarded disks outlive the machines that wrote them.""",
        "leaves disks in the clear",
        _DISKS,
        also=_devices,
        references=("CKV_AWS_8", "CKV_AWS_204"),
        remedy="encrypt each disk: encrypted=True in root_block_device and ebs_block_devices",
        guides=("CIS AWS Foundations 3.0, 2.2.1", "AWS Security Hub EC2.3 and EC2.7"),
    ),
    rule(
        "encrypted-at-rest",
        "Stores of data are encrypted at rest",
        """Every store of data, queue and cache that is not encrypted by itself has encryption
        switched on, so that a lost disk, snapshot or copy tells nothing.""",
        "stores data in the clear",
        _AT_REST,
        guides=(
            "CIS AWS Foundations 3.0, 2.3.1 and 2.4.1",
            "AWS Security Hub EFS.1, RDS.3, Opensearch.1, Kinesis.1, DynamoDB.3",
        ),
    ),
)
