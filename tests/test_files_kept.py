"""No command loses a user's file: links, pipes, read-only files, other people's rules."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
import yaml

from domain.environment import Environment
from domain.errors import InputError
from windtunnel.output import check_writable, write_atomically
from windtunnel.stack_config import write_environment

ENVIRONMENT = Environment.model_validate(
    {"provider": "aws", "region": "us-east-1", "pools": {"a": {"machine": "g5.xlarge", "count": 1}}}
)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("old")
    link.symlink_to(real)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, "text")
    reader.join(5)
    assert read == ["text"]
    assert pipe.is_fifo()


def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(InputError, match="is read-only; it was left as it is"):
        write_atomically(path, "new")
    assert path.read_text() == "old"


@pytest.mark.parametrize(("name", "said"), [("no/x.json", "there is no folder"), (".", "a folder")])
def test_what_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, name: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        check_writable(tmp_path / name)


def test_governance_of_a_stack_holds_whatever_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(
        "config:\n  windtunnel:environment:\n    provider: gcp\n    region: us-central1\n"
        "    pools: {}\n    network: {nat: single}\n"
        "    # Do not touch.\n    governance: {deletion_protection: true}\n"
    )
    assert write_environment(path, ENVIRONMENT) == ["network"]
    text = path.read_text()
    assert "# Do not touch." in text
    written = yaml.safe_load(text)["config"]["windtunnel:environment"]
    assert written["governance"] == {"deletion_protection": True}
    assert written["provider"] == "aws"
