"""A plan: every resource priced, free, waiting for usage or unpriced, and totals that add up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from declared import amounts, assert_adds_up, cost_of, declare, plan_of, reasons, waiting
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import load_catalog
from domain.costing import Quantities, cost_graph
from domain.costing.free import why_free
from domain.costing.kinds import usual_type
from domain.costing.registry import costers
from domain.errors import InputError
from domain.resources import UNKNOWN, ResourceGraph
from domain.resources.reading import read_change, read_resources

BUCKET = "aws:s3/bucket:Bucket"
INSTANCE = "aws:ec2/instance:Instance"
GPU = {"instanceType": "g5.xlarge", "rootBlockDevice": {"volumeType": "gp3", "volumeSize": 100}}


def test_there_are_four_kinds_of_resources() -> None:
    plan = plan_of(
        declare(INSTANCE, "host", GPU),
        declare(BUCKET, "data"),
        declare("aws:iam/role:Role", "role"),
        declare("aws:quantum/computer:Computer", "q"),
        declare("azure-native:storage:StorageAccount", "other"),
    )
    assert [each.basis for each in plan.resources] == [
        "priced",
        "usage",
        "free",
        "unpriced",
        "unpriced",
    ]
    assert reasons(plan.resources[4]) == [
        "resources of type azure-native:storage:StorageAccount are not priced yet"
    ]
    assert plan.resources[3].monthly_usd is None
    assert plan.resources[1].monthly_usd == 0
    assert_adds_up(plan)


def test_what_others_run_is_free_and_says_why() -> None:
    component = declare("my:own:Component", "group", custom=False)
    read = declare(INSTANCE, "theirs", GPU, external=True)
    pod = declare("kubernetes:apps/v1:Deployment", "pod")
    stack = declare("pulumi:pulumi:Stack", "stack", custom=False)
    plan = plan_of(component, read, pod, stack)
    assert {each.basis for each in plan.resources} == {"free"}
    assert plan.resources[1].notes == ("read, not managed by this stack",)


@pytest.mark.parametrize(
    ("kind", "spec", "reason"),
    [
        (
            "kubernetes:core/v1:Service",
            {"type": "LoadBalancer"},
            "what load balancer the cloud makes for it is not told here",
        ),
        ("kubernetes:core/v1:Service", {"type": "ClusterIP"}, None),
        (
            "kubernetes:core/v1:PersistentVolumeClaim",
            {"resources": {"requests": {"storage": "10Gi"}}},
            "what a disk of 10Gi costs depends on the cluster's storage class",
        ),
        (
            "kubernetes:apps/v1:StatefulSet",
            {"volumeClaimTemplates": [{"spec": {}}]},
            "what a disk costs depends on the cluster's storage class",
        ),
        ("kubernetes:apps/v1:StatefulSet", {}, None),
    ],
)
def test_what_a_cluster_asks_its_cloud_for_is_not_free(
    kind: str, spec: dict[str, object], reason: str | None
) -> None:
    cost = cost_of(declare(kind, "it", {"spec": spec}))
    assert reasons(cost) == ([reason] if reason else [])
    assert cost.basis == ("unpriced" if reason else "free")


def test_a_plan_as_people_may_rely_on_it() -> None:
    shown = plan_of(declare(INSTANCE, "host", GPU), declare(BUCKET, "data")).to_json()
    host, data = shown["resources"]
    assert host["basis"] == "priced"
    assert host["hourly_usd"] == pytest.approx(host["monthly_usd"] / 730, abs=1e-6)
    assert data["usage"][0] == {
        "component": "object storage, standard",
        "reason": "the quantity is not known; it costs $0.023 per GiB-month",
        "unit": "GiB-month",
        "unit_price_usd": 0.023,
        "awaits_usage": True,
    }
    assert shown["bill"]["monthly_usd"] == host["monthly_usd"]
    assert len(shown["bill"]["unpriced"]) == len(data["usage"])


def test_stated_usage_is_priced_and_its_source_is_said() -> None:
    bucket = declare(BUCKET, "data")
    stated = Quantities(source="usage.yaml", stored_bytes=100 * 2.0**30, read_requests=5000)
    (cost,) = plan_of(bucket, quantities={bucket.urn: stated}).resources
    assert amounts(cost) == {
        "object storage, standard": (100.0, 2.3),
        "object storage, standard, read requests": (5.0, 0.002),
    }
    assert all("Quantity: usage.yaml." in (line.note or "") for line in cost.lines)
    assert "object storage, standard, write requests" in waiting(cost)
    assert "object storage, standard, read requests" not in waiting(cost)


def test_usage_may_be_stated_of_the_component_that_owns_a_resource() -> None:
    component = declare("windtunnel:aws:Bucket", "dataset", custom=False)
    bucket = declare(BUCKET, "dataset-bucket", parent=component.urn)
    stated = {"dataset": Quantities(source="the flight", stored_bytes=2.0**30)}
    plan = plan_of(component, bucket, quantities=stated)
    assert plan.bill.total_usd == Decimal("0.023")


def test_gateways_share_what_is_stated_of_their_network() -> None:
    network = declare("windtunnel:aws:Network", "network", custom=False)
    gateways = [
        declare("aws:ec2/natGateway:NatGateway", name, parent=network.urn) for name in ("a", "b")
    ]
    endpoint = declare(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "ssm",
        {"vpcEndpointType": "Interface"},
        parent=network.urn,
    )
    stated = {"network": Quantities(source="the flight", processed_bytes=1000 * 2.0**30)}
    plan = plan_of(network, *gateways, endpoint, quantities=stated)
    data = [line for line in plan.bill.lines if line.component == "NAT, data"]
    assert [float(line.amount_usd) for line in data] == [22.5, 22.5]
    assert "endpoint, data" in waiting(plan.resources[3]), "said of gateways only"


def test_a_whole_stack_fills_graduated_prices_together() -> None:
    traffic = Quantities(source="stated", processed_bytes=0.6 * 2.0**50)
    endpoints = [
        declare("aws:ec2/vpcEndpoint:VpcEndpoint", name, {"vpcEndpointType": "Interface"})
        for name in ("one", "two")
    ]
    plan = plan_of(*endpoints, quantities={each.urn: traffic for each in endpoints})
    rates = {line.unit_price_usd for line in plan.bill.lines if line.component == "endpoint, data"}
    assert rates == {Decimal("0.01"), Decimal("0.006")}


def test_what_only_a_deployment_tells_is_unpriced_and_said() -> None:
    cost = cost_of(declare(INSTANCE, "host", {"instanceType": UNKNOWN}))
    assert cost.basis == "unpriced"
    assert reasons(cost) == ["the machine type is known only after deployment"]


def test_older_names_of_types_are_known() -> None:
    assert usual_type("aws:s3/bucketV2:BucketV2") == BUCKET
    assert usual_type("aws:alb/loadBalancer:LoadBalancer") == "aws:lb/loadBalancer:LoadBalancer"
    assert usual_type("gcp:tpu/v2Vm:V2Vm") == "gcp:tpu/v2Vm:V2Vm"


def test_enough_types_have_costers_and_none_is_also_free() -> None:
    assert len(costers()) >= 40
    both = [kind for kind in costers() if why_free(kind)]
    assert both == []


@given(st.integers(1, 50), st.integers(1, 50))
def test_more_nodes_are_never_cheaper(one: int, other: int) -> None:
    def month(size: int) -> Decimal:
        template = declare(
            "aws:ec2/launchTemplate:LaunchTemplate", "template", {"instanceType": "g5.xlarge"}
        )
        group = declare(
            "aws:autoscaling/group:Group",
            "group",
            {"desiredCapacity": size, "launchTemplate": {"id": UNKNOWN}},
            uses={"launchTemplate": template},
        )
        return plan_of(template, group).bill.total_usd

    fewer, more = sorted((one, other))
    assert month(fewer) <= month(more)


@pytest.fixture(scope="module")
def graphs(shared_data: Path) -> dict[str, ResourceGraph]:
    found = {}
    for path in sorted((shared_data / "pulumi").glob("*.json*")):
        try:
            found[path.name] = read_resources(path)
        except InputError:
            continue  # a schema, or the preview of a program that fails
    return found


def test_every_resource_of_every_real_file_is_accounted_for(
    graphs: dict[str, ResourceGraph],
) -> None:
    assert len(graphs) >= 12
    for graph in graphs.values():
        plan = cost_graph(graph, load_catalog())
        assert_adds_up(plan)
        for each in plan.resources:
            if each.basis == "unpriced" and "not priced yet" in reasons(each)[0]:
                assert each.resource.type not in costers()
                assert each.resource.type.startswith(("aws:", "cloud:", "eks:", "gcp:")), each


def test_the_accelerators_of_a_real_stack_are_all_priced(graphs: dict[str, ResourceGraph]) -> None:
    plan = cost_graph(graphs["cli_stack_export.json"], load_catalog())
    basis = {each.resource.name: each.basis for each in plan.resources}
    assert {
        basis[name]
        for name in ("asg-train", "asg-spot", "asg-mixed", "bench", "a3-rmig", "t4", "tpu",
                     "tpu-topology", "tpu-q", "scratch", "glustre", "gnat", "net-nat")
    } == {"priced"}  # fmt: skip
    assert basis["cb"] == "unpriced", "a capacity block is paid ahead"


def test_a_stack_has_one_price_wherever_it_is_read_from(shared_data: Path) -> None:
    folder = shared_data / "pulumi"

    def total(graph: ResourceGraph) -> Decimal:
        return cost_graph(graph, load_catalog()).bill.total_usd

    deployed = total(read_resources(folder / "cli_stack_export.json"))
    assert total(read_resources(folder / "cli_preview_create.json")) == deployed
    assert total(read_change(folder / "cli_preview_changes_show_sames.json").before) == deployed
    joined = read_change(folder / "cli_preview_changes.json", folder / "cli_stack_export.json")
    logged = read_change(folder / "cli_preview_changes_events.jsonl")
    assert total(joined.before) == total(logged.before) == deployed
    assert total(joined.after) == total(logged.after) != deployed
