"""Keys on AWS: encrypted with one of the owner's, which turns and which nobody else uses."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.values import blocks, truth
from domain.resources import UNKNOWN
from policies.attributes import (
    FALSE_BY_DEFAULT,
    KEY,
    TRUE,
    Want,
    none_of,
    one_of,
    row,
    rule,
    values,
)
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_DOMAINS = "aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain"
_EXEC = "configuration.executeCommandConfiguration"
_HAS_EXEC = ((_EXEC, Want(bool, {})),)
_ARTIFACTS = (("artifacts.type", none_of("NO_ARTIFACTS", instead="S3")),)
_ENV = (("environment.variables", Want(bool, {})),)

# Type → where its key is named, and the equivalent check, where one is known.
_KEYS = (
    ("aws:appflow/connectorProfile:ConnectorProfile", "kmsArn", "CKV_AWS_264"),
    ("aws:appflow/flow:Flow", "kmsArn", "CKV_AWS_263"),
    ("aws:backup/vault:Vault", "kmsKeyArn", "CKV_AWS_166"),
    ("aws:cloudtrail/eventDataStore:EventDataStore", "kmsKeyId", "CKV_AWS_294"),
    ("aws:cloudtrail/trail:Trail", "kmsKeyId", "CKV_AWS_35"),
    ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId", "CKV_AWS_158"),
    (
        "aws:codegurureviewer/repositoryAssociation:RepositoryAssociation",
        "kmsKeyDetails.kmsKeyId",
        "CKV_AWS_381",
    ),
    ("aws:codeartifact/domain:Domain", "encryptionKey", "CKV_AWS_221"),
    ("aws:comprehend/entityRecognizer:EntityRecognizer", "modelKmsKeyId", "CKV_AWS_267"),
    (
        "aws:dms/endpoint:Endpoint",
        "kmsKeyArn | s3Settings.serverSideEncryptionKmsKeyId",
        "CKV_AWS_296",
    ),
    ("aws:dms/replicationInstance:ReplicationInstance", "kmsKeyArn", "CKV_AWS_212"),
    ("aws:dms/s3Endpoint:S3Endpoint", "kmsKeyArn", "CKV_AWS_298"),
    ("aws:docdb/cluster:Cluster", "kmsKeyId", "CKV_AWS_182"),
    ("aws:dynamodb/tableReplica:TableReplica", "kmsKeyArn", "CKV_AWS_271"),
    ("aws:efs/fileSystem:FileSystem", "kmsKeyId", "CKV_AWS_184"),
    ("aws:fsx/lustreFileSystem:LustreFileSystem", "kmsKeyId", "CKV_AWS_190"),
    ("aws:fsx/ontapFileSystem:OntapFileSystem", "kmsKeyId", "CKV_AWS_178"),
    ("aws:fsx/openZfsFileSystem:OpenZfsFileSystem", "kmsKeyId", "CKV_AWS_203"),
    ("aws:fsx/windowsFileSystem:WindowsFileSystem", "kmsKeyId", "CKV_AWS_179"),
    ("aws:kendra/index:Index", "serverSideEncryptionConfiguration.kmsKeyId", "CKV_AWS_262"),
    ("aws:keyspaces/table:Table", "encryptionSpecification.kmsKeyIdentifier", "CKV_AWS_265"),
    ("aws:kinesis/stream:Stream", "kmsKeyId", "CKV_AWS_185"),
    ("aws:kinesis/videoStream:VideoStream", "kmsKeyId", "CKV_AWS_177"),
    ("aws:memorydb/cluster:Cluster", "kmsKeyArn", "CKV_AWS_201"),
    ("aws:memorydb/snapshot:Snapshot", "kmsKeyArn", "CKV_AWS_278"),
    ("aws:mq/broker:Broker", "encryptionOptions.kmsKeyId", "CKV_AWS_209"),
    ("aws:neptune/cluster:Cluster", "kmsKeyArn", "CKV_AWS_347"),
    ("aws:rds/cluster:Cluster", "kmsKeyId", "CKV_AWS_327"),
    ("aws:rds/clusterActivityStream:ClusterActivityStream", "kmsKeyId", "CKV_AWS_246"),
    ("aws:redshift/snapshotCopyGrant:SnapshotCopyGrant", "kmsKeyId", "CKV_AWS_281"),
    ("aws:redshiftserverless/namespace:Namespace", "kmsKeyId", "CKV_AWS_282"),
    ("aws:s3/bucketObject:BucketObject", "kmsKeyId", "CKV_AWS_186"),
    ("aws:s3/bucketObjectv2:BucketObjectv2", "kmsKeyId", "CKV_AWS_186"),
    ("aws:s3/objectCopy:ObjectCopy", "kmsKeyId", "CKV_AWS_181"),
    ("aws:sagemaker/domain:Domain", "kmsKeyId", "CKV_AWS_187"),
    ("aws:sagemaker/notebookInstance:NotebookInstance", "kmsKeyId", "CKV_AWS_187"),
    ("aws:scheduler/schedule:Schedule", "kmsKeyArn", "CKV_AWS_297"),
    ("aws:secretsmanager/secret:Secret", "kmsKeyId", "CKV_AWS_149"),
    ("aws:timestreamwrite/database:Database", "kmsKeyId", "CKV_AWS_160"),
)

_MANAGED = (
    *(row(kind, path, KEY, check) for kind, path, check in _KEYS),
    row(
        "aws:eks/cluster:Cluster",
        "encryptionConfig.provider.keyArn",
        KEY,
        "CKV_AWS_58",
        example={"provider": {"keyArn": KEY.example}, "resources": ["secrets"]},
    ),
    *(
        row(
            f"aws:networkfirewall/{kind}",
            "encryptionConfiguration.keyId",
            KEY,
            check,
            example={"type": "CUSTOMER_KMS", "keyId": KEY.example},
        )
        for kind, check in (
            ("firewall:Firewall", "CKV_AWS_345"),
            ("firewallPolicy:FirewallPolicy", "CKV_AWS_346"),
            ("ruleGroup:RuleGroup", "CKV_AWS_345"),
        )
    ),
    row(
        "aws:sagemaker/flowDefinition:FlowDefinition",
        "outputConfig.kmsKeyId",
        KEY,
        "CKV_AWS_372",
        example={"s3OutputPath": "s3://<a bucket>/", "kmsKeyId": KEY.example},
    ),
    *(
        row(
            kind,
            "encryptAtRest.kmsKeyId",
            KEY,
            "CKV_AWS_247",
            example={"enabled": True, "kmsKeyId": KEY.example},
        )
        for kind in _DOMAINS
    ),
    *(
        row(
            "aws:dynamodb/table:Table",
            f"serverSideEncryption.{key}",
            want,
            "CKV_AWS_119",
            example={"enabled": True, "kmsKeyArn": KEY.example},
        )
        for key, want in (("enabled", TRUE), ("kmsKeyArn", KEY))
    ),
    row(
        "aws:mq/broker:Broker", "encryptionOptions.useAwsOwnedKey", FALSE_BY_DEFAULT, "CKV_AWS_209"
    ),
    row(
        "aws:keyspaces/table:Table",
        "encryptionSpecification.type",
        one_of("CUSTOMER_MANAGED_KMS_KEY"),
        "CKV_AWS_265",
    ),
    row(
        "aws:codegurureviewer/repositoryAssociation:RepositoryAssociation",
        "kmsKeyDetails.encryptionOption",
        one_of("CUSTOMER_MANAGED_CMK"),
        "CKV_AWS_381",
    ),
    *(
        row(
            "aws:connect/instanceStorageConfig:InstanceStorageConfig",
            f"storageConfig.{place}?.encryptionConfig.keyId",
            KEY,
            check,
        )
        for place, check in (
            ("kinesisVideoStreamConfig", "CKV_AWS_269"),
            ("s3Config", "CKV_AWS_270"),
        )
    ),
    row("aws:codebuild/project:Project", "encryptionKey", KEY, "CKV_AWS_147", where=_ARTIFACTS),
    row("aws:lambda/function:Function", "kmsKeyArn", KEY, "CKV_AWS_173", where=_ENV),
    row(
        "aws:ssm/parameter:Parameter",
        "keyId",
        KEY,
        "CKV_AWS_337",
        where=[("type", Want(lambda value: value == "SecureString", "SecureString"))],
    ),
    row(
        "aws:emr/securityConfiguration:SecurityConfiguration",
        "configuration.EncryptionConfiguration.AtRestEncryptionConfiguration"
        ".S3EncryptionConfiguration.EncryptionMode",
        one_of("SSE-KMS", "CSE-KMS"),
        "CKV_AWS_171",
    ),
    row("aws:ecs/cluster:Cluster", f"{_EXEC}.kmsKeyId", KEY, "CKV_AWS_224", where=_HAS_EXEC),
    row(
        "aws:ecs/cluster:Cluster",
        f"{_EXEC}.logConfiguration.cloudWatchEncryptionEnabled"
        f" | {_EXEC}.logConfiguration.s3BucketEncryptionEnabled",
        TRUE,
        "CKV_AWS_224",
        where=_HAS_EXEC,
        wrong="keeps logs of sessions in containers in the clear",
    ),
    *(
        row(
            kind,
            "performanceInsightsKmsKeyId",
            KEY,
            "CKV_AWS_354",
            where=[("performanceInsightsEnabled", TRUE)],
        )
        for kind in ("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance")
    ),
    *(
        row(
            "aws:ecr/repository:Repository",
            f"encryptionConfigurations[0].{key}",
            want,
            "CKV_AWS_136",
            example=[{"encryptionType": "KMS", "kmsKey": KEY.example}],
        )
        for key, want in (("encryptionType", one_of("KMS", "KMS_DSSE")), ("kmsKey", KEY))
    ),
    row(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "rules[].applyServerSideEncryptionByDefault.sseAlgorithm",
        one_of("aws:kms", "aws:kms:dsse"),
    ),
)

_DISTRIBUTION = "distributions[].amiDistributionConfiguration?"
_COPY = "policyDetails.schedules[].crossRegionCopyRules[]"
_DISKS = (
    row("aws:ebs/volume:Volume", "kmsKeyId", KEY, "CKV_AWS_189"),
    row("aws:ebs/snapshotCopy:SnapshotCopy", "kmsKeyId", KEY, "CKV_AWS_183"),
    row("aws:ec2/amiCopy:AmiCopy", "kmsKeyId", KEY, "CKV_AWS_236"),
    row("aws:ec2/launchTemplate:LaunchTemplate", "blockDeviceMappings[].ebs?.kmsKeyId", KEY),
    row(
        "aws:dlm/lifecyclePolicy:LifecyclePolicy",
        f"{_COPY}.cmkArn",
        KEY,
        "CKV_AWS_256",
        example={
            "schedules": [{"crossRegionCopyRules": [{"encrypted": True, "cmkArn": KEY.example}]}]
        },
    ),
    row("aws:comprehend/entityRecognizer:EntityRecognizer", "volumeKmsKeyId", KEY, "CKV_AWS_268"),
    row(
        "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
        f"{_DISTRIBUTION}.kmsKeyId",
        KEY,
        "CKV_AWS_199",
    ),
)


def _image_recipes(world: World, _: NoSettings) -> Iterator[Judgement]:
    """The disks that a recipe describes are encrypted, with a key of its owner."""
    for recipe in world.of_type("aws:imagebuilder/imageRecipe:ImageRecipe"):
        disks = [
            (mapping.get("deviceName", "a disk"), disk)
            for mapping in blocks(recipe.inputs.get("blockDeviceMappings"))
            for disk in blocks(mapping.get("ebs"))
        ]
        for device, disk in disks:
            if disk.get("encrypted") == UNKNOWN:
                yield Undecided(
                    f"whether {device} of '{recipe.name}' is encrypted "
                    "is known only after deployment",
                    recipe,
                )
                break
            if not truth(disk.get("encrypted")) or not disk.get("kmsKeyId"):
                yield Finding(f"'{recipe.name}' writes {device} without a key of your own", recipe)
                break


_BUCKET_KEYS = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


def _buckets(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Buckets say which key encrypts them, themselves or by a configuration of their own."""
    inline = (
        "serverSideEncryptionConfiguration.rule.applyServerSideEncryptionByDefault.sseAlgorithm"
    )
    for bucket in world.of_type("aws:s3/bucket:Bucket"):
        if not world.users(bucket, _BUCKET_KEYS) and values(bucket, inline)[0] in (None, "AES256"):
            yield Finding(f"'{bucket.name}' is encrypted with Amazon's own keys", bucket)


