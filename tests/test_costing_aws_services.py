"""What AWS security, operations, delivery and edge services cost: a figure worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, month, plan_of, reasons, waiting

AUTHORITY = "aws:acmpca/certificateAuthority:CertificateAuthority"
CERTIFICATE = "aws:acm/certificate:Certificate"
ACL = "aws:wafv2/webAcl:WebAcl"
GROUP_OF_RULES = "aws:wafv2/webAclRuleGroupAssociation:WebAclRuleGroupAssociation"
VAULT = "aws:backup/logicallyAirGappedVault:LogicallyAirGappedVault"
KEPT_IN_VAULTS = (0.05, 0.01, 0.05, 0.095, 0.021, 0.1, 0.03, 0.05, 0.05, 0.05, 0.01)
RESTORED_FROM_VAULTS = (0.02, 0.03, 0.15, 0.02)
HOURS = 730


@pytest.mark.parametrize(
    ("kind", "inputs", "dollars"),
    [
        (AUTHORITY, {}, 400),
        (AUTHORITY, {"usageMode": "SHORT_LIVED_CERTIFICATE"}, 50),
        (CERTIFICATE, {"certificateAuthorityArn": "arn:x", "domainName": "a.b"}, 0.75),
        (
            CERTIFICATE,
            {
                "options": {"export": "ENABLED"},
                "domainName": "a.b",
                "subjectAlternativeNames": ["a.b", "*.a.b"],
            },
            15 + 149,
        ),
        ("aws:acmpca/certificate:Certificate", {}, 0.75),
        ("aws:globalaccelerator/accelerator:Accelerator", {}, HOURS * 0.025),
        (
            "aws:globalaccelerator/customRoutingAccelerator:CustomRoutingAccelerator",
            {},
            HOURS * 0.025,
        ),
        ("aws:wafv2/webAclRule:WebAclRule", {}, 1),
        (GROUP_OF_RULES, {}, 1),
        (GROUP_OF_RULES, {"managedRuleGroup": {"name": "AWSManagedRulesBotControlRuleSet"}}, 10),
        # A list, a rule and a group of rules.
        ("aws:wafregional/webAcl:WebAcl", {"rules": [{}, {"type": "GROUP"}]}, 5 + 1 + 1),
        ("aws:route53/resolverEndpoint:ResolverEndpoint", {"ipAddresses": [{}, {}]}, 2 * 91.25),
        ("aws:ec2transitgateway/peeringAttachment:PeeringAttachment", {}, HOURS * 0.05),
        ("aws:kms/replicaKey:ReplicaKey", {}, 1),
        ("aws:kms/externalKey:ExternalKey", {}, 1),
        ("aws:grafana/workspace:Workspace", {}, 9),
        ("aws:codepipeline/pipeline:Pipeline", {}, 1),
        ("aws:shield/subscription:Subscription", {}, 3000),
        ("aws:fms/policy:Policy", {}, 100),
        ("aws:ec2/trafficMirrorSession:TrafficMirrorSession", {}, HOURS * 0.015),
        ("aws:ec2clientvpn/networkAssociation:NetworkAssociation", {}, HOURS * 0.1),
        ("aws:ec2/vpnConnection:VpnConnection", {}, HOURS * 0.05),
        ("aws:ec2/vpnConnection:VpnConnection", {"enableAcceleration": True}, HOURS * 0.1),
        ("aws:directconnect/connection:Connection", {"bandwidth": "10Gbps"}, HOURS * 2.25),
        (
            "aws:directconnect/hostedConnection:HostedConnection",
            {"bandwidth": "500Mbps"},
            HOURS * 0.2,
        ),
        ("aws:route53/zone:Zone", {}, 0.5),
        ("aws:route53/trafficPolicyInstance:TrafficPolicyInstance", {}, 50),
        ("aws:route53recoverycontrol/cluster:Cluster", {}, HOURS * 2.5),
        ("aws:route53recoveryreadiness/readinessCheck:ReadinessCheck", {}, HOURS * 0.045),
        ("aws:vpc/routeServerEndpoint:RouteServerEndpoint", {}, HOURS * 0.75),
        ("aws:vpclattice/service:Service", {}, HOURS * 0.025),
        ("aws:verifiedaccess/endpoint:Endpoint", {}, HOURS * 0.27),
        ("aws:ec2/networkInsightsAnalysis:NetworkInsightsAnalysis", {}, 0.1),
        ("aws:lb/trustStore:TrustStore", {}, HOURS * 0.0056),
        ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "gateway"}, HOURS * 0.0125),
        ("aws:elb/loadBalancer:LoadBalancer", {}, HOURS * 0.025),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "GatewayLoadBalancer"}, 7.3),
        ("aws:ec2transitgateway/vpcAttachment:VpcAttachment", {}, HOURS * 0.05),
        ("aws:networkfirewall/firewall:Firewall", {}, HOURS * 0.395),
        ("aws:transfer/server:Server", {"protocols": ["SFTP", "FTPS"]}, 2 * HOURS * 0.3),
        ("aws:secretsmanager/secret:Secret", {}, 0.4),
        ("aws:ssm/parameter:Parameter", {"tier": "Advanced"}, 0.05),
        ("aws:kms/replicaExternalKey:ReplicaExternalKey", {}, 1),
        ("aws:ebs/fastSnapshotRestore:FastSnapshotRestore", {}, HOURS * 0.75),
        ("aws:cloudwatch/contributorInsightRule:ContributorInsightRule", {}, 0.5),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", {}, 0.5),
        ("aws:cloudwatch/dashboard:Dashboard", {}, 3),
        ("aws:ec2/dedicatedHost:DedicatedHost", {"instanceType": "mac1.metal"}, HOURS * 1.083),
        ("aws:ec2/dedicatedHost:DedicatedHost", {"instanceFamily": "m5"}, HOURS * 5.069),
    ],
)
def test_what_is_there_is_billed(kind: str, inputs: dict[str, Any], dollars: float) -> None:
    assert month(cost_of(declare(kind, "it", inputs))) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("kind", "inputs", "prices"),
    [
        ("aws:cloudfront/function:Function", {}, [0.0001]),
        ("aws:cloudfront/distribution:Distribution", {}, [0.085, 0.02, 0.00075, 0.001, 5.0]),
        (
            "aws:globalaccelerator/endpointGroup:EndpointGroup",
            {"endpointGroupRegion": "us-west-1"},
            [0.015, 0.015, 0.035],
        ),
        (
            "aws:codebuild/project:Project",
            {"environment": {"computeType": "BUILD_GENERAL1_LARGE", "type": "LINUX_CONTAINER"}},
            [0.02],
        ),
        (
            "aws:codebuild/project:Project",
            {
                "environment": {
                    "computeType": "BUILD_GENERAL1_LARGE",
                    "type": "WINDOWS_SERVER_2019_CONTAINER",
                }
            },
            [0.036],
        ),
        ("aws:codepipeline/pipeline:Pipeline", {"pipelineType": "V2"}, [0.002]),
        ("aws:amp/workspace:Workspace", {}, [0.00009, 0.03, 1e-7]),
        ("aws:cfg/rule:Rule", {}, [1.0]),
        ("aws:cfg/organizationCustomRule:OrganizationCustomRule", {}, [1.0]),
        ("aws:cfg/organizationCustomPolicyRule:OrganizationCustomPolicyRule", {}, [1.0]),
        ("aws:cfg/organizationManagedRule:OrganizationManagedRule", {}, [1.0]),
        ("aws:cfg/conformancePack:ConformancePack", {}, [1.0]),
        ("aws:cfg/organizationConformancePack:OrganizationConformancePack", {}, [1.0]),
        (
            "aws:globalaccelerator/customRoutingEndpointGroup:CustomRoutingEndpointGroup",
            {"endpointGroupRegion": "us-east-2"},
            [0.015, 0.015, 0.035],
        ),
        (VAULT, {}, [*KEPT_IN_VAULTS, *RESTORED_FROM_VAULTS]),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", {}, [0.3]),
        ("aws:ec2/amiFromInstance:AmiFromInstance", {}, [0.05]),
        ("aws:cfg/recorder:Recorder", {}, [3.0]),
        (
            "aws:cfg/recorder:Recorder",
            {"recordingMode": {"recordingFrequency": "DAILY"}},
            [12.0],
        ),
        ("aws:guardduty/detector:Detector", {}, [0.004, 1.0]),
        ("aws:securityhub/account:Account", {}, [1.0]),
        ("aws:ssm/activation:Activation", {"registrationLimit": 1001}, [0.00695]),
        ("aws:cloudtrail/eventDataStore:EventDataStore", {}, [0.75, 0.005]),
        ("aws:cloudwatch/metricStream:MetricStream", {}, [0.003]),
        ("aws:synthetics/canary:Canary", {}, [1.2]),
        ("aws:cloudwatch/logGroup:LogGroup", {}, [0.5, 0.03, 0.005]),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"logGroupClass": "INFREQUENT_ACCESS"},
            [0.25, 0.03, 0.005],
        ),
        ("aws:ec2clientvpn/endpoint:Endpoint", {}, [0.05]),
        ("aws:ec2/vpcIpam:VpcIpam", {}, [0.00027]),
        ("aws:datasync/task:Task", {}, [0.0125]),
        ("aws:codeartifact/repository:Repository", {}, [0.05, 0.005]),
        ("aws:ec2/amiCopy:AmiCopy", {}, [0.05]),
        ("aws:accessanalyzer/analyzer:Analyzer", {"type": "ACCOUNT_UNUSED_ACCESS"}, [0.2]),
        ("aws:ecrpublic/repository:Repository", {}, [0.1]),
        ("aws:s3/inventory:Inventory", {}, [0.0000025]),
        ("aws:s3/analyticsConfiguration:AnalyticsConfiguration", {}, [0.0001]),
        ("aws:s3/bucketMetric:BucketMetric", {}, [0.3]),
        (
            "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
            {},
            [0.0033],
        ),
    ],
)
def test_what_is_used_is_listed(kind: str, inputs: dict[str, Any], prices: list[float]) -> None:
    cost = cost_of(declare(kind, "it", inputs))
    assert (cost.basis, cost.monthly_usd) == ("usage", 0)
    assert list(waiting(cost).values()) == pytest.approx(prices)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        (CERTIFICATE, {"domainName": "a.b"}),
        ("aws:ssm/parameter:Parameter", {"tier": "Standard"}),
        ("aws:ssm/activation:Activation", {}),
        ("aws:ec2/vpcIpam:VpcIpam", {"tier": "free"}),
        ("aws:globalaccelerator/accelerator:Accelerator", {"enabled": False}),
        ("aws:iam/role:Role", {}),
        ("aws:accessanalyzer/analyzer:Analyzer", {"type": "ACCOUNT"}),
        ("aws:ec2/eip:Eip", {"publicIpv4Pool": "ipv4pool-ec2-1"}),
        ("aws:route53/record:Record", {}),
        ("aws:lb/targetGroup:TargetGroup", {}),
        ("aws:wafv2/ipSet:IpSet", {}),
        ("aws:ecs/taskDefinition:TaskDefinition", {}),
        ("aws:s3/bucketAcl:BucketAcl", {}),
        ("aws:backup/plan:Plan", {}),
        ("aws:ec2transitgateway/transitGateway:TransitGateway", {}),
    ],
)
def test_what_is_free(kind: str, inputs: dict[str, Any]) -> None:
    assert cost_of(declare(kind, "it", inputs)).basis == "free"


def test_firewall_lists_are_billed_with_their_rules_and_groups() -> None:
    group = declare("aws:wafv2/ruleGroup:RuleGroup", "own", {"rules": [{}, {}]}, id="rg-1")
    rules = [
        {"statement": {"rateBasedStatement": {"limit": 100}}},
        {"statement": {"managedRuleGroupStatement": {"name": "Common", "vendorName": "AWS"}}},
        {
            "statement": {
                "managedRuleGroupStatement": {
                    "name": "AWSManagedRulesBotControlRuleSet",
                    "vendorName": "AWS",
                }
            }
        },
        {"statement": {"ruleGroupReferenceStatement": {"arn": "rg-1"}}},
    ]
    acl = declare(ACL, "front", {"rules": rules})
    assert amounts(cost_of(acl, group)) == {
        "web firewall, acl": (1.0, 5.0),
        "web firewall, rule": (1.0, 1.0),
        "web firewall, rule group": (1.0, 1.0),
        "web firewall, managed rule group": (1.0, 1.0),
        "web firewall, bot control": (1.0, 10.0),
    }
    assert amounts(cost_of(group, acl)) == {"web firewall, group rule": (2.0, 2.0)}
    assert waiting(cost_of(acl))["web firewall, group rule"] == 1
    bought = {"managedRuleGroupStatement": {"name": "Their", "vendorName": "Vendor"}}
    assert reasons(cost_of(declare(ACL, "bought", {"rules": [{"statement": bought}]}))) == [
        "their vendor sets the price"
    ]


def test_the_first_generation_of_firewalls() -> None:
    kinds = ["REGULAR", "RATE_BASED", "GROUP"]
    acl = declare("aws:waf/webAcl:WebAcl", "old", {"rules": [{"type": kind} for kind in kinds]})
    assert month(cost_of(acl)) == 5 + 2 + 1
    assert list(waiting(cost_of(acl)).values()) == [1.0, 0.0006]


def test_certificates_of_an_authority_are_graduated() -> None:
    kind = {"certificateAuthorityArn": "arn:x"}
    many = [declare(CERTIFICATE, f"c{number}", kind) for number in range(1001)]
    assert float(plan_of(*many).bill.total_usd) == pytest.approx(1000 * 0.75 + 0.35)


def test_plug_ins_come_with_a_licence_of_the_workspace() -> None:
    workspace = declare("aws:grafana/workspace:Workspace", "metrics", id="g-1")
    licence = declare(
        "aws:grafana/licenseAssociation:LicenseAssociation",
        "licence",
        {"licenseType": "ENTERPRISE", "workspaceId": "g-1"},
    )
    assert month(cost_of(workspace, licence)) == 9 + 45
    assert cost_of(licence, workspace).basis == "free"


def test_an_alarm_on_what_is_unusual_counts_its_bounds() -> None:
    queries = [
        {"expression": "ANOMALY_DETECTION_BAND(m1)"},
        {"metric": {"metricName": "CPUUtilization", "period": 30}},
    ]
    alarm = declare("aws:cloudwatch/metricAlarm:MetricAlarm", "odd", {"metricQueries": queries})
    assert month(cost_of(alarm)) == pytest.approx(3 * 0.3)


def test_a_second_trail_pays_for_its_copy_of_management_events() -> None:
    trail = "aws:cloudtrail/trail:Trail"
    one, two = declare(trail, "one"), declare(trail, "two")
    assert waiting(cost_of(one, two)) == {"audit trail, extra management events": 0.02}
    without = declare(trail, "without", {"includeGlobalServiceEvents": False})
    assert cost_of(without, one).basis == "free"


def test_vaults_list_what_they_may_keep() -> None:
    cost = cost_of(declare("aws:backup/vault:Vault", "vault"))
    assert waiting(cost)["backup, ebs warm"] == 0.05
    assert waiting(cost)["backup, dynamodb warm restore"] == 0.15


@pytest.mark.parametrize(
    ("kind", "inputs", "dollars"),
    [
        ("lustreFileSystem:LustreFileSystem", {"deploymentType": "PERSISTENT_1"}, 1200 * 0.14),
        (
            "lustreFileSystem:LustreFileSystem",
            {
                "deploymentType": "PERSISTENT_1",
                "storageType": "HDD",
                "perUnitStorageThroughput": 40,
            },
            1200 * 0.083,
        ),
        (
            "windowsFileSystem:WindowsFileSystem",
            {"deploymentType": "SINGLE_AZ_2", "throughputCapacity": 32},
            1200 * 0.13 + 32 * 2.2,
        ),
        (
            "windowsFileSystem:WindowsFileSystem",
            {"deploymentType": "MULTI_AZ_1", "storageType": "HDD", "throughputCapacity": 32},
            1200 * 0.025 + 32 * 4.5,
        ),
        (
            "openZfsFileSystem:OpenZfsFileSystem",
            {
                "deploymentType": "SINGLE_AZ_1",
                "throughputCapacity": 64,
                "diskIopsConfiguration": {"mode": "USER_PROVISIONED", "iops": 4000},
            },
            1200 * 0.09 + 64 * 0.26 + 400 * 0.006,
        ),
        (
            "ontapFileSystem:OntapFileSystem",
            {"deploymentType": "MULTI_AZ_1", "throughputCapacity": 128},
            1200 * 0.25 + 128 * 1.2,
        ),
    ],
)
def test_file_systems(kind: str, inputs: dict[str, Any], dollars: float) -> None:
    written = {"storageCapacity": 1200, "perUnitStorageThroughput": 50, **inputs}
    cost = cost_of(declare(f"aws:fsx/{kind}", "files", written))
    assert month(cost) == pytest.approx(dollars)


def test_a_file_system_that_no_price_is_known_of() -> None:
    kind = "aws:fsx/openZfsFileSystem:OpenZfsFileSystem"
    cost = cost_of(declare(kind, "files", {"deploymentType": "MULTI_AZ_1"}))
    assert reasons(cost) == ["no price of OpenZFS in several zones is known"]


def test_elastic_file_systems_by_what_moves() -> None:
    written = {"lifecyclePolicies": [{"transitionToIa": "AFTER_7_DAYS"}]}
    cost = cost_of(declare("aws:efs/fileSystem:FileSystem", "home", written))
    assert list(waiting(cost).values()) == [0.3, 0.025, 0.01, 0.01]
    provisioned = {"throughputMode": "provisioned", "provisionedThroughputInMibps": 100}
    cost = cost_of(declare("aws:efs/fileSystem:FileSystem", "fast", provisioned))
    assert month(cost) == pytest.approx(600)


def test_a_bucket_lists_the_classes_that_its_rules_move_objects_to() -> None:
    moves = [{"storageClass": "GLACIER"}, {"storageClass": "INTELLIGENT_TIERING"}]
    rules = [{"transitions": moves, "noncurrentVersionTransitions": moves[:1]}]
    bucket = declare("aws:s3/bucket:Bucket", "data", {"bucket": "data"}, id="data")
    lifecycle = declare(
        "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
        "rules",
        {"bucket": "data", "rules": rules},
    )
    prices = waiting(cost_of(bucket, lifecycle))
    assert prices["object storage, glacier_flexible"] == 0.0036
    assert prices["object storage, glacier flexible transitions"] == 0.03
    assert prices["object storage, intelligent tiering monitoring"] == 0.0025
    assert prices["object storage, standard select scanned"] == 0.002
    inline = declare("aws:s3/bucket:Bucket", "inline", {"lifecycleRules": rules})
    assert waiting(cost_of(inline)) == prices


def test_buckets_of_one_zone_and_vaults_of_old() -> None:
    tags = {"windtunnel-size-bytes": f"{2**40}"}
    express = declare("aws:s3/directoryBucket:DirectoryBucket", "fast", {"tags": tags})
    assert month(cost_of(express)) == pytest.approx(1024 * 0.11)
    vault = cost_of(declare("aws:glacier/vault:Vault", "old"))
    assert waiting(vault)["object storage, glacier_flexible"] == 0.0036
