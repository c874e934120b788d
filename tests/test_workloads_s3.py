"""Benchmarks that read their samples from a bucket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from s3_server import KEYS, s3_server
from workload_runs import Run, events, python

_SCRIPT = """
import contextlib, io, json, os, sys
from pathlib import Path
root = Path(sys.argv[1])
os.environ.update(json.loads(sys.argv[2]))
import boto3
from workloads.data.folders import write_image_folder
from workloads.data.records import write_records
from workloads.models import benchmark
from workloads.run import main
from workloads.settings import read_settings

def kind(name):
    return benchmark(name).samples(read_settings(name))

write_image_folder(root / "images", kind("small_cnn"), {"train": 160, "validation": 40, "test": 40})
write_records(root / "clicks", kind("dlrm"), {"train": 2000, "validation": 300, "test": 300})
client = boto3.client("s3")
client.create_bucket(Bucket="samples")
for path in root.rglob("*.*"):
    client.put_object(Bucket="samples", Key=str(path.relative_to(root)), Body=path.read_bytes())
    if path.name.startswith("train-00001"):
        client.put_object(Bucket="samples", Key=f"cut/{path.name}", Body=path.read_bytes()[:-9])
small = ["--set", "epochs=1", "--set", "warmup_steps=1", "--set", "global_batch=16"]
told = {}
for name, words in {
    "images": ["small_cnn", *small, "--set", "dataset=s3://samples/images"],
    "records": ["dlrm", *small, "--set", "dataset=s3://samples/clicks"],
    "absent": ["dlrm", *small, "--set", "dataset=s3://nobodys/clicks"],
    "cut": ["dlrm", *small, "--set", "dataset=s3://samples/cut"],
}.items():
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main([*words, "--out", str(root / "out" / name)])
    told[name] = [code, out.getvalue()]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root: Path = tmp_path_factory.mktemp("s3")
    with s3_server() as address:
        found = python(_SCRIPT, root, json.dumps({**KEYS, "AWS_ENDPOINT_URL": address}))
    return {
        name: Run(code, events(told), "", root / "out" / name)
        for name, (code, told) in found.items()
    }


@pytest.mark.parametrize(("name", "steps"), [("images", 10), ("records", 125)])
def test_it_trains_from_a_bucket(runs: dict[str, Run], name: str, steps: int) -> None:
    assert runs[name].code == 0, runs[name].events
    assert runs[name].report["steps"] == steps
    assert runs[name].report["last_loss"] < runs[name].report["first_loss"]
    assert runs[name].measurement["observed"]["read_bytes"] > 0


def test_a_bucket_that_is_not_there_is_told(runs: dict[str, Run]) -> None:
    assert runs["absent"].code == 2
    assert "s3://nobodys" in runs["absent"].events[-1]["reason"]


def test_a_file_that_is_cut_off_is_named(runs: dict[str, Run]) -> None:
    assert runs["cut"].code == 2
    reason = runs["cut"].events[-1]["reason"]
    assert "s3://samples/cut/train-00001-of-00002.tfrecord" in reason
    assert "cut off" in reason
