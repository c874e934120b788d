"""Programs are run as the CLI runs them, and what they declare comes back as a graph."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import venv
from pathlib import Path
from typing import Any

import pytest

from domain.errors import InputError
from domain.resources import UNKNOWN, ResourceGraph
from stacks.synthesis import synthesise
from stacks.synthesis.project import read_project

PROLOGUE = """
import pulumi

class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]
    size: pulumi.Output[int]
    def __init__(self, name, opts=None, type_="aws:demo/thing:Thing", **props):
        super().__init__(type_, name, {"arn": None, **props}, opts)

class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("demo:index:Group", name, {}, opts)
        self.inner = Thing(f"{name}-inner", pulumi.ResourceOptions(parent=self))
        self.register_outputs({"arn": self.inner.arn})
"""
LINES_BEFORE = PROLOGUE.count("\n") + 1


def project(folder: Path, program: str, stack: str = "config: {aws:region: eu-west-1}") -> Path:
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text(stack)
    (folder / "__main__.py").write_text(PROLOGUE + textwrap.dedent(program))
    return folder


def run(folder: Path, program: str, **options: Any) -> ResourceGraph:
    return synthesise(project(folder, program), "dev", cache=None, **options)


def failure(folder: Path, program: str, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        run(folder, program, **options)
    return str(caught.value)


def test_resources_come_with_their_relations_and_places(tmp_path: Path) -> None:
    graph = run(
        tmp_path,
        """
        west = pulumi.ProviderResource("aws", "west", {"region": "us-west-2"})
        group = Group("g")
        thing = Thing("t", pulumi.ResourceOptions(provider=west, protect=True,
                      ignore_changes=["size"], depends_on=[group]), size=3, of=group.inner.arn)
        pulumi.export("of", thing.arn)
        pulumi.export("region", pulumi.Config("aws").require("region"))
        """,
    )
    prefix = "urn:pulumi:dev::demo::"
    thing = graph.by_urn[f"{prefix}aws:demo/thing:Thing::t"]
    inner = f"{prefix}demo:index:Group$aws:demo/thing:Thing::g-inner"
    assert graph.by_urn[inner].parent == f"{prefix}demo:index:Group::g"
    assert not graph.by_urn[f"{prefix}demo:index:Group::g"].custom
    assert thing.inputs == {"size": 3, "of": UNKNOWN}
    assert thing.property_dependencies["of"] == (inner,)
    assert inner in thing.dependencies
    assert thing.provider_urn == f"{prefix}pulumi:providers:aws::west"
    assert thing.protect
    assert thing.ignore_changes == ("size",)
    assert thing.source == f"__main__.py:{LINES_BEFORE + 3}"
    assert graph.outputs == {"of": UNKNOWN, "region": "eu-west-1"}


def test_resolved_mode_runs_what_is_applied_to_computed_values(tmp_path: Path) -> None:
    program = """
        made = []
        a = Thing("a")
        a.arn.apply(lambda arn: Thing("b", of=f"{arn}/x"))
        """
    preview = run(tmp_path, program)
    resolved = run(tmp_path, program, mode="resolved")
    assert [each.name for each in preview.resources] == ["demo-dev", "a"]
    assert preview.resources[0].source is None
    a, b = (each for each in resolved.resources if each.type == "aws:demo/thing:Thing")
    assert a.outputs["arn"].startswith("arn:aws:demo:eu-west-1:")
    assert b.inputs == {"of": a.outputs["arn"] + "/x"}
    assert a.id


def test_resolved_mode_makes_up_the_same_twice(tmp_path: Path) -> None:
    program = 'pulumi.export("arn", Thing("a").arn)'
    first, second = (run(tmp_path, program, mode="resolved") for _ in range(2))
    assert first == second


def test_data_sources_are_answered_by_region(tmp_path: Path) -> None:
    graph = run(
        tmp_path,
        """
        zones = pulumi.runtime.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {})
        pulumi.export("zones", zones.value["names"])
        policy = pulumi.runtime.invoke("aws:iam/getPolicyDocument:getPolicyDocument", {
            "statements": [{"actions": ["s3:GetObject"], "resources": ["*"], "principals": [
                {"type": "Service", "identifiers": ["ec2.amazonaws.com"]}]}]})
        pulumi.export("policy", policy.value["minifiedJson"])
        other = pulumi.runtime.invoke("gcp:x/getProject:getProject", {"project": "mine"})
        pulumi.export("project", other.value["projectId"])
        """,
    )
    assert graph.outputs["zones"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert graph.outputs["project"] == "mine"
    assert json.loads(graph.outputs["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": "*",
            }
        ],
    }


def test_what_others_own_is_read_not_made(tmp_path: Path) -> None:
    graph = run(
        tmp_path,
        """
        Thing("theirs", pulumi.ResourceOptions(id="t-1"))
        shared = pulumi.StackReference("org/net/dev")
        Thing("ours", of=shared.get_output("vpc"))
        """,
    )
    by_name = {each.name: each for each in graph.resources}
    assert by_name["theirs"].external
    assert by_name["theirs"].id == "t-1"
    assert by_name["ours"].inputs["of"] == UNKNOWN


def test_a_program_may_leave_early(tmp_path: Path) -> None:
    graph = run(tmp_path, "import sys; Thing('a'); sys.exit(0)")
    assert [each.name for each in graph.resources] == ["demo-dev", "a"]


def test_a_stack_may_be_named_in_full(tmp_path: Path) -> None:
    folder = project(tmp_path, "pulumi.export('owner', pulumi.get_organization())")
    graph = synthesise(folder, "acme/demo/dev", cache=None)
    assert graph.outputs == {"owner": "acme"}
    assert graph.stack == "dev"


def test_another_stacks_outputs_stay_unknown_in_resolved_mode_too(tmp_path: Path) -> None:
    program = 'pulumi.export("vpc", pulumi.StackReference("o/net/dev").require_output("vpc"))'
    assert run(tmp_path, program, mode="resolved").outputs == {"vpc": UNKNOWN}


def test_transforms_apply_to_everything_that_follows(tmp_path: Path) -> None:
    graph = run(
        tmp_path,
        """
        def tag(args):
            return pulumi.ResourceTransformResult({**args.props, "tagged": True}, args.opts)
        pulumi.runtime.register_resource_transform(tag)
        Group("g")
        """,
    )
    assert {r.name: r.inputs.get("tagged") for r in graph.resources}["g-inner"] is True


def test_warnings_are_notes_and_prints_are_nobodys_business(tmp_path: Path) -> None:
    graph = run(tmp_path, 'print("{not json"); pulumi.log.warn("old argument"); Thing("a")')
    assert graph.notes == ("old argument",)
    assert len(graph.resources) == 2


def test_logged_errors_fail_the_program(tmp_path: Path) -> None:
    assert "no such machine" in failure(tmp_path, 'pulumi.log.error("no such machine")')


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise ValueError('no zone')", ": ValueError: no zone"),
        ("raise pulumi.RunError('pools is empty')", ": pools is empty"),
        ("import nowhere_at_all", ": ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("import sys; sys.exit(3)", "sys.exit(3)"),
        ("pulumi.Config().require('size')", "Missing required configuration variable 'demo:size'"),
        ("Thing('a'); Thing('a')", "are called 'a'"),
        ("pulumi.Output.from_input(1).apply(lambda _: 1 / 0)", "ZeroDivisionError"),
        ("import os; os.environ['NOT_SET']", ": KeyError: 'NOT_SET'"),
        ("x = = 1", ": SyntaxError: invalid syntax"),
    ],
)
def test_failures_are_told_as_the_programs_own(tmp_path: Path, program: str, message: str) -> None:
    told = failure(tmp_path, program)
    assert told.startswith(f"__main__.py:{LINES_BEFORE}: ")
    assert message in told
    assert "Traceback" not in told
    assert "runpy" not in told


def test_failures_deeper_in_the_program_name_that_file(tmp_path: Path) -> None:
    (tmp_path / "network.py").write_text("def make():\n    return {}['vpc']\n")
    assert failure(tmp_path, "import network; network.make()").startswith("network.py:2: KeyError")


def test_an_interpreter_without_the_sdk_is_told(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = str(tmp_path / "bare" / "bin" / "python")
    assert "has no Pulumi SDK" in failure(tmp_path, "", python=python)
    assert "cannot be started" in failure(tmp_path, "", python=python + "9")


def test_a_crash_is_told_with_its_last_words(tmp_path: Path) -> None:
    told = failure(
        tmp_path, "import os, sys; print('out of luck', file=sys.stderr, flush=True); os._exit(7)"
    )
    assert "ended with 7" in told
    assert "out of luck" in told


def test_a_program_that_never_ends_is_stopped_with_its_children(tmp_path: Path) -> None:
    started = time.monotonic()
    told = failure(
        tmp_path,
        """
        import subprocess, pathlib
        child = subprocess.Popen(["sleep", "600"])
        pathlib.Path("child").write_text(str(child.pid))
        child.wait()
        """,
        timeout_seconds=3,
    )
    assert "did not end within 3 s" in told
    assert time.monotonic() - started < 10
    assert _gone(int((tmp_path / "child").read_text()))


def test_a_process_that_is_left_behind_keeps_nobody_waiting(tmp_path: Path) -> None:
    program = "import os, time; Thing('a')\nif os.fork() == 0:\n    time.sleep(600)\n"
    assert len(run(tmp_path, program, timeout_seconds=20).resources) == 2


def test_an_interrupt_ends_the_program_too(tmp_path: Path) -> None:
    folder = project(
        tmp_path,
        """
        import os, pathlib, time
        pathlib.Path("half").write_text(str(os.getpid()))
        os.rename("half", "child")
        time.sleep(600)
        """,
    )
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from stacks.synthesis import synthesise\n"
            "synthesise(pathlib.Path(sys.argv[1]), 'dev', cache=None)",
            str(folder),
        ],
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 20
    while not (folder / "child").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(10) != 0
    assert _gone(int((folder / "child").read_text()))


def _gone(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or stat.read_text().split()[2] == "Z"


def test_components_of_other_languages_are_named(tmp_path: Path) -> None:
    graph = run(
        tmp_path,
        """
        class Cluster(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("eks:index:Cluster", name, {"nodes": 2}, None, remote=True)
        Cluster("k")
        """,
    )
    assert "'k' (eks:index:Cluster)" in graph.notes[0]


def test_an_entry_point_may_be_asynchronous(tmp_path: Path) -> None:
    graph = run(
        tmp_path,
        """
        async def main():
            return {"size": Thing("a", size=4).size}
        pulumi.run(main)
        """,
    )
    assert graph.outputs == {"size": 4}


def test_an_sdk_call_that_nobody_knows_is_named(tmp_path: Path) -> None:
    told = failure(tmp_path, "pulumi.runtime.settings.get_monitor().ForkUniverse(None)")
    assert "ForkUniverse" in told
    assert "Pulumi SDK" in told


def test_the_programs_own_packages_win_over_installed_ones(tmp_path: Path) -> None:
    """Another revision of ours is compared with the code that it came with."""
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "__init__.py").write_text("REVISION = 'old'\n")
    (tmp_path / "properties.py").write_text("MINE = True\n")
    graph = run(
        tmp_path,
        "import domain, properties; pulumi.export('r', [domain.REVISION, properties.MINE])",
    )
    assert graph.outputs["r"] == ["old", True]


def test_main_may_be_a_folder_and_is_the_working_directory(tmp_path: Path) -> None:
    folder = project(tmp_path, "")
    (folder / "Pulumi.yaml").write_text("name: demo\nruntime: {name: python}\nmain: infra/\n")
    (folder / "infra").mkdir()
    (folder / "infra" / "__main__.py").write_text(
        "import os, pulumi, beside\npulumi.export('cwd', os.path.basename(os.getcwd()))\n"
    )
    (folder / "infra" / "beside.py").write_text("")
    assert synthesise(folder / "infra", "dev", cache=None).outputs == {"cwd": "infra"}


def test_the_second_time_is_from_the_cache_until_something_changes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    program = """
        import sizes, pathlib
        with open("runs", "a") as runs: runs.write("x")
        Thing("a", size=sizes.SIZE, text=pathlib.Path("data/a.txt").read_text())
        """
    (tmp_path / "sizes.py").write_text("SIZE = 1\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("one")
    folder = project(tmp_path, program.replace('"runs"', repr(str(tmp_path.parent / "runs"))))
    runs = tmp_path.parent / "runs"
    runs.unlink(missing_ok=True)

    def again() -> tuple[int, ResourceGraph]:
        graph = synthesise(folder, "dev", cache=cache)
        return len(runs.read_text()), graph

    assert again()[0] == 1
    started = time.monotonic()
    count, graph = again()
    assert count == 1
    assert time.monotonic() - started < 0.2
    assert graph == synthesise(folder, "dev", cache=None)
    runs.write_text("x")

    (tmp_path / "sizes.py").write_text("SIZE = 22\n")
    count, graph = again()
    assert (count, graph.resources[-1].inputs["size"]) == (2, 22)
    (tmp_path / "data" / "a.txt").write_text("two")
    assert again()[0] == 3
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {aws:region: us-west-2}")
    assert again()[0] == 4
    for entry in cache.iterdir():
        entry.write_text("{broken")
    assert again()[0] == 5
    assert again()[0] == 5


def test_revisions_of_a_program_are_kept_side_by_side(tmp_path: Path) -> None:
    cache, sizes = tmp_path / "cache", []
    for folder, size in (("before", 1), ("after", 2), ("before-again", 1)):
        (tmp_path / folder).mkdir()
        place = project(tmp_path / folder, f"Thing('a', size={size})")
        sizes.append(synthesise(place, "dev", cache=cache).resources[-1].inputs["size"])
    assert sizes == [1, 2, 1]
    assert len(list(cache.iterdir())) == 2


def test_a_cache_that_cannot_be_written_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    graph = synthesise(project(tmp_path, "Thing('a')"), "dev", cache=tmp_path / "file" / "cache")
    assert len(graph.resources) == 2
    assert os.listdir(tmp_path).count("file") == 1


def test_the_projects_own_virtual_environment_runs_it(tmp_path: Path) -> None:
    folder = project(tmp_path, "import pulumi")
    options = "runtime: {name: python, options: {virtualenv: own}}"
    (folder / "Pulumi.yaml").write_text(f"name: demo\n{options}\n")
    assert read_project(folder).python == sys.executable, "it is not made yet"
    interpreter = folder / "own" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to(sys.executable)
    assert read_project(folder).python == str(interpreter)
