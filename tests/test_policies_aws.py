"""Security rules on AWS: for each a graph that breaks it and one that does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from declared import declare, graph_of

from domain.resources import SECRET, UNKNOWN, Resource
from policies.rule import Finding, Rule, Undecided
from policies.rules import (
    access,
    audit,
    containers,
    cost_storage,
    delivery,
    durability,
    encryption,
    exposure,
    grants,
    identity,
    ingress,
    instances,
    keys,
    logs,
    transport,
)
from policies.world import World

MODULES = (
    access,
    audit,
    containers,
    delivery,
    durability,
    encryption,
    exposure,
    grants,
    identity,
    ingress,
    instances,
    keys,
    logs,
    transport,
)
RULES: Mapping[str, Rule] = {rule.id: rule for module in MODULES for rule in module.RULES}

Inputs = Mapping[str, Any]

ACCESS_POINT = "aws:efs/accessPoint:AccessPoint"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
DOCUMENT = "aws:ssm/document:Document"
DOMAIN = "aws:opensearch/domain:Domain"
EKS = "aws:eks/cluster:Cluster"
FUNCTION = "aws:lambda/function:Function"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE = "aws:ec2/instance:Instance"
KEY = "aws:kms/key:Key"
LISTENER = "aws:lb/listener:Listener"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
NOTEBOOK = "aws:sagemaker/notebookInstance:NotebookInstance"
POLICY = "aws:iam/policy:Policy"
QUEUE = "aws:sqs/queue:Queue"
RDS = "aws:rds/instance:Instance"
REDSHIFT = "aws:redshift/cluster:Cluster"
REPOSITORY = "aws:ecr/repository:Repository"
ROLE = "aws:iam/role:Role"
SHIELD = "aws:wafv2/webAcl:WebAcl"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
TRAIL = "aws:cloudtrail/trail:Trail"
WORKFLOWS = "aws:mwaa/environment:Environment"

ARN = "arn:aws:kms:us-east-1:111122223333:key/one"


def judged(rule: Rule, *resources: Resource) -> list[Finding | Undecided]:
    return list(rule.judge(World(graph_of(*resources)), rule.settings()))


def statement(
    actions: str | list[str],
    resources: str | list[str] = "*",
    *,
    to: Any = None,
    condition: Any = None,
    effect: str = "Allow",
) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect, "Action": actions, "Resource": resources}
    found |= {"Principal": to} if to else {}
    return found | ({"Condition": condition} if condition else {})


def policy(*args: Any, key: str = "policy", **more: Any) -> Inputs:
    """A policy of one statement, as text, under the input of this name."""
    return {key: json.dumps({"Version": "2012-10-17", "Statement": [statement(*args, **more)]})}


def policies(*statements: Mapping[str, Any], before: str = "") -> Inputs:
    """A policy of several statements, as text that may begin with blanks."""
    return {"policy": before + json.dumps({"Statement": list(statements)})}


def trust(principal: Any, condition: Any = None) -> Inputs:
    return policy("sts:AssumeRole", to=principal, condition=condition, key="assumeRolePolicy")


def github(subject: str) -> Inputs:
    issuer = "token.actions.githubusercontent.com"
    return trust(
        {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"},
        {"StringLike": {f"{issuer}:sub": subject}},
    )


def entrance(cidr: str, first: int, last: int) -> Inputs:
    rule = {"protocol": "tcp", "fromPort": first, "toPort": last, "cidrBlocks": [cidr]}
    return {"ingress": [{**rule, "description": "door"}], "description": "group"}


def headers(**said: Any) -> Inputs:
    strict = {"accessControlMaxAgeSec": 31536000, "includeSubdomains": True, "override": True}
    return {"securityHeadersConfig": {"strictTransportSecurity": {**strict, **said}}}


def plain_session(said: str) -> Inputs:
    return {"documentType": "Session", "documentFormat": "YAML", "content": f"inputs:\n  {said}\n"}


def rotation(schedule: str) -> Inputs:
    return {"rotationRules": {"scheduleExpression": schedule}}


def session(**said: Any) -> Inputs:
    return {"documentType": "Session", "content": json.dumps({"inputs": said})}


def shield(**rule: Any) -> Inputs:
    return {"rules": [{"name": "one", "priority": 1, "statement": {}, **rule}]}


def task(**container: Any) -> Inputs:
    return {"containerDefinitions": json.dumps([{"name": "one", **container}])}


ROOT = {"rootBlockDevice": {"encrypted": True}}
MASTERS = {"dedicatedMasterCount": 3, "zoneAwarenessEnabled": True}

# Rule, type, what breaks it, what does not.
CASES: list[tuple[str, str, Inputs, Inputs]] = [
    ("disks-encrypted", "aws:ebs/volume:Volume", {"size": 1}, {"encrypted": True}),
    ("disks-encrypted", INSTANCE, {}, ROOT),
    (
        "disks-encrypted",
        INSTANCE,
        {**ROOT, "ebsBlockDevices": [{"encrypted": True}, {"deviceName": "/dev/sdb"}]},
        {**ROOT, "ebsBlockDevices": [{"encrypted": True}, {"snapshotId": "snap-1"}]},
    ),
    (
        "disks-encrypted",
        TEMPLATE,
        {"blockDeviceMappings": [{"ebs": {"encrypted": "false"}}]},
        {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}]},
    ),
    ("encrypted-at-rest", "aws:efs/fileSystem:FileSystem", {}, {"encrypted": "true"}),
    ("encrypted-at-rest", QUEUE, {"sqsManagedSseEnabled": False}, {"sqsManagedSseEnabled": True}),
    ("encrypted-at-rest", QUEUE, {"kmsMasterKeyId": ""}, {"kmsMasterKeyId": ARN}),
    ("encrypted-at-rest", RDS, {"storageEncrypted": False}, {"storageEncrypted": True}),
    (
        "encrypted-with-managed-key",
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        {},
        {"kmsKeyId": ARN},
    ),
    ("encrypted-with-managed-key", NOTEBOOK, {}, {"kmsKeyId": SECRET}),
    (
        "encrypted-with-managed-key",
        "aws:dynamodb/table:Table",
        {"serverSideEncryption": {"enabled": True}},
        {"serverSideEncryption": {"enabled": True, "kmsKeyArn": ARN}},
    ),
    (
        "encrypted-with-managed-key",
        "aws:ssm/parameter:Parameter",
        {"type": "SecureString"},
        {"type": "String"},
    ),
    (
        "disks-encrypted-with-managed-key",
        "aws:imagebuilder/imageRecipe:ImageRecipe",
        {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}]},
        {"blockDeviceMappings": [{"ebs": {"encrypted": "true", "kmsKeyId": ARN}}]},
    ),
    ("keys-rotated", KEY, {"enableKeyRotation": False}, {"customerMasterKeySpec": "RSA_2048"}),
    (
        "encrypted-in-transit",
        DOMAIN,
        {"clusterConfig": {"instanceCount": 3}},
        {"clusterConfig": {"instanceCount": 1}},
    ),
    (
        "encrypted-in-transit",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        {"transitEncryptionEnabled": True},
        {"transitEncryptionEnabled": True, "authToken": SECRET},
    ),
    ("tls-only", LISTENER, {"protocol": "HTTP"}, {"protocol": "HTTPS"}),
    (
        "tls-only",
        LISTENER,
        {"protocol": "HTTP", "defaultActions": [{"type": "forward"}]},
        {"protocol": "HTTP", "defaultActions": [{"redirect": {"protocol": "HTTPS"}}]},
    ),
    (
        "tls-only",
        "aws:elb/loadBalancer:LoadBalancer",
        {"listeners": [{"lbProtocol": "tcp", "lbPort": 80}]},
        {"listeners": [{"lbProtocol": "SSL", "lbPort": 443, "sslCertificateId": "one"}]},
    ),
    (
        "tls-current",
        LISTENER,
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"},
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    (
        "no-request-smuggling",
        BALANCER,
        {"desyncMitigationMode": "monitor"},
        {"desyncMitigationMode": "strictest"},
    ),
    ("no-public-addresses", INSTANCE, {"associatePublicIpAddress": True}, {}),
    (
        "no-public-addresses",
        TEMPLATE,
        {"networkInterfaces": [{}, {"associatePublicIpAddress": "true"}]},
        {"networkInterfaces": [{"associatePublicIpAddress": "false"}]},
    ),
    ("databases-private", RDS, {"publiclyAccessible": True}, {"publiclyAccessible": False}),
    ("inside-own-network", NOTEBOOK, {}, {"subnetId": "subnet-1"}),
    (
        "cluster-control-plane-restricted",
        EKS,
        {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/0"]}},
        {"vpcConfig": {"publicAccessCidrs": ["198.51.100.0/24"]}},
    ),
    (
        "cluster-endpoint-private",
        EKS,
        {"vpcConfig": {"subnetIds": []}},
        {"vpcConfig": {"endpointPublicAccess": False}},
    ),
    ("warehouse-traffic-inside", REDSHIFT, {}, {"enhancedVpcRouting": True}),
    ("no-default-database-name", REDSHIFT, {}, {"databaseName": "analytics"}),
    (
        "no-usual-administrator",
        REDSHIFT,
        {"publiclyAccessible": True, "masterUsername": "awsuser"},
        {"publiclyAccessible": False, "masterUsername": "awsuser"},
    ),
    ("no-open-ingress", GROUP, entrance("0.0.0.0/0", 22, 22), entrance("10.0.0.0/8", 22, 22)),
    ("no-open-ingress", GROUP, entrance("0.0.0.0/0", 0, 65535), entrance("0.0.0.0/0", 443, 443)),
    (
        "no-open-ingress",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv6": "::/0", "ipProtocol": "-1"},
        {"referencedSecurityGroupId": "sg-1", "ipProtocol": "-1"},
    ),
    (
        "default-group-closed",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"egress": [{"protocol": "-1"}]},
        {"vpcId": "vpc-1"},
    ),
    ("groups-described", GROUP, {"description": "g", "egress": [{}]}, {"description": "g"}),
    ("no-full-administrator", POLICY, policy("*"), policy("*", effect="Deny")),
    ("no-wildcard-actions", POLICY, policy("*", "arn:aws:s3:::one"), policy("s3:GetObject")),
    ("no-credentials-exposed", POLICY, policy("iam:*"), policy("ecr:GetAuthorizationToken")),
    (
        "no-permissions-management",
        POLICY,
        policy("iam:PassRole"),
        policy("iam:PassRole", "arn:aws:iam::111122223333:role/train"),
    ),
    (
        "no-privilege-escalation",
        POLICY,
        policy(["iam:PassRole", "ec2:RunInstances"]),
        policy(["ec2:RunInstances"]),
    ),
    ("no-wildcard-resources", POLICY, policy("s3:Get*"), policy("cloudwatch:PutMetricData")),
    (
        "no-wildcard-resources",
        POLICY,
        policy("ssm:GetParameter"),
        policy("ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel"),
    ),
    (
        "no-wildcard-resources",
        "aws:iam/rolePolicy:RolePolicy",
        policy("fsx:DeleteFileSystem"),
        policy("fsx:DeleteFileSystem", condition={"StringEquals": {"aws:ResourceTag/team": "a"}}),
    ),
    (
        "no-rights-of-users",
        "aws:iam/policyAttachment:PolicyAttachment",
        {"users": ["somebody"]},
        {"users": [], "roles": ["train"]},
    ),
    (
        "roles-trust-named-identities",
        ROLE,
        trust({"AWS": "arn:aws:iam::111122223333:root"}),
        trust({"AWS": "111122223333"}, {"StringEquals": {"sts:ExternalId": "one"}}),
    ),
    ("roles-trust-named-identities", ROLE, trust("*"), trust({"Service": "ec2.amazonaws.com"})),
    ("github-tokens-restricted", ROLE, github("repo:*"), github("repo:org/project:*")),
    (
        "no-administrator-access",
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]},
    ),
    (
        "no-administrator-access",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws:iam::aws:policy/IAMFullAccess"},
        {"policyArn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"},
    ),
    (
        "no-power-users",
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/PowerUserAccess"]},
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
    ),
    (
        "no-lasting-keys",
        "aws:iam/accessKey:AccessKey",
        {"user": "robot"},
        {"user": "robot", "status": "Inactive"},
    ),
    (
        "encrypted-with-managed-key",
        REPOSITORY,
        {"encryptionConfigurations": [{"encryptionType": "KMS"}]},
        {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": ARN}]},
    ),
    ("no-root-keys", "aws:iam/accessKey:AccessKey", {"user": "root"}, {"user": "robot"}),
    (
        "databases-know-identities",
        RDS,
        {"engine": "postgres"},
        {"engine": "postgres", "iamDatabaseAuthenticationEnabled": True},
    ),
    (
        "no-strangers",
        "aws:lambda/functionUrl:FunctionUrl",
        {"authorizationType": "NONE"},
        {"authorizationType": "AWS_IAM"},
    ),
    (
        "no-strangers",
        DOCUMENT,
        {"permissions": {"account_ids": "All"}},
        {"documentType": "Command"},
    ),
    (
        "no-public-policies",
        BUCKET_POLICY,
        policy("s3:GetObject", to="*"),
        policy("s3:GetObject", to="*", condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
    ),
    (
        "no-public-policies",
        KEY,
        policy("kms:Decrypt", to={"AWS": ["*"]}, condition={"StringLike": {"aws:userid": "*"}}),
        policy("kms:*", to={"AWS": "arn:aws:iam::111122223333:root"}),
    ),
    (
        "no-public-policies",
        QUEUE,
        policy("sqs:SendMessage", to={"AWS": "arn:aws:iam::*:role/one"}),
        policy("sqs:SendMessage", to="*", effect="Deny"),
    ),
    (
        "no-public-policies",
        REPOSITORY.replace("repository:Repository", "repositoryPolicy:RepositoryPolicy"),
        policy("ecr:*", to="*", condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        policy("ecr:*", to="*", condition={"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}),
    ),
    ("queue-policies-name-actions", QUEUE, policy("sqs:*"), policy("sqs:SendMessage")),
    (
        "topics-keep-to-account",
        TOPIC_POLICY,
        {"arn": "arn:aws:sns:us-east-1:111122223333:one"}
        | policy("sns:Publish", to={"AWS": "arn:aws:iam::444455556666:root"}),
        {"arn": "arn:aws:sns:us-east-1:111122223333:one"}
        | policy("sns:Publish", to={"AWS": "arn:aws:iam::111122223333:root"}),
    ),
    (
        "no-lock-out",
        BUCKET_POLICY,
        policy("s3:*", to="*", effect="Deny"),
        policy("s3:*", to="*", effect="Deny", condition={"Bool": {"aws:SecureTransport": "false"}}),
    ),
    (
        "buckets-tls-only",
        BUCKET,
        policy("s3:GetObject", to={"AWS": "111122223333"}),
        policy("s3:*", to="*", effect="Deny", condition={"Bool": {"aws:SecureTransport": "false"}}),
    ),
    ("no-public-buckets", BUCKET, {"acl": "public-read"}, {"acl": "private"}),
    (
        "no-public-access-lists",
        BUCKET,
        {
            "grants": [
                {
                    "uri": "http://acs.amazonaws.com/groups/global/AllUsers",
                    "permissions": ["READ", "WRITE_ACP"],
                }
            ]
        },
        {"grants": [{"id": "one", "permissions": ["FULL_CONTROL"]}]},
    ),
    (
        "public-access-blocked",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"blockPublicAcls": True},
        dict.fromkeys(
            ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
            True,
        ),
    ),
    (
        "imds-v2",
        TEMPLATE,
        {"metadataOptions": {"httpTokens": "optional"}},
        {"metadataOptions": {"httpTokens": "required"}},
    ),
    ("imds-v2", INSTANCE, {}, {"metadataOptions": {"httpEndpoint": "disabled"}}),
    ("imds-one-hop", TEMPLATE, {"metadataOptions": {"httpPutResponseHopLimit": 2}}, {}),
    (
        "launch-templates",
        "aws:autoscaling/group:Group",
        {"launchConfiguration": "old"},
        {"launchTemplate": {"id": "lt-1"}},
    ),
    ("group-tags", "aws:autoscaling/group:Group", {}, {"tags": [{"key": "a", "value": "b"}]}),
    ("ebs-optimised", INSTANCE, {"ebsOptimized": False}, {}),
    ("audit-trail-on", TRAIL, {"enableLogging": False}, {}),
    ("audit-trail-everywhere", TRAIL, {}, {"isMultiRegionTrail": True}),
    ("audit-trail-validated", TRAIL, {}, {"enableLogFileValidation": True}),
    ("audit-trail-tells", TRAIL, {}, {"snsTopicName": "alerts"}),
    ("logs-end", LOG_GROUP, {}, {"retentionInDays": 30}),
    ("logs-kept", LOG_GROUP, {"retentionInDays": 30}, {"retentionInDays": 0}),
    ("threats-watched", "aws:guardduty/detector:Detector", {"enable": False}, {}),
    (
        "cluster-logging",
        EKS,
        {"enabledClusterLogTypes": ["api", "audit"]},
        {
            "enabledClusterLogTypes": [
                "scheduler",
                "api",
                "audit",
                "authenticator",
                "controllerManager",
            ]
        },
    ),
    ("balancer-logs-on", BALANCER, {}, {"accessLogs": {"bucket": "logs", "enabled": True}}),
    ("balancer-logs-on", BALANCER, {}, {"loadBalancerType": "gateway"}),
    (
        "services-log",
        RDS,
        {"enabledCloudwatchLogsExports": []},
        {"enabledCloudwatchLogsExports": ["error"]},
    ),
    (
        "services-log",
        DOMAIN,
        {"logPublishingOptions": [{"logType": "INDEX_SLOW_LOGS", "enabled": False}]},
        {"logPublishingOptions": [{"logType": "INDEX_SLOW_LOGS"}]},
    ),
    (
        "services-audited",
        DOMAIN,
        {"logPublishingOptions": [{"logType": "INDEX_SLOW_LOGS"}]},
        {"logPublishingOptions": [{"logType": "AUDIT_LOGS", "enabled": True}]},
    ),
    *(
        (
            f"workflow-{part}-logs",
            WORKFLOWS,
            {"loggingConfiguration": {f"{part}Logs": {"enabled": False}}},
            {"loggingConfiguration": {f"{part}Logs": {"enabled": True}}},
        )
        for part in ("scheduler", "worker", "webserver")
    ),
    (
        "sessions-logged",
        DOCUMENT,
        session(s3BucketName="logs", s3EncryptionEnabled=False),
        session(s3BucketName="logs", s3EncryptionEnabled=True),
    ),
    ("tracing-on", FUNCTION, {}, {"tracingConfig": {"mode": "Active"}}),
    ("databases-backed-up", RDS, {"backupRetentionPeriod": 0}, {"backupRetentionPeriod": 7}),
    ("databases-backed-up", RDS, {}, {"replicateSourceDb": "primary"}),
    (
        "databases-backed-up",
        REDSHIFT,
        {"automatedSnapshotRetentionPeriod": 0},
        {"automatedSnapshotRetentionPeriod": 1},
    ),
    ("databases-deletion-protected", BALANCER, {}, {"enableDeletionProtection": True}),
    ("databases-current", RDS, {"autoMinorVersionUpgrade": False}, {}),
    ("snapshots-tagged", "aws:rds/cluster:Cluster", {}, {"copyTagsToSnapshot": True}),
    (
        "databases-rewind",
        "aws:rds/cluster:Cluster",
        {"engine": "aurora-mysql"},
        {"engine": "aurora-postgresql"},
    ),
    (
        "search-survives-a-zone",
        DOMAIN,
        {"clusterConfig": {"dedicatedMasterCount": 3}},
        {"clusterConfig": {"dedicatedMasterCount": 3, "zoneAwarenessEnabled": True}},
    ),
    ("buckets-versioned", BUCKET, {}, {"versioning": {"enabled": True}}),
    (
        "secrets-rotated",
        "aws:secretsmanager/secretRotation:SecretRotation",
        {"rotationRules": {"scheduleExpression": "rate(180 days)"}},
        {"rotationRules": {"scheduleExpression": "rate(4 hours)"}},
    ),
    ("file-system-doors", ACCESS_POINT, {}, {"rootDirectory": {"path": "/data"}}),
    ("file-system-users", ACCESS_POINT, {}, {"posixUser": {"uid": 0, "gid": 0}}),
    (
        "containers-without-host-rights",
        "aws:batch/jobDefinition:JobDefinition",
        {"containerProperties": json.dumps({"privileged": True})},
        {"containerProperties": json.dumps({"image": "busybox"})},
    ),
    ("containers-read-only", TASK, task(), task(readonlyRootFilesystem=True)),
    (
        "tasks-two-roles",
        TASK,
        {"taskRoleArn": "one", "executionRoleArn": "one"},
        {"taskRoleArn": "one", "executionRoleArn": "two"},
    ),
    ("image-tags-fixed", REPOSITORY, {}, {"imageTagMutability": "IMMUTABLE"}),
    ("images-scanned", REPOSITORY, {}, {"imageScanningConfiguration": {"scanOnPush": True}}),
    ("code-signed", FUNCTION, {}, {"codeSigningConfigArn": "arn"}),
    ("cluster-version-supported", EKS, {"version": "1.9"}, {"version": "1.35"}),
    ("notebooks-without-root", NOTEBOOK, {}, {"rootAccess": "Disabled"}),
    ("models-isolated", "aws:sagemaker/model:Model", {}, {"enableNetworkIsolation": True}),
    ("no-forged-headers", BALANCER, {}, {"dropInvalidHeaderFields": True}),
    (
        "balancers-cross-zones",
        BALANCER,
        {"loadBalancerType": "network"},
        {"loadBalancerType": "application"},
    ),
    ("edge-shielded", DISTRIBUTION, {}, {"webAclId": "arn"}),
    ("edge-root-object", DISTRIBUTION, {}, {"defaultRootObject": "index.html"}),
    (
        "edge-countries",
        DISTRIBUTION,
        {"restrictions": {"geoRestriction": {"restrictionType": "none"}}},
        {"restrictions": {"geoRestriction": {"restrictionType": "whitelist"}}},
    ),
    (
        "edge-fails-over",
        DISTRIBUTION,
        {"originGroups": [{"failoverCriteria": {"statusCodes": [500]}, "members": [{}]}]},
        {
            "originGroups": [
                {
                    "failoverCriteria": {"statusCodes": [500]},
                    "members": [{"originId": "a"}, {"originId": "b"}],
                }
            ]
        },
    ),
    ("shields-have-rules", SHIELD, {"rules": []}, shield(action={"block": {}})),
    ("shields-act", SHIELD, shield(), shield(overrideAction={"none": {}})),
    (
        "shields-act",
        "aws:wafregional/ruleGroup:RuleGroup",
        {"activatedRules": [{"ruleId": "one", "action": {}}]},
        {"activatedRules": [{"ruleId": "one", "action": {"type": "COUNT"}}]},
    ),
    (
        "disks-encrypted",
        TEMPLATE,
        {"blockDeviceMappings": [{"virtualName": "ephemeral0"}, {"ebs": {}}]},
        {"blockDeviceMappings": [{"virtualName": "ephemeral0"}]},
    ),
    (
        "disks-encrypted",
        "aws:workspaces/workspace:Workspace",
        {"userVolumeEncryptionEnabled": True},
        {"rootVolumeEncryptionEnabled": True},
    ),
    (
        "encrypted-at-rest",
        "aws:codebuild/project:Project",
        {"secondaryArtifacts": [{"type": "S3", "encryptionDisabled": True}]},
        {"secondaryArtifacts": [{"type": "S3"}]},
    ),
    # Encrypted at all, if not with a key of its owner.
    ("encrypted-at-rest", "aws:sns/topic:Topic", {}, {"kmsMasterKeyId": "alias/aws/sns"}),
    (
        "encrypted-with-managed-key",
        "aws:secretsmanager/secret:Secret",
        {"kmsKeyId": "alias/aws/secretsmanager"},
        {"kmsKeyId": "alias/own"},
    ),
    (
        "encrypted-with-managed-key",
        "aws:dms/endpoint:Endpoint",
        {"engineName": "s3", "s3Settings": {"bucketName": "one"}},
        {"engineName": "s3", "s3Settings": {"serverSideEncryptionKmsKeyId": ARN}},
    ),
    (
        "encrypted-with-managed-key",
        "aws:codegurureviewer/repositoryAssociation:RepositoryAssociation",
        {"kmsKeyDetails": {"kmsKeyId": ARN}},
        {"kmsKeyDetails": {"kmsKeyId": ARN, "encryptionOption": "CUSTOMER_MANAGED_CMK"}},
    ),
    (
        "encrypted-with-managed-key",
        "aws:connect/instanceStorageConfig:InstanceStorageConfig",
        {"storageConfig": {"s3Config": {"encryptionConfig": {"encryptionType": "KMS"}}}},
        {"storageConfig": {"storageType": "KINESIS_STREAM"}},
    ),
    (
        "disks-encrypted-with-managed-key",
        "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
        {"distributions": [{"amiDistributionConfiguration": {"name": "one"}}]},
        {"distributions": [{"containerDistributionConfiguration": {}}]},
    ),
    ("encrypted-in-transit", DOCUMENT, plain_session("kmsKeyId: ''"), session(kmsKeyId=ARN)),
    (
        "sessions-logged",
        DOCUMENT,
        plain_session("{s3BucketName: logs, s3EncryptionEnabled: false}"),
        plain_session("{s3BucketName: logs, s3EncryptionEnabled: true}"),
    ),
    # Each of two logs is encrypted, or it is as if none were.
    (
        "sessions-logged",
        DOCUMENT,
        session(s3BucketName="a", s3EncryptionEnabled=True, cloudWatchLogGroupName="b"),
        session(s3BucketName="a", s3EncryptionEnabled=True, cloudWatchLogGroupName=""),
    ),
    (
        "tls-only",
        "aws:sesv2/configurationSet:ConfigurationSet",
        {"deliveryOptions": {"tlsPolicy": "OPTIONAL"}},
        {"deliveryOptions": {"tlsPolicy": "REQUIRE"}},
    ),
    ("tls-only", LISTENER, {"port": 80}, {"defaultActions": [{"type": "forward"}]}),
    *(
        ("tls-only", "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", bad, headers())
        for bad in (
            headers(accessControlMaxAgeSec=300),
            headers(includeSubdomains=False),
            headers(override=False),
        )
    ),
    (
        "tls-current",
        LISTENER,
        {"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-FS-1-1-2019-08"},
        {"protocol": "TLS", "sslPolicy": "ELBSecurityPolicy-FS-1-2-Res-2019-08"},
    ),
    (
        "cluster-control-plane-restricted",
        EKS,
        {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/0"], "endpointPublicAccess": "false"}},
    ),
    (
        "no-usual-administrator",
        REDSHIFT,
        {"publiclyAccessible": True, "masterUsername": "Admin"},
        {"publiclyAccessible": True, "masterUsername": "trainer"},
    ),
    # Whatever ports a rule for every protocol names, it is for all.
    (
        "no-open-ingress",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        {"type": "ingress", "protocol": "-1", "fromPort": 443, "toPort": 443}
        | {"cidrBlocks": ["0.0.0.0/0"]},
        {"type": "ingress", "protocol": "tcp", "fromPort": "443", "toPort": "443"}
        | {"cidrBlocks": ["0.0.0.0/0"]},
    ),
    ("no-full-administrator", POLICY, policy("*:*"), policy("s3:*")),
    (
        "no-full-administrator",
        POLICY,
        policies(statement("s3:Get*", "arn:aws:s3:::one"), statement("*"), before="\n    "),
        policies(statement("s3:Get*", "arn:aws:s3:::one"), before="\n    "),
    ),
    (
        "no-privilege-escalation",
        POLICY,
        policies(statement("iam:PassRole"), statement("ec2:Run*")),
        policies(statement("iam:PassRole", "arn:aws:iam::1:role/a"), statement("ec2:Run*")),
    ),
    (
        "no-permissions-management",
        POLICY,
        policy("lakeformation:*"),
        policy("lakeformation:GetDataAccess"),
    ),
    ("no-wildcard-resources", POLICY, policy("lambda:List*"), policy("lambda:ListFunctions")),
    (
        "no-public-policies",
        BUCKET_POLICY,
        policies({"Effect": "Allow", "Action": "s3:GetObject", "NotPrincipal": {"AWS": ARN}}),
        policies({"Effect": "Deny", "Action": "s3:GetObject", "NotPrincipal": {"AWS": ARN}}),
    ),
    (
        "no-public-policies",
        BUCKET_POLICY,
        policy("s3:Get*", to="*", condition={"StringLike": {"aws:SourceVpce": "vpce-*"}}),
        policy("s3:Get*", to="*", condition={"StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),
    ),
    (
        "topics-keep-to-account",
        TOPIC_POLICY,
        policy("sns:Publish", to={"AWS": "*"}),
        policy("sns:Publish", to={"AWS": "*"}, effect="Deny"),
    ),
    (
        "balancer-logs-on",
        "aws:elb/loadBalancer:LoadBalancer",
        {"accessLogs": {"bucket": "logs", "enabled": False}},
        {"accessLogs": {"bucket": "logs"}},
    ),
    (
        "containers-without-host-rights",
        "aws:batch/jobDefinition:JobDefinition",
        {"nodeProperties": '{"nodeRangeProperties": [{}, {"container": {"privileged": true}}]}'},
        {"nodeProperties": '{"nodeRangeProperties": [{"container": {"privileged": false}}]}'},
    ),
    (
        "changes-approved",
        "aws:codecommit/approvalRuleTemplate:ApprovalRuleTemplate",
        {"content": '{"Statements": [{"NumberOfApprovalsNeeded": 1}]}'},
        {"content": '{"Statements": [{"NumberOfApprovalsNeeded": 2}]}'},
    ),
    (
        "domains-locked",
        "aws:route53domains/registeredDomain:RegisteredDomain",
        {"transferLock": False},
        {"domainName": "example.com"},
    ),
    (
        "databases-current",
        "aws:rds/clusterInstance:ClusterInstance",
        {"autoMinorVersionUpgrade": False},
        {},
    ),
    (
        "search-survives-a-zone",
        DOMAIN,
        {"clusterConfig": {**MASTERS, "dedicatedMasterEnabled": False}},
        {"clusterConfig": MASTERS},
    ),
    *(
        ("secrets-rotated", "aws:secretsmanager/secretRotation:SecretRotation", bad, good)
        for bad, good in (
            (rotation("cron(0 8 1 1,7 ? *)"), rotation("cron(0 16 1,15 * ? *)")),
            (rotation("cron(0 8 1 */3 ? *)"), rotation("cron(0 8 ? NOV-FEB/2,3-9/2 MON *)")),
            (rotation("rate(2400 hours)"), rotation("rate(90 days)")),
        )
    ),
]

# Judged by what refers to them, in tests of their own.
APART = {"audit-trail-declared", "flow-logs-on"}


@pytest.mark.parametrize(
    ("name", "kind", "bad", "good"),
    CASES,
    ids=[f"{name}-{kind.split(':')[-1]}" for name, kind, *_ in CASES],
)
def test_finds_what_breaks_it_and_lets_be_what_does_not(
    name: str, kind: str, bad: Inputs, good: Inputs
) -> None:
    rule = RULES[name]
    (found,) = judged(rule, declare(kind, "broken", bad))
    assert isinstance(found, Finding)
    assert found.resource is not None
    assert "'broken'" in found.message
    assert judged(rule, declare(kind, "fine", good)) == []


def test_every_rule_has_a_case() -> None:
    assert {name for name, *_ in CASES} | APART == set(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_every_rule_says_what_to_write_and_whom_it_follows(rule: Rule) -> None:
    assert rule.guides
    assert rule.remedy
    assert rule.judge.__doc__
    assert all(name.startswith(("CKV_AWS_", "CKV2_AWS_")) for name in rule.references)
    assert not judged(rule), "an empty stack breaks nothing"


# Inputs that only a deployment tells: neither right nor wrong.
UNTOLD: list[tuple[str, str, Inputs]] = [
    ("disks-encrypted", "aws:ebs/volume:Volume", {"encrypted": UNKNOWN}),
    ("disks-encrypted", INSTANCE, {"rootBlockDevice": {"encrypted": UNKNOWN}}),
    ("disks-encrypted", TEMPLATE, {"blockDeviceMappings": UNKNOWN}),
    ("encrypted-with-managed-key", LOG_GROUP, {"kmsKeyId": UNKNOWN}),
    ("imds-v2", TEMPLATE, {"metadataOptions": UNKNOWN}),
    ("no-open-ingress", GROUP, {"ingress": UNKNOWN}),
    ("no-open-ingress", GROUP, {"ingress": [{"cidrBlocks": [UNKNOWN]}]}),
    ("no-wildcard-resources", POLICY, {"policy": UNKNOWN}),
    ("roles-trust-named-identities", ROLE, {"assumeRolePolicy": UNKNOWN}),
    ("no-public-policies", BUCKET_POLICY, {"policy": UNKNOWN}),
    ("no-public-buckets", BUCKET, {"acl": UNKNOWN}),
    ("buckets-tls-only", BUCKET, {"policy": UNKNOWN}),
    ("databases-private", RDS, {"publiclyAccessible": UNKNOWN}),
    ("balancer-logs-on", BALANCER, {"loadBalancerType": UNKNOWN}),
    ("services-log", DOMAIN, {"logPublishingOptions": UNKNOWN}),
    ("logs-kept", LOG_GROUP, {"retentionInDays": UNKNOWN}),
    ("tasks-two-roles", TASK, {"taskRoleArn": UNKNOWN, "executionRoleArn": UNKNOWN}),
    ("cluster-version-supported", EKS, {"version": UNKNOWN}),
    ("containers-read-only", TASK, {"containerDefinitions": UNKNOWN}),
    ("sessions-logged", DOCUMENT, {"documentType": "Session", "content": UNKNOWN}),
    ("shields-have-rules", SHIELD, {"rules": UNKNOWN}),
    (
        "topics-keep-to-account",
        TOPIC_POLICY,
        {"arn": UNKNOWN} | policy("sns:Publish", to={"AWS": "111122223333"}),
    ),
]


@pytest.mark.parametrize(
    ("name", "kind", "inputs"), UNTOLD, ids=[f"{n}-{k.split(':')[-1]}" for n, k, _ in UNTOLD]
)
def test_what_only_a_deployment_tells_is_undecided(name: str, kind: str, inputs: Inputs) -> None:
    (found,) = judged(RULES[name], declare(kind, "later", inputs))
    assert isinstance(found, Undecided)
    assert "later" in found.reason
    assert "known only after deployment" in found.reason


def test_a_reference_to_a_key_is_a_key() -> None:
    key = declare(KEY, "key", {"enableKeyRotation": True})
    trail = declare(TRAIL, "trail", {"kmsKeyId": UNKNOWN}, uses={"kmsKeyId": key})
    assert judged(RULES["encrypted-with-managed-key"], key, trail) == []


def test_a_reference_is_not_nothing() -> None:
    user = declare("aws:iam/user:User", "user")
    given = declare("aws:iam/userPolicy:UserPolicy", "given", {"user": UNKNOWN})
    to = declare("aws:iam/userPolicy:UserPolicy", "to", {"user": UNKNOWN}, uses={"user": user})
    unsure, found = judged(RULES["no-rights-of-users"], user, given, to)
    assert isinstance(unsure, Undecided)
    assert isinstance(found, Finding)
    assert "user is that of another resource" in found.message


def test_what_a_provider_chose_by_itself_is_not_a_choice() -> None:
    volume = declare("aws:ebs/volume:Volume", "disk", outputs={"kmsKeyId": ARN})
    (found,) = judged(RULES["disks-encrypted-with-managed-key"], volume)
    assert isinstance(found, Finding)


def test_a_bucket_is_what_its_configurations_make_of_it() -> None:
    bucket = declare(BUCKET, "data")
    uses = {"bucket": bucket}
    versioning = declare(
        "aws:s3/bucketVersioning:BucketVersioning",
        "data",
        {"bucket": UNKNOWN, "versioningConfiguration": {"status": "Enabled"}},
        uses=uses,
    )
    key = declare(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "data",
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]},
        uses=uses,
    )
    for name, configuration in (
        ("buckets-versioned", versioning),
        ("encrypted-with-managed-key", key),
    ):
        assert [type(each) for each in judged(RULES[name], bucket)] == [Finding]
        assert judged(RULES[name], bucket, configuration) == []


def test_broken_uploads_are_said_of_what_holds_the_rules() -> None:
    (rule,) = (each for each in cost_storage.RULES if each.id == "abandoned-uploads")
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ends = {"abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}, "status": "Enabled"}
    bucket = declare(BUCKET, "bucket")

    def found(*rules: Inputs, uses: Mapping[str, Resource]) -> list[str]:
        beside = declare(kind, "beside", {"rules": list(rules)}, uses=uses)
        judgements = judged(rule, *uses.values(), beside)
        return [each.resource.name for each in judgements if each.resource]

    for uses in ({"bucket": bucket}, {}):
        assert found({"status": "Enabled", "expiration": {"days": 9}}, uses=uses) == ["beside"]
        assert found({**ends, "status": "Disabled"}, uses=uses) == ["beside"]
        assert found({**ends, "filter": {"prefix": "logs/"}}, uses=uses) == ["beside"]
        assert found({**ends, "filter": {}}, uses=uses) == []


def test_a_network_writes_a_flow_log() -> None:
    vpc = declare("aws:ec2/vpc:Vpc", "net")
    log = declare("aws:ec2/flowLog:FlowLog", "flows", {"vpcId": UNKNOWN}, uses={"vpcId": vpc})
    rule = RULES["flow-logs-on"]
    assert len(judged(rule, vpc)) == 1
    assert judged(rule, vpc, log) == []


def test_a_resource_that_falls_short_of_several_rows_is_found_once() -> None:
    cache = declare("aws:elasticache/replicationGroup:ReplicationGroup", "cache")
    assert len(judged(RULES["encrypted-in-transit"], cache)) == 1


def test_a_remedy_is_what_a_program_writes() -> None:
    def remedy(name: str, kind: str, inputs: Inputs) -> str | None:
        (found,) = judged(RULES[name], declare(kind, "one", inputs))
        assert isinstance(found, Finding)
        return found.remedy

    assert remedy("imds-v2", TEMPLATE, {}) == "set metadata_options={'http_tokens': 'required'}"
    assert (
        remedy("disks-encrypted", TEMPLATE, {"blockDeviceMappings": [{"ebs": {}}]})
        == "set block_device_mappings=[{'ebs': {'encrypted': 'true'}}]"
    )
    assert (
        remedy("containers-read-only", TASK, task()) == "in the JSON of container_definitions, "
        "set readonlyRootFilesystem of each element to true"
    )


def test_two_roles_that_are_one_resource_are_one_role() -> None:
    role = declare(ROLE, "role")
    inputs = {"taskRoleArn": UNKNOWN, "executionRoleArn": UNKNOWN}
    one = declare(TASK, "one", inputs, uses={"taskRoleArn": role, "executionRoleArn": role})
    other = declare(ROLE, "other")
    two = declare(TASK, "two", inputs, uses={"taskRoleArn": role, "executionRoleArn": other})
    found = judged(RULES["tasks-two-roles"], role, other, one, two)
    assert [each.resource for each in found] == [one]


def test_messages_name_the_ports_and_the_ranges() -> None:
    (found,) = judged(
        RULES["no-open-ingress"], declare(GROUP, "nodes", entrance("0.0.0.0/1", 8000, 9000))
    )
    assert isinstance(found, Finding)
    assert found.message == "'nodes' lets 0.0.0.0/1 in on ports 8000 to 9000"


def test_a_stack_that_holds_data_has_a_trail() -> None:
    rule = RULES["audit-trail-declared"]
    (found,) = judged(rule, declare(BUCKET, "data"))
    assert isinstance(found, Finding)
    assert found.resource is None
    assert judged(rule, declare(BUCKET, "data"), declare(TRAIL, "trail")) == []


def test_all_that_is_missing_is_named_at_once() -> None:
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    rule = RULES["public-access-blocked"]
    (found,) = judged(rule, declare(kind, "open", dict.fromkeys(flags, False)))
    assert isinstance(found, Finding)
    assert all(f"{flag} is false" in found.message for flag in flags)
    assert found.remedy == (
        "set block_public_acls=True, block_public_policy=True, ignore_public_acls=True, "
        "restrict_public_buckets=True"
    )


def test_a_web_server_is_sent_behind_a_load_balancer() -> None:
    entrance = {"fromPort": 80, "toPort": 80, "protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}
    (found,) = judged(RULES["no-open-ingress"], declare(GROUP, "web", {"ingress": [entrance]}))
    assert isinstance(found, Finding)
    assert "HTTPS" in str(found.remedy)
