"""What the Pulumi program declares on Google Cloud, seen through Pulumi's mocks."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from event_loops import an_event_loop
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from domain import blueprint
from domain.catalog import load_catalog
from domain.deployable import problems
from domain.environment import Environment
from stacks.gcp import declare
from stacks.gcp.boot import startup_script
from stacks.gcp.machine_type import machine_type
from stacks.gcp.tpu import runtime_version
from stacks.names import Names
from stacks.outputs import Outputs

ROOT = Path(__file__).resolve().parent.parent
STAGING = yaml.safe_load((ROOT / "Pulumi.staging.yaml").read_text())["config"]
PROJECT = "example-project"
EVERYWHERE = "0.0.0.0/0"

# The SDK warns of its own deprecated functions when a module of it is loaded.
pytestmark = pytest.mark.filterwarnings("ignore:gcp:DeprecationWarning")


@dataclass
class Declared(pulumi.runtime.Mocks):
    """Everything that one run of the program asked for."""

    resources: list[pulumi.runtime.MockResourceArgs] = field(default_factory=list)
    outputs: Outputs = field(default_factory=Outputs)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.resources.append(args)
        invented = {
            "name": args.inputs.get("name", f"{args.name}-1a2b3c4"),
            "selfLink": f"link/{args.name}",
            "email": f"{args.name}@example.iam",
            "member": f"serviceAccount:{args.name}@example.iam",
            "address": "10.9.0.0",
            "writerIdentity": "serviceAccount:writer",
            "instanceGroup": f"group/{args.name}",
            "mountPoint": "10.9.0.2@tcp:/scratch",
            "networkEndpoints": [{"ipAddress": "10.0.0.2", "port": 8470}],
            "ipAddress": "10.0.0.9",
        }
        return f"id-{args.name}", {**invented, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {
            "gcp:organizations/getProject:getProject": {"number": "42", "billingAccount": "B"},
            "gcp:compute/getZones:getZones": {"names": ["us-central1-a", "us-central1-b"]},
            "gcp:compute/getSubnetwork:getSubnetwork": {
                "selfLink": args.args.get("selfLink"),
                "ipCidrRange": "10.7.0.0/20",
            },
            "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": {
                "emailAddress": "gcs@example.iam"
            },
        }[args.token]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Inputs of every resource of a type, by the last word of its name."""
        return [each.inputs for each in self.resources if each.typ.rpartition(":")[2] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        (only,) = self.of(kind)
        return only

    def components(self) -> set[tuple[str, str]]:
        found = {(each.typ, each.name) for each in self.resources}
        return {each for each in found if each[0].startswith("windtunnel:")}


def run(environment: Environment, stack: str = "test") -> Declared:
    declared = Declared()
    pulumi.runtime.set_all_config({"gcp:project": PROJECT})
    an_event_loop()
    pulumi.runtime.set_mocks(declared, project="windtunnel", stack=stack, preview=False)

    @pulumi.runtime.test
    def program() -> pulumi.Output[Any]:
        names = Names("windtunnel", stack, environment.governance.tags)
        declared.outputs = declare(environment, names)
        return pulumi.Output.from_input(declared.outputs.as_exports()).apply(
            lambda exports: known.update(exports)
        )

    known: dict[str, Any] = {}
    program()
    declared.outputs = Outputs(**known)
    return declared


def make(pools: dict[str, Any] | None = None, **keys: Any) -> Environment:
    whole: dict[str, Any] = {
        "provider": "gcp",
        "region": "us-central1",
        "pools": pools or {"train": {"machine": "g2-standard-24", "count": 2}},
        **keys,
    }
    environment = Environment.model_validate(whole)
    assert list(problems(environment, load_catalog())) == []
    return environment


def pool_of(**keys: Any) -> Declared:
    return run(make({"train": {"machine": "g2-standard-24", "count": 2, **keys}}))


@pytest.fixture(scope="module")
def staging() -> Declared:
    return run(Environment.model_validate(STAGING["windtunnel:environment"]), "staging")


@pytest.fixture(scope="module")
def governed() -> Declared:
    return run(
        make(
            storage={"dataset": {"kind": "object_store"}, "logs": {"kind": "object_store"}},
            network={"nat": "per_zone"},
            governance={
                "audit": True,
                "budget": "$10/h",
                "alert_emails": ["ops@example.com"],
                "deletion_protection": True,
                "tags": {"Team": "ML Platform"},
            },
        )
    )


def test_staging_has_what_its_environment_says(staging: Declared) -> None:
    assert staging.components() == {
        ("windtunnel:gcp:Governance", "governance"),
        ("windtunnel:gcp:Network", "network"),
        ("windtunnel:gcp:GpuGroup", "train"),
        ("windtunnel:gcp:TpuGroup", "slice"),
        ("windtunnel:gcp:Bucket", "dataset"),
        ("windtunnel:gcp:Bucket", "checkpoints"),
        ("windtunnel:gcp:FileSystem", "shared"),
    }
    assert staging.one("RegionInstanceGroupManager")["targetSize"] == 2
    assert staging.one("V2Vm")["acceleratorType"] == "v5litepod-8"
    alarms = {each.name for each in staging.resources if each.typ.endswith(":AlertPolicy")}
    assert alarms == {"train-idle", "train-failed", "slice-idle", "slice-failed"}


def test_outputs_tell_how_to_reach_everything(staging: Declared) -> None:
    outputs = staging.outputs
    assert outputs.pools["train"]["find"]["instance_group"].startswith("staging-train")
    assert outputs.pools["train"]["count"] == 2
    assert outputs.buckets["dataset"]["url"].startswith("gs://staging-dataset")
    assert outputs.file_systems["shared"]["address"] == "10.9.0.2"
    assert outputs.file_systems["shared"]["mount"].endswith("/mnt/shared")
    (piece,) = outputs.tpus["slice"]
    assert piece["endpoints"] == ["10.0.0.2"]
    assert piece["zone"] == "us-central1-a"
    assert outputs.access["us-central1"]["kind"] == "iap"


def test_file_systems_are_bought_in_the_steps_that_are_sold(staging: Declared) -> None:
    lustre = staging.one("Instance")
    assert (lustre["capacityGib"], lustre["perUnitStorageThroughput"]) == ("9000", "1000")
    assert lustre["kmsKey"]
    assert staging.one("Connection")["reservedPeeringRanges"]


def every_range(declared: Declared) -> Iterator[str]:
    for rule in declared.of("Firewall"):
        assert rule["direction"] == "INGRESS"
        assert rule["targetTags"], "a rule that opens every host"
        yield from rule.get("sourceRanges", [])


def test_nothing_is_open_to_the_internet(staging: Declared, governed: Declared) -> None:
    for declared in (staging, governed):
        assert EVERYWHERE not in every_range(declared)
        for template in declared.of("RegionInstanceTemplate"):
            assert all(not nic.get("accessConfigs") for nic in template["networkInterfaces"])
            assert template["metadata"]["enable-oslogin"] == "TRUE"
            assert template["shieldedInstanceConfig"]["enableVtpm"]
        for piece in declared.of("V2Vm"):
            assert piece["networkConfig"]["enableExternalIps"] is False
        for bucket in declared.of("Bucket"):
            assert bucket.get("publicAccessPrevention", "enforced") == "enforced"
        for subnet in declared.of("Subnetwork"):
            assert subnet["privateIpGoogleAccess"]


def test_shells_come_through_iap_only(staging: Declared) -> None:
    found = {
        source
        for rule in staging.of("Firewall")
        if rule["allows"][0].get("ports") == ["22"]
        for source in rule["sourceRanges"]
    }
    assert found == {"35.235.240.0/20", "130.211.0.0/22", "35.191.0.0/16"}


def test_everything_is_encrypted_with_the_key_of_its_region(governed: Declared) -> None:
    key = "id-test-key-us-central1"
    disk = governed.one("RegionInstanceTemplate")["disks"][0]
    assert disk["diskEncryptionKey"]["kmsKeySelfLink"] == key
    buckets = [each for each in governed.of("Bucket") if "location" in each]
    assert len(buckets) == 3  # Dataset, logs, audit.
    assert {bucket["encryption"]["defaultKmsKeyName"] for bucket in buckets} == {key}
    assert governed.one("CryptoKey")["rotationPeriod"] == "7776000s"
    members = {grant["member"] for grant in governed.of("CryptoKeyIAMMember")}
    assert members == {
        "serviceAccount:gcs@example.iam",
        "serviceAccount:service-42@compute-system.iam.gserviceaccount.com",
    }


def test_the_provider_keeps_the_keys_where_it_is_asked_to() -> None:
    declared = run(make(governance={"encryption": "provider_key"}))
    assert declared.of("CryptoKey") == []
    assert not declared.one("RegionInstanceTemplate")["disks"][0].get("diskEncryptionKey")


def test_a_key_that_is_there_is_used() -> None:
    key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    declared = run(make(governance={"key": key}))
    assert declared.of("CryptoKey") == []
    disk = declared.one("RegionInstanceTemplate")["disks"][0]
    assert disk["diskEncryptionKey"]["kmsKeySelfLink"] == key


def test_hosts_of_other_stacks_do_not_reach_ours(staging: Declared) -> None:
    inner = [rule for rule in staging.of("Firewall") if rule["allows"][0]["protocol"] == "all"]
    assert [rule["sourceTags"] for rule in inner] == [["staging-hosts"]] * 2
    assert not any(rule.get("sourceRanges") for rule in inner)
    tags = staging.one("RegionInstanceTemplate")["tags"]
    assert tags == ["staging-hosts", "staging-pool-train"]
    assert staging.one("V2Vm")["tags"] == ["staging-hosts", "staging-pool-slice"]


def test_ids_of_accounts_are_what_google_accepts() -> None:
    long = "a-pool-with-a-name-that-is-long"
    pools = {name: {"machine": "e2-standard-8", "count": 1} for name in ("a", long, long[:-1])}
    ids = [each["accountId"] for each in run(make(pools), "s").of("Account")]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", each) for each in ids)


def test_accounts_may_do_what_their_pool_needs(governed: Declared) -> None:
    roles = {each["role"] for each in governed.of("IAMMember")}
    assert roles == {"roles/logging.logWriter", "roles/monitoring.metricWriter"}
    grants = [each for each in governed.of("BucketIAMMember") if "train" in each["member"]]
    assert {grant["role"] for grant in grants if "dataset" in grant["bucket"]} == {
        "roles/storage.objectViewer"
    }
    assert {grant["role"] for grant in grants if "logs" in grant["bucket"]} == {
        "roles/storage.objectUser"
    }


def test_governance_is_declared(governed: Declared) -> None:
    budget = governed.one("Budget")
    assert budget["amount"]["specifiedAmount"]["units"] == "7300"
    assert budget["budgetFilter"]["labels"] == {"windtunnel-stack": "test"}
    (mail,) = governed.of("NotificationChannel")
    assert mail["labels"] == {"email_address": "ops@example.com"}
    assert all(each["notificationChannels"] for each in governed.of("AlertPolicy"))
    kinds = {each["logType"] for each in governed.one("IAMAuditConfig")["auditLogConfigs"]}
    assert kinds == {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
    assert governed.one("ProjectSink")["destination"].startswith("storage.googleapis.com/")
    assert governed.one("Subnetwork")["logConfig"]


def test_cloud_nat_is_one_a_region_with_its_own_address(governed: Declared) -> None:
    nat = governed.one("RouterNat")
    assert nat["natIpAllocateOption"] == "MANUAL_ONLY"
    assert len(nat["natIps"]) == len(governed.of("Address")) == 1
    assert pool_of().of("RouterNat") == []


LABELLED = {
    "Address",
    "Bucket",
    "CryptoKey",
    "ForwardingRule",
    "GlobalAddress",
    "Instance",
    "RegionInstanceTemplate",
    "V2Vm",
}


def test_labels_are_on_everything_that_takes_them(staging: Declared, governed: Declared) -> None:
    for declared, stack in ((staging, "staging"), (governed, "test")):
        for each in declared.resources:
            if each.typ.startswith("gcp:") and each.typ.rpartition(":")[2] in LABELLED:
                assert each.inputs["labels"]["windtunnel-stack"] == stack, each.name
        for policy in declared.of("AlertPolicy"):
            assert policy["userLabels"]["windtunnel-stack"] == stack
    template = governed.one("RegionInstanceTemplate")
    assert template["labels"]["windtunnel-pool"] == "train"
    assert template["labels"]["team"] == "ml-platform"
    slice_ = staging.one("V2Vm")
    assert slice_["labels"]["windtunnel-pool"] == "slice"
    sizes = {each["labels"].get("windtunnel-size-bytes") for each in staging.of("Bucket") if each}
    assert sizes == {"150000000000", "50000000000"}


def test_spot_hosts_and_slices_are_asked_for_as_spot(staging: Declared) -> None:
    scheduling = staging.one("RegionInstanceTemplate")["scheduling"]
    assert scheduling["provisioningModel"] == "SPOT"
    assert scheduling["automaticRestart"] is False
    assert staging.one("V2Vm")["schedulingConfig"]["spot"] is True
    on_demand = pool_of().one("RegionInstanceTemplate")["scheduling"]
    assert on_demand["provisioningModel"] == "STANDARD"
    assert on_demand["onHostMaintenance"] == "TERMINATE"


@pytest.mark.parametrize(
    ("machine", "accelerator", "runtime"),
    [
        ("tpu-v2-8", "v2-8", "tpu-ubuntu2204-base"),
        ("tpu-v4-16", "v4-16", "tpu-ubuntu2204-base"),
        ("tpu-v5litepod-16", "v5litepod-16", "v2-alpha-tpuv5-lite"),
        ("tpu-v5p-8", "v5p-8", "v2-alpha-tpuv5"),
        ("tpu-v6e-8", "v6e-8", "v2-alpha-tpuv6e"),
    ],
)
def test_slices_are_called_as_cloud_tpu_calls_them(
    machine: str, accelerator: str, runtime: str
) -> None:
    declared = run(make({"tpu": {"machine": machine, "count": 2, "market": "reserved"}}))
    slices = declared.of("V2Vm")
    assert len(slices) == 2
    assert {each["acceleratorType"] for each in slices} == {accelerator}
    assert {each["runtimeVersion"] for each in slices} == {runtime}
    assert {each["zone"] for each in slices} == {"us-central1-a"}
    assert all(each["schedulingConfig"]["reserved"] for each in slices)


def test_every_tpu_of_the_catalog_has_a_runtime() -> None:
    tpus = [each.name for each in load_catalog().machines("gcp") if each.is_tpu]
    assert tpus
    assert all(runtime_version(name) for name in tpus)


@pytest.mark.parametrize(
    ("machine", "gvnic", "rdma"),
    [
        ("g2-standard-24", 1, 0),
        ("a3-highgpu-8g", 5, 0),
        ("a3-megagpu-8g", 9, 0),
        ("a3-ultragpu-8g", 2, 8),
        ("a4-highgpu-8g", 2, 8),
    ],
)
def test_gpus_talk_over_interfaces_of_their_own(machine: str, gvnic: int, rdma: int) -> None:
    declared = pool_of(machine=machine, placement="cluster")
    nics = declared.one("RegionInstanceTemplate")["networkInterfaces"]
    kinds = [nic["nicType"] for nic in nics]
    assert (kinds.count("GVNIC"), kinds.count("MRDMA")) == (gvnic, rdma)
    ranges = [each["ipCidrRange"] for each in declared.of("Subnetwork")]
    assert len(set(ranges)) == len(ranges) == gvnic + rdma
    profiles = [each for each in declared.of("Network") if each.get("networkProfile")]
    assert len(profiles) == bool(rdma)
    policy = declared.one("ResourcePolicy")
    assert bool(policy.get("workloadPolicy")) == (machine != "g2-standard-24")


def test_without_a_cluster_there_is_one_interface() -> None:
    declared = pool_of(machine="a3-highgpu-8g")
    assert len(declared.one("RegionInstanceTemplate")["networkInterfaces"]) == 1


def test_n1_machines_get_their_gpus_attached() -> None:
    template = pool_of(machine="n1-standard-32+v100x4").one("RegionInstanceTemplate")
    assert template["machineType"] == "n1-standard-32"
    assert template["guestAccelerators"] == [{"type": "nvidia-tesla-v100", "count": 4}]


def test_every_machine_of_the_catalog_can_be_asked_for() -> None:
    for machine in load_catalog().machines("gcp"):
        found = machine_type(machine.name)
        if found.attached:
            assert found.attached_count == machine.accelerator_count


def test_disks_are_what_the_bill_says() -> None:
    declared = pool_of(disk={"kind": "ssd", "size": "500 GB"})
    (disk,) = declared.one("RegionInstanceTemplate")["disks"]
    assert (disk["diskType"], disk["diskSizeGb"]) == ("pd-ssd", 466)


def test_a_new_reservation_is_the_only_capacity_that_hosts_use() -> None:
    declared = pool_of(reservation="new")
    reservation = declared.one("Reservation")
    assert reservation["specificReservation"]["count"] == 2
    assert reservation["zone"] == "us-central1-a"
    affinity = declared.one("RegionInstanceTemplate")["reservationAffinity"]
    assert affinity["type"] == "SPECIFIC_RESERVATION"
    assert affinity["specificReservation"]["values"] == ["test-train-capacity-1a2b3c4"]
    manager = declared.one("RegionInstanceGroupManager")
    assert manager["distributionPolicyZones"] == ["us-central1-a"]


def test_a_reservation_that_is_there_is_named() -> None:
    affinity = pool_of(reservation="ours").one("RegionInstanceTemplate")["reservationAffinity"]
    assert affinity["specificReservation"]["values"] == ["ours"]


def test_elastic_pools_scale_between_their_limits() -> None:
    declared = run(make({"cpu": {"machine": "n2-standard-8", "min": 1, "max": 6, "initial": 2}}))
    policy = declared.one("RegionAutoscaler")["autoscalingPolicy"]
    assert (policy["minReplicas"], policy["maxReplicas"]) == (1, 6)
    manager = declared.one("RegionInstanceGroupManager")
    assert manager["targetSize"] == 2
    assert manager["distributionPolicyTargetShape"] == "BALANCED", "others are not scaled"
    fixed = pool_of().one("RegionInstanceGroupManager")
    assert fixed["distributionPolicyTargetShape"] == "ANY_SINGLE_ZONE"
    assert ("windtunnel:gcp:CpuGroup", "cpu") in declared.components()


def test_alternatives_come_after_the_machine_of_the_pool() -> None:
    declared = pool_of(market="spot", alternatives=["g2-standard-48", "n1-standard-8+t4x1"])
    manager = declared.one("RegionInstanceGroupManager")
    selections = manager["instanceFlexibilityPolicy"]["instanceSelections"]
    assert [each["machineTypes"] for each in selections] == [["g2-standard-24"], ["g2-standard-48"]]


def test_placement_that_a_machine_does_not_take_is_left_out() -> None:
    assert pool_of(machine="e2-standard-8", placement="cluster").of("ResourcePolicy") == []
    assert pool_of(machine="a2-highgpu-1g", placement="spread").of("ResourcePolicy") == []
    apart = pool_of(placement="spread").one("ResourcePolicy")
    assert apart["groupPlacementPolicy"] == {"availabilityDomainCount": 8}


def test_hosts_of_a_region_of_their_own_get_a_network_and_a_key_there() -> None:
    pools = {
        "near": {"machine": "g2-standard-24", "count": 1},
        "far": {"machine": "g2-standard-24", "count": 1, "region": "europe-west4"},
    }
    storage = {"files": {"kind": "file_system", "size": "1 TiB"}}
    declared = run(make(pools, storage=storage))
    networks = {name for kind, name in declared.components() if kind.endswith(":Network")}
    assert networks == {"network", "network-europe-west4"}
    assert {each["location"] for each in declared.of("KeyRing")} == {"us-central1", "europe-west4"}
    scripts = {
        each["region"]: each["metadata"]["startup-script"]
        for each in declared.of("RegionInstanceTemplate")
    }
    assert "mount -t lustre" in scripts["us-central1"]
    assert "mount -t lustre" not in scripts["europe-west4"]


def test_what_is_there_already_is_not_made() -> None:
    declared = run(
        make(
            network={"vpc": "ours", "subnets": ["private"], "nat": "single"},
            storage={"dataset": {"kind": "object_store", "existing": "our-images"}},
        )
    )
    assert declared.components() == {
        ("windtunnel:gcp:Governance", "governance"),
        ("windtunnel:gcp:GpuGroup", "train"),
    }
    assert declared.of("Network") == declared.of("RouterNat") == declared.of("Router") == []
    (nic,) = declared.one("RegionInstanceTemplate")["networkInterfaces"]
    assert nic["network"] == f"projects/{PROJECT}/global/networks/ours"
    assert nic["subnetwork"].endswith("regions/us-central1/subnetworks/private")
    assert declared.one("BucketIAMMember")["bucket"] == "our-images"
    assert declared.outputs.buckets["dataset"]["url"] == "gs://our-images"


@pytest.mark.parametrize("kind", ["network", "application"])
def test_load_balancers_are_internal(kind: str) -> None:
    certificate = {"certificate": "projects/p/regions/us-central1/sslCertificates/c"}
    network = {"load_balancer": kind, **(certificate if kind == "application" else {})}
    declared = run(make(network=network))
    rule = declared.one("ForwardingRule")
    assert rule["loadBalancingScheme"].startswith("INTERNAL")
    assert EVERYWHERE not in every_range(declared)
    proxies = declared.of("RegionTargetHttpsProxy")
    assert len(proxies) == (kind == "application")
    assert declared.one("RegionBackendService")["backends"]


def test_classes_and_expiry_of_buckets() -> None:
    store = {"kind": "object_store", "storage_class": "infrequent", "expire": "36 h"}
    bucket = next(each for each in run(make(storage={"cold": store})).of("Bucket") if each)
    assert bucket["storageClass"] == "NEARLINE"
    ages = [rule["condition"].get("age") for rule in bucket["lifecycleRules"]]
    assert 2 in ages


def test_a_stack_without_a_project_says_what_to_set() -> None:
    pulumi.runtime.set_all_config({})
    an_event_loop()
    pulumi.runtime.set_mocks(Declared(), project="windtunnel", stack="test", preview=False)
    with pytest.raises(pulumi.RunError, match="gcp:project is missing"):
        declare(make(), Names("windtunnel", "test"))


def test_start_up_scripts_are_shell(staging: Declared) -> None:
    script = staging.one("RegionInstanceTemplate")["metadata"]["startup-script"]
    assert "ops-agent" in script
    assert "10.9.0.2@tcp:/scratch /mnt/shared" in script
    for text in (script, startup_script({}, scratch=True, agent=False)):
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)


MACHINES = sorted(each.name for each in load_catalog().machines("gcp"))
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,30}", fullmatch=True)


