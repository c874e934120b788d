"""What is known before a connection is made: hosts files, plans, archives, prices, benchmarks."""

from __future__ import annotations

import ast
import io
import json
import re
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import load_catalog
from domain.errors import InputError
from domain.hosts import (
    Host,
    environment_of,
    hosts_of_pool,
    machines_in,
    read_hosts,
    usd_per_hour,
    why_unpriced,
)
from workloads.launch.benchmarks import BENCHMARKS, find_benchmark, parse_event
from workloads.launch.bundle import Bundle, pack
from workloads.launch.checkpoints import newest_checkpoint
from workloads.launch.connection import Credentials
from workloads.launch.interpreter import requirements_text
from workloads.launch.plan import REQUIREMENTS, Limits, Plan, new_name
from workloads.launch.trust import KnownHosts

ROOT = Path(__file__).resolve().parent.parent


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hosts.yaml"
    path.write_text(text)
    return path


def test_a_hosts_file(tmp_path: Path) -> None:
    hosts = read_hosts(
        write(
            tmp_path,
            "hosts:\n"
            "  - {address: 10.0.0.1, user: me, pool: train, accelerator: a100, accelerators: 8}\n"
            "  - {address: gpu-2, port: 2222, identity: keys/two, price: $3/h}\n",
        )
    )
    assert [host.label for host in hosts] == ["10.0.0.1", "gpu-2:2222"]
    assert hosts[1].identity == tmp_path / "keys" / "two"
    assert hosts[1].price == 3.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty; a file of hosts is a YAML mapping"),
        ("hosts: []", ":1: lists no host; give at least one"),
        ("- a", "must be a YAML mapping"),
        ("hosts:\n  - {adress: a}", ":2: hosts.0.adress: unknown key 'adress'; did you mean"),
        ("hosts:\n  - {user: me}", "needs the key 'address'"),
        ("hosts:\n  - {address: a, port: 70000}", "70000 must be at most 65535"),
        ("hosts:\n  - {address: a, port: ssh}", "'ssh' is not a whole number"),
        ("hosts:\n  - {address: 'a b'}", ":2: hosts.0.address"),
        ("hosts:\n  - {address: a}\n  - {address: a}", ":3: a is listed twice (first at"),
        ("hosts:\n  - {address: a, machine: p4d.24xlarge}", "a machine needs its provider"),
        ("hosts:\n  - {address: a, accelerator: a100}", "needs accelerators beside it"),
        ("hosts:\n  - {address: a, provider: aws}", "a host of aws needs its machine and region"),
        ("hosts:\n  - {address: a, price: 3}", "has no unit"),
        ("hosts: [", "is not valid YAML"),
    ],
)
def test_what_is_wrong_in_a_hosts_file_is_named_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        read_hosts(write(tmp_path, text))


def test_one_pool_is_chosen() -> None:
    hosts = [Host(address=str(n), pool=pool) for n, pool in enumerate(("a", "b", "a"))]
    assert [host.address for host in hosts_of_pool(hosts, "a")] == ["0", "2"]
    with pytest.raises(InputError, match="choose one with --pool"):
        hosts_of_pool(hosts, None)


def aws(address: str, machine: str = "g5.xlarge") -> Host:
    return Host(address=address, provider="aws", region="us-east-1", machine=machine)


def test_the_price_of_hosts_is_the_catalogs_or_ones_own() -> None:
    catalog = load_catalog()
    one = catalog.offer("aws", "us-east-1", "g5.xlarge").usd_per_hour("on_demand")
    assert one
    assert usd_per_hour([aws("a"), aws("b")], catalog) == pytest.approx(2 * one)
    own = Host(address="c", price="$2/h")
    assert usd_per_hour([own, own.model_copy(update={"address": "d"})], catalog) == 4.0
    unknown = [own, Host(address="lab-7")]
    assert usd_per_hour(unknown, catalog) is None
    assert "lab-7" in why_unpriced(unknown, catalog)


def test_hosts_of_a_slice_are_paid_once() -> None:
    machine = {"provider": "gcp", "region": "us-central1", "machine": "tpu-v5litepod-16"}
    hosts = [Host(address=str(n), name=f"s-{n}", slice="s", **machine) for n in range(4)]
    catalog = load_catalog()
    assert machines_in(hosts) == 1
    assert usd_per_hour(hosts, catalog) == usd_per_hour(hosts[:1], catalog)


def test_a_measurement_tells_of_one_kind_of_machine() -> None:
    found = environment_of([aws("a"), aws("b")])
    assert found is not None
    assert (found.machine, found.nodes) == ("g5.xlarge", 2)
    assert environment_of([Host(address="a")]) is None
    with pytest.raises(InputError, match="not of one kind"):
        environment_of([aws("a"), aws("b", "g5.2xlarge")])


def plan_of(hosts: Sequence[Host], tmp_path: Path, **more: object) -> Plan:
    return Plan(
        benchmark=find_benchmark("gpt", len(hosts)),
        hosts=tuple(hosts),
        out=tmp_path,
        bundle=Bundle(b"", "0", 0),
        credentials=Credentials(KnownHosts(tmp_path / "known")),
        **more,  # type: ignore[arg-type]
    )


def test_only_a_worker_that_is_alone_is_given_time_to_keep_a_checkpoint(tmp_path: Path) -> None:
    hosts = [Host(address="a"), Host(address="b")]
    assert plan_of(hosts[:1], tmp_path).worker_limits.grace_seconds == Limits().grace_seconds
    assert plan_of(hosts, tmp_path).worker_limits.grace_seconds <= 2


