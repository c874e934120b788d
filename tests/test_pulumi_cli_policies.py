"""A real Pulumi CLI with our policy pack: what it says, and what it keeps from being made."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from standin.project import Project

# How the CLI shows what a pack says: [mandatory]  rule  (type: name), then the message.
_SAID = re.compile(r"- \[(\w+)\]  (\S+)  \(\S+: (.+)\)\n +(\S.*)")


@dataclass(frozen=True)
class Said:
    """What the pack says of a preview, beside what the offline check says of the same."""

    code: int
    violations: set[tuple[str, str, str]]
    """Severity, rule, resource."""
    text: str


@pytest.fixture
def project(tmp_path: Path) -> Project:
    if shutil.which("pulumi") is None:
        pytest.skip("no Pulumi CLI on the PATH")
    return Project.copy(tmp_path)


def preview(project: Project) -> Said:
    done = project.pulumi("preview", "--policy-pack", "policies")
    text = done.stdout + done.stderr
    found = {
        (severity, rule, name)
        for severity, rule, name, message in _SAID.findall(text)
        if not message.startswith("not decided: ")
    }
    return Said(done.returncode, found, text)


def offline(project: Project, stack: str) -> set[tuple[str, str, str]]:
    """The check of a preview that the CLI wrote without the pack."""
    file = project.folder.parent / "preview.json"
    file.write_text(project.pulumi("preview", "--json").stdout)
    done = project.windtunnel("check", "--preview", file, "--env", stack, "--json")
    assert done.returncode in (0, 1), done.stderr
    return {
        (each["severity"], each["rule"], (each["urn"] or f"::windtunnel-{stack}").split("::")[-1])
        for each in json.loads(done.stdout)["violations"]
    }


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_our_stacks_pass_as_they_do_offline(project: Project, stack: str) -> None:
    project.pulumi("stack", "init", stack)
    said = preview(project)
    assert said.code == 0, said.text
    assert said.violations == offline(project, stack)


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_our_stacks_are_deployed_under_our_pack(project: Project, stack: str) -> None:
    """Documents that only the update knows break no rule either."""
    project.pulumi("stack", "init", stack)
    up = project.pulumi("up", "--yes", "--policy-pack", "policies")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "[mandatory]" not in up.stdout + up.stderr
    again = preview(project)
    assert again.code == 0, again.text


def test_a_broken_stack_fails_with_the_violations_of_the_offline_check(project: Project) -> None:
    loosen(project)
    project.pulumi("stack", "init", "prod")
    said = preview(project)
    assert said.code != 0
    assert ("mandatory", "imds-v2", "train") in said.violations
    assert said.violations == offline(project, "prod")


def test_what_breaks_a_rule_by_itself_is_never_made(project: Project) -> None:
    loosen(project)
    project.pulumi("stack", "init", "dev")
    up = project.pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policies")
    assert up.returncode != 0
    made = json.loads(project.pulumi("stack", "export").stdout)["deployment"]["resources"]
    types = {each["type"] for each in made}
    assert "aws:kms/key:Key" in types
    assert "aws:ec2/launchTemplate:LaunchTemplate" not in types


def test_wrong_settings_stop_the_preview_with_one_sentence(project: Project) -> None:
    settings = project.folder / "policies" / "policy.yaml"
    settings.write_text(settings.read_text().replace("spot-share", "spot-shaer"))
    project.pulumi("stack", "init", "dev")
    said = preview(project)
    assert said.code != 0
    assert "there is no rule 'spot-shaer'; did you mean 'spot-share'?" in said.text
    assert "Traceback" not in said.text


def loosen(project: Project) -> None:
    """Lets machines of the AWS stacks answer version 1 of the metadata service."""
    path = project.folder / "stacks" / "aws" / "launch.py"
    before = path.read_text()
    path.write_text(before.replace('http_tokens="required"', 'http_tokens="optional"'))
    assert path.read_text() != before
