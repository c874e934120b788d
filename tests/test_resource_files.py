"""The real files of Pulumi (its own test data, and a real CLI with stand-in providers)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from domain.errors import InputError
from domain.resources import SECRET, UNKNOWN, Change, Resource, ResourceGraph
from domain.resources.reading import read_change, read_file, read_resources
from domain.resources.regions import region_of

COUNTS = {
    "captured_graph_preview_shape.json": (0, 87),
    "cli_preview_changes.json": (18, 18),
    "cli_preview_changes_events.jsonl": (88, 88),
    "cli_preview_changes_show_sames.json": (86, 86),
    "cli_preview_create.json": (0, 86),
    "cli_preview_policy_violation_events.jsonl": (88, 88),
    "cli_stack_export.json": 88,
    "example_preview__aws-py-appsync.json": (0, 11),
    "example_preview__aws-py-eks.json": (0, 20),
    "example_preview__aws-py-webserver.json": (0, 3),
    "example_preview__aws-ts-resources.json": (0, 29),
    "example_preview__gcp-py-gke.json": (0, 6),
    "pulumi__pkg_backend_display_testdata_not-truncated_up-4.json": (6, 6),
    "pulumi__pkg_backend_display_testdata_not-truncated_up.json": (5, 6),
    "pulumi__pkg_backend_display_testdata_not-truncated_webserver-userdata.json": (3, 3),
    "pulumi__pkg_resource_stack_testdata_checkpoint-secrets.json": 30,
    "pulumi__pkg_resource_stack_testdata_checkpoint-v3.json": 30,
    "pulumi__pkg_resource_stack_testdata_checkpoint-v4.json": 30,
}
"""File → resources before and after, or in the state; default providers are in states and event
logs only."""


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "pulumi"


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_file(path)
    return str(raised.value)


def managed(graph: ResourceGraph) -> dict[str, Resource]:
    """What people declared: default providers are Pulumi's own, and not in every file."""
    return {
        resource.urn: resource
        for resource in graph.resources
        if not (resource.is_provider and resource.name.startswith("default"))
    }


@pytest.mark.parametrize("name", COUNTS)
def test_every_real_file_is_read(folder: Path, name: str) -> None:
    found = read_file(folder / name)

    if isinstance(found, Change):
        assert (len(found.before.resources), len(found.after.resources)) == COUNTS[name]
        assert len(found.steps) == len({step.urn for step in found.steps})
    else:
        assert len(found.resources) == COUNTS[name]
    graph = read_resources(folder / name)
    assert all((graph.project, graph.stack, graph.origin.endswith(name)))
    assert all(resource.type and resource.name for resource in graph.resources)


def test_all_files_are_known_to_this_test(folder: Path) -> None:
    refused = {
        path.name
        for path in folder.iterdir()
        if path.suffix == ".txt" or "_apitype_" in path.name or path.name.endswith("_failed.json")
    }
    assert {path.name for path in folder.iterdir()} == refused | COUNTS.keys()
    assert all(refusal(folder / name) for name in refused)


def test_schemas_and_terminal_texts_are_told(folder: Path) -> None:
    for path in folder.glob("*_apitype_*.json"):
        assert "a JSON schema" in refusal(path)
    for path in folder.glob("*.txt"):
        assert "the terminal's view of a preview, not --json" in refusal(path)


def test_a_failing_program_gives_its_own_error(folder: Path) -> None:
    message = refusal(folder / "cli_preview_failed.json")

    assert "ValueError: no such zone: us-east-1z" in message
    assert 'File "__main__.py", line 212' in message


def test_one_stack_is_the_same_from_every_source(folder: Path) -> None:
    created = managed(read_resources(folder / "cli_preview_create.json"))
    exported = managed(read_resources(folder / "cli_stack_export.json"))
    old = managed(read_change(folder / "cli_preview_changes_show_sames.json").before)

    assert created.keys() == exported.keys() == old.keys()
    assert exported == old
    for urn, resource in exported.items():
        planned = created[urn]
        assert planned.inputs.keys() <= resource.inputs.keys()
        for name, value in planned.inputs.items():
            if UNKNOWN not in repr(value):
                assert value == resource.inputs[name], f"{urn} {name}"
        assert planned.property_dependencies == resource.property_dependencies
        assert planned.source == resource.source


