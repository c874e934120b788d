"""The chosen environment goes into Pulumi.<stack>.yaml and nothing else changes there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from domain.environment import Environment
from domain.errors import InputError
from windtunnel import stack_config
from windtunnel.stack_config import stack_config_path, write_environment

ENVIRONMENT = Environment.model_validate(
    {
        "provider": "gcp",
        "region": "us-central1",
        "pools": {"train": {"machine": "a2-highgpu-8g", "count": 2, "market": "spot"}},
        "storage": {"dataset": {"kind": "object_store", "size": "150 GB"}},
    }
)
OLD = """\
# Who to ask: the platform team.
encryptionsalt: v1:abc=
config:
  aws:region: us-east-1   # for everything
  windtunnel:environment:
    # Agreed with finance.
    provider: aws
    region: us-east-1
    pools:
      train: {machine: p4d.24xlarge, count: 4}
      old:
        machine: g5.xlarge
        count: 1
  other:list:
    - a
    - b
"""


def test_comments_and_other_keys_stay(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(OLD)
    write_environment(path, ENVIRONMENT)
    text = path.read_text()
    for kept in ("# Who to ask", "encryptionsalt: v1:abc=", "# for everything", "# Agreed with"):
        assert kept in text
    assert "    - a\n    - b\n" in text
    config = yaml.safe_load(text)["config"]
    assert config["other:list"] == ["a", "b"]
    assert Environment.model_validate(config["windtunnel:environment"]) == ENVIRONMENT


def test_a_new_stack_gets_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    write_environment(path, ENVIRONMENT)
    read = yaml.safe_load(path.read_text())["config"]["windtunnel:environment"]
    assert Environment.model_validate(read) == ENVIRONMENT
    assert list(tmp_path.iterdir()) == [path]


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(OLD)
    write_environment(path, ENVIRONMENT)
    once = path.read_bytes()
    write_environment(path, ENVIRONMENT)
    assert path.read_bytes() == once


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError("disk full")])
def test_an_interrupted_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException] | Exception
) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(OLD)

    def fail(self: Path, target: Path) -> None:
        raise failure

    monkeypatch.setattr(stack_config.Path, "replace", fail)
    with pytest.raises((KeyboardInterrupt, InputError)):
        write_environment(path, ENVIRONMENT)
    assert path.read_text() == OLD
    assert list(tmp_path.iterdir()) == [path]


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config: [broken")
    with pytest.raises(InputError, match=r"Pulumi\.dev\.yaml:1: is not valid YAML"):
        write_environment(path, ENVIRONMENT)
    assert path.read_text() == "config: [broken"


def test_the_file_stands_beside_the_project(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert stack_config_path("dev", inner) == tmp_path / "Pulumi.dev.yaml"
    assert stack_config_path("org/project/prod", inner) == tmp_path / "Pulumi.prod.yaml"


def test_a_name_that_no_stack_can_have(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a stack's name"):
        stack_config_path("../dev stack", tmp_path)
