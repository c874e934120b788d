"""`usage init`, and `--usage` of `plan` and `diff`: from a stack to a file to a bill."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from declared import declare, graph_of, urn_of
from environments import project_with
from training_scenario import Command

from domain.catalog import load_catalog
from domain.costing.usage_template import MOST_BY_NAME, usage_template
from domain.resources import Resource

BUCKET = "aws:s3/bucket:Bucket"
GATEWAY = "aws:ec2/natGateway:NatGateway"
CLOUD_BUCKET = "gcp:storage/bucket:Bucket"
INSTANCE = "aws:ec2/instance:Instance"
ENVIRONMENT: dict[str, Any] = {
    "provider": "aws",
    "region": "us-east-1",
    "pools": {"train": {"machine": "g5.12xlarge", "count": 1}},
    "storage": {
        "dataset": {"kind": "object_store", "size": "200 GB"},
        "checkpoints": {"kind": "object_store"},
    },
}


def raw(kind: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "urn": urn_of(kind, name),
        "type": kind,
        "custom": True,
        "inputs": {"region": "us-east-1", **(inputs or {})},
        "outputs": {},
        **more,
    }


def export(path: Path, *resources: dict[str, Any], **more: Any) -> Path:
    held = {"manifest": {}, "resources": list(resources)}
    path.write_text(json.dumps({"version": 3, "deployment": held, **more}))
    return path


def uncommented(text: str) -> str:
    """The template with one '#' taken away from every line."""
    return re.sub(r"^(\s*)#( ?)", r"\1", text, flags=re.MULTILINE)


def template(*resources: Resource) -> str:
    text = usage_template(graph_of(*resources), load_catalog(), "windtunnel plan")
    assert text is not None
    return text


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return export(
        tmp_path / "state.json",
        raw(BUCKET, "data"),
        raw(GATEWAY, "nat"),
        raw("aws:iam/role:Role", "role"),
    )


def test_a_template_names_what_depends_on_usage_with_its_price(
    command: Command, state: Path
) -> None:
    code, out, err = command("usage", "init", "--state", state)
    assert code == 0, err
    assert f"windtunnel plan --state {state} --usage usage.yaml" in out
    text = Path("usage.yaml").read_text()
    assert re.search(r"^data:\n  # stored: 100 GiB +# \$0\.023 per GiB-month$", text, re.M)
    assert re.search(r"^  # read_requests: 1 million +# \$0\.0004 per 1,000 requests$", text, re.M)
    assert re.search(r"^nat:\n  # processed: 100 GiB +# \$0\.045 per GiB$", text, re.M)
    assert "role" not in text


def test_an_untouched_template_changes_nothing(command: Command, state: Path) -> None:
    _, plain, _ = command("plan", "--state", state, "--json")
    command("usage", "init", "--state", state)
    code, out, err = command("plan", "--state", state, "--usage", "usage.yaml", "--json")
    assert code == 0, err
    assert json.loads(out)["bill"] == json.loads(plain)["bill"]


def test_an_uncommented_template_is_priced_as_it_is(command: Command, state: Path) -> None:
    command("usage", "init", "--state", state)
    path = Path("usage.yaml")
    path.write_text(uncommented(path.read_text()))
    code, out, err = command("plan", "--state", state, "--usage", path, "--json")
    assert code == 0, err
    plan = json.loads(out)
    assert [each["usage"] for each in plan["resources"]] == [[], [], []]
    amounts = {line["component"]: line["amount_usd"] for line in plan["bill"]["lines"]}
    assert amounts["NAT, data"] == 4.5
    assert amounts["object storage, standard"] == 2.3
    assert amounts["object storage, standard, read requests"] == 0.4
    assert amounts["object storage, standard, write requests"] == 5.0
    sources = {line["note"] for line in plan["bill"]["lines"] if "Quantity" in (line["note"] or "")}
    assert all(re.search(r"Quantity: usage\.yaml:\d+\.$", each) for each in sources)
    assert len(sources) >= 4


def test_every_type_that_has_keys_makes_a_template_that_is_accepted(
    command: Command, tmp_path: Path, shared_data: Path
) -> None:
    cases = gzip.open(shared_data / "pricing" / "stacks.jsonl.gz", "rt")  # noqa: SIM115
    resources: dict[str, dict[str, Any]] = {}
    with cases:
        for number, line in enumerate(cases):
            state = json.loads(line)["state"]
            for each in state["deployment"]["resources"]:
                resources[f"{each['urn']}-{number}"] = {**each, "urn": f"{each['urn']}-{number}"}
    path = export(tmp_path / "state.json", *resources.values())
    code, _, err = command("usage", "init", "--state", path)
    assert code == 0, err
    usage = Path("usage.yaml")
    lines = usage.read_text().splitlines()
    assert max(map(len, lines)) < 200
    usage.write_text(uncommented("\n".join(lines)))
    code, out, err = command("plan", "--state", path, "--usage", usage, "--json")
    assert code == 0, err
    plan = json.loads(out)
    priced = [gap for each in plan["resources"] for gap in each["usage"] if gap["unit"]]
    assert priced == [], "what has a price has a key"


def test_few_resources_stand_by_name_and_many_by_type() -> None:
    few = template(*(declare(GATEWAY, f"nat-{number}") for number in range(MOST_BY_NAME)))
    assert [f"nat-{number}:" in few for number in range(MOST_BY_NAME)] == [True] * MOST_BY_NAME
    many = template(*(declare(GATEWAY, f"nat-{number:03}") for number in range(500)))
    assert f"## {GATEWAY}, 500 resources" in many
    assert "nat-000, nat-001" in many
    assert "and 488 more" in many
    assert many.count("processed") == 1
    assert len(many.splitlines()) < 20


def test_a_key_of_some_resources_of_a_type_says_whose_it_is() -> None:
    plain = [declare(CLOUD_BUCKET, f"plain-{number}") for number in range(4)]
    text = template(*plain, declare(CLOUD_BUCKET, "cold", {"storageClass": "COLDLINE"}))
    assert re.search(r"# retrieved: 100 GiB +# \$0\.02 per GiB; only cold$", text, re.M)
    assert re.search(r"# stored: 100 GiB +# \$0\.004 or \$0\.02 per GiB-month$", text, re.M)


def test_names_that_yaml_would_read_otherwise_stand_in_quotes() -> None:
    names = ("on", "12", "null", "a: b", "x #y", "*all", "- dash", "naïve", "'q", "~")
    for name in names:
        loaded = yaml.safe_load(uncommented(template(declare(BUCKET, name))))
        assert list(loaded) == [name]


def test_resources_that_share_a_name_stand_by_their_urns() -> None:
    loaded = yaml.safe_load(template(declare(BUCKET, "data"), declare(GATEWAY, "data")))
    assert set(loaded) == {urn_of(BUCKET, "data"), urn_of(GATEWAY, "data")}


def test_an_example_is_in_the_measure_of_its_key() -> None:
    text = template(declare("aws:lambda/function:Function", "call", {"memorySize": 1024}))
    assert re.search(
        r"# duration: 200 ms each +# of each request, or of all together like 55 h; "
        r"\$0\.06 per GiB-hour$",
        text,
        re.M,
    )
    text = template(declare("aws:glue/crawler:Crawler", "crawl"))
    assert re.search(r"# duration: 730 h +# \$[\d.]+ per hour$", text, re.M), "it has no requests"


def test_what_everybody_knows_comes_first_and_what_few_use_last() -> None:
    text = template(declare(BUCKET, "data"))
    told = re.findall(r"^  (?:# (\w+):|## (rarely):)", text, re.M)
    names = [key or heading for key, heading in told]
    assert names[:3] == ["stored", "read_requests", "write_requests"]
    assert names[-3:] == ["rarely", "select_scanned", "select_returned"]
    text = template(declare("aws:lambda/function:Function", "call"))
    assert re.findall(r"^  # (\w+):", text, re.M)[:2] == ["requests", "duration"]
    assert "Amounts are of the whole month, or of each of its requests" in text


def test_what_is_assumed_is_shown_as_such() -> None:
    from domain.blueprint import TAG_SIZE

    text = template(declare(BUCKET, "data", {"tags": {TAG_SIZE: str(150e9)}}))
    assert re.search(r"# stored: 150 GB +# assumed so far; \$0\.023 per GiB-month", text)


def test_a_file_that_exists_is_kept(command: Command, state: Path) -> None:
    Path("usage.yaml").write_text("data: {stored: 1 GB}\n")
    code, _, err = command("usage", "init", "--state", state)
    assert code == 2
    assert "usage.yaml: exists already; give another --out, or --force" in err
    assert Path("usage.yaml").read_text() == "data: {stored: 1 GB}\n"
    assert command("usage", "init", "--state", state, "--out", "other.yaml")[0] == 0
    assert command("usage", "init", "--state", state, "--force")[0] == 0
    assert "# stored" in Path("usage.yaml").read_text()


def test_a_stack_without_usage_gets_no_file(command: Command, tmp_path: Path) -> None:
    path = export(tmp_path / "state.json", raw("aws:iam/role:Role", "role"))
    code, out, _ = command("usage", "init", "--state", path)
    assert code == 0
    assert "nothing depends on usage" in out
    assert not Path("usage.yaml").exists()


def test_a_stack_of_ours_is_stated_by_name_and_flown(
    command: Command, tmp_path: Path, scenario: Path
) -> None:
    folder = project_with(tmp_path, ENVIRONMENT)
    words = ("--stack", "drawn", "--project", folder)
    code, out, err = command("usage", "init", *words)
    assert code == 0, err
    assert f"--project {folder}" in out
    Path("usage.yaml").write_text("dataset:\n  read_requests: 10 million\n")
    flight = ("--scenario", scenario, "--set", "replications=2")
    code, out, err = command("plan", *words, "--usage", "usage.yaml", *flight, "--json")
    assert code == 0, err
    (dataset,) = (
        each
        for each in json.loads(out)["resources"]
        if each["type"] == BUCKET and each["name"] == "dataset"
    )
    notes = {line["component"]: line["note"] for line in dataset["lines"]}
    assert "Quantity: usage.yaml:2." in notes["object storage, standard, read requests"]
    told = "Quantity: the simulation of s.yaml, 1 run a month."
    assert told in notes["object storage, standard"]
    _, out, _ = command("plan", *words, "--usage", "usage.yaml")
    assert "(usage.yaml:2)" in out


def test_usage_counts_on_both_sides_of_a_change(command: Command, tmp_path: Path) -> None:
    before = export(tmp_path / "before.json", raw(BUCKET, "data"))
    after = export(tmp_path / "after.json", raw(BUCKET, "data"), raw(GATEWAY, "nat"))
    usage = tmp_path / "usage.yaml"
    usage.write_text("data: {stored: 100 GiB}\nnat: {processed: 1000 GiB}\n")
    code, out, err = command("diff", before, after, "--usage", usage, "--json")
    assert code == 0, err
    change = json.loads(out)
    assert change["before"]["monthly_usd"] == 2.3
    assert change["change"]["monthly_usd"] == pytest.approx(730 * 0.045 + 45)


def test_the_policies_judge_a_stack_as_it_is_used(command: Command, state: Path) -> None:
    Path("usage.yaml").write_text("nat: {processed: many}\n")
    code, _, err = command("check", "--state", state, "--usage", "usage.yaml")
    assert code == 2
    assert "usage.yaml:1: processed: 'many' is not a size" in err
    Path("usage.yaml").write_text("nat: {processed: 1 TiB}\n")
    assert command("check", "--state", state, "--usage", "usage.yaml")[0] in (0, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dat: {stored: 1 GB}\n", "usage.yaml:1: no resource is called 'dat'"),
        ("data:\n  stored: 5\n", "usage.yaml:2: stored: 5 has no unit"),
        ("data:\n  requests: 5\n", "usage.yaml:2: 'data' has no 'requests', it has stored, "),
        ("data: [", "usage.yaml:1: is not valid YAML"),
    ],
)
def test_a_wrong_usage_file_ends_with_its_line(
    command: Command, state: Path, text: str, says: str
) -> None:
    Path("usage.yaml").write_text(text)
    for words in (("plan", "--state", state), ("diff", state, state)):
        code, out, err = command(*words, "--usage", "usage.yaml")
        assert (code, out) == (2, "")
        assert says in err
        assert "Traceback" not in err


def test_an_absent_usage_file_is_told_with_its_neighbours(command: Command, state: Path) -> None:
    Path("usage.yaml").write_text("data: {stored: 1 GB}\n")
    code, _, err = command("plan", "--state", state, "--usage", "usge.yaml")
    assert code == 2
    assert "there is no such usage file; did you mean 'usage.yaml'?" in err


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        ({"format_version": "1.2", "terraform_version": "1.9", "planned_values": {}}, "a plan"),
        ({"format_version": "1.0", "terraform_version": "1.9", "values": {}}, "a state"),
        ({"version": 4, "terraform_version": "1.9", "resources": []}, "a state"),
        ({"version": 4, "serial": 1, "lineage": "x", "resources": []}, "a state"),
        ({"@level": "info", "@message": "Terraform 1.9"}, "a log"),
    ],
)
@pytest.mark.parametrize("option", ["--state", "--preview"])
def test_files_of_terraform_are_told_apart(
    command: Command, tmp_path: Path, option: str, content: dict[str, Any], looks: str
) -> None:
    path = tmp_path / "terraform.json"
    path.write_text(json.dumps(content))
    for words in (("plan",), ("usage", "init")):
        code, _, err = command(*words, option, path)
        assert code == 2
        assert f"this is {looks} of Terraform, and Windtunnel reads what Pulumi writes" in err
        assert "pulumi stack export" in err


@pytest.mark.parametrize("version", [0, 2, "3", None])
def test_an_export_of_another_version_is_refused(
    command: Command, tmp_path: Path, version: Any
) -> None:
    path = export(tmp_path / "state.json", raw(BUCKET, "data"), version=version)
    code, _, err = command("plan", "--state", path)
    assert code == 2
    assert "version: " in err


def test_a_newer_export_is_read_as_far_as_it_is_known(command: Command, tmp_path: Path) -> None:
    path = export(tmp_path / "state.json", raw(BUCKET, "data"), version=5)
    code, out, _ = command("plan", "--state", path)
    assert code == 0
    assert "format 5 is newer" in out


def test_references_that_point_nowhere_are_noted(command: Command, tmp_path: Path) -> None:
    gone = [urn_of("aws:ec2/subnet:Subnet", name) for name in ("a", "b")]
    host = raw(
        INSTANCE,
        "host",
        {"instanceType": "t3.micro", "subnetId": "subnet-1", "launchTemplate": {"id": "lt-gone"}},
        parent=urn_of("my:own:Component", "group"),
        dependencies=[gone[0]],
        propertyDependencies={"subnetId": [gone[0]], "launchTemplate": [gone[1]]},
    )
    code, out, err = command("plan", "--state", export(tmp_path / "state.json", host), "--json")
    assert code == 0, err
    told = "; ".join(json.loads(out)["notes"])
    assert "3 resources are referred to, but not in the state" in told


def test_help_teaches_with_an_example(command: Command) -> None:
    _, out, _ = command("usage", "init", "--help")
    assert "windtunnel plan --stack prod --usage usage.yaml" in out
    _, out, _ = command("plan", "--help")
    assert "--usage" in out
