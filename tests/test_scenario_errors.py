"""Bad input gets one clear sentence: file, line, key, what is wrong, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.errors import ScenarioError
from domain.reading import load_scenario

GOOD = """\
environment:
  provider: aws
  region: us-east-1
  pools:
    train: {machine: p4d.24xlarge, count: 2}
  storage:
    dataset: {kind: object_store, size: 150 GB}
workloads:
  resnet50:
    kind: training
    model: resnet50
    dataset: {samples: 1281167, sample_size: 110 kB}
    global_batch: 2048
    epochs: 90
goal: {minimise: cost, deadline: 12 h}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(GOOD)
    return path


def said(path: Path, *settings: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, settings)
    return str(caught.value).replace(f"{path.parent}/", "")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "global_batch",
            "globel_batch",
            "s.yaml:13: workloads.resnet50.globel_batch: "
            "unknown key 'globel_batch'; did you mean 'global_batch'?",
        ),
        (
            "150 GB",
            "150 GB/s",
            "s.yaml:7: environment.storage.dataset.size: '150 GB/s' has unit 'GB/s', "
            "which is not a size; write for example '2 TiB'",
        ),
        (
            "count: 2",
            "count: -2",
            "s.yaml:5: environment.pools.train.count: -2 must be more than 0",
        ),
        (
            "kind: training",
            "kind: trainig",
            "s.yaml:9: workloads.resnet50: 'trainig' is not one of 'training', 'trace'; "
            "did you mean 'training'?",
        ),
        (
            "minimise: cost",
            "minimise: costs",
            "s.yaml:15: goal.minimise: 'costs' is not one of cost, time, cost_per_sample; "
            "did you mean 'cost'?",
        ),
        ("deadline: 12 h", "deadline: 12", "12 has no unit; a duration is written like '90 min'"),
        ("    epochs: 90\n", "", "give either 'epochs' (with a 'dataset') or 'steps'"),
        ("  region: us-east-1\n", "", "provider 'aws' needs a 'region', like 'us-east-1'"),
        ("    global_batch: 2048\n", "", "needs the key 'global_batch'"),
        ("    epochs: 90\n", "    epochs: 90\n    epochs: 80\n", "key 'epochs' is given twice"),
        ("provider: aws", "provider: [aws", "s.yaml:3: is not valid YAML"),
        ("epochs: 90", "epochs: ninety", "'ninety' is not a number"),
    ],
)
def test_what_is_wrong_in_a_file(scenario: Path, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    scenario.write_text(GOOD.replace(old, new))
    assert sentence in said(scenario)


def test_a_missing_file_names_its_neighbour(scenario: Path) -> None:
    wanted = scenario.with_name("ss.yaml")
    assert said(wanted) == "ss.yaml: there is no such scenario file; did you mean 's.yaml'?"


def test_a_folder_is_no_scenario(tmp_path: Path) -> None:
    assert "is a folder" in said(tmp_path)


def test_bytes_are_no_scenario(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert said(path) == "s.yaml: is not text in UTF-8; a scenario file is"


def test_an_override_is_named_as_the_place(scenario: Path) -> None:
    assert said(scenario, "environment.pools.train.count=0") == (
        "--set environment.pools.train.count=0: environment.pools.train.count: "
        "0 must be more than 0"
    )


def test_an_override_needs_a_value(scenario: Path) -> None:
    assert "has no '='" in said(scenario, "environment.region")


def test_an_override_reaches_the_scenario(scenario: Path) -> None:
    read = load_scenario(scenario, ["environment.pools.train.count=8", "goal.budget=$10"])
    assert read.scenario.environment.pools["train"].count == 8
    assert read.scenario.goal.budget == 10.0


def test_a_pool_that_is_not_there(scenario: Path) -> None:
    assert "asks for pool 'trian', which 'environment.pools' does not have" in said(
        scenario, "workloads.resnet50.pool=trian"
    )
