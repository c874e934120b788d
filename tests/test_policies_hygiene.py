"""Rules on secrets, tags, names and what a team agreed on, on both clouds."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from declared import declare, graph_of

from domain.resources import SECRET, UNKNOWN, Resource, ResourceGraph
from policies.rule import Finding, Rule, Undecided
from policies.rules import allowed, hygiene, secrets, tags
from policies.world import World

RULES: Mapping[str, Rule] = {
    rule.id: rule for module in (allowed, hygiene, secrets, tags) for rule in module.RULES
}

Inputs = Mapping[str, Any]

BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
GCS = "gcp:storage/bucket:Bucket"
GROUP = "aws:autoscaling/group:Group"
MACHINE = "aws:ec2/instance:Instance"
RDS = "aws:rds/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
VM = "gcp:compute/instance:Instance"

# Put together here, so that no scanner of this repository takes them for real.
ACCESS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE"
GITHUB = "ghp_" + "a1B2" * 9
SLACK = "xoxb-" + "123456789012-abcdefghijkl"


def judged(
    name: str, *resources: Resource, environment: str = "", **settings: Any
) -> list[Finding | Undecided]:
    rule = RULES[name]
    world = World(graph_of(*resources), environment=environment)
    return list(rule.judge(world, rule.settings(**settings)))


def script(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def tagged(**values: str) -> Inputs:
    return {"tags": values}


# Rule, type, what breaks it, what does not, its settings.
CASES: list[tuple[str, str, Inputs, Inputs, dict[str, Any]]] = [
    (
        "no-secrets-in-plain",
        MACHINE,
        {"userData": f"export AWS_ACCESS_KEY_ID={ACCESS_KEY}"},
        {"userData": "export AWS_DEFAULT_REGION=us-east-1"},
        {},
    ),
    (
        "no-secrets-in-plain",
        TEMPLATE,
        {"userData": script(f"#!/bin/sh\necho '{PRIVATE_KEY}' > key")},
        {"userData": script("#!/bin/sh\naws secretsmanager get-secret-value --secret-id key")},
        {},
    ),
    (
        "no-secrets-in-plain",
        FUNCTION,
        {"environment": {"variables": {"AWS_SECRET_ACCESS_KEY": SECRET_KEY}}},
        {"environment": {"variables": {"DIGEST": "a" * 40}}},
        {},
    ),
    (
        "no-secrets-in-plain",
        VM,
        {"metadata": {"startup-script": f"git clone https://{GITHUB}@github.com/a/b"}},
        {"metadata": {"startup-script": "git clone https://github.com/a/b"}},
        {},
    ),
    (
        "no-secrets-in-plain",
        TASK,
        {"containerDefinitions": json.dumps([{"environment": [{"name": "S", "value": SLACK}]}])},
        {"containerDefinitions": json.dumps([{"environment": [{"name": "S", "value": "no"}]}])},
        {},
    ),
    (
        "no-secrets-in-plain",
        "gcp:cloudrunv2/service:Service",
        {"template": {"containers": [{"envs": [{"name": "DB", "value": "pg://u:hunter2@h/d"}]}]}},
        {"template": {"containers": [{"envs": [{"name": "DB", "value": "pg://u:${PW}@h/d"}]}]}},
        {},
    ),
    ("user-data-without-secrets", MACHINE, {"userData": SECRET}, {"userData": "echo"}, {}),
    (
        "user-data-without-secrets",
        VM,
        {"metadata": {"startup-script": SECRET}},
        {"metadata": {"key": SECRET}},
        {},
    ),
    ("passwords-marked-secret", RDS, {"password": "hunter2"}, {"password": SECRET}, {}),
    (
        "passwords-marked-secret",
        "aws:ssm/parameter:Parameter",
        {"name": "/app/db-password", "type": "String", "value": "hunter2"},
        {"name": "/app/db-password", "type": "SecureString", "value": SECRET},
        {},
    ),
    (
        "passwords-marked-secret",
        "gcp:compute/instance:Instance",
        {"metadata": {"db-password": "hunter2"}},
        {"metadata": {"db-password": "projects/one/secrets/db", "enable-oslogin": "TRUE"}},
        {},
    ),
    (
        "passwords-marked-secret",
        FUNCTION,
        {"environment": {"variables": {"DB_PASSWORD": "hunter2"}}},
        {"environment": {"variables": {"DB_PASSWORD": "arn:aws:secretsmanager:…:db"}}},
        {},
    ),
    (
        "passwords-marked-secret",
        "gcp:sql/user:User",
        {"password": "hunter2"},
        {"password": UNKNOWN},
        {},
    ),
    ("required-tags", BUCKET, tagged(team="a"), tagged(team="a", cost="b"), {"keys": ["cost"]}),
    (
        "required-tags",
        GROUP,
        {"tags": [{"key": "Name", "value": "x", "propagateAtLaunch": True}]},
        {"tags": [{"key": "team", "value": "x", "propagateAtLaunch": True}]},
        {"keys": ["team"]},
    ),
    ("required-tags", GCS, {"labels": {}}, {"labels": {"team": "x"}}, {"keys": ["team"]}),
    (
        "required-tags",
        "gcp:tpu/v2Vm:V2Vm",
        {"tags": ["team"]},
        {"tags": ["hosts"], "labels": {"team": "x"}},
        {"keys": ["team"]},
    ),
    (
        "required-tags",
        "gcp:sql/databaseInstance:DatabaseInstance",
        {"settings": {"tier": "db-f1-micro"}},
        {"settings": {"userLabels": {"team": "x"}}},
        {"keys": ["team"]},
    ),
    ("no-untagged-resources", BUCKET, {}, tagged(team="a"), {}),
    ("no-untagged-resources", GCS, {}, {"labels": {"team": "a"}}, {}),
    (
        "tag-values",
        BUCKET,
        tagged(environment="Prod"),
        tagged(environment="prod"),
        {"values": {"environment": ["dev", "prod"]}},
    ),
    ("tags-well-formed", BUCKET, tagged(**{"aws:name": "x"}), tagged(Name="My bucket"), {}),
    ("tags-well-formed", GCS, {"labels": {"team": "ML"}}, {"labels": {"team": "équipe-1"}}, {}),
    ("tags-well-formed", BUCKET, tagged(**{f"k{i}": "" for i in range(51)}), tagged(k=""), {}),
    (
        "allowed-regions",
        GCS,
        {"location": "US"},
        {"location": "europe-west4"},
        {"regions": ["europe-*"]},
    ),
    (
        "allowed-regions",
        BUCKET,
        {"region": "eu-west-1"},
        {"region": "us-east-1"},
        {"regions": ["us-east-1"]},
    ),
    (
        "allowed-zones",
        VM,
        {"zone": "us-central1-f"},
        {"zone": "us-central1-a"},
        {"zones": ["us-central1-a"]},
    ),
    (
        "allowed-zones",
        GROUP,
        {"availabilityZones": ["us-east-1a", "us-east-1e"]},
        {"availabilityZones": ["us-east-1a"]},
        {"zones": ["us-east-1a"]},
    ),
    ("allowed-projects", GCS, {"project": "test"}, {"project": "live"}, {"projects": ["live"]}),
    ("forbidden-types", "aws:iam/user:User", {}, {}, {"types": ["aws:iam/user*"]}),
    ("allowed-packages", "azure:core/group:Group", {}, {}, {"packages": ["aws", "gcp"]}),
    ("legal-names", BUCKET, {"bucket": "My_Bucket"}, {"bucket": "my-bucket.example"}, {}),
    ("legal-names", VM, {"name": "Train_0"}, {"name": "train-0"}, {}),
    (
        "legal-names",
        "gcp:serviceaccount/account:Account",
        {"accountId": "ml"},
        {"accountId": "ml-hosts"},
        {},
    ),
    ("no-superseded-types", "aws:ec2/launchConfiguration:LaunchConfiguration", {}, {}, {}),
    (
        "images-pinned",
        TASK,
        {"containerDefinitions": json.dumps([{"name": "a", "image": "a.io/train:latest"}])},
        {"containerDefinitions": json.dumps([{"name": "a", "image": "a.io/train:2.20"}])},
        {},
    ),
    (
        "images-pinned",
        "gcp:cloudrunv2/job:Job",
        {"template": {"template": {"containers": [{"image": "a.io:5000/train"}]}}},
        {"template": {"template": {"containers": [{"image": f"a.io/train@sha256:{'a' * 64}"}]}}},
        {},
    ),
]

# What no inputs tell is tested below.
APART = {
    "changes-not-ignored",
    "environment-tag",
    "provider-versions",
    "resource-names",
    "stores-protected",
}
# Rules that a type alone breaks: what does not break them is of another type.
BY_TYPE = {"forbidden-types", "allowed-packages", "no-superseded-types"}


@pytest.mark.parametrize(
    ("name", "kind", "bad", "good", "settings"),
    CASES,
    ids=[f"{case[0]}-{case[1].split(':')[-1]}" for case in CASES],
)
def test_finds_what_breaks_it_and_lets_be_what_does_not(
    name: str, kind: str, bad: Inputs, good: Inputs, settings: dict[str, Any]
) -> None:
    (found,) = judged(name, declare(kind, "broken", bad), **settings)
    assert isinstance(found, Finding)
    assert "'broken'" in found.message
    fine = declare(BUCKET if name in BY_TYPE else kind, "fine", good)
    rest = judged(name, fine, **settings)
    assert not [each for each in rest if isinstance(each, Finding)]


def test_every_rule_has_a_case() -> None:
    assert {case[0] for case in CASES} | APART == set(RULES)


@pytest.mark.parametrize("name", RULES)
def test_an_empty_stack_breaks_nothing(name: str) -> None:
    assert judged(name) == []


@pytest.mark.parametrize("secret", [ACCESS_KEY, PRIVATE_KEY, GITHUB, SLACK])
def test_no_message_repeats_a_secret(secret: str) -> None:
    (found,) = judged("no-secrets-in-plain", declare(MACHINE, "m", {"userData": secret}))
    assert isinstance(found, Finding)
    assert secret not in f"{found.message} {found.remedy}"


def test_a_credential_in_the_configuration_of_the_stack() -> None:
    rule = RULES["no-secrets-in-plain"]
    graph = ResourceGraph((), config={"project:token": GITHUB, "aws:region": "us-east-1"})
    (found,) = rule.judge(World(graph), rule.settings())
    assert isinstance(found, Finding)
    assert found.message == "the configuration holds a token of GitHub in project:token"
    assert found.remedy == "set it with: pulumi config set --secret project:token"


def test_a_credential_in_the_settings_of_a_provider() -> None:
    inputs = {"accessKey": ACCESS_KEY, "region": "us-east-1"}
    (found,) = judged("no-secrets-in-plain", declare("pulumi:providers:aws", "aws", inputs))
    assert isinstance(found, Finding)


def test_user_data_that_only_a_deployment_tells_is_undecided() -> None:
    (found,) = judged("user-data-without-secrets", declare(MACHINE, "m", {"userData": UNKNOWN}))
    assert isinstance(found, Undecided)


def test_tags_that_only_a_deployment_tells_are_undecided() -> None:
    later = declare(BUCKET, "later", {"tags": UNKNOWN})
    for name in ("required-tags", "no-untagged-resources"):
        settings = {"keys": ["team"]} if name == "required-tags" else {}
        (found,) = judged(name, later, **settings)
        assert isinstance(found, Undecided)


def test_a_region_that_only_a_deployment_tells_is_undecided() -> None:
    later = declare(GCS, "later", {"location": UNKNOWN})
    (found,) = judged("allowed-regions", later, regions=["us-central1"])
    assert isinstance(found, Undecided)


def test_tags_of_the_provider_count() -> None:
    aws = declare("pulumi:providers:aws", "aws", {"defaultTags": '{"tags":{"team":"a"}}'})
    gcp = declare("pulumi:providers:gcp", "gcp", {"defaultLabels": '{"team":"a"}'})
    resources = (
        declare(BUCKET, "one", provider=f"{aws.urn}::id"),
        declare(GCS, "two", provider=f"{gcp.urn}::id"),
    )
    assert judged("required-tags", aws, gcp, *resources, keys=["team"]) == []
    assert len(judged("required-tags", *resources, keys=["team"])) == 2


def test_default_tags_of_the_configuration_are_those_of_default_providers() -> None:
    own = declare("pulumi:providers:aws", "own")
    config = {"aws:defaultTags": '{"tags": {"team": "a"}}', "gcp:defaultLabels": '{"team": "a"}'}
    default = "urn:pulumi:test::project::pulumi:providers:gcp::default_9_0_0::id"
    resources = (
        own,
        declare(BUCKET, "one"),
        declare(GCS, "two", provider=default),
        declare(BUCKET, "three", provider=f"{own.urn}::id"),
    )
    world = World(replace(graph_of(*resources), config=config))
    for name, settings in (("required-tags", {"keys": ["team"]}), ("no-untagged-resources", {})):
        rule = RULES[name]
        (found,) = rule.judge(world, rule.settings(**settings))
        assert found.resource is resources[-1]


def test_references_to_other_stacks_are_called_as_those_are() -> None:
    other = declare("pulumi:pulumi:StackReference", "Org/Shop/prod")
    assert judged("resource-names", other, declare("pulumi:providers:aws", "US East")) == []


def test_a_message_names_every_missing_tag() -> None:
    (found,) = judged("required-tags", declare(BUCKET, "b"), keys=["team", "cost", "owner"])
    assert isinstance(found, Finding)
    assert found.message == "'b' has no tag 'team' (nor cost, owner)"


def test_a_tag_names_the_environment_that_it_stands_in() -> None:
    test = declare(BUCKET, "b", tagged(environment="dev"))
    live = declare(BUCKET, "b", tagged(environment="production"))
    (found,) = judged("environment-tag", test, environment="prod")
    assert isinstance(found, Finding)
    assert found.message == "'b' says environment=dev in prod"
    assert judged("environment-tag", live, environment="prod") == []
    assert judged("environment-tag", test) == []


def test_resources_are_called_alike() -> None:
    odd, plain = declare(BUCKET, "My_Bucket"), declare(BUCKET, "train-0-data")
    assert len(judged("resource-names", odd, plain)) == 1
    assert judged("resource-names", odd, pattern="[A-Z].*") == []


def test_a_pattern_that_is_none_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        RULES["resource-names"].settings(pattern="[a-z")


def test_providers_are_no_older_than_agreed() -> None:
    old = declare("pulumi:providers:aws", "old", {"version": "6.83.0"})
    new = declare("pulumi:providers:aws", "new", {"version": "7.51.1"})
    (found,) = judged("provider-versions", old, new, oldest={"aws": "7.0"})
    assert isinstance(found, Finding)
    assert found.message == "'old' is version 6.83.0 of aws"


@pytest.mark.parametrize("kind", [BUCKET, GCS])
def test_what_keeps_data_is_protected(kind: str) -> None:
    assert len(judged("stores-protected", declare(kind, "data"))) == 1
    assert judged("stores-protected", declare(kind, "data", protect=True)) == []


def test_no_resource_ignores_every_change() -> None:
    assert len(judged("changes-not-ignored", declare(MACHINE, "m", ignore_changes=("*",)))) == 1
    assert judged("changes-not-ignored", declare(MACHINE, "m", ignore_changes=("ami",))) == []
