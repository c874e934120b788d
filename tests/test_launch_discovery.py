"""From a stack's outputs to hosts: EC2 against a moto server, Google against a stand-in."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from launch_hosts import free_port, make_key
from standin.google_api import GoogleApi, google_api, instance, node

from domain.errors import InputError
from domain.hosts import Host
from domain.stack_outputs import StackOutputs, read_outputs
from workloads.discovery.discover import find_hosts

TAGS = {"windtunnel-stack": "dev", "windtunnel-pool": "train"}


def outputs_of(tmp_path: Path, **changes: Any) -> StackOutputs:
    """What ``pulumi stack output --json`` prints of our AWS stack, with changes."""
    pool = {
        "provider": "aws",
        "region": "us-east-1",
        "zones": ["us-east-1a"],
        "machine": "g5.xlarge",
        "market": "on_demand",
        "count": 3,
        "min": 3,
        "max": 3,
        "find": {"auto_scaling_group": "dev-train-1", "tags": TAGS},
    }
    access = {
        "kind": "ssm",
        "user": "ssm-user",
        "command": "aws ssm start-session --region us-east-1 --target HOST",
    }
    whole = {
        "pools": {"train": pool | changes.pop("pool", {})},
        "buckets": {"dataset": {"url": "s3://b", "name": "b", "region": "us-east-1"}},
        "file_systems": {},
        "tpus": changes.pop("tpus", {}),
        "access": {
            changes.pop("region", "us-east-1"): access | changes.pop("access", {}),
            "load_balancer": {"address": "lb.example"},
        },
    }
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(whole | changes, indent=2))
    return read_outputs(path)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as server:
        url = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(url + "/moto-api/data.json"):
                break
            time.sleep(0.1)
        yield url
        server.kill()


@pytest.fixture
def ec2(moto: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    urllib.request.urlopen(urllib.request.Request(moto + "/moto-api/reset", method="POST")).close()
    import boto3

    return boto3.client("ec2", region_name="us-east-1")


def run_instances(ec2: Any, count: int, tags: dict[str, str]) -> list[str]:
    made = ec2.run_instances(
        ImageId="ami-12c6146b",
        MinCount=count,
        MaxCount=count,
        TagSpecifications=[
            {
                "ResourceType": "instance",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )
    return [each["InstanceId"] for each in made["Instances"]]


def test_instances_are_found_by_the_tags_of_their_pool(ec2: Any, tmp_path: Path) -> None:
    ours = run_instances(ec2, 4, TAGS)
    run_instances(ec2, 2, TAGS | {"windtunnel-pool": "other"})
    run_instances(ec2, 2, TAGS | {"windtunnel-stack": "prod"})
    ec2.terminate_instances(InstanceIds=[ours[0]])
    hosts = find_hosts(outputs_of(tmp_path))
    assert [host.name for host in hosts] == sorted(ours[1:])
    first = hosts[0]
    assert (first.provider, first.region, first.machine) == ("aws", "us-east-1", "g5.xlarge")
    assert first.pool == "train"


def test_session_manager_carries_the_connection_where_the_stack_says_so(
    ec2: Any, tmp_path: Path
) -> None:
    run_instances(ec2, 3, TAGS)
    host = find_hosts(outputs_of(tmp_path), user="ubuntu")[0]
    assert host.proxy_command[:3] == ("aws", "ssm", "start-session")
    assert host.name in host.proxy_command
    assert host.user == "ubuntu"


@pytest.mark.parametrize("kind", ["public", "private"])
def test_the_address_is_the_one_that_access_says(ec2: Any, tmp_path: Path, kind: str) -> None:
    ids = run_instances(ec2, 3, TAGS)
    hosts = find_hosts(outputs_of(tmp_path, access={"kind": kind, "user": "ubuntu"}))
    told = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
    key = "PublicIpAddress" if kind == "public" else "PrivateIpAddress"
    assert {host.address for host in hosts} == {each[key] for each in told}
    assert {host.internal for host in hosts} == {each["PrivateIpAddress"] for each in told}
    assert all(host.proxy_command == () for host in hosts)


def test_a_jump_host_takes_the_place_of_the_tunnel(ec2: Any, tmp_path: Path) -> None:
    run_instances(ec2, 3, TAGS)
    host = find_hosts(outputs_of(tmp_path), jump="me@bastion")[0]
    assert (host.jump, host.proxy_command) == ("me@bastion", ())


def test_hosts_that_boot_are_waited_for(ec2: Any, tmp_path: Path) -> None:
    run_instances(ec2, 1, TAGS)
    told: list[str] = []
    later = threading.Timer(0.5, run_instances, (ec2, 2, TAGS))
    later.start()
    hosts = find_hosts(outputs_of(tmp_path), told=told.append, pause_seconds=0.1)
    later.join()
    assert len(hosts) == 3
    assert told[0] == "1 of 3 hosts of pool 'train' are there"


def test_too_few_hosts_are_counted_and_the_way_out_is_named(ec2: Any, tmp_path: Path) -> None:
    run_instances(ec2, 2, TAGS)
    with pytest.raises(InputError, match="2 of 3 hosts are there after 0 s") as failure:
        find_hosts(outputs_of(tmp_path), patience_seconds=0)
    assert failure.value.where == "pool 'train'"


def test_many_instances_come_in_pages(ec2: Any, tmp_path: Path) -> None:
    from workloads.discovery.ec2 import find_instances

    for _ in range(12):
        run_instances(ec2, 1, TAGS)
    outputs = outputs_of(tmp_path)

    class Paged:
        """The client with pages of five, the least that EC2 takes."""

        def get_paginator(self, name: str) -> Any:
            whole = ec2.get_paginator(name)

            class Pages:
                def paginate(self, **words: Any) -> Any:
                    return whole.paginate(**words, PaginationConfig={"PageSize": 5})

            return Pages()

    seen = find_instances(outputs.pools["train"], outputs.access["us-east-1"], Paged())
    assert len(seen.hosts) == 12


def test_aws_that_does_not_answer_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(InputError, match="AWS does not tell its instances"):
        find_hosts(outputs_of(tmp_path))


# ── Google Cloud ─────────────────────────────────────────────────────────────────────────────

GCP_POOL = {
    "provider": "gcp",
    "region": "us-central1",
    "zones": ["us-central1-a", "us-central1-b"],
    "machine": "g2-standard-4",
    "find": {"project": "lab", "labels": TAGS, "instance_group": "dev-train"},
}
IAP = {"kind": "iap", "user": "os-login", "project": "lab", "command": "gcloud compute ssh HOST"}
TPU_POOL = GCP_POOL | {"machine": "tpu-v5litepod-4", "count": 1}


@pytest.fixture
def google() -> Iterator[GoogleApi]:
    with google_api() as api:
        yield api


def compute_client(api: GoogleApi) -> Any:
    from workloads.discovery.google_client import load

    credentials = load("google.auth.credentials").AnonymousCredentials()
    return load("google.cloud.compute_v1").InstancesClient(
        credentials=credentials, client_options={"api_endpoint": api.url}
    )


def tpu_client(api: GoogleApi) -> Any:
    from workloads.discovery.google_client import load

    module = load("google.cloud.tpu_v2")
    transport = module.TpuClient.get_transport_class("rest")(
        host=api.url, credentials=load("google.auth.credentials").AnonymousCredentials()
    )
    return module.TpuClient(transport=transport)


def gcp_outputs(tmp_path: Path, **changes: Any) -> StackOutputs:
    changes.setdefault("access", IAP)
    changes.setdefault("pool", GCP_POOL)
    return outputs_of(tmp_path, region="us-central1", **changes)


def test_compute_instances_are_found_by_label_over_zones_and_pages(
    google: GoogleApi, tmp_path: Path
) -> None:
    zones = ("us-central1-a", "us-central1-b", "us-central1-a")
    google.instances = [
        instance(f"dev-train-{index}", zone, f"10.0.0.{index}", TAGS)
        for index, zone in enumerate(zones)
    ]
    google.instances += [
        instance("other", "us-central1-a", "10.0.0.9", TAGS | {"windtunnel-pool": "other"}),
        instance("dev-train-9", "us-central1-a", "10.0.0.8", TAGS, status="TERMINATED"),
    ]
    hosts = find_hosts(gcp_outputs(tmp_path), client=compute_client(google))
    assert [host.name for host in hosts] == ["dev-train-0", "dev-train-1", "dev-train-2"]
    assert len(google.asked) == 2
    assert hosts[1].proxy_command[:4] == (
        "gcloud",
        "compute",
        "start-iap-tunnel",
        "dev-train-1",
    )
    assert "--zone=us-central1-b" in hosts[1].proxy_command
    assert hosts[1].user is None


def test_public_addresses_of_compute_instances(google: GoogleApi, tmp_path: Path) -> None:
    google.instances = [
        instance(f"h{index}", "us-central1-a", f"10.0.0.{index}", TAGS) for index in range(3)
    ]
    outputs = gcp_outputs(tmp_path, access=IAP | {"kind": "public"})
    hosts = find_hosts(outputs, client=compute_client(google))
    assert (hosts[0].address, hosts[0].internal) == ("34.0.0.0", "10.0.0.0")


def test_slices_are_found_by_label(google: GoogleApi, tmp_path: Path) -> None:
    google.nodes = [
        node("other", "us-central1-a", ["10.1.0.7"], {}),
        node("dev-train-0", "us-central1-a", ["10.1.0.1"], TAGS),
        node("dev-train-1", "us-central1-a", ["10.1.0.2"], TAGS, state="CREATING"),
    ]
    slices = {"train": [{"name": "dev-train-0", "zone": "us-central1-a", "endpoints": []}]}
    outputs = gcp_outputs(tmp_path, pool=TPU_POOL, tpus=slices)
    (host,) = find_hosts(outputs, jump="bastion", client=tpu_client(google))
    assert (host.name, host.slice, host.address) == ("dev-train-0", "dev-train-0", "10.1.0.1")
    assert host.machine == "tpu-v5litepod-4"


def test_slices_behind_googles_tunnel_need_a_jump_host(google: GoogleApi, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--jump"):
        find_hosts(gcp_outputs(tmp_path, pool=TPU_POOL), client=tpu_client(google))


def test_a_project_that_is_not_there_is_one_sentence(google: GoogleApi, tmp_path: Path) -> None:
    pool = GCP_POOL | {"find": {"project": "elsewhere", "labels": TAGS}}
    with pytest.raises(InputError, match="Google Cloud does not tell its instances"):
        find_hosts(gcp_outputs(tmp_path, pool=pool), client=compute_client(google))


# ── Outputs ──────────────────────────────────────────────────────────────────────────────────


def test_one_of_several_pools_must_be_chosen(tmp_path: Path) -> None:
    pools = {name: GCP_POOL | {"market": "spot", "count": 1} for name in ("train", "serve")}
    outputs = outputs_of(tmp_path, pools=pools)
    with pytest.raises(InputError, match=r"2 pools \(train, serve\); choose one with --pool"):
        find_hosts(outputs)
    with pytest.raises(InputError, match="did you mean 'train'"):
        find_hosts(outputs, "trian")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "has no pools"),
        ('{"pools": {}}', "has no pools"),
        ('{"pools": {"a": {"provider": "azure"}}}', "azure"),
        ('{"pools":\n "[secret]"}', r"o.json:1: pools: holds '\[secret\]'.*--show-secrets"),
        ('{"pools": {"a": {"region": "[secret]"}}}', r"since the stack's outputs are secret"),
        ("[1]", "must be a YAML mapping"),
        ('{"pools": {"a":\n {"provider": "aws", "region": "r", "count": 1, "find": {}}}}', ":1"),
    ],
)
def test_files_that_are_no_outputs(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "o.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read_outputs(tmp_path / "o.json")


# ── Letting us in, and asking Pulumi ─────────────────────────────────────────────────────────


def test_ec2_takes_our_key_for_a_minute(ec2: Any, tmp_path: Path) -> None:
    from workloads.discovery.instance_connect import send_key, uses_instance_connect

    run_instances(ec2, 3, TAGS)
    hosts = find_hosts(outputs_of(tmp_path))
    assert all(uses_instance_connect(host) for host in hosts)
    assert hosts[0].user == "ubuntu"
    send_key(hosts[0], make_key(tmp_path / "key"))
    direct = find_hosts(outputs_of(tmp_path, access={"kind": "private"}))
    assert not uses_instance_connect(direct[0])


def test_a_key_that_ec2_does_not_take_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workloads.discovery.instance_connect import send_key

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    host = Host(
        address="10.0.0.1",
        user="ubuntu",
        name="i-1",
        provider="aws",
        region="us-east-1",
        machine="g5.xlarge",
    )
    with pytest.raises(InputError, match="i-1: EC2 Instance Connect does not take our key"):
        send_key(host, "ssh-ed25519 AAAA")


PULUMI = """#!/bin/sh
# What the Automation API asks of the CLI, and what the CLI would print.
case "$*" in
  *version*) echo "${PULUMI_VERSION:-v3.272.0}" ;;
  *"stack output"*"--stack absent"*)
    echo "error: no stack named 'absent' found" >&2; exit 255 ;;
  *"stack output"*"--stack locked"*) echo "error: incorrect passphrase" >&2; exit 255 ;;
  *"stack output"*"--stack dev"*) cat "$PULUMI_OUTPUTS" ;;
  *) echo "error: unexpected $*" >&2; exit 255 ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose ``pulumi`` is a stand-in that knows one deployed stack."""
    outputs_of(tmp_path)
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(PULUMI)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_OUTPUTS", str(tmp_path / "outputs.json"))
    (tmp_path / "Pulumi.yaml").write_text("name: lab\nruntime: python\n")
    return tmp_path


def test_the_outputs_of_a_deployed_stack_are_asked_of_pulumi(project: Path) -> None:
    from workloads.discovery.live import live_outputs

    outputs = live_outputs(project, "dev")
    assert outputs.pools["train"].find.tags == TAGS


def test_a_stack_without_a_name_is_not_the_selected_one(project: Path) -> None:
    from workloads.discovery.live import live_outputs

    with pytest.raises(InputError, match="the name of the stack is empty"):
        live_outputs(project, "")


def test_a_stack_that_pulumi_does_not_know_is_one_sentence(project: Path) -> None:
    from workloads.discovery.live import live_outputs

    with pytest.raises(InputError, match="there is no stack 'absent'"):
        live_outputs(project, "absent")


def test_what_pulumi_says_is_told_without_its_own_prefix(project: Path) -> None:
    from workloads.discovery.live import live_outputs

    with pytest.raises(InputError, match="'locked' cannot be read: incorrect passphrase; save"):
        live_outputs(project, "locked")


def test_a_pulumi_cli_that_is_too_old_is_one_sentence(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workloads.discovery.live import live_outputs

    monkeypatch.setenv("PULUMI_VERSION", "v2.25.0")
    with pytest.raises(InputError, match=r"Please update the Pulumi CLI; save them"):
        live_outputs(project, "dev")


def test_without_the_pulumi_cli_the_way_out_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workloads.discovery.live import live_outputs

    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(InputError, match="--outputs"):
        live_outputs(project, "dev")
