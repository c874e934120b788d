"""Files of Pulumi, written by hand: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InputError
from domain.resources import SECRET, UNKNOWN, Change, Resource, ResourceGraph
from domain.resources.reading import read_change, read_file, read_resources
from domain.resources.regions import region_of

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_TAG = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def urn(name: str, kind: str = "aws:ec2/instance:Instance") -> str:
    return f"urn:pulumi:dev::shop::{kind}::{name}"


def state(name: str, kind: str = "aws:ec2/instance:Instance", **inputs: Any) -> dict[str, Any]:
    return {"urn": urn(name, kind), "custom": True, "type": kind, "id": name, "inputs": inputs}


def step(op: str, name: str, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    sides = {"oldState": old, "newState": new}
    return {"op": op, "urn": urn(name), **{k: v for k, v in sides.items() if v}, **more}


def preview(*steps: Any, **more: Any) -> dict[str, Any]:
    return {"config": {"aws:region": "eu-west-1"}, "steps": list(steps), "duration": 1, **more}


def export(*resources: Any, version: int = 3) -> dict[str, Any]:
    return {"version": version, "deployment": {"manifest": {}, "resources": list(resources)}}


def event(name: str, **body: Any) -> dict[str, Any]:
    return {"sequence": 1, "timestamp": 1, name: body}


def resource_event(name: str, op: str, of: str, old: Any = None, new: Any = None) -> dict[str, Any]:
    return event(name, metadata={"op": op, "urn": urn(of), "old": old, "new": new})


def log(*events: Any) -> str:
    return "".join(json.dumps(each) + "\n" for each in events)


SUMMARY = event("summaryEvent", resourceChanges={"same": 0}, result="succeeded")


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: Any, name: str = "p.json") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def refused(path: Path, state_file: Path | None = None) -> str:
    with pytest.raises(InputError) as raised:
        read_change(path, state_file) if state_file else read_file(path)
    return str(raised.value)


def operations(change: Change) -> dict[str, str]:
    return {step.urn.rsplit("::", 1)[-1]: step.operation for step in change.steps}


def names(graph: ResourceGraph) -> list[str]:
    return [resource.name for resource in graph.resources]


def test_a_preview_has_both_sides(file: Any) -> None:
    small, large = state("web", instanceType="m5.large"), state("web", instanceType="m5.xlarge")
    path = file(
        preview(
            step("create", "new", new=state("new")),
            step("update", "web", old=small, new=large, diffReasons=["instanceType"]),
            step("delete", "old", old=state("old")),
            step("same", "kept", old=state("kept"), new=state("kept")),
        )
    )

    change = read_change(path)

    assert names(change.before) == ["web", "old", "kept"]
    assert names(change.after) == ["new", "web", "kept"]
    web = next(step for step in change.steps if step.urn == urn("web"))
    assert web.reasons == ("instanceType",)
    assert web.before is not None
    assert web.before.get("instanceType") == "m5.large"
    assert change.after.by_urn[urn("web")].get("instanceType") == "m5.xlarge"
    assert (change.after.project, change.after.stack) == ("shop", "dev")
    assert change.after.config == {"aws:region": "eu-west-1"}
    assert read_resources(path) == change.after


def test_a_replacement_is_one_step(file: Any) -> None:
    old, new = state("web", ami="a"), state("web", ami="b")
    for several in (
        [step("replace", "web", old, new, replaceReasons=["ami"])],
        [
            step("create-replacement", "web", old, new, replaceReasons=["ami"]),
            step("replace", "web", {**old, "delete": True}, new, replaceReasons=["ami"]),
            step("delete-replaced", "web", {**old, "delete": True}),
        ],
        [
            step("delete-replaced", "web", old),
            step("replace", "web", old, new, replaceReasons=["ami"]),
            step("create-replacement", "web", old, new),
        ],
    ):
        change = read_change(file(preview(*several)))

        (only,) = change.steps
        assert (only.operation, only.reasons) == ("replace", ("ami",))
        assert [each and each.inputs for each in (only.before, only.after)] == [
            {"ami": "a"},
            {"ami": "b"},
        ]


def test_every_operation_of_pulumi_has_one_meaning(file: Any) -> None:
    old, new = state("x", size=1), state("x", size=2)
    for op, sides, meaning in (
        ("import", (None, new), "import"),
        ("import-replacement", (old, new), "replace"),
        ("read", (None, new), "read"),
        ("read-replacement", (old, new), "read"),
        ("discard", (old, None), "delete"),
        ("refresh", (old, new), "update"),
        ("refresh", (old, old), "same"),
        ("refresh", (old, None), "delete"),
        ("a-future-one", (None, new), "create"),
    ):
        change = read_change(file(preview(step(op, "x", *sides))))
        assert operations(change) == {"x": meaning}, op


def test_what_an_earlier_replacement_left_is_not_counted_twice(file: Any) -> None:
    now, left = state("web"), {**state("web", ami="old"), "delete": True}

    held = read_resources(file(export(now, left)))
    change = read_change(
        file(preview(step("same", "web", now, now), step("delete-replaced", "web", left)))
    )

    assert names(held) == ["web"]
    assert held.resources[0].inputs == {}
    assert "wait for deletion are not counted" in held.notes[0]
    assert "left by an earlier replacement" in change.after.notes[0]
    assert operations(change) == {"web": "same"}
    assert names(change.before) == ["web"]


def test_a_deleted_resource_that_waits_for_its_replacement_does_not_exist(file: Any) -> None:
    held = read_resources(file(export(state("a"), {**state("b"), "pendingReplacement": True})))

    assert names(held) == ["a"]
    assert held.notes


def test_unlisted_resources_are_counted_and_said(file: Any) -> None:
    change = read_change(
        file(
            preview(step("create", "new", new=state("new")), changeSummary={"create": 1, "same": 7})
        )
    )

    assert change.after.left_out == change.before.left_out == 7
    assert any("7 unchanged" in note and "--show-sames" in note for note in change.after.notes)


def test_a_preview_joined_with_the_state_leaves_nothing_out(file: Any) -> None:
    web, db = state("web", type="a"), state("db")
    web["outputs"] = {"arn": "arn:aws:ec2:eu-west-1:1:x", "type": "a", "privateIp": "10.0.0.1"}
    planned = {**state("web", type="b"), "id": ""}
    p = file(
        preview(
            step("update", "web", old=web, new=planned),
            step("create", "new", new=state("new")),
            changeSummary={"same": 1, "update": 1, "create": 1},
        )
    )
    s = file(export(web, db), "s.json")

    change = read_change(p, s)

    assert names(change.before) == ["web", "db"]
    assert names(change.after) == ["web", "db", "new"]
    assert change.after.left_out == change.before.left_out == 0
    assert change.after.notes == ()
    assert operations(change) == {"web": "update", "db": "same", "new": "create"}
    after = change.after.by_urn[urn("web")]
    assert after.id == "web", "an update in place keeps the id"
    assert after.outputs["type"] == "b"
    assert after.outputs["privateIp"] == "10.0.0.1"
    assert change.after.origin == "preview p.json with export s.json"


def test_a_state_that_does_not_fit_the_preview_is_refused(file: Any) -> None:
    update = file(preview(step("update", "web", old=state("web"), new=state("web"))))
    create = file(preview(step("create", "web", new=state("web"))), "c.json")
    other = {**state("db"), "urn": "urn:pulumi:prod::shop::aws:ec2/instance:Instance::db"}

    assert "does not hold" in refused(update, file(export(state("db")), "s.json"))
    assert "holds" in refused(create, file(export(state("web")), "s.json"))
    assert "stack 'prod'" in refused(update, file(export(other), "s.json"))
    assert "'pulumi stack export" in refused(update, update)
    assert "not a change" in refused(file(export(), "s.json"), update)


def test_joining_keeps_what_people_must_know_and_doubts_a_stale_state(file: Any) -> None:
    left = {**state("web", ami="old"), "delete": True}
    p = file(preview(step("delete-replaced", "web", left), changeSummary={"same": 3}))

    change = read_change(p, file(export(state("web"), left), "s.json"))

    assert [note.split(" ")[0] for note in change.after.notes] == ["replaced", "left", "the"]
    assert "3 unchanged resources, export s.json has 1" in change.after.notes[2]
    assert change.before.notes == change.after.notes


def test_a_renamed_resource_stays_one(file: Any) -> None:
    p = file(preview(step("update", "new-name", old=state("web"), new=state("new-name"))))

    change = read_change(p, file(export(state("web")), "s.json"))

    assert names(change.before) == ["web"]
    assert names(change.after) == ["new-name"]


def test_a_failing_program_gives_its_own_error_and_no_graph(file: Any) -> None:
    traceback = (
        "error: Program failed with an unhandled exception:\n"
        '\x1b[31mTraceback (most recent call last):\n  File "main.py", line 3, in <module>\n'
        "<{%fg 1%}>ValueError: no such zone<{%reset%}>\n"
    )
    noise = (
        "Traceback (most recent call last):\n\n"
        '  File "exec", line 2, in run\n\n    poll()\n\nKeyboardInterrupt\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n\n  File "x", line 1\n\nKeyboardInterrupt\n\n'
    )
    diagnostics = [
        {"severity": "warning", "message": "warning: old runtime"},
        {"severity": "error", "message": traceback},
        *({"severity": "error", "message": line + "\n"} for line in noise.split("\n") if line),
        {"severity": "error", "message": "error: preview failed"},
    ]

    message = refused(
        file(preview(step("create", "a", new=state("a")), diagnostics=diagnostics)),
    )

    assert "ValueError: no such zone" in message
    assert 'File "main.py", line 3' in message
    for unwanted in ("\x1b", "<{%", "KeyboardInterrupt", "preview failed", "old runtime"):
        assert unwanted not in message
    no_steps = {"diagnostics": diagnostics[1:2], "duration": 1}
    assert "ValueError: no such zone" in refused(file(no_steps))


def test_a_failure_without_words_names_its_usual_cause(file: Any) -> None:
    silent = [{"severity": "error", "message": "error: preview failed\n"}]

    assert "mandatory policy" in refused(file(preview(diagnostics=silent)))


def test_secrets_never_leave_a_file(file: Any) -> None:
    hidden = {
        **state("db", password={**SECRET_TAG, "ciphertext": "v1:hunter2"}),
        "outputs": {
            "list": [{**SECRET_TAG, "plaintext": '"hunter2"'}],
            "wrapped": {
                SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
                "secret": True,
                "value": "hunter2",
            },
            "token": "hunter2",
        },
        "additionalSecretOutputs": ["token"],
    }

    graph = read_resources(file(export(hidden)))

    (db,) = graph.resources
    assert db.inputs == {"password": SECRET}
    assert db.outputs == {"list": [SECRET], "wrapped": SECRET, "token": SECRET}
    assert "hunter2" not in repr(graph)


def test_values_that_json_has_no_word_for(file: Any) -> None:
    asset = {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "path": "a.zip"}
    reference = {SIGNATURE: "5cf8f73096256a8f31e491e813e4eb8e", "urn": urn("b")}
    values = state(
        "x",
        count=3,
        share=0.5,
        unknown="04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        unknown_flag="1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        unknown_number=["3eeb2bf0-c639-47a8-9e75-3b44932eb421"],
        asset=asset,
        reference=reference,
        reference_with_id={**reference, "id": "i-1"},
        infinite={SIGNATURE: "8ad145fe-0d11-4827-bfd7-1abcbf086f5c", "value": "7ff0000000000000"},
        output={SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": {"a": 1}},
        unknown_output={SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"},
    )

    (found,) = read_resources(file(export(values))).resources

    assert found.inputs == {
        "count": 3,
        "share": 0.5,
        "unknown": UNKNOWN,
        "unknown_flag": UNKNOWN,
        "unknown_number": [UNKNOWN],
        "asset": asset,
        "reference": urn("b"),
        "reference_with_id": "i-1",
        "infinite": float("inf"),
        "output": {"a": 1},
        "unknown_output": UNKNOWN,
    }
    assert isinstance(found.inputs["count"], int)
    assert found.get("unknown") is None


def test_only_the_urn_is_required(file: Any) -> None:
    child = "urn:pulumi:dev::shop::my:Group$aws:s3/bucket:Bucket::logs::2026"
    component = {"urn": urn("group", "my:Group"), "type": "my:Group"}

    bucket, group = read_resources(file(export({"urn": child, "id": "b"}, component))).resources

    assert (bucket.type, bucket.name, bucket.custom) == ("aws:s3/bucket:Bucket", "logs::2026", True)
    assert not group.custom


def test_where_a_resource_was_declared(file: Any) -> None:
    positions = {
        "project:///net/vpc.py#12": "net/vpc.py:12",
        "project:///index.ts#116,26": "index.ts:116",
    }
    for position, said in positions.items():
        graph = read_resources(file(export({**state("a"), "sourcePosition": position})))
        assert graph.resources[0].source == said


@pytest.mark.parametrize("version", [3, 4])
def test_checkpoints_are_states_too(file: Any, version: int) -> None:
    stack = {"urn": STACK, "type": "pulumi:pulumi:Stack", "outputs": {"url": "https://x"}}
    latest = export(stack, state("a"), version=version)["deployment"]

    graph = read_resources(file({"version": version, "checkpoint": {"latest": latest}}))

    assert names(graph) == ["shop-dev", "a"]
    assert graph.outputs == {"url": "https://x"}
    assert graph.origin == "checkpoint p.json"


def test_an_empty_stack_is_a_stack(file: Any) -> None:
    for document in (
        {"version": 3, "deployment": {"manifest": {}}},
        {"version": 3, "checkpoint": {"stack": "dev", "latest": None}},
        preview(),
    ):
        assert read_resources(file(document)).resources == ()


def test_an_old_format_is_refused_and_a_future_one_is_noted(file: Any) -> None:
    assert "format 2 is older" in refused(file(export(version=2)))
    assert "format 9 is newer" in read_resources(file(export(version=9))).notes[0]


def test_an_event_log_has_both_sides(file: Any) -> None:
    old, bare = state("web", ami="a"), {**state("web", ami="b"), "id": ""}
    new = {**bare, "outputs": {"ami": "b", "ip": "10.0.0.1"}}
    text = log(
        event("preludeEvent", config={"aws:region": "eu-west-1"}),
        event("diagnosticEvent", severity="debug", message="registering"),
        resource_event("resourcePreEvent", "update", "web", old, bare),
        resource_event("resOutputsEvent", "update", "web", old, new),
        resource_event("resourcePreEvent", "create", "new", None, state("new")),
        SUMMARY,
        event("cancelEvent"),
    )

    change = read_change(file("warning: a plugin is old\n" + text))

    assert operations(change) == {"web": "update", "new": "create"}
    assert change.after.by_urn[urn("web")].outputs["ip"] == "10.0.0.1"
    assert change.after.config == {"aws:region": "eu-west-1"}
    assert change.steps[0].reasons == ("ami",)


def test_an_event_log_of_a_preview_and_its_update_is_the_update(file: Any) -> None:
    def run(side: Any) -> tuple[Any, ...]:
        created = resource_event("resOutputsEvent", "create", "a", None, side)
        return event("preludeEvent", config={}), created, SUMMARY

    change = read_change(file(log(*run(state("a")), *run({**state("a"), "id": "i-9"}))))

    assert [resource.id for resource in change.after.resources] == ["i-9"]


def test_a_run_that_failed_or_did_not_end_is_no_graph(file: Any) -> None:
    created = resource_event("resOutputsEvent", "create", "a", None, state("a"))
    error = event("diagnosticEvent", severity="error", message="no quota\n", prefix="error: ")
    failed = event("summaryEvent", resourceChanges={"create": 1}, result="failed")

    assert "no quota" in refused(file(log(created, error, failed)))
    assert "mandatory policy" in refused(file(log(created, failed)))
    assert "no summary" in refused(file(log(created)))
    assert "cut in line 2" in refused(file(log(created) + '{"sequence": 2, "summaryEv'))
    broken = log(created) + '{"sequence": 2, "summaryEv\n' + log(SUMMARY)
    assert "line 2: is not JSON" in refused(file(broken))


def test_a_violated_policy_is_a_note(file: Any) -> None:
    text = log(
        resource_event("resOutputsEvent", "create", "a", None, state("a")),
        event(
            "policyEvent",
            policyName="no-public-buckets",
            enforcementLevel="mandatory",
            resourceUrn=urn("a"),
        ),
        event("diagnosticEvent", severity="error", message="preview failed\n"),
        event("summaryEvent", resourceChanges={"create": 1}, result="failed"),
    )

    change = read_change(file(text))

    assert names(change.after) == ["a"]
    assert "no-public-buckets" in change.after.notes[0]


def test_text_around_the_json_and_the_files_of_windows_are_read(file: Any) -> None:
    text = json.dumps(preview(step("create", "a", new=state("a"))), indent=4)

    for content in (
        "warning: using pulumi-python from PATH\n[resource plugin aws] installing\n" + text,
        text + "\nwarning: a new version of Pulumi is available\n",
        text.encode("utf-16"),
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(),
    ):
        assert names(read_resources(file(content))) == ["a"]


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        ("", "empty"),
        ("<!doctype html><html></html>", "web page"),
        ("environment:\n  provider: aws\nworkloads: {}\n", "scenario of Windtunnel"),
        ("config:\n  aws:region: us-east-1\n", "configuration of a Pulumi stack"),
        ("name: shop\nruntime: python\n", "file of a Pulumi project"),
        ("Previewing update (dev):\n\n + aws:s3:Bucket logs create\n", "--json"),
        ("a, b\n1, 2\n", "text"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "binary"),
        ("[]", "a list"),
        ('{"format_version": "1.2", "planned_values": {}}', "plan of Terraform"),
        ('{"version": 4, "terraform_version": "1.9", "resources": []}', "Terraform"),
        ('{"Resources": {"A": {"Type": "AWS::S3::Bucket"}}}', "CloudFormation"),
        ('{"environment": {}, "workloads": {}}', "scenario"),
        ('{"$schema": "https://json-schema.org"}', "JSON schema"),
        ('{"bucket": "data-1", "url": "x"}', "'bucket', 'url'"),
        ("{}", "an empty object"),
    ],
)
def test_other_files_are_told_by_what_they_look_like(file: Any, content: Any, looks: str) -> None:
    message = refused(file(content))

    assert looks in message
    assert "pulumi preview --json --show-sames > preview.json" in message


def test_a_file_that_was_cut_says_so(file: Any) -> None:
    text = json.dumps(export(state("a")), indent=4)

    for length in (1, 20, len(text) // 2, len(text) - 1):
        assert "cut" in refused(file(text[:length])), text[:length]


def test_mistakes_inside_a_file_are_told_with_their_place(file: Any) -> None:
    assert "deployment.resources[0]: the resource has no urn" in refused(file(export({})))
    assert "resources[0].inputs: must be an object, is a list" in refused(
        file(export({"urn": "u", "inputs": []}))
    )
    assert "a second time" in refused(file(export(state("a"), state("a"))))
    assert "steps[0].newState" in refused(file(preview(step("create", "a", new=[1]))))
    assert "line 2" in refused(file(log(SUMMARY, event("resOutputsEvent", metadata=3))))
    assert "nested too deeply" in refused(file('{"steps":' + "[" * 100_000))


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.json")
    assert "directory" in refused(tmp_path)


def placed(kind: str, inputs: dict[str, Any], outputs: dict[str, Any], **graph: Any) -> str | None:
    provider = f"{urn('west', 'pulumi:providers:aws')}::id" if graph.pop("explicit", 0) else None
    resource = Resource(urn("x", kind), kind, inputs, outputs, provider=provider)
    west = Resource(
        urn("west", "pulumi:providers:aws"), "pulumi:providers:aws", {"region": "us-west-2"}
    )
    default = Resource(
        urn("default_7", "pulumi:providers:aws"), "pulumi:providers:aws", {"region": "sa-east-1"}
    )
    return region_of(resource, ResourceGraph((west, default, resource), **graph))


def test_the_region_of_a_resource() -> None:
    config = {"aws:region": "eu-west-1", "gcp:zone": "europe-west4-a"}
    instance, node, bucket = (
        "aws:ec2/instance:Instance",
        "gcp:compute/instance:Instance",
        "gcp:storage/bucket:Bucket",
    )
    link = "https://www.googleapis.com/compute/v1/projects/p/zones/us-south1-ai1b"

    assert placed(instance, {"region": "eu-north-1"}, {}, config=config) == "eu-north-1"
    assert placed(instance, {"availabilityZone": "us-west-2-lax-1a"}, {}) == "us-west-2"
    assert placed(instance, {}, {}, config=config, explicit=True) == "us-west-2"
    assert placed(instance, {}, {}, config=config) == "eu-west-1"
    assert placed(instance, {}, {}) == "sa-east-1"
    assert placed(instance, {"region": UNKNOWN}, {}, config=config) is None
    assert placed(node, {}, {}, config=config) == "europe-west4"
    assert placed(node, {"zone": link}, {}, config=config) == "us-south1"
    assert placed(node, {}, {"selfLink": f"{link}/instances/x"}) == "us-south1"
    assert placed(node, {}, {}) is None
    assert placed(bucket, {"location": "US"}, {}, config=config) == "us"
    assert placed(bucket, {"location": "US-CENTRAL1"}, {}) == "us-central1"
    assert placed("kubernetes:core/v1:Pod", {}, {}, config=config) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(UNKNOWN),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "urn op inputs steps deployment resources metadata delete checkpoint latest "
                "newState changeSummary summaryEvent resOutputsEvent value version diagnostics "
                f"config type {SIGNATURE}".split()
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


def only_input_errors(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.json"
        path.write_bytes(content)
        try:
            found = read_file(path)
        except InputError as error:
            str(error).encode()
        else:
            graph = found.after if isinstance(found, Change) else found
            for resource in graph.resources:
                region_of(resource, graph)
                resource.urn.encode()


@settings(max_examples=300, deadline=None)
@given(value=json_values)
def test_any_json_is_read_or_refused(value: Any) -> None:
    only_input_errors(json.dumps(value).encode())


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_cut_or_change_of_a_file_is_read_or_refused(data: st.DataObject) -> None:
    sample = data.draw(
        st.sampled_from(
            [
                json.dumps(export(state("a", x={**SECRET_TAG, "ciphertext": "c"}), state("b"))),
                json.dumps(preview(step("update", "a", state("a"), state("a")), changeSummary={})),
                log(resource_event("resOutputsEvent", "create", "a", None, state("a")), SUMMARY),
            ]
        )
    ).encode()
    start = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 30))
    only_input_errors(sample[:start] + data.draw(st.binary(max_size=4)) + sample[start + length :])
    only_input_errors(sample[:start])
