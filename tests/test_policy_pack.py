"""The policy pack as the Pulumi engine meets it: a process that answers over gRPC."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
import yaml
from analyzer import HIDDEN, ROOT, Analyzer, running, violations
from declared import declare, graph_of
from pulumi.runtime import proto

from domain.resources import SECRET, UNKNOWN, Resource, ResourceGraph
from domain.resources.reading import read_change, read_resources
from policies.judge import judge
from policies.registry import all_rules
from policies.settings import EnvironmentSettings, read_settings
from policies.world import World

BUCKET = "gcp:storage/bucket:Bucket"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE = "aws:ec2/instance:Instance"
REGION = {"aws:region": "us-east-1"}


@pytest.fixture(scope="module")
def pack() -> Iterator[Analyzer]:
    with running() as analyzer:
        yield analyzer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pack with settings of its own."""
    found = tmp_path / "policies"
    found.mkdir()
    for name in ("__main__.py", "PulumiPolicy.yaml"):
        shutil.copy(ROOT / "policies" / name, found)
    return found


def offline(
    graph: ResourceGraph, settings: EnvironmentSettings | None
) -> set[tuple[str, str, str, str]]:
    environment = settings.name if settings else ""
    report = judge(World(graph, environment=environment), settings)
    return {
        (each.rule.id, each.severity, each.urn or "", each.message) for each in report.violations
    }


def of(stack: str) -> EnvironmentSettings | None:
    return read_settings(ROOT / "policies" / "policy.yaml", stack, today=date.today())


def test_it_names_every_rule_as_severe_as_it_is_for_the_stack(pack: Analyzer) -> None:
    for stack in ("dev", "prod", "somewhere-else"):
        pack.start(stack)
        info = pack.info()
        assert info.name == "windtunnel"
        settings = of(stack) or EnvironmentSettings()
        assert {
            each.name: proto.EnforcementLevel.Name(each.enforcementLevel).lower()
            for each in info.policies
        } == {rule.id: settings.severity_of(rule) for rule in all_rules()}


def test_its_version_is_that_of_the_package() -> None:
    described = yaml.safe_load((ROOT / "policies" / "PulumiPolicy.yaml").read_text())
    assert described["version"] == version("windtunnel")


def test_pack_and_project_name_the_environment_of_make_setup() -> None:
    for file in ("policies/PulumiPolicy.yaml", "Pulumi.yaml"):
        path = ROOT / file
        options = yaml.safe_load(path.read_text())["runtime"]["options"]
        assert (path.parent / options["virtualenv"]).resolve() == ROOT / ".venv"


def test_a_resource_is_judged_before_it_is_made(pack: Analyzer) -> None:
    pack.start("prod")
    door = {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["::/0"]}]}
    group = declare(GROUP, "door", {**door, "description": "door"})
    found = violations(pack.analyze(graph_of(group)))
    assert ("no-open-ingress", "mandatory", group.urn) in {each[:3] for each in found}


def test_a_remedy_is_told(pack: Analyzer) -> None:
    pack.start("dev")
    said = pack.analyze(graph_of(declare(INSTANCE, "one")))
    told = {each.policyName: each.message for each in said}
    assert told["imds-v2"].endswith("→ set metadata_options={'http_tokens': 'required'}")


def test_what_only_other_resources_tell_is_judged_at_the_end(pack: Analyzer) -> None:
    bucket = declare("aws:s3/bucket:Bucket", "data")
    versioning = declare(
        "aws:s3/bucketVersioning:BucketVersioning",
        "data",
        {"bucket": UNKNOWN, "versioningConfiguration": {"status": "Enabled"}},
        uses={"bucket": bucket},
    )
    for graph, expected in ((graph_of(bucket), True), (graph_of(bucket, versioning), False)):
        pack.start("prod")
        assert "buckets-versioned" not in {each[0] for each in violations(pack.analyze(graph))}
        at_end = violations(list(pack.analyze_stack(graph).diagnostics))
        assert ("buckets-versioned" in {each[0] for each in at_end}) == expected


def test_nothing_is_said_twice(pack: Analyzer) -> None:
    graph = graph_of(declare(INSTANCE, "one"))
    pack.start("prod")
    first = violations(pack.analyze(graph))
    assert first
    assert not first & violations(list(pack.analyze_stack(graph).diagnostics))


def test_unknown_values_are_not_passed_over(pack: Analyzer) -> None:
    key = declare("aws:kms/key:Key", "key", {"enableKeyRotation": UNKNOWN})
    pack.start("prod")
    told = [each for each in pack.judge(graph_of(key)) if each.policyName == "keys-rotated"]
    assert [each.message.startswith("not decided: ") for each in told] == [True]
    assert told[0].enforcementLevel == proto.ADVISORY