@st.composite
def environments(draw: st.DrawFn) -> dict[str, Any]:
    """Environments of any kind; some of them cannot be deployed."""

    def maybe(strategy: st.SearchStrategy[Any], other: Any = None) -> Any:
        return draw(strategy | st.just(other))

    size = draw(st.sampled_from([{"count": 3}, {"min": 0, "max": 4}, {"min": 1, "max": 2}]))
    pool = st.fixed_dictionaries(
        {
            "machine": st.sampled_from(MACHINES),
            "market": st.sampled_from(["on_demand", "spot", "reserved"]),
            "placement": st.sampled_from(["none", "cluster", "spread"]),
            "reservation": st.sampled_from([None, "new", "ours"]),
            "region": st.sampled_from([None, "europe-west4"]),
            "alternatives": st.lists(st.sampled_from(MACHINES), max_size=2),
        }
    ).map(lambda one: {**one, **size})
    storage = st.sampled_from(
        [
            {"kind": "object_store", "size": "1 TB", "storage_class": "archive"},
            {"kind": "object_store", "existing": "our-bucket"},
            {"kind": "object_store", "region": "europe-west4", "expire": "1 d"},
            {"kind": "file_system", "size": "2 TiB"},
            {"kind": "local_nvme"},
        ]
    )
    return {
        "provider": "gcp",
        "region": "us-central1",
        "zones": maybe(st.just(["us-central1-b", "us-central1-c"]), []),
        "pools": draw(st.dictionaries(NAMES, pool, min_size=1, max_size=2)),
        "storage": draw(st.dictionaries(NAMES, storage, max_size=2)),
        "network": {
            "nat": draw(st.sampled_from(["none", "single", "per_zone"])),
            "load_balancer": draw(st.sampled_from(["none", "network"])),
            "cidr": draw(st.sampled_from(["10.0.0.0/16", "10.4.0.0/22"])),
        },
        "governance": {
            "audit": draw(st.booleans()),
            "budget": maybe(st.just("$3.21/h")),
            "encryption": draw(st.sampled_from(["provider_key", "managed_key"])),
        },
    }


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(environments())
def test_whatever_can_be_deployed_is_declared(given_keys: dict[str, Any]) -> None:
    environment = Environment.model_validate(given_keys)
    assume(not list(problems(environment, load_catalog())))
    declared = run(environment)
    names = [(each.typ, each.name) for each in declared.resources]
    assert len(set(names)) == len(names), "two resources of one name"
    catalog = load_catalog()
    pools = environment.pools
    machines = {name: catalog.machine("gcp", str(pools[name].machine)) for name in pools}
    tpus = [name for name, machine in machines.items() if machine.is_tpu]
    assert len(declared.of("V2Vm")) == sum(blueprint.pool_size(pools[name]) for name in tpus)
    assert len(declared.of("RegionInstanceGroupManager")) == len(machines) - len(tpus)
    assert len(declared.of("AlertPolicy")) == blueprint.ALARMS_PER_POOL * len(machines)
    assert len(declared.of("CryptoKey")) == len(blueprint.key_regions(environment))
    regions = blueprint.pool_regions(environment)
    nats = sum(blueprint.nat_gateways(environment, region) > 0 for region in regions)
    assert len(declared.of("RouterNat")) == len(declared.of("Address")) == nats
    assert EVERYWHERE not in json.dumps([each.inputs for each in declared.resources])


def test_what_is_done_otherwise_than_asked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    pools = {
        "slice": {"machine": "tpu-v6e-4", "count": 1},
        "small": {"machine": "c4-standard-8", "count": 1, "placement": "spread"},
    }
    run(make(pools, storage={"cache": {"kind": "local_nvme"}}))
    said.sort()
    assert [text.partition(":")[0] for text in said] == [
        "TPU pool 'slice' needs one zone of us-central1",
        "pool 'small'",
        "pool 'small'",
    ]
    assert "without local NVMe" in said[1]
    assert "take no placement policy" in said[2]
