"""Security rules on Google Cloud: for each a graph that breaks it and one that does not."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from declared import declare, graph_of

from domain.resources import SECRET, UNKNOWN, Resource
from policies.rule import Finding, Rule, Undecided
from policies.rules import (
    audit_gcp,
    compute_gcp,
    data_gcp,
    encryption_gcp,
    exposure_gcp,
    identity_gcp,
    kubernetes_gcp,
    network_gcp,
    storage_gcp,
)
from policies.world import World

MODULES = (
    audit_gcp,
    compute_gcp,
    data_gcp,
    encryption_gcp,
    exposure_gcp,
    identity_gcp,
    kubernetes_gcp,
    network_gcp,
    storage_gcp,
)
RULES: Mapping[str, Rule] = {
    rule.id: rule for module in MODULES[::-1] for rule in module.RULES
}  # Of several parts of one rule, the first module's.

Inputs = Mapping[str, Any]

BUCKET = "gcp:storage/bucket:Bucket"
CACHE = "gcp:redis/instance:Instance"
CLUSTER = "gcp:container/cluster:Cluster"
DATASET = "gcp:bigquery/dataset:Dataset"
FIREWALL = "gcp:compute/firewall:Firewall"
INSTANCE = "gcp:compute/instance:Instance"
KEY = "gcp:kms/cryptoKey:CryptoKey"
NODES = "gcp:container/nodePool:NodePool"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
SPANNER = "gcp:spanner/database:Database"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
SUBNET = "gcp:compute/subnetwork:Subnetwork"
TABLE = "gcp:bigquery/table:Table"
TEMPLATE = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
TPU = "gcp:tpu/v2Vm:V2Vm"
AUDIT = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
ARMOR = "gcp:compute/securityPolicy:SecurityPolicy"


def judged(rule: Rule, *resources: Resource) -> list[Finding | Undecided]:
    return list(rule.judge(World(graph_of(*resources)), rule.settings()))


def findings(rule: Rule, *resources: Resource) -> list[Finding]:
    return [each for each in judged(rule, *resources) if isinstance(each, Finding)]


def firewall(sources: list[str], *ports: str, protocol: str = "tcp", **more: Any) -> Inputs:
    return {"sourceRanges": sources, "allows": [{"protocol": protocol, "ports": ports}], **more}


def github(condition: str | None) -> Inputs:
    issuer = {"issuerUri": "https://token.actions.githubusercontent.com"}
    return {"oidc": issuer} | ({"attributeCondition": condition} if condition else {})


def logs(*kinds: str, **more: Any) -> Inputs:
    configs = [{"logType": kind, **more} for kind in kinds]
    return {"service": "allServices", "auditLogConfigs": configs}


def sql(**settings: Any) -> Inputs:
    return {"databaseVersion": "POSTGRES_18", "settings": settings}


def armor(action: str, expression: str, **more: Any) -> Inputs:
    match = {"expr": {"expression": f"evaluatePreconfiguredExpr('{expression}')"}}
    return {"rules": [{"action": action, "match": match, **more}]}


# Rule, type, what breaks it, what does not.
CASES: list[tuple[str, str, Inputs, Inputs]] = [
    (
        "encrypted-with-managed-key",
        BUCKET,
        {"location": "US"},
        {"encryption": {"defaultKmsKeyName": "key"}},
    ),
    (
        "encrypted-with-managed-key",
        "gcp:bigtable/instance:Instance",
        {"clusters": [{"kmsKeyName": "key"}, {"clusterId": "second"}]},
        {"clusters": [{"kmsKeyName": "key"}]},
    ),
    ("encrypted-with-managed-key", TABLE, {"tableId": "t"}, {"view": {"query": "select 1"}}),
    (
        "encrypted-with-managed-key",
        SPANNER,
        {"encryptionConfig": {}},
        {"encryptionConfig": {"kmsKeyNames": ["one", "two"]}},
    ),
    (
        "encrypted-with-managed-key",
        "gcp:filestore/instance:Instance",
        {"tier": "ZONAL"},
        {"tier": "BASIC_HDD"},
    ),
    (
        "disks-encrypted-with-managed-key",
        "gcp:compute/disk:Disk",
        {"size": 10},
        {"diskEncryptionKey": {"kmsKeySelfLink": "key"}},
    ),
    (
        "disks-encrypted-with-managed-key",
        INSTANCE,
        {"bootDisk": {"autoDelete": True}},
        {"bootDisk": {"kmsKeySelfLink": "key"}},
    ),
    (
        "disks-encrypted-with-managed-key",
        TEMPLATE,
        {"disks": [{"diskEncryptionKey": {"kmsKeySelfLink": "key"}}, {"boot": True}]},
        {
            "disks": [
                {"diskEncryptionKey": {"kmsKeySelfLink": "key"}},
                {"type": "SCRATCH", "diskType": "local-ssd"},
            ]
        },
    ),
    ("keys-rotated", KEY, {"rotationPeriod": "15552000s"}, {"rotationPeriod": "7776000s"}),
    ("keys-rotated", KEY, {"purpose": "ENCRYPT_DECRYPT"}, {"purpose": "ASYMMETRIC_SIGN"}),
    ("keys-rotated", KEY, {"rotationPeriod": "90"}, {"importOnly": True}),
    (
        "no-open-ingress",
        FIREWALL,
        firewall(["0.0.0.0/0"], "22"),
        firewall(["35.235.240.0/20"], "22"),
    ),
    ("no-open-ingress", FIREWALL, firewall(["::/0"], "8888"), firewall(["::/0"], "443")),
    (
        "no-open-ingress",
        FIREWALL,
        firewall(["0.0.0.0/1", "128.0.0.0/1"], "3306"),
        firewall(["0.0.0.0/1"], "3306"),
    ),
    (
        "no-open-ingress",
        FIREWALL,
        {"allows": [{"protocol": "all"}]},
        {"allows": [{"protocol": "all"}], "sourceTags": ["hosts"]},
    ),
    (
        "no-open-ingress",
        FIREWALL,
        firewall(["0.0.0.0/0"], "0-65535", protocol="udp"),
        {"sourceRanges": ["0.0.0.0/0"], "allows": [{"protocol": "icmp"}]},
    ),
    (
        "no-open-ingress",
        FIREWALL,
        firewall(["0.0.0.0/0"], "22", direction="INGRESS"),
        firewall(["0.0.0.0/0"], "22", disabled="true"),
    ),
    (
        "no-open-ingress",
        "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
        {
            "direction": "INGRESS",
            "action": "allow",
            "match": {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "tcp"}]},
        },
        {
            "direction": "INGRESS",
            "action": "deny",
            "match": {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "tcp"}]},
        },
    ),
    (
        "no-public-addresses",
        INSTANCE,
        {"networkInterfaces": [{"accessConfigs": [{}]}]},
        {"networkInterfaces": [{"network": "net"}]},
    ),
    (
        "no-public-addresses",
        TPU,
        {"networkConfig": {"enableExternalIps": True}},
        {"networkConfig": {"enableExternalIps": False}},
    ),
    (
        "no-public-addresses",
        "gcp:tpu/v2QueuedResource:V2QueuedResource",
        {"tpu": {"nodeSpecs": [{"node": {"networkConfig": {"enableExternalIps": True}}}]}},
        {"tpu": {"nodeSpecs": [{"node": {"networkConfig": {}}}]}},
    ),
    (
        "no-public-addresses",
        "gcp:dataproc/cluster:Cluster",
        {"clusterConfig": {}},
        {"clusterConfig": {"gceClusterConfig": {"internalIpOnly": True}}},
    ),
    (
        "no-public-addresses",
        "gcp:dataflow/job:Job",
        {"name": "job"},
        {"ipConfiguration": "WORKER_IP_PRIVATE"},
    ),
    (
        "functions-internal",
        "gcp:cloudfunctions/function:Function",
        {"runtime": "python311"},
        {"ingressSettings": "ALLOW_INTERNAL_ONLY"},
    ),
    (
        "databases-not-open",
        SQL,
        sql(ipConfiguration={"authorizedNetworks": [{"value": "0.0.0.0/0"}]}),
        sql(ipConfiguration={"authorizedNetworks": [{"value": "10.0.0.0/8"}]}),
    ),
    ("databases-private", SQL, sql(), sql(ipConfiguration={"ipv4Enabled": False})),
    ("no-public-members", PROJECT_MEMBER, {"member": "allUsers"}, {"member": "group:a@b.com"}),
    (
        "no-public-members",
        "gcp:storage/bucketIAMBinding:BucketIAMBinding",
        {"members": ["user:a@b.com", "allAuthenticatedUsers"]},
        {"members": ["user:a@b.com"]},
    ),
    (
        "no-public-members",
        "gcp:pubsub/topicIAMPolicy:TopicIAMPolicy",
        {"policyData": json.dumps({"bindings": [{"role": "r", "members": ["allUsers"]}]})},
        {"policyData": json.dumps({"bindings": [{"role": "r", "members": ["user:a@b.c"]}]})},
    ),
    (
        "no-public-members",
        DATASET,
        {"accesses": [{"role": "READER"}]},
        {"accesses": [{"role": "READER", "specialGroup": "projectReaders"}]},
    ),
    (
        "no-primitive-roles",
        PROJECT_MEMBER,
        {"role": "roles/editor", "member": "user:a@b.com"},
        {"role": "roles/logging.logWriter", "member": "user:a@b.com"},
    ),
    (
        "no-project-wide-impersonation",
        PROJECT_MEMBER,
        {"role": "roles/iam.serviceAccountTokenCreator", "member": "user:a@b.com"},
        {"role": "roles/viewer", "member": "user:a@b.com"},
    ),
    (
        "no-project-wide-impersonation",
        "gcp:folder/iAMMember:IAMMember",
        {"role": "roles/iam.serviceAccountAdmin", "member": "user:a@b.com"},
        {"role": "roles/iam.securityReviewer", "member": "user:a@b.com"},
    ),
    (
        "no-administrator-accounts",
        PROJECT_MEMBER,
        {"role": "roles/editor", "member": "serviceAccount:a@b.com"},
        {"role": "roles/editor", "member": "user:a@b.com"},
    ),
    (
        "no-administrator-accounts",
        PROJECT_MEMBER,
        {"role": "roles/storage.admin", "member": "serviceAccount:a@b.com"},
        {"role": "roles/storage.admin", "member": "group:a@b.com"},
    ),
    (
        "identity-pools-restricted",
        PROVIDER,
        github(None),
        github("assertion.repository_owner == 'us'"),
    ),
    (
        "github-tokens-restricted",
        PROVIDER,
        github("assertion.sub == 'repo:us*'"),
        github("assertion.sub == 'repo:us/training:ref:refs/heads/main'"),
    ),
    (
        "github-tokens-restricted",
        PROVIDER,
        github("assertion.repository_owner == 'us' || assertion.ref == 'refs/heads/main'"),
        github("assertion.repository_owner == 'us' && assertion.ref == 'refs/heads/main'"),
    ),
    *(
        ("github-tokens-restricted", PROVIDER, github(bad), github(good))
        for bad, good in (
            ("'us' == assertion.actor", "'us' == assertion.repository_owner"),
            (
                "assertion.sub in ['repo:us/a:ref:refs/heads/main', 'repo:*']",
                "assertion.repository in ['us/a', 'us/b']",
            ),
            (
                "!(assertion.repository_owner == 'us')",
                "assertion.repository_owner == 'us' && !(assertion.ref == 'refs/heads/old')",
            ),
            ("assertion.sub.matches('repo:us/a')", "assertion.sub.matches('^repo:us/a:.*$')"),
            (
                "assertion.repository.startsWith('us')",
                "assertion.repository.startsWith('us/')",
            ),
        )
    ),
    (
        "no-default-service-account",
        INSTANCE,
        {"serviceAccount": {"email": "123-compute@developer.gserviceaccount.com"}},
        {"serviceAccount": {"email": "train@project.iam.gserviceaccount.com"}},
    ),
    (
        "no-default-service-account",
        INSTANCE,
        {"serviceAccount": {"scopes": ["cloud-platform"]}},
        {"machineType": "n2-standard-2"},
    ),
    (
        "no-default-service-account",
        TPU,
        {"acceleratorType": "v5litepod-8"},
        {"serviceAccount": {"email": "train@project.iam.gserviceaccount.com"}},
    ),
    (
        "no-default-service-account",
        NODES,
        {"nodeConfig": {"serviceAccount": "default"}},
        {"nodeConfig": {"serviceAccount": "nodes@project.iam.gserviceaccount.com"}},
    ),
    (
        "os-login-on",
        "gcp:compute/projectMetadata:ProjectMetadata",
        {"metadata": {"a": "b"}},
        {"metadata": {"enable-oslogin": "TRUE"}},
    ),
    (
        "os-login-on",
        "gcp:compute/projectMetadataItem:ProjectMetadataItem",
        {"key": "enable-oslogin", "value": "FALSE"},
        {"key": "enable-osconfig", "value": "FALSE"},
    ),
    (
        "os-login-not-overridden",
        INSTANCE,
        {"metadata": {"enable-oslogin": "FALSE"}},
        {"metadata": {}},
    ),
    (
        "no-project-ssh-keys",
        TEMPLATE,
        {"metadata": {}},
        {"metadata": {"block-project-ssh-keys": "true"}},
    ),
    (
        "no-serial-port",
        INSTANCE,
        {"metadata": {"serial-port-enable": "1"}},
        {"metadata": {"serial-port-enable": "FALSE"}},
    ),
    ("no-ip-forwarding", INSTANCE, {"canIpForward": "true"}, {"canIpForward": False}),
    (
        "shielded-machines",
        INSTANCE,
        {"shieldedInstanceConfig": {"enableVtpm": False}},
        {"shieldedInstanceConfig": {"enableSecureBoot": False}},
    ),
    (
        "bucket-public-access-prevented",
        BUCKET,
        {"publicAccessPrevention": "inherited"},
        {"publicAccessPrevention": "enforced"},
    ),
    ("bucket-uniform-access", BUCKET, {"name": "b"}, {"uniformBucketLevelAccess": "true"}),
    ("buckets-versioned", BUCKET, {"versioning": {}}, {"versioning": [{"enabled": True}]}),
    (
        "bucket-logs-elsewhere",
        BUCKET,
        {"name": "data", "logging": {"logBucket": "data"}},
        {"name": "data", "logging": {"logBucket": "logs"}},
    ),
    ("flow-logs-on", SUBNET, {"purpose": "PRIVATE"}, {"logConfig": {"flowSampling": 0.5}}),
    ("flow-logs-on", SUBNET, {}, {"purpose": "REGIONAL_MANAGED_PROXY"}),
    ("private-google-access", SUBNET, {}, {"privateIpGoogleAccess": True}),
    (
        "private-google-access-ipv6",
        SUBNET,
        {"stackType": "IPV4_IPV6"},
        {
            "stackType": "IPV4_IPV6",
            "privateIpv6GoogleAccess": "ENABLE_OUTBOUND_VM_ACCESS_TO_GOOGLE",
        },
    ),
    ("private-google-access-ipv6", SUBNET, {"stackType": "IPV6_ONLY"}, {"stackType": "IPV4_ONLY"}),
    (
        "no-automatic-subnets",
        "gcp:compute/network:Network",
        {"name": "net"},
        {"autoCreateSubnetworks": False},
    ),
    (
        "no-default-network",
        "gcp:organizations/project:Project",
        {"name": "p"},
        {"autoCreateNetwork": False},
    ),
    (
        "dns-signed",
        "gcp:dns/managedZone:ManagedZone",
        {"dnsName": "example.com."},
        {"dnsName": "inside.", "visibility": "private"},
    ),
    (
        "tls-current",
        "gcp:compute/sSLPolicy:SSLPolicy",
        {"profile": "MODERN"},
        {"profile": "MODERN", "minTlsVersion": "TLS_1_2"},
    ),
    # The profile that is the default takes weak ciphers.
    (
        "tls-current",
        "gcp:compute/sSLPolicy:SSLPolicy",
        {"minTlsVersion": "TLS_1_2"},
        {"profile": "RESTRICTED"},
    ),
    (
        "tls-current",
        "gcp:compute/regionSslPolicy:RegionSslPolicy",
        {"profile": "CUSTOM", "minTlsVersion": "TLS_1_2"}
        | {"customFeatures": ["TLS_RSA_WITH_AES_128_CBC_SHA"]},
        {"profile": "CUSTOM", "minTlsVersion": "TLS_1_2"}
        | {"customFeatures": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
    ),
    ("log4j-refused", ARMOR, armor("allow", "cve-canary"), armor("deny(403)", "cve-canary")),
    (
        "log4j-refused",
        ARMOR,
        armor("deny(403)", "cve-canary", preview=True),
        {"type": "CLOUD_ARMOR_EDGE"},
    ),
    (
        "cluster-network-policy",
        CLUSTER,
        {"networkPolicy": {"enabled": False}},
        {"datapathProvider": "ADVANCED_DATAPATH"},
    ),
    ("cluster-network-policy", CLUSTER, {}, {"enableAutopilot": True}),
    (
        "cluster-pod-security",
        CLUSTER,
        {"minMasterVersion": "1.24.9-gke.100"},
        {"minMasterVersion": "1.27"},
    ),
    (
        "cluster-pools-apart",
        CLUSTER,
        {"nodePools": [{"name": "a"}]},
        {"nodePools": [{"name": "a"}], "removeDefaultNodePool": True},
    ),
    ("cluster-logging", CLUSTER, {"loggingService": "none"}, {"name": "c"}),
    ("cluster-monitoring", CLUSTER, {"monitoringService": "none"}, {"name": "c"}),
    ("cluster-no-legacy-authorization", CLUSTER, {"enableLegacyAbac": True}, {"name": "c"}),
    (
        "cluster-no-client-certificates",
        CLUSTER,
        {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": True}}},
        {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": False}}},
    ),
    (
        "cluster-control-plane-restricted",
        CLUSTER,
        {"name": "c"},
        {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]}},
    ),
    (
        "cluster-control-plane-restricted",
        CLUSTER,
        {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "0.0.0.0/0"}]}},
        {"masterAuthorizedNetworksConfig": {}},
    ),
    (
        "cluster-private-nodes",
        CLUSTER,
        {"name": "c"},
        {"privateClusterConfig": {"enablePrivateNodes": True}},
    ),
    ("cluster-shielded-nodes", CLUSTER, {"enableShieldedNodes": False}, {"name": "c"}),
    (
        "node-integrity-monitored",
        NODES,
        {"nodeConfig": {"shieldedInstanceConfig": {"enableIntegrityMonitoring": False}}},
        {"nodeConfig": {}},
    ),
    (
        "cluster-workload-identity",
        CLUSTER,
        {"name": "c"},
        {"workloadIdentityConfig": {"workloadPool": "project.svc.id.goog"}},
    ),
    (
        "node-metadata-guarded",
        NODES,
        {"nodeConfig": {"workloadMetadataConfig": {"mode": "GCE_METADATA"}}},
        {"nodeConfig": {"workloadMetadataConfig": {"mode": "GKE_METADATA"}}},
    ),
    # A cluster's own nodes, unless it removes them.
    *(
        (name, CLUSTER, {"nodeConfig": bad}, {"nodeConfig": bad, "removeDefaultNodePool": True})
        for name, bad in (
            ("node-metadata-guarded", {"workloadMetadataConfig": {"mode": "GCE_METADATA"}}),
            (
                "node-integrity-monitored",
                {"shieldedInstanceConfig": {"enableIntegrityMonitoring": False}},
            ),
        )
    ),
    ("node-upgraded", NODES, {"management": {"autoUpgrade": False}}, {"name": "n"}),
    ("node-repaired", NODES, {"management": {"autoRepair": False}}, {"name": "n"}),
    (
        "cluster-release-channel",
        CLUSTER,
        {"releaseChannel": {"channel": "UNSPECIFIED"}},
        {"releaseChannel": {"channel": "STABLE"}},
    ),
    ("databases-deletion-protected", SPANNER, {"deletionProtection": False}, {"name": "d"}),
    ("databases-deletion-protected", TABLE, {"deletionProtection": "false"}, {"tableId": "t"}),
    ("spanner-drop-protected", SPANNER, {"name": "d"}, {"enableDropProtection": True}),
    (
        "databases-current",
        SQL,
        {"databaseVersion": "MYSQL_5_7"},
        {"databaseVersion": "SQLSERVER_2022_STANDARD"},
    ),
    ("databases-backed-up", SQL, sql(), sql(backupConfiguration={"enabled": True})),
    ("databases-backed-up", SQL, {"name": "d"}, {"masterInstanceName": "primary"}),
    ("tls-only", SQL, sql(), sql(ipConfiguration={"sslMode": "ENCRYPTED_ONLY"})),
    (
        "tls-only",
        SQL,
        sql(ipConfiguration={"sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"}),
        sql(ipConfiguration={"requireSsl": True}),
    ),
    (
        "tls-only",
        SQL,
        sql(
            ipConfiguration={"sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED", "requireSsl": True},
        ),
        sql(ipConfiguration={"sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"}),
    ),
    (
        "database-flags",
        SQL,
        sql(),
        sql(
            databaseFlags=[
                {"name": "log_connections", "value": "on"},
                {"name": "log_disconnections", "value": "on"},
            ]
        ),
    ),
    ("caches-ask-who", CACHE, {"memorySizeGb": 5}, {"authEnabled": True}),
    (
        "caches-ask-who",
        "gcp:redis/cluster:Cluster",
        {"shardCount": 3},
        {"authorizationMode": "AUTH_MODE_IAM_AUTH"},
    ),
    (
        "encrypted-in-transit",
        CACHE,
        {"transitEncryptionMode": "DISABLED"},
        {"transitEncryptionMode": "SERVER_AUTHENTICATION"},
    ),
    ("data-access-logged", BUCKET, {"name": "b"}, {}),
    (
        "audit-log-complete",
        AUDIT,
        logs("DATA_READ"),
        logs("ADMIN_READ", "DATA_READ", "DATA_WRITE"),
    ),
    (
        "audit-log-complete",
        AUDIT,
        logs("ADMIN_READ", "DATA_READ", "DATA_WRITE", exemptedMembers=["user:a@b.com"]),
        {**logs("DATA_READ"), "service": "storage.googleapis.com"},
    ),
    (
        "balancer-logs-on",
        "gcp:compute/backendService:BackendService",
        {"protocol": "HTTPS"},
        {"logConfig": {"enable": True}},
    ),
]

# What cannot be said of one resource alone is tested below.
APART = {"no-account-keys", "data-access-logged"}


def ids(cases: Iterable[tuple[str, str, Inputs, Inputs]]) -> list[str]:
    return [f"{rule}-{kind.split(':')[-1]}" for rule, kind, _, _ in cases]


BOTH = [case for case in CASES if case[0] not in APART]


@pytest.mark.parametrize(("name", "kind", "bad", "good"), BOTH, ids=ids(BOTH))
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
    assert all(name.startswith("CKV_GCP_") for name in rule.references)
    assert not judged(rule), "an empty stack breaks nothing"


# Inputs that only a deployment tells: neither right nor wrong.
UNTOLD: list[tuple[str, str, Inputs]] = [
    ("encrypted-with-managed-key", BUCKET, {"encryption": {"defaultKmsKeyName": UNKNOWN}}),
    ("encrypted-with-managed-key", "gcp:bigtable/instance:Instance", {"clusters": UNKNOWN}),
    ("disks-encrypted-with-managed-key", TEMPLATE, {"disks": UNKNOWN}),
    ("keys-rotated", KEY, {"rotationPeriod": UNKNOWN}),
    ("no-open-ingress", FIREWALL, firewall([UNKNOWN], "22")),
    ("no-open-ingress", FIREWALL, {"sourceRanges": ["0.0.0.0/0"], "allows": UNKNOWN}),
    ("no-public-addresses", INSTANCE, {"networkInterfaces": UNKNOWN}),
    ("no-public-addresses", TPU, {"networkConfig": {"enableExternalIps": UNKNOWN}}),
    ("no-public-members", PROJECT_MEMBER, {"member": UNKNOWN}),
    ("no-public-members", "gcp:projects/iAMPolicy:IAMPolicy", {"policyData": UNKNOWN}),
    ("no-primitive-roles", PROJECT_MEMBER, {"role": UNKNOWN}),
    ("github-tokens-restricted", PROVIDER, github(UNKNOWN)),
    ("no-default-service-account", TPU, {"serviceAccount": UNKNOWN}),
    ("no-project-ssh-keys", INSTANCE, {"metadata": UNKNOWN}),
    ("os-login-not-overridden", INSTANCE, {"metadata": UNKNOWN}),
    ("no-serial-port", INSTANCE, {"metadata": {"serial-port-enable": UNKNOWN}}),
    ("bucket-uniform-access", BUCKET, {"uniformBucketLevelAccess": SECRET}),
    ("bucket-logs-elsewhere", BUCKET, {"logging": {"logBucket": UNKNOWN}}),
    ("log4j-refused", ARMOR, {"rules": UNKNOWN}),
    ("cluster-pod-security", CLUSTER, {"minMasterVersion": UNKNOWN}),
    ("databases-current", SQL, {"databaseVersion": UNKNOWN}),
    ("audit-log-complete", AUDIT, {"auditLogConfigs": UNKNOWN}),
]


@pytest.mark.parametrize(
    ("name", "kind", "inputs"), UNTOLD, ids=[f"{n}-{k.split(':')[-1]}" for n, k, _ in UNTOLD]
)
def test_what_only_a_deployment_tells_is_undecided(name: str, kind: str, inputs: Inputs) -> None:
    (found,) = judged(RULES[name], declare(kind, "later", inputs))
    assert isinstance(found, Undecided)
    assert "later" in found.reason


def test_a_reference_to_a_key_is_a_key() -> None:
    key = declare(KEY, "key")
    bucket = declare(
        BUCKET, "b", {"encryption": {"defaultKmsKeyName": UNKNOWN}}, uses={"encryption": key}
    )
    assert judged(RULES["encrypted-with-managed-key"], bucket) == []


def test_a_table_is_encrypted_by_the_key_of_its_dataset() -> None:
    rule = RULES["encrypted-with-managed-key"]
    own = {"defaultEncryptionConfiguration": {"kmsKeyName": "key"}}
    dataset = declare(DATASET, "dataset", own)
    table = declare(TABLE, "table", {"datasetId": UNKNOWN}, uses={"datasetId": dataset})
    assert judged(rule, dataset, table) == []


def test_the_range_of_another_resource_is_not_the_internet() -> None:
    range_ = declare("gcp:compute/globalAddress:GlobalAddress", "range")
    inside = declare(FIREWALL, "f", firewall([UNKNOWN], "988"), uses={"sourceRanges": range_})
    assert judged(RULES["no-open-ingress"], range_, inside) == []


def test_machines_of_gke_are_judged_by_their_node_pool() -> None:
    email = {"email": "123-compute@developer.gserviceaccount.com"}
    made = declare(INSTANCE, "node", {"name": "gke-pool-1", "serviceAccount": email})
    assert judged(RULES["no-default-service-account"], made) == []


def test_a_machine_from_a_template_is_as_its_template() -> None:
    rule = RULES["no-public-addresses"]
    kind = "gcp:compute/instanceFromTemplate:InstanceFromTemplate"
    open_ = declare(TEMPLATE, "template", {"networkInterfaces": [{"accessConfigs": [{}]}]})
    made = declare(kind, "made", uses={"sourceInstanceTemplate": open_})
    found_of = [each.resource for each in findings(rule, open_, made)]
    assert open_ in found_of
    assert made in found_of
    (found,) = judged(rule, declare(kind, "elsewhere", {"sourceInstanceTemplate": "theirs"}))
    assert isinstance(found, Undecided)


def test_plain_http_only_leads_to_https() -> None:
    routes = "gcp:compute/uRLMap:URLMap"
    away = declare(routes, "away", {"defaultUrlRedirect": {"httpsRedirect": True}})
    serves = declare(routes, "serves", {"defaultService": "backend"})
    kind = "gcp:compute/targetHttpProxy:TargetHttpProxy"
    fine = declare(kind, "fine", {"urlMap": UNKNOWN}, uses={"urlMap": away})
    plain = declare(kind, "plain", {"urlMap": UNKNOWN}, uses={"urlMap": serves})
    rule = next(rule for rule in network_gcp.RULES if rule.id == "tls-only")
    (found,) = findings(rule, away, serves, fine, plain)
    assert found.message == "'plain' serves over plain HTTP"


def test_a_rule_of_its_own_counts_for_its_armor_policy() -> None:
    policy = declare(ARMOR, "policy", {"name": "p"})
    kind = "gcp:compute/securityPolicyRule:SecurityPolicyRule"
    (rule,) = armor("deny(403)", "cve-canary")["rules"]
    apart = declare(
        kind, "rule", rule | {"securityPolicy": UNKNOWN}, uses={"securityPolicy": policy}
    )
    assert findings(RULES["log4j-refused"], policy)
    assert judged(RULES["log4j-refused"], policy, apart) == []


def test_keys_of_service_accounts_are_not_made() -> None:
    (found,) = findings(RULES["no-account-keys"], declare("gcp:serviceaccount/key:Key", "key"))
    assert "'key'" in found.message


def test_who_reads_data_is_logged() -> None:
    rule = RULES["data-access-logged"]
    (found,) = findings(rule, declare(BUCKET, "data"))
    assert found.resource is None
    assert judged(rule, declare(BUCKET, "data"), declare(AUDIT, "audit")) == []


def test_a_message_names_the_ports() -> None:
    bad = declare(FIREWALL, "ssh", firewall(["0.0.0.0/0"], "22", "8000-9000"))
    (found,) = findings(RULES["no-open-ingress"], bad)
    assert found.message == "'ssh' lets the whole internet in on port 22, ports 8000-9000"
