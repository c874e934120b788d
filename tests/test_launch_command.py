"""`windtunnel launch` as people type it, on real OpenSSH servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from launch_hosts import Lab, free_port, lab, make_key
from training_scenario import Command

CPU = "{id: this-cpu, peak_flops: {fp32: 100 GFLOP/s}, memory_bandwidth: 20 GB/s}"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab(tmp_path_factory.mktemp("lab") / "l") as made:
        yield made


def hosts_file(made: Lab, tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "hosts.yaml"
    path.write_text(
        "hosts:\n"
        + "".join(
            f"  - {{address: {each.address}, port: {each.port}, directory: {each.folder}/host{more}"
            "}\n"
            for each in made.servers
        )
    )
    return path


def ssh(made: Lab) -> list[str]:
    return [
        *("--known-hosts", str(made.known_hosts), "--ssh-config", str(made.ssh_config)),
        *("--identity", str(made.identity), "--python", sys.executable),
    ]


def test_a_dry_run_tells_all_and_connects_to_nobody(command: Command, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text(
        "hosts:\n"
        "  - {address: 192.0.2.1, provider: aws, region: us-east-1, machine: g5.xlarge}\n"
        "  - {address: 192.0.2.2, provider: aws, region: us-east-1, machine: g5.xlarge}\n"
    )
    words = ("launch", "gpt", "--hosts", hosts, "--dry-run", "--max-usd", "$1", "--set", "steps=9")
    code, out, _ = command(*words)
    assert code == 0
    assert "gpt on 2 hosts; nothing was done" in out
    assert "workloads.run gpt --out" in out
    assert "--set steps=9" in out
    assert "when $1 are spent" in out
    code, out, _ = command(*words, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["usd_per_hour"] == pytest.approx(2.012)
    assert told["ends_after_seconds"] == pytest.approx(3600 / 2.012)
    assert [host["worker"] for host in told["hosts"]] == [0, 1]
    assert not (tmp_path / ".windtunnel").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("gpt",), "one of --stack STACK, --outputs FILE and --hosts FILE"),
        (("gpt", "--hosts", "h.yaml", "--stack", "dev"), "--stack and --hosts are given"),
        (("gpt", "--hosts", "h.yaml", "--outputs", "o.json"), "--outputs and --hosts are given"),
        (("gtp", "--hosts", "h.yaml"), "there is no benchmark 'gtp'"),
        (("gpt", "--hosts", "absent.yaml"), "there is no such file of hosts"),
        (("gpt", "--hosts", "h.yaml", "--set", "stepz=1"), "unknown key 'stepz'"),
        (("gpt", "--hosts", "h.yaml", "--pool", "x"), "there is no pool 'x'"),
        (("gpt", "--hosts", "h.yaml", "--count", "9"), "9 hosts are asked for, and there are 1"),
        (("gpt", "--hosts", "h.yaml", "--timeout", "5"), "--timeout: '5' has no unit"),
        (("gpt", "--hosts", "h.yaml", "--max-usd", "-1"), "--max-usd: '-1' must be more than 0"),
        (("gpt", "--hosts", "h.yaml", "--max-usd", "5"), "what 192.0.2.1 costs is not known"),
        (("gpt", "--hosts", "h.yaml", "--identity", "no"), "--identity no: there is no such file"),
        (("gpt", "--hosts", "h.yaml", "--jump", "a:b"), "is not [user@]host[:port]"),
        (("gpt", "--hosts", "h.yaml", "--out", "full"), "full: is not empty"),
        (("gpt", "--hosts", "h.yaml", "--known-hosts", "full"), "full: the file of known hosts"),
        (("gpt", "--outputs", "h.yaml"), "has no pools"),
        (("probes", "--hosts", "h.yaml", "--set", "x=1"), "nothing that probes know"),
    ],
)
def test_wrong_input_is_one_sentence_before_anything_happens(
    command: Command, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "h.yaml").write_text("hosts: [{address: 192.0.2.1}]")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("")
    code, out, told = command("launch", *words)
    assert (code, out) == (2, "")
    assert said in told
    assert "Traceback" not in told
    assert not (tmp_path / ".windtunnel").exists()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            "provider: aws, region: us-east-1, machine: g5.xlrage",
            "h.yaml:2: hosts.0.machine: no machine 'g5.xlrage' at aws; did you mean 'g5.xlarge'",
        ),
        (
            "provider: gcp, region: us-central1, machine: g5.xlarge",
            "h.yaml:2: hosts.0.machine: no machine 'g5.xlarge' at gcp; aws has it",
        ),
        (
            "accelerator: a100-sxm4-80bg, accelerators: 8",
            "h.yaml:2: hosts.0.accelerator: no accelerator 'a100-sxm4-80bg' in the catalog; "
            "did you mean 'a100-sxm4-80gb'",
        ),
        (
            "accelerator: {id: rtx-4090, peak_flops: {fp32: 1 TFLOP/s}, memory_bandwidth: 1 GB/s}"
            ", accelerators: 1",
            "h.yaml:2: hosts.0.accelerator: 'rtx-4090' is an accelerator of the catalog",
        ),
    ],
)
def test_what_no_host_can_be_is_refused_with_its_line(
    command: Command, tmp_path: Path, what: str, said: str
) -> None:
    (tmp_path / "h.yaml").write_text(f"hosts:\n  - {{address: 192.0.2.1, {what}}}\n")
    code, out, told = command("launch", "gpt", "--hosts", "h.yaml", "--dry-run")
    assert (code, out) == (2, "")
    assert said in told


def test_an_accelerator_that_nobody_knows_yet_is_warned_of_once(
    command: Command, tmp_path: Path
) -> None:
    hosts = "".join(
        f"  - {{address: 192.0.2.{n}, accelerator: zebra-9, accelerators: 1}}\n" for n in (1, 2)
    )
    (tmp_path / "h.yaml").write_text("hosts:\n" + hosts)
    code, _, told = command("launch", "gpt", "--hosts", "h.yaml", "--dry-run")
    assert code == 0
    assert told.count("nobody knows 'zebra-9' yet") == 1
    assert "h.yaml:2: hosts.0.accelerator" in told
    # Probes are how a new one gets known, whatever it resembles.
    (tmp_path / "h.yaml").write_text(
        "hosts: [{address: a, accelerators: 1, accelerator: rtx-4091}]"
    )
    code, _, told = command("launch", "probes", "--hosts", "h.yaml", "--dry-run")
    assert code == 0
    assert "nobody knows 'rtx-4091' yet" in told


def test_what_a_calibration_describes_is_known(command: Command, tmp_path: Path) -> None:
    from dataclasses import replace

    from domain.described import described_of
    from simulator.study.calibrated import load_calibrated

    own = described_of(
        {"id": "rtx-4091", "peak_flops": {"fp32": "9 TFLOP/s"}, "memory_bandwidth": "1 TB/s"}, "x"
    )
    mine = replace(load_calibrated(), accelerators={own.id: own})
    (tmp_path / "c.json").write_text(json.dumps(mine.to_json()))
    (tmp_path / "h.yaml").write_text(
        "hosts: [{address: a, accelerators: 1, accelerator: rtx-4091}]"
    )
    words = ("launch", "gpt", "--hosts", "h.yaml", "--dry-run")
    code, _, told = command(*words, "--calibration", "c.json")
    assert (code, "nobody knows" in told) == (0, False), told
    code, _, told = command(*words)
    assert code == 2
    assert "did you mean" in told


def test_a_host_that_is_not_there_is_wrong_input(
    two: Lab, command: Command, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts.yaml"
    port = free_port()
    hosts.write_text(f"hosts: [{{address: 127.0.0.1, port: {port}}}]")
    code, _, told = command("launch", "mlp", "--hosts", hosts, *ssh(two), "--boot-timeout", "0 s")
    assert code == 2
    assert f"windtunnel: 127.0.0.1:{port}: cannot be reached: it refuses connections" in told
    assert not (tmp_path / ".windtunnel").exists()


def test_each_host_that_does_not_let_us_in_is_named(
    two: Lab, command: Command, tmp_path: Path
) -> None:
    make_key(tmp_path / "wrong")
    words = ssh(two)
    words[words.index("--identity") + 1] = str(tmp_path / "wrong")
    code, _, told = command("launch", "mlp", "--hosts", hosts_file(two, tmp_path), *words)
    assert code == 2
    for server in two.servers:
        assert f"127.0.0.1:{server.port}: it does not let us in" in told


def test_a_training_is_measured_beside_its_prediction_and_kept_in_the_ledger(
    two: Lab, command: Command, tmp_path: Path
) -> None:
    hosts = hosts_file(two, tmp_path, f", accelerators: 1, price: $1/h, accelerator: {CPU}")
    words = ("launch", "mlp", "--hosts", hosts, *ssh(two), "--count", "1", "--out", "run")
    code, out, told = command(*words, "--set", "steps=30", "--json")
    assert code == 0, told
    result = json.loads(out)
    (compared,) = result["compared"]
    assert compared["measured"]["step_seconds"] > 0
    assert compared["predicted"]["lower90"] < compared["predicted"]["upper90"]
    assert result["usd"] == pytest.approx(result["seconds"] / 3600, rel=1e-3)
    assert {"measurement.json", "report.json", "curves.png"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }
    code, out, _ = command("ledger", "--json")
    assert code == 0
    assert len(json.loads(out)["outcomes"]) == 1
    code, _, told = command(*words)
    assert code == 2
    assert "run: is not empty" in told


def test_an_environment_is_made_once_for_the_same_requirements(two: Lab, tmp_path: Path) -> None:
    """With no packages in it, which need an index: the workers here need the library only."""
    import asyncio
    from dataclasses import replace

    from launch_hosts import Notes

    from workloads.launch.plan import Limits
    from workloads.launch.run import launch

    (tmp_path / "none.txt").write_text("# nothing\n")
    python3 = subprocess.run(
        ["python3", "-c", "import sys; print(sys.version_info >= (3, 11))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert python3.stdout.strip() == "True"
    limits = Limits(timeout_seconds=120)
    for out in ("a", "b"):
        plan = two.plan(tmp_path / out, ["steps=1"], hosts=[two.servers[0].host()], limits=limits)
        done = asyncio.run(
            launch(replace(plan, python=None, requirements=tmp_path / "none.txt"), Notes())
        )
        assert len(done.measurements) == 1
    assert len(list((two.servers[0].folder / "host" / "environments").glob("*/ready"))) == 1


def test_a_run_on_something_unknown_is_not_predicted_and_says_what_helps() -> None:
    from domain.errors import InputError
    from domain.measurement import Measurement
    from simulator.study.calibrated import Calibrated
    from windtunnel.measured import compare_runs

    measured = Measurement.model_validate(
        {
            "environment": {"accelerator": "zebra-9", "accelerators_per_node": 1},
            "workload": {"model": "mlp", "precision": "fp32", "global_batch": 32},
            "results": {"step_seconds": [0.01, 0.011]},
            "taken_at": "2025-01-01T00:00:00Z",
        }
    )
    with pytest.raises(InputError, match="key 'accelerator:' of the hosts file") as failure:
        compare_runs([measured], Calibrated(), "run")
    assert "WINDTUNNEL_ENVIRONMENT" in str(failure.value)
    assert "windtunnel launch probes" in str(failure.value)