@given(ports=st.lists(st.integers(1, 65535), min_size=1, max_size=9))
def test_every_worker_is_told_the_same_cluster_and_its_own_place(
    ports: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    hosts = [Host(address=f"h{n}", internal=f"10.0.0.{n}") for n in range(len(ports))]
    plan = plan_of(hosts, tmp_path_factory.getbasetemp())
    told = [plan.variables(ports, index).get("TF_CONFIG") for index in range(len(ports))]
    if len(ports) == 1:
        assert told == [None]
        return
    configs = [json.loads(text or "") for text in told]
    expected = [f"10.0.0.{n}:{port}" for n, port in enumerate(ports)]
    assert all(each["cluster"] == {"worker": expected} for each in configs)
    assert [each["task"] for each in configs] == [
        {"type": "worker", "index": index} for index in range(len(ports))
    ]


@given(usd=st.floats(0.01, 1e6), rate=st.floats(0.01, 1e4))
def test_the_budget_buys_exactly_its_time(usd: float, rate: float) -> None:
    limits = Limits(max_usd=usd, usd_per_hour=rate)
    assert limits.budget_seconds is not None
    assert limits.usd(limits.budget_seconds) == pytest.approx(usd)


def test_names_of_launches_differ() -> None:
    assert len({new_name() for _ in range(100)}) == 100


def test_the_archive_depends_on_the_code_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "code" / "__pycache__").mkdir(parents=True)
        (tmp_path / name / "code" / "x.py").write_text("x = 1\n")
    (tmp_path / "b" / "code" / "__pycache__" / "x.pyc").write_bytes(b"compiled")
    first, second = pack([tmp_path / "a" / "code"]), pack([tmp_path / "b" / "code"])
    assert first == second
    with tarfile.open(fileobj=io.BytesIO(first.archive)) as archive:
        assert archive.getnames() == ["code/x.py"]
    (tmp_path / "b" / "code" / "x.py").write_text("x = 2\n")
    assert pack([tmp_path / "b" / "code"]).digest != first.digest


def test_hosts_get_all_that_benchmarks_import() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack().archive)) as archive:
        names = set(archive.getnames())
    assert {"workloads/run.py", "workloads/launch/supervisor.py", "domain/facts/aliases.csv"} <= (
        names
    )


def test_requirements_of_hosts_agree_with_the_constraints() -> None:
    ours = dict(
        line.lower().split("==") for line in (ROOT / "constraints.txt").read_text().splitlines()
    )
    for line in requirements_text(REQUIREMENTS).splitlines():
        name, version = line.lower().split("==")
        assert ours[name] == version
    assert "\ntensorflow" in "\n" + requirements_text(REQUIREMENTS)
    assert "tensorflow[and-cuda]==" in requirements_text(REQUIREMENTS, "nvidia")
    assert "tensorflow-tpu==" in requirements_text(REQUIREMENTS, "tpu")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('{"event": "progress", "step": 1}', "progress"),
        ('{"event": 1}', None),
        ("{not json", None),
        ("[1]", None),
        ('{"loss": 1}', None),
        ("Epoch 1", None),
    ],
)
def test_lines_of_a_benchmark_are_events_or_log(line: str, kind: str | None) -> None:
    event = parse_event(line)
    assert (event["event"] if event else None) == kind


@given(st.text())
def test_no_line_however_odd_breaks_the_reading(line: str) -> None:
    parse_event(line)
    newest_checkpoint(line)


def test_the_newest_checkpoint_is_named_without_its_folder() -> None:
    state = 'model_checkpoint_path: "/there/step-40"\nall_model_checkpoint_paths: "step-20"\n'
    assert newest_checkpoint(state) == "step-40"


def test_benchmarks_by_name() -> None:
    for name in BENCHMARKS:
        assert find_benchmark(name).name == name
    with pytest.raises(InputError, match="did you mean 'resnet50'"):
        find_benchmark("resnet5")
    with pytest.raises(InputError, match="--count 1"):
        find_benchmark("serve", hosts=2)


def test_probes_are_told_by_flags() -> None:
    probes = find_benchmark("probes", 2, ["quick=true", "storage=s3://b/k", "compute=false"])
    assert probes.words == ("--network", "--quick", "--storage", "s3://b/k", "--no-compute")
    with pytest.raises(InputError, match="nothing that probes know"):
        find_benchmark("probes", 1, ["quick=maybe"])


IMPORTED = {
    "google": "",  # comes with TensorFlow
    "pynvml": "nvidia-ml-py",
    "yaml": "PyYAML",
    "pydantic_core": "pydantic",
}


def test_what_runs_on_hosts_imports_no_package_that_they_do_not_get() -> None:
    wanted = requirements_text(REQUIREMENTS).lower().splitlines()
    given = {line.partition("==")[0] for line in wanted}
    ours = {"domain", "workloads", *sys.stdlib_module_names}
    for path in [*(ROOT / "domain").rglob("*.py"), *(ROOT / "workloads").rglob("*.py")]:
        if path.is_relative_to(ROOT / "workloads" / "launch"):
            continue
        if path.is_relative_to(ROOT / "workloads" / "discovery"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for top in {name.partition(".")[0] for name in names} - ours:
                assert IMPORTED.get(top, top).lower() in {*given, ""}, f"{path} imports {top}"