def test_a_preview_joined_with_its_export_is_its_event_log(folder: Path) -> None:
    alone = read_change(folder / "cli_preview_changes.json")
    joined = read_change(folder / "cli_preview_changes.json", folder / "cli_stack_export.json")
    logged = read_change(folder / "cli_preview_changes_events.jsonl")

    assert alone.after.left_out == 68
    assert any("cover the change only" in note for note in alone.after.notes)
    assert joined.after.left_out == logged.after.left_out == 0
    assert joined.after.notes == ()
    for ours, theirs in ((joined.before, logged.before), (joined.after, logged.after)):
        assert ours.by_urn.keys() == theirs.by_urn.keys()
        for urn, resource in ours.by_urn.items():
            assert resource.inputs == theirs.by_urn[urn].inputs, urn
            assert resource.id == theirs.by_urn[urn].id, urn
    assert {(step.urn, step.operation, step.reasons) for step in joined.steps} == {
        (step.urn, step.operation, step.reasons) for step in logged.steps
    }
    by_name = {step.urn.rsplit("::", 1)[-1]: step for step in joined.steps}
    assert by_name["net-vpc"].operation == "replace"
    assert by_name["net-vpc"].reasons == ("cidrBlock",)
    assert by_name["extra"].operation == "create"
    assert by_name["replica-perresource-region"].operation == "delete"
    train = by_name["lt-train"]
    assert train.before is not None
    assert train.after is not None
    assert train.before.get("instanceType") == "p4d.24xlarge"
    assert train.after.get("instanceType") == "p5.48xlarge"


def test_references_are_followed_on_both_sides(folder: Path) -> None:
    joined = read_change(folder / "cli_preview_changes.json", folder / "cli_stack_export.json")

    for graph in (joined.before, joined.after, read_resources(folder / "cli_preview_create.json")):
        group = next(r for r in graph.resources if r.name == "asg-spot")
        template = graph.referred(group, "launchTemplate", "aws:ec2/launchTemplate:LaunchTemplate")
        assert template is not None
        assert template.name == "lt-spot"


def test_a_violated_policy_is_said_and_everything_is_there(folder: Path) -> None:
    violated = read_change(folder / "cli_preview_policy_violation_events.jsonl")
    plain = read_change(folder / "cli_preview_changes_events.jsonl")

    assert "'bucket-pab' (2 resources)" in violated.after.notes[0]
    assert violated.after.by_urn.keys() == plain.after.by_urn.keys()


def test_a_replacement_of_a_real_log_is_one_step(folder: Path) -> None:
    change = read_change(
        folder / "pulumi__pkg_backend_display_testdata_not-truncated_webserver-userdata.json"
    )

    server = next(step for step in change.steps if step.urn.endswith("web-server-www"))
    assert (server.operation, server.reasons) == ("replace", ("userData",))


def test_no_secret_of_a_real_file_is_kept(folder: Path) -> None:
    secret = read_resources(folder / "pulumi__pkg_resource_stack_testdata_checkpoint-secrets.json")

    assert SECRET in repr(secret)
    assert "ciphertext" not in repr(secret)
    for name in ("captured_graph_preview_shape.json", "cli_preview_create.json"):
        assert "s3cret" not in repr(read_resources(folder / name))
    assert read_resources(folder / "cli_stack_export.json").outputs["password"] == SECRET


def test_regions_of_the_accelerator_stack_are_the_same_from_every_source(folder: Path) -> None:
    def regions(graph: ResourceGraph) -> dict[str, str | None]:
        return {urn: region_of(each, graph) for urn, each in managed(graph).items()}

    exported = regions(read_resources(folder / "cli_stack_export.json"))
    changed = read_change(folder / "cli_preview_changes_show_sames.json")

    by_name = {urn.rsplit("::", 1)[-1]: region for urn, region in exported.items()}
    assert by_name["replica-perresource-region"] == "eu-west-1"
    assert by_name["scratch"] == "us-east-1"
    assert by_name["a3-zmig"] == "us-central1"
    assert regions(changed.before) == exported
    created = regions(read_resources(folder / "cli_preview_create.json"))
    assert created == exported


def test_cut_and_damaged_real_files_are_read_or_refused(folder: Path, tmp_path: Path) -> None:
    dice = random.Random(20)
    path = tmp_path / "damaged.json"
    for name in COUNTS:
        whole = (folder / name).read_bytes()
        for _ in range(6):
            start = dice.randrange(len(whole))
            cut = whole[:start]
            damaged = cut + bytes([dice.randrange(256)]) + whole[start + dice.randrange(200) :]
            for content in (cut, damaged):
                path.write_bytes(content)
                try:
                    read_file(path)
                except InputError:
                    continue
                # Only what follows a log's summary may be missing.
                assert content is damaged or b'"summaryEvent"' in cut, name