def test_what_waits_for_the_same_is_said_once_and_names_all(pack: Analyzer) -> None:
    pack.start("somewhere-else")
    response = pack.analyze_stack(graph_of())
    (told,) = [each for each in response.diagnostics if each.policyName.startswith("predicted-")]
    assert "no prediction was written before" in told.message
    names = {each.policy_name for each in response.not_applicable} | {told.policyName}
    assert names >= {rule.id for rule in all_rules() if rule.category == "outcome"}
    assert all(name in told.message for name in names - {told.policyName})


def test_secrets_are_no_plain_text_and_are_never_repeated(pack: Analyzer) -> None:
    kind = "aws:rds/instance:Instance"
    hidden = declare(kind, "hidden", {"password": SECRET, "username": SECRET})
    plain = declare(kind, "plain", {"password": "correct horse battery"})
    graph = graph_of(hidden, plain)
    pack.start("prod")
    said = pack.judge(graph)
    rules = {each.policyName: each.urn for each in said if "secret" in each.policyName}
    assert plain.urn in rules.values()
    assert hidden.urn not in rules.values()
    assert not any(HIDDEN in each.message or "correct horse" in each.message for each in said)


def test_what_is_only_read_is_nobodys_violation(pack: Analyzer) -> None:
    own, other = declare(BUCKET, "own"), declare(BUCKET, "other", external=True)
    pack.start("prod")
    urns = {each[2] for each in violations(pack.judge(graph_of(own, other)))}
    assert own.urn in urns
    assert other.urn not in urns


def test_policy_pack_config_sets_severities_and_values(pack: Analyzer) -> None:
    graph = graph_of(
        declare("aws:cloudwatch/logGroup:LogGroup", "logs", {"retentionInDays": 100}),
        declare(BUCKET, "data", {"forceDestroy": True}),
    )
    pack.start("somewhere-else")
    pack.configure(
        logs_kept=(proto.MANDATORY, {"minimum_days": 120}),
        buckets_not_emptied=(proto.DISABLED, {}),
    )
    found = {each[0]: each for each in violations(pack.judge(graph))}
    assert found["logs-kept"][1] == "mandatory"
    assert "not 120" in found["logs-kept"][3]
    assert "buckets-not-emptied" not in found


def test_values_that_are_not_set_stay_those_of_the_environment(pack: Analyzer) -> None:
    """The schema has no defaults: the CLI would send them over what policy.yaml says."""
    pack.start("prod")
    for each in pack.info().policies:
        assert "default" not in str(each.configSchema)
    pack.configure(required_tags=(proto.MANDATORY, {}))
    bare = declare(INSTANCE, "bare")
    messages = {each[0]: each[3] for each in violations(pack.judge(graph_of(bare)))}
    assert "cost-center" in messages["required-tags"]


@pytest.mark.parametrize(
    ("rule", "properties", "told"),
    [
        ("no_opn_ingress", {}, "there is no rule 'no-opn-ingress'"),
        ("logs_kept", {"minimum_days": "many"}, "'many' is not a whole number"),
        ("logs_kept", {"days": 3}, "unknown key 'days'"),
    ],
)
def test_wrong_configuration_is_one_sentence(
    pack: Analyzer, rule: str, properties: dict[str, object], told: str
) -> None:
    pack.start("prod")
    with pytest.raises(grpc.RpcError) as caught:
        pack.configure(**{rule: (proto.MANDATORY, properties)})
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert told in caught.value.details()


def test_an_expired_exemption_stops_the_deployment(folder: Path) -> None:
    (folder / "policy.yaml").write_text(
        "environments: {prod: {exemptions: [{rule: imds-v2, resource: '*', reason: old,"
        " owner: me@example.com, expires: 2020-01-01}]}}\n"
    )
    with running(folder) as pack:
        pack.start("dev")
        with pytest.raises(grpc.RpcError) as caught:
            pack.start("prod")
    assert "expired on 2020-01-01" in caught.value.details()
    assert "policy.yaml:1" in caught.value.details()


def test_an_environment_may_be_called_otherwise_than_the_stack(folder: Path) -> None:
    (folder / "policy.yaml").write_text("environments: {live: {rules: {imds-v2: advisory}}}\n")
    graph = graph_of(declare(INSTANCE, "one"))
    for variables, severity in (
        ({}, "mandatory"),
        ({"WINDTUNNEL_ENVIRONMENT": "live"}, "advisory"),
    ):
        with running(folder, **variables) as pack:
            pack.start("prod")
            found = {each[0]: each[1] for each in violations(pack.analyze(graph))}
        assert found["imds-v2"] == severity


def test_an_environment_that_there_is_not_stops_the_deployment(folder: Path) -> None:
    for text in ("environments: {live: {}}\n", "defaults: {rules: {imds-v2: advisory}}\n", None):
        if text:
            (folder / "policy.yaml").write_text(text)
        else:
            (folder / "policy.yaml").unlink()
        with (
            running(folder, WINDTUNNEL_ENVIRONMENT="nope") as pack,
            pytest.raises(grpc.RpcError) as caught,
        ):
            pack.start("live")
        assert "'nope'" in caught.value.details()


