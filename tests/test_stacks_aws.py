"""What the Pulumi program declares on AWS, seen through Pulumi's mocks."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from event_loops import an_event_loop

from domain import blueprint
from domain.catalog import load_catalog
from domain.deployable import check_deployable
from domain.environment import Environment
from domain.located import Located, parse
from stacks.aws import declare
from stacks.names import Names
from stacks.outputs import Outputs

ROOT = Path(__file__).resolve().parent.parent
EVERYWHERE = "0.0.0.0/0"
# The SDK warns of its own deprecated functions when a module of it is loaded.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.* has been deprecated in favor of:DeprecationWarning"
)

UNTAGGED = (
    "aws:autoscaling/attachment:Attachment",
    "aws:autoscaling/policy:Policy",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/alias:Alias",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
)


@dataclass
class Declared(pulumi.runtime.Mocks):
    """Everything that one run of the program asked for."""

    resources: list[pulumi.runtime.MockResourceArgs] = field(default_factory=list)
    outputs: Outputs = field(default_factory=Outputs)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        invented = {
            "arn": f"arn:aws:test:::{args.name}",
            "name": args.name,
            "bucket": args.name,
            "dnsName": "fs.example",
            "mountName": "mnt",
            "prefixListId": "pl-1",
        }
        return f"{args.name}-id", {**invented, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["zone-a", "zone-b"]},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
            "aws:ec2/getAmi:getAmi": {"rootDeviceName": "/dev/xvda"},
            "aws:ec2/getSubnet:getSubnet": {"availabilityZone": "us-east-1c"},
            "aws:ec2/getVpc:getVpc": {"cidrBlock": "172.16.0.0/16"},
        }[args.token]

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Inputs of all resources of a type, by the end of its token."""
        return [each.inputs for each in self.resources if each.typ.endswith(f":{kind}")]

    def one(self, kind: str) -> dict[str, Any]:
        """Inputs of the only resource of a type."""
        (found,) = self.all(kind)
        return found

    def statements(self, kind: str, name: str) -> list[dict[str, Any]]:
        """What the policy of a resource says."""
        (found,) = [
            each.inputs
            for each in self.resources
            if each.typ.endswith(f":{kind}") and each.name == name
        ]
        return json.loads(found["policy"])["Statement"]


def run(environment: dict[str, Any], stack: str = "test") -> Declared:
    """Declares an environment that was checked as the program checks it."""
    read = parse(Environment, Located(environment, "test"))
    check_deployable(read, load_catalog())
    declared = Declared()
    an_event_loop()
    pulumi.runtime.set_mocks(declared, project="windtunnel", stack=stack)
    names = Names("windtunnel", stack, read.governance.tags)

    @pulumi.runtime.test
    def program() -> Any:
        declared.outputs = declare(read, names)
        return pulumi.Output.all(declared.outputs.as_exports()).apply(resolve)

    def resolve(found: list[dict[str, Any]]) -> None:
        declared.outputs = Outputs(**found[0])

    program()
    return declared


def one_pool(**pool: Any) -> dict[str, Any]:
    """An environment with one pool and what a test adds."""
    rest = {key: pool.pop(key) for key in ("storage", "network", "governance") if key in pool}
    zones = pool.pop("zones", [])
    machine = {"machine": "g5.xlarge", **pool}
    if "min" not in machine:
        machine.setdefault("count", 1)
    return {
        "provider": "aws",
        "region": "us-east-1",
        "zones": zones,
        "pools": {"train": machine},
        **rest,
    }