_KMS = "aws:kms/key:Key"
_SYMMETRIC = (
    ("customerMasterKeySpec", one_of("SYMMETRIC_DEFAULT", by_default=True)),
    ("keyUsage", one_of("ENCRYPT_DECRYPT", by_default=True)),
)

RULES: tuple[Rule, ...] = (
    rule(
        "encrypted-with-managed-key",
        "Data is encrypted with a key of its owner",
        """Stores of data name a key of their owner: who may read is then said by that key's policy,
        every use is on record, and the data can be made unreadable at once.""",
        "is not encrypted with a key of your own",
        _MANAGED,
        also=_buckets,
        references=("CKV_AWS_145",),
        scope="stack",
        remedy="name the ARN of a key of your own",
        guides=(
            "CIS AWS Foundations 3.0, 3.5",
            "AWS Security Hub CloudTrail.2 and S3.17",
            "AWS KMS developer guide: customer managed keys",
        ),
    ),
    rule(
        "disks-encrypted-with-managed-key",
        "Disks and images are encrypted with a key of their owner",
        """Disks, snapshots and images name a key of their owner: an image that is shared or copied
        can then be read by nobody whom the key's policy does not name.""",
        "has disks that are not encrypted with a key of your own",
        _DISKS,
        also=_image_recipes,
        references=("CKV_AWS_200",),
        guides=("Amazon EBS user guide: encryption", "AWS KMS developer guide"),
    ),
    rule(
        "keys-rotated",
        "Keys turn every year",
        """Symmetric keys rotate by themselves: what one leaked key opens stays small. Asymmetric
        keys cannot, and are left alone.""",
        "never turns",
        [row(_KMS, "enableKeyRotation", TRUE, "CKV_AWS_7", where=_SYMMETRIC)],
        guides=("CIS AWS Foundations 3.0, 3.6", "AWS Security Hub KMS.4"),
    ),
)