def test_defaults_judge_a_stack_that_is_not_listed(folder: Path) -> None:
    (folder / "policy.yaml").write_text("defaults: {rules: {imds-v2: advisory}}\n")
    with running(folder) as pack:
        pack.start("anything")
        found = violations(pack.analyze(graph_of(declare(INSTANCE, "one"))))
    assert {each[0]: each[1] for each in found}["imds-v2"] == "advisory"


def test_tags_name_the_stack_and_not_the_settings_that_were_chosen(folder: Path) -> None:
    (folder / "policy.yaml").write_text("environments: {live: {}}\n")
    graph = graph_of(declare(INSTANCE, "one", {"tags": {"environment": "prod"}}))
    with running(folder, WINDTUNNEL_ENVIRONMENT="live") as pack:
        pack.start("prod")
        found = violations(pack.analyze(graph))
    assert "environment-tag" not in {each[0] for each in found}


def test_a_prediction_written_before_is_judged_while_it_fits(folder: Path, tmp_path: Path) -> None:
    machine = declare(INSTANCE, "gpu", {"instanceType": "g5.xlarge"})
    larger = replace(machine, inputs={"instanceType": "g5.2xlarge"})
    stack = declare("pulumi:pulumi:Stack", "project-test", custom=False)
    metrics = {"accelerator_utilisation": {"mean": 0.01}}
    plan = World(graph_of(machine, stack)).plan.to_json()
    (tmp_path / "prediction.test.json").write_text(
        json.dumps({**plan, "prediction": {"metrics": metrics}})
    )
    with running(folder) as pack:
        pack.start("test", REGION)
        found = {each[0]: each[3] for each in violations(pack.judge(graph_of(machine, stack)))}
        assert "accelerators are busy" in found["predicted-utilisation"]
        pack.start("test", REGION)
        said = pack.judge(graph_of(larger, stack))
    (told,) = [each for each in said if each.policyName.startswith("predicted-")]
    assert "of other hardware: 'gpu' had 730 hours of g5.xlarge" in told.message


def synthesised(stack: str) -> ResourceGraph:
    from windtunnel.sources import graph_of_stack

    return graph_of_stack(ROOT, stack)


def without(graph: ResourceGraph, *keys: str) -> ResourceGraph:
    """A stack that forgot some inputs on every resource."""

    def forgetful(resource: Resource) -> Resource:
        kept = {key: value for key, value in resource.inputs.items() if key not in keys}
        return replace(resource, inputs=kept)

    return replace(graph, resources=tuple(map(forgetful, graph.resources)))


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_it_says_what_the_offline_check_says(pack: Analyzer, stack: str) -> None:
    whole = synthesised(stack)
    broken = without(
        whole, "tags", "labels", "metadataOptions", "kmsKeyId", "encryption", "versioning"
    )
    for graph in (whole, broken):
        pack.start(stack, graph.config)
        said = violations(pack.judge(graph))
        assert said == offline(graph, of(stack))
    assert any(each[1] == "mandatory" for each in said)


@pytest.mark.parametrize(
    "file",
    ["captured_graph_preview_shape.json", "cli_preview_create.json", "cli_stack_export.json"],
)
def test_it_says_what_the_offline_check_says_of_captured_stacks(
    pack: Analyzer, shared_data: Path, file: str
) -> None:
    path = shared_data / "pulumi" / file
    graph = read_resources(path) if "export" in file else read_change(path, None).after
    pack.start(graph.stack, graph.config)
    said = violations(pack.judge(graph))
    assert len(said) > 20
    assert said == offline(graph, of(graph.stack))


def test_rules_of_one_resource_need_no_other(shared_data: Path) -> None:
    """What such a rule finds in a whole stack is what it finds in each resource alone."""
    by_resource = [rule for rule in all_rules() if rule.scope == "resource"]
    graphs = [
        *map(synthesised, ("dev", "staging", "prod")),
        read_change(shared_data / "pulumi" / "cli_preview_create.json", None).after,
        read_change(shared_data / "pulumi" / "example_preview__aws-py-eks.json", None).after,
    ]
    for graph in graphs:
        whole = World(graph)
        alone = [
            World(replace(graph, resources=(each, *_provider(each, graph))))
            for each in graph.resources
        ]
        for rule in by_resource:
            found = {str(each) for each in rule.judge(whole, rule.settings())}
            parts = {str(each) for world in alone for each in rule.judge(world, rule.settings())}
            assert found == parts, rule.id


def _provider(resource: Resource, graph: ResourceGraph) -> tuple[Resource, ...]:
    provider = graph.by_urn.get(resource.provider_urn or "")
    return () if provider is None else (provider,)