def of_stack(stack: str) -> dict[str, Any]:
    """The environment of a stack that comes with the repository."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    return yaml.safe_load(text)["config"]["windtunnel:environment"]


@pytest.fixture(scope="module")
def prod() -> Declared:
    return run(of_stack("prod"), "prod")


@pytest.fixture(scope="module")
def dev() -> Declared:
    return run(of_stack("dev"), "dev")


def script(declared: Declared) -> str:
    """The user data of the only launch template."""
    return base64.b64decode(declared.one("LaunchTemplate")["userData"]).decode()


def test_every_resource_carries_the_tags_of_stack_and_team(prod: Declared) -> None:
    for each in prod.resources:
        if not each.custom or each.typ.startswith("pulumi:") or each.typ in UNTAGGED:
            continue
        if each.typ.startswith("aws:s3/bucket") and not each.typ.endswith(":Bucket"):
            continue
        tags = each.inputs["tags"]
        if isinstance(tags, list):
            assert all(tag["propagateAtLaunch"] for tag in tags)
            tags = {tag["key"]: tag["value"] for tag in tags}
        assert tags[blueprint.TAG_STACK] == "prod", each.typ
        assert tags["team"] == "research", each.typ


def test_every_resource_goes_to_the_provider_of_a_region(prod: Declared) -> None:
    assert [each["region"] for each in prod.all("aws")] == ["us-east-1"]
    for each in prod.resources:
        if each.custom and each.typ.startswith("aws:"):
            assert "aws-us-east-1" in (each.provider or ""), each.name


def test_nodes_and_disks_carry_their_pool(prod: Declared) -> None:
    template = prod.one("LaunchTemplate")
    for specification in template["tagSpecifications"]:
        assert specification["tags"][blueprint.TAG_POOL] == "train"
    assert {each["resourceType"] for each in template["tagSpecifications"]} >= {
        "instance",
        "volume",
    }


def test_nodes_need_imdsv2_and_have_encrypted_disks(dev: Declared) -> None:
    template = dev.one("LaunchTemplate")
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (disk,) = template["blockDeviceMappings"]
    assert disk["deviceName"] == "/dev/sda1"
    assert disk["ebs"]["encrypted"] == "true"
    assert disk["ebs"]["kmsKeyId"] == "arn:aws:test:::key-us-east-1"
    assert disk["ebs"]["volumeSize"] == 200
    assert disk["ebs"]["volumeType"] == "gp3"
    assert template["monitoring"] == {"enabled": False}


@pytest.mark.parametrize(
    ("machine", "kinds"),
    [
        ("g5.xlarge", []),
        ("g6e.8xlarge", ["efa"]),
        ("p4d.24xlarge", ["efa"] * 4),
        ("trn1.32xlarge", ["efa"] * 8),
        ("p5.48xlarge", [None] + ["efa-only"] * 32),
        ("p6-b300.48xlarge", [None] + ["efa-only"] * 16),
    ],
)
def test_a_cluster_has_the_efa_interfaces_of_its_machine(
    machine: str, kinds: list[str | None]
) -> None:
    template = run(one_pool(machine=machine, count=2, placement="cluster")).one("LaunchTemplate")
    cards = template.get("networkInterfaces", [])
    assert [card.get("interfaceType") for card in cards] == kinds
    places = [(card["networkCardIndex"], card["deviceIndex"]) for card in cards]
    assert len(set(places)) == len(places)
    assert not cards or places[0] == (0, 0)
    group = ["network-hosts-id"]
    assert all(card["securityGroups"] == group for card in cards)
    assert all("associatePublicIpAddress" not in card for card in cards)
    assert template.get("vpcSecurityGroupIds") == (None if cards else group)


def test_a_pool_that_is_no_cluster_has_one_ordinary_interface() -> None:
    declared = run(one_pool(machine="p4d.24xlarge"))
    assert "networkInterfaces" not in declared.one("LaunchTemplate")
    assert declared.all("PlacementGroup") == []


def test_a_reserved_cluster_stands_in_one_zone(prod: Declared) -> None:
    reservation = prod.one("CapacityReservation")
    assert reservation["instanceCount"] == 4
    assert reservation["instanceMatchCriteria"] == "targeted"
    assert reservation["availabilityZone"] == "us-east-1a"
    assert reservation["placementGroupArn"] == "arn:aws:test:::train"
    assert prod.one("Group")["vpcZoneIdentifiers"] == ["network-private-0-id"]
    template = prod.one("LaunchTemplate")
    assert template["placement"] == {"groupName": "train"}
    assert template["capacityReservationSpecification"] == {
        "capacityReservationTarget": {"capacityReservationId": "train-id"}
    }


@pytest.mark.parametrize(("market", "kind"), [("on_demand", None), ("reserved", "capacity-block")])
def test_a_given_reservation_is_used_and_paid_ahead_if_the_market_says_so(
    market: str, kind: str | None
) -> None:
    declared = run(one_pool(machine="p5.48xlarge", market=market, reservation="cr-0abc"))
    assert declared.all("CapacityReservation") == []
    template = declared.one("LaunchTemplate")
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert target == {"capacityReservationId": "cr-0abc"}
    assert template.get("instanceMarketOptions", {}).get("marketType") == kind


def test_spot_nodes_are_asked_for_by_the_template() -> None:
    declared = run(one_pool(market="spot", count=3))
    assert declared.one("LaunchTemplate")["instanceMarketOptions"]["marketType"] == "spot"
    group = declared.one("Group")
    assert group["capacityRebalance"] is True
    assert "mixedInstancesPolicy" not in group


@pytest.mark.parametrize(("market", "on_demand"), [("spot", 0), ("on_demand", 100)])
def test_alternatives_are_bought_by_the_group_in_their_order(market: str, on_demand: int) -> None:
    declared = run(one_pool(market=market, alternatives=["g6.xlarge", "g4dn.xlarge"]))
    assert "instanceMarketOptions" not in declared.one("LaunchTemplate")
    group = declared.one("Group")
    assert "launchTemplate" not in group
    policy = group["mixedInstancesPolicy"]
    assert policy["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == on_demand
    assert [each["instanceType"] for each in policy["launchTemplate"]["overrides"]] == [
        "g5.xlarge",
        "g6.xlarge",
        "g4dn.xlarge",
    ]


def test_a_fixed_pool_keeps_its_size_and_is_never_rebalanced() -> None:
    declared = run(one_pool(count=3))
    group = declared.one("Group")
    assert (group["minSize"], group["desiredCapacity"], group["maxSize"]) == (3, 3, 3)
    assert group["suspendedProcesses"] == ["AZRebalance"]
    assert declared.all("Policy") == []


@pytest.mark.parametrize(
    ("machine", "specification"),
    [
        ("m6i.xlarge", "predefinedMetricSpecification"),
        ("g5.xlarge", "customizedMetricSpecification"),
    ],
)
def test_an_elastic_pool_grows_with_the_use_of_what_it_is_for(
    machine: str, specification: str
) -> None:
    declared = run(one_pool(machine=machine, min=1, max=6, initial=2))
    group = declared.one("Group")
    assert (group["minSize"], group["desiredCapacity"], group["maxSize"]) == (1, 2, 6)
    assert specification in declared.one("Policy")["targetTrackingConfiguration"]
    assert declared.outputs.pools["train"]["count"] == 2


def test_nothing_lets_the_internet_in(prod: Declared) -> None:
    for rule in prod.all("SecurityGroupIngressRule"):
        assert "cidrIpv4" not in rule
        assert rule["referencedSecurityGroupId"] == "network-hosts-id"
    for group in (*prod.all("SecurityGroup"), *prod.all("DefaultSecurityGroup")):
        assert "ingress" not in group
    assert all(subnet["mapPublicIpOnLaunch"] is False for subnet in prod.all("Subnet"))


def test_each_named_zone_has_private_subnets_and_where_asked_a_gateway(prod: Declared) -> None:
    subnets = {each.name: each.inputs for each in prod.resources if each.typ.endswith(":Subnet")}
    zones = {name: subnet["availabilityZone"] for name, subnet in subnets.items()}
    assert zones == {
        "network-private-0": "us-east-1a",
        "network-private-1": "us-east-1b",
        "network-public-0": "us-east-1a",
        "network-public-1": "us-east-1b",
    }
    assert len(prod.all("NatGateway")) == len(prod.all("Eip")) == 2
    blocks = [subnet["cidrBlock"] for subnet in subnets.values()]
    assert len(set(blocks)) == 4
    routes = {each.name: each.inputs for each in prod.resources if each.typ.endswith(":Route")}
    assert routes["network-private-1-default"]["natGatewayId"] == "network-nat-1-id"


def test_without_a_gateway_there_is_no_way_to_the_internet() -> None:
    declared = run(one_pool(network={"nat": "none"}))
    for kind in ("InternetGateway", "NatGateway", "Eip", "Route"):
        assert declared.all(kind) == []
    (subnet,) = declared.all("Subnet")
    assert subnet["availabilityZone"] == "zone-a"
    assert all(rule.get("cidrIpv4") is None for rule in declared.all("SecurityGroupEgressRule"))


def test_endpoints_for_sessions_stand_in_each_zone(prod: Declared) -> None:
    private = [each for each in prod.all("VpcEndpoint") if each["vpcEndpointType"] == "Interface"]
    assert len(private) == len(blueprint.SESSION_SERVICES)
    assert all(len(each["subnetIds"]) == 2 for each in private)
    (gateway,) = [each for each in prod.all("VpcEndpoint") if each not in private]
    assert gateway["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert gateway["routeTableIds"] == ["network-private-0-id", "network-private-1-id"]


def test_a_given_network_is_used_and_none_is_made() -> None:
    network = {"vpc": "vpc-1", "subnets": ["subnet-1", "subnet-2"], "nat": "none"}
    declared = run(one_pool(network=network, reservation="new"))
    for kind in ("Vpc", "Subnet", "Network", "RouteTable", "VpcEndpoint"):
        assert declared.all(kind) == []
    assert declared.one("Group")["vpcZoneIdentifiers"] == ["subnet-1"]
    assert declared.one("CapacityReservation")["availabilityZone"] == "us-east-1c"
    assert declared.one("SecurityGroup")["vpcId"] == "vpc-1"


def test_a_pool_in_another_region_has_its_own_network_key_and_provider() -> None:
    environment = one_pool(storage={"scratch": {"kind": "file_system", "size": "1 TiB"}})
    environment["pools"]["far"] = {"machine": "g5.xlarge", "count": 1, "region": "us-west-2"}
    declared = run(environment)
    networks = [each.name for each in declared.resources if each.typ.endswith(":Network")]
    assert sorted(networks) == ["network", "network-us-west-2"]
    keys = {
        each.name: each.provider for each in declared.resources if each.typ == "aws:kms/key:Key"
    }
    assert sorted(keys) == ["key-us-east-1", "key-us-west-2"]
    assert "aws-us-west-2" in str(keys["key-us-west-2"])
    templates = {
        each.name: each.inputs
        for each in declared.resources
        if each.typ.endswith(":LaunchTemplate")
    }
    far, near = (
        base64.b64decode(templates[name]["userData"]).decode() for name in ("far", "train")
    )
    assert "lustre" in near
    assert "lustre" not in far
    disk = templates["far"]["blockDeviceMappings"][0]["ebs"]
    assert disk["kmsKeyId"] == "arn:aws:test:::key-us-west-2"
    assert declared.outputs.pools["far"]["region"] == "us-west-2"


def test_buckets_are_private_versioned_encrypted_and_tls_only(prod: Declared) -> None:
    buckets = ["audit", "checkpoints", "dataset"]
    for kind in (
        "BucketVersioning",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketOwnershipControls",
        "BucketLifecycleConfiguration",
        "BucketPolicy",
    ):
        found = [each.name for each in prod.resources if each.typ.endswith(f":{kind}")]
        assert sorted(found) == buckets, kind
    for block in prod.all("BucketPublicAccessBlock"):
        flags = {key: value for key, value in block.items() if key != "bucket"}
        assert len(flags) == 4
        assert all(flags.values())
    for encryption in prod.all("BucketServerSideEncryptionConfiguration"):
        (rule,) = encryption["rules"]
        default = rule["applyServerSideEncryptionByDefault"]
        assert default["kmsMasterKeyId"] == "arn:aws:test:::key-us-east-1"
        assert rule["bucketKeyEnabled"] is True
    for name in buckets:
        denied = prod.statements("BucketPolicy", name)[0]
        assert denied["Effect"] == "Deny"
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert all(bucket["forceDestroy"] is False for bucket in prod.all("Bucket") if bucket)


@pytest.mark.parametrize(
    ("storage", "transitions", "expiration"),
    [
        ({}, None, None),
        ({"storage_class": "archive"}, [{"days": 0, "storageClass": "GLACIER"}], None),
        ({"storage_class": "infrequent"}, [{"days": 30, "storageClass": "STANDARD_IA"}], None),
        ({"expire": "36 h"}, None, {"days": 2}),
        # S3 refuses to move what is gone before.
        ({"storage_class": "infrequent", "expire": "20 d"}, None, {"days": 20}),
    ],
)
def test_objects_move_and_go_as_the_environment_says(
    storage: dict[str, Any],
    transitions: list[dict[str, Any]] | None,
    expiration: dict[str, Any] | None,
) -> None:
    declared = run(one_pool(storage={"data": {"kind": "object_store", **storage}}))
    (rule,) = declared.one("BucketLifecycleConfiguration")["rules"]
    assert rule.get("transitions") == transitions
    assert rule.get("expiration") == expiration
    (bucket,) = [each for each in declared.all("Bucket") if each]
    assert bucket["tags"].get("windtunnel-storage-class") == storage.get("storage_class")


def test_with_the_providers_key_nothing_is_left_unencrypted_and_no_key_is_made() -> None:
    declared = run(
        one_pool(
            storage={"data": {"kind": "object_store"}}, governance={"encryption": "provider_key"}
        )
    )
    assert declared.all("Key") == []
    (rule,) = declared.one("BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    ebs = declared.one("LaunchTemplate")["blockDeviceMappings"][0]["ebs"]
    assert ebs["encrypted"] == "true"
    assert "kmsKeyId" not in ebs


def test_a_given_key_and_a_given_bucket_are_used_and_none_is_made() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    declared = run(
        one_pool(
            storage={"data": {"kind": "object_store", "existing": "my-bucket"}},
            governance={"key": key},
        )
    )
    assert declared.all("Key") == declared.all("Bucket") == []
    ebs = declared.one("LaunchTemplate")["blockDeviceMappings"][0]["ebs"]
    assert ebs["kmsKeyId"] == key
    allowed = declared.statements("RolePolicy", "train")
    assert any("arn:aws:s3:::my-bucket/*" in each["Resource"] for each in allowed)
    assert declared.outputs.buckets["data"]["url"] == "s3://my-bucket"


def test_a_role_reaches_the_environments_buckets_and_writes_all_but_the_dataset(
    prod: Declared,
) -> None:
    statements = prod.statements("RolePolicy", "train")
    written = [each for each in statements if "s3:PutObject" in each["Action"]]
    assert [each["Resource"] for each in written] == [["arn:aws:test:::checkpoints/*"]]
    read = [each for each in statements if "s3:GetObject" in each["Action"]]
    assert [each["Resource"] for each in read] == [
        ["arn:aws:test:::dataset/*", "arn:aws:test:::checkpoints/*"]
    ]
    for each in statements:
        actions = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
        assert not any(action.endswith("*") for action in actions)
        if any(action.startswith(("s3:", "kms:", "ssm:GetParameter")) for action in actions):
            assert "*" not in each["Resource"]


def test_the_file_system_is_sold_in_steps_and_linked_to_the_dataset(prod: Declared) -> None:
    lustre = prod.one("LustreFileSystem")
    assert lustre["deploymentType"] == "PERSISTENT_2"
    assert lustre["storageCapacity"] == 4800
    assert lustre["perUnitStorageThroughput"] == 250
    assert lustre["kmsKeyId"] == "arn:aws:test:::key-us-east-1"
    assert lustre["subnetIds"] == prod.one("Group")["vpcZoneIdentifiers"][0]
    assert prod.one("DataRepositoryAssociation")["dataRepositoryPath"] == "s3://dataset"
    mount = prod.outputs.file_systems["scratch"]["mount"]
    assert mount.endswith("fs.example@tcp:/mnt /mnt/scratch")


def test_the_start_script_does_what_the_pool_needs_and_is_valid(
    prod: Declared, tmp_path: Path
) -> None:
    text = script(prod)
    assert "fs.example@tcp:/mnt /mnt/scratch lustre" in text
    assert "mkdir -p /cache" in text
    assert "-c ssm:train-agent" in text
    path = tmp_path / "start.sh"
    path.write_text(text)
    subprocess.run(["bash", "-n", path], check=True)


def test_a_cpu_pool_without_a_cache_starts_with_nothing_to_do() -> None:
    declared = run(one_pool(machine="c7g.4xlarge", storage={"cache": {"kind": "local_nvme"}}))
    assert declared.all("Parameter") == []
    assert [each.typ for each in declared.resources if each.name == "train"].count(
        "windtunnel:aws:CpuGroup"
    ) == 1
    assert "/cache" not in script(declared)
    assert declared.one("LaunchTemplate")["imageId"].endswith("/arm64/hvm/ebs-gp2/ami-id")


@pytest.mark.parametrize(
    ("machine", "part"),
    [
        ("g5.xlarge", "/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/"),
        ("p3.2xlarge", "/x86_64/base-proprietary-nvidia-driver-gpu-ubuntu-22.04/"),
        ("trn1.32xlarge", "/neuron/dlami/base/"),
        ("m6i.large", "/server/22.04/stable/current/amd64/"),
    ],
)
def test_the_image_fits_the_machine(machine: str, part: str) -> None:
    image = run(one_pool(machine=machine)).one("LaunchTemplate")["imageId"]
    assert image.startswith("resolve:ssm:/aws/service/")
    assert part in image


def test_a_given_image_tells_its_root_disk() -> None:
    template = run(one_pool(image="ami-0abc")).one("LaunchTemplate")
    assert template["imageId"] == "ami-0abc"
    assert template["blockDeviceMappings"][0]["deviceName"] == "/dev/xvda"


def test_two_alarms_watch_a_pool_and_tell_everybody(prod: Declared) -> None:
    alarms = {
        each.name: each.inputs for each in prod.resources if each.typ.endswith(":MetricAlarm")
    }
    assert sorted(alarms) == ["train-failed", "train-idle"]
    assert len(alarms) == blueprint.ALARMS_PER_POOL
    assert alarms["train-idle"]["metricName"] == "nvidia_smi_utilization_gpu"
    assert alarms["train-failed"]["threshold"] == 4
    # An alarm that computes with several metrics would be charged for each.
    assert all("metricQueries" not in alarm for alarm in alarms.values())
    topic = "arn:aws:test:::alerts-us-east-1"
    assert all(alarm["alarmActions"] == [topic] for alarm in alarms.values())
    assert len(prod.all("TopicSubscription")) == 2
    assert "kmsMasterKeyId" in prod.one("Topic")


def test_the_audit_trail_covers_all_regions_and_the_objects_of_the_buckets(
    prod: Declared,
) -> None:
    trail = prod.one("Trail")
    assert trail["isMultiRegionTrail"] is True
    assert trail["enableLogFileValidation"] is True
    assert trail["kmsKeyId"] == "arn:aws:test:::key-us-east-1"
    (selector,) = trail["eventSelectors"]
    assert selector["dataResources"][0]["values"] == [
        "arn:aws:test:::dataset/",
        "arn:aws:test:::checkpoints/",
    ]
    for statement in prod.statements("BucketPolicy", "audit")[1:]:
        assert statement["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
        source = statement["Condition"]["StringEquals"]["aws:SourceArn"]
        assert source == "arn:aws:cloudtrail:us-east-1:123456789012:trail/prod-audit"
    assert prod.one("FlowLog")["trafficType"] == "ALL"
    assert prod.one("LogGroup")["retentionInDays"] == blueprint.RETENTION_DAYS


def test_without_audit_there_is_neither_trail_nor_flow_log(dev: Declared) -> None:
    for kind in ("Trail", "FlowLog", "LogGroup", "Topic", "Budget"):
        assert dev.all(kind) == []


def test_keys_rotate_and_only_services_of_the_account_use_them(prod: Declared) -> None:
    assert prod.one("Key")["enableKeyRotation"] is True
    for statement in prod.statements("Key", "key-us-east-1"):
        if statement["Principal"] == {"AWS": "*"}:
            condition = statement["Condition"]
            assert condition["StringEquals"]["kms:CallerAccount"] == "123456789012"
            assert all(":role/aws-service-role/" in arn for arn in _role_arns(condition))


def _role_arns(condition: dict[str, Any]) -> list[str]:
    return condition["ArnLike"]["aws:PrincipalArn"]


def test_the_budget_is_a_months_and_counts_this_stack_only(prod: Declared) -> None:
    budget = prod.one("Budget")
    assert budget["limitAmount"] == "87600.00"
    assert budget["costFilters"] == [
        {"name": "TagKeyValue", "values": ["user:windtunnel-stack$prod"]}
    ]
    assert {each["notificationType"] for each in budget["notifications"]} == {
        "ACTUAL",
        "FORECASTED",
    }


def test_a_load_balancer_is_internal_and_reaches_the_nodes_only() -> None:
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    network = {"load_balancer": "application", "certificate": certificate, "nat": "single"}
    declared = run(one_pool(zones=["us-east-1a", "us-east-1b"], network=network))
    (balancer,) = [each for each in declared.all("LoadBalancer") if each]
    assert balancer["internal"] is True
    assert len(balancer["subnets"]) == 2
    listener = declared.one("Listener")
    assert (listener["protocol"], listener["port"]) == ("HTTPS", 443)
    assert listener["certificateArn"] == certificate
    for rule in declared.all("SecurityGroupIngressRule"):
        assert rule.get("cidrIpv4") in (None, "10.0.0.0/16")
    assert declared.one("Attachment")["autoscalingGroupName"] == "train"
    assert "address" in declared.outputs.access["load_balancer"]


def test_a_network_load_balancer_passes_connections_through() -> None:
    declared = run(one_pool(network={"load_balancer": "network"}))
    assert declared.one("Listener")["protocol"] == "TCP"
    assert declared.one("TargetGroup")["protocol"] == "TCP"


def test_outputs_tell_how_to_find_and_reach_the_nodes(prod: Declared) -> None:
    assert prod.outputs.pools["train"] == {
        "provider": "aws",
        "region": "us-east-1",
        "zones": ["us-east-1a", "us-east-1b"],
        "machine": "p4d.24xlarge",
        "market": "on_demand",
        "count": 4,
        "min": 4,
        "max": 4,
        "find": {
            "auto_scaling_group": "train",
            "tags": {"windtunnel-stack": "prod", "windtunnel-pool": "train"},
        },
    }
    assert prod.outputs.buckets["checkpoints"]["url"] == "s3://checkpoints"
    assert prod.outputs.access["us-east-1"]["kind"] == "ssm"


@pytest.mark.parametrize("protected", [True, False])
def test_deletion_protection_holds_what_cannot_be_made_again(
    protected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    original: Callable[..., None] = pulumi.CustomResource.__init__

    def watched(self: Any, kind: str, *rest: Any, **more: Any) -> None:
        original(self, kind, *rest, **more)
        if self._protect:
            kept.append(kind.rsplit(":", 1)[-1])

    monkeypatch.setattr(pulumi.CustomResource, "__init__", watched)
    run(
        one_pool(
            storage={
                "data": {"kind": "object_store"},
                "scratch": {"kind": "file_system", "size": "1 TiB"},
            },
            governance={"deletion_protection": protected, "audit": True},
        )
    )
    # A bucket that is kept keeps what guards it.
    guards = [
        "BucketLifecycleConfiguration",
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
    ]
    expected = ["Bucket", *guards, "Bucket", *guards, "Key", "LustreFileSystem", "Trail"]
    assert sorted(kept) == (sorted(expected) if protected else [])
