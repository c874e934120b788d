"""What no cloud could provide is refused before anything is declared, with its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from domain.catalog import load_catalog
from domain.deployable import check_deployable
from domain.environment import Environment
from domain.errors import InputError
from windtunnel.stack_config import read_environment

AWS: dict[str, Any] = {
    "provider": "aws",
    "region": "us-east-1",
    "pools": {"train": {"machine": "g5.xlarge", "count": 2}},
    "storage": {"dataset": {"kind": "object_store", "size": "100 GB"}},
}
GCP: dict[str, Any] = {
    "provider": "gcp",
    "region": "us-central1",
    "pools": {"train": {"machine": "tpu-v5litepod-8", "count": 1}},
}


def changed(base: dict[str, Any], path: str, value: Any) -> Environment:
    import copy

    data = copy.deepcopy(base)
    here = data
    *parents, last = path.split(".")
    for key in parents:
        here = here.setdefault(key, {})
    here[last] = value
    return Environment.model_validate(data)


@pytest.mark.parametrize("base", [AWS, GCP])
def test_an_ordinary_environment_is_deployable(base: dict[str, Any]) -> None:
    check_deployable(Environment.model_validate(base), load_catalog())


@pytest.mark.parametrize(
    ("base", "path", "value", "key", "says"),
    [
        (AWS, "region", "us-central1", "region", "like 'us-east-1'"),
        (AWS, "zones", ["us-west-2a"], "zones.0", "like 'us-east-1a'"),
        (AWS, "zones", ["us-east-1a", "us-east-1a"], "zones", "twice"),
        (AWS, "pools.train.machine", "g5.xlrage", "pools.train.machine", "g5.xlarge"),
        (AWS, "pools.train.machine", {"accelerators": 8}, "pools.train.machine", "name a type"),
        (AWS, "pools.train.alternatives", ["m7i.4xlarge"], "pools.train.alternatives.0", "kind"),
        (AWS, "pools.train.alternatives", ["g6.12xlrge"], "pools.train.alternatives.0", "g6"),
        (AWS, "pools.train.image", "ubuntu", "pools.train.image", "ami-"),
        (AWS, "pools.train.disk", {"kind": "standard"}, "pools.train.disk.kind", "boot disk"),
        (AWS, "pools.train.disk", {"size": "1 GiB"}, "pools.train.disk.size", "10 GiB"),
        (AWS, "pools.train.reservation", "block", "pools.train.reservation", "cr-"),
        (AWS, "pools.Train", {"machine": "g5.xlarge", "count": 1}, "pools.Train", "small letter"),
        (AWS, "network.cidr", "8.8.0.0/16", "network.cidr", "private block"),
        (AWS, "network.vpc", "vpc-1", "network.vpc", "subnets"),
        (AWS, "network.subnets", ["subnet-1"], "network.subnets", "vpc"),
        (AWS, "network.load_balancer", "application", "network.certificate", "missing"),
        (AWS, "governance.allowed_regions", ["eu-west-1"], "region", "allowed_regions"),
        (AWS, "governance.key", "my-key", "governance.key", "arn:aws:kms"),
        (AWS, "governance.alert_emails", ["ops"], "governance.alert_emails.0", "no address"),
        (AWS, "governance.tags", {"aws:x": "y"}, "governance.tags.aws:x", "not yours"),
        (
            AWS,
            "storage.scratch",
            {"kind": "file_system", "size": "4 TiB", "throughput_per_tib": "2 GB/s"},
            "storage.scratch.throughput_per_tib",
            "fastest tier",
        ),
        (GCP, "pools.train.reservation", "new", "pools.train.reservation", "market: reserved"),
        (GCP, "pools.train", {"machine": "tpu-v5litepod-8", "min": 0, "max": 2}, "pools.train", ""),
        (GCP, "governance.key", "arn:aws:kms:x:y:key/z", "governance.key", "cryptoKeys"),
    ],
)
def test_what_cannot_be_provided_is_named_by_its_key(
    base: dict[str, Any], path: str, value: Any, key: str, says: str
) -> None:
    with pytest.raises(InputError) as refused:
        check_deployable(changed(base, path, value), load_catalog())
    assert f"{key}: " in str(refused.value)
    assert says in str(refused.value)


def test_spread_groups_have_few_places() -> None:
    eight = {"machine": "g5.xlarge", "count": 8, "placement": "spread"}
    with pytest.raises(InputError, match=r"pools\.train\.placement: spread holds 7 nodes"):
        check_deployable(changed(AWS, "pools.train", eight), load_catalog())
    zones = {**AWS, "zones": ["us-east-1a", "us-east-1b"]}
    check_deployable(changed(zones, "pools.train", eight), load_catalog())


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "config:\n"
        "  windtunnel:environment:\n"
        "    provider: aws\n"
        "    region: us-east-1\n"
        "    zones: [eu-west-1a]\n"
        "    pools:\n"
        "      train: {machine: g5.xlarge, count: 1, image: ubuntu}\n"
    )
    with pytest.raises(InputError) as refused:
        read_environment(path)
    first, second = str(refused.value).splitlines()
    assert first.startswith(f"{path}:5: zones.0: ")
    assert second.startswith(f"{path}:7: pools.train.image: ")


def test_what_nodes_share_needs_a_network_where_it_stands() -> None:
    environment = changed(AWS, "pools.train.region", "us-west-2")
    check_deployable(environment, load_catalog())
    away = {**AWS["pools"]["train"], "region": "us-west-2"}
    shared = {**AWS, "pools": {"train": away}}
    file_system = {"kind": "file_system", "size": "4 TiB"}
    with pytest.raises(InputError, match=r"storage\.scratch: stands in us-east-1, but no pool"):
        check_deployable(changed(shared, "storage.scratch", file_system), load_catalog())
    with pytest.raises(InputError, match=r"network\.load_balancer: stands in us-east-1"):
        check_deployable(changed(shared, "network.load_balancer", "network"), load_catalog())


def test_a_stack_without_an_environment_has_none(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config:\n  aws:region: us-east-1\n")
    assert read_environment(path) is None
    path.write_text("encryptionsalt: abc\n")
    assert read_environment(path) is None


def test_mistyped_values_are_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "config:\n  windtunnel:environment:\n    provider: aws\n    region: us-east-1\n"
        "    pools:\n      train:\n        machine: g5.xlarge\n        count: many\n"
    )
    with pytest.raises(InputError, match=r"Pulumi\.dev\.yaml:8: pools\.train\.count: 'many'"):
        read_environment(path)


def test_names_that_a_cloud_takes_for_one_are_refused() -> None:
    twin = {"machine": "g5.xlarge", "count": 1}
    both = {**AWS, "pools": {"big-one": twin}}
    with pytest.raises(InputError, match=r"pools\.big_one: is too like 'big-one'"):
        check_deployable(changed(both, "pools.big_one", twin), load_catalog())


def test_a_secret_in_an_environment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(
        "config:\n  windtunnel:environment:\n    provider: aws\n    region: us-east-1\n"
        "    governance:\n      key: {secure: v1:abc:def}\n"
    )
    with pytest.raises(InputError, match=r"dev\.yaml:6: .*governance\.key: is a secret"):
        read_environment(path)
