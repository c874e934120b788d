"""What streams, functions, directories and other application services cost on AWS."""

from __future__ import annotations

from typing import Any

import pytest
from declared import amounts, cost_of, declare, month, plan_of, reasons, waiting

from domain.costing import Quantities, ResourceCost
from domain.costing.free import why_free
from domain.resources import Resource

FUNCTION = "aws:lambda/function:Function"
FIREHOSE = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
STREAM = "aws:kinesis/stream:Stream"
DIRECTORY = "aws:directoryservice/directory:Directory"
STACK = "aws:cloudformation/stack:Stack"
LIGHTSAIL = "aws:lightsail/instance:Instance"
HOURS = 730


def cost(kind: str, inputs: dict[str, Any], *around: Resource) -> ResourceCost:
    return cost_of(declare(kind, "it", inputs), *around)


@pytest.mark.parametrize(
    ("kind", "inputs", "usd_a_month"),
    [
        (STREAM, {"shardCount": 4}, 4 * 0.015 * HOURS),
        (STREAM, {"streamModeDetails": {"streamMode": "ON_DEMAND"}}, 0.04 * HOURS),
        (
            "aws:kinesisanalyticsv2/application:Application",
            {"runtimeEnvironment": "FLINK-1_18"},
            0.11 * HOURS,
        ),
        (DIRECTORY, {"type": "SimpleAD", "size": "Small"}, 2 * 0.05 * HOURS),
        (DIRECTORY, {"type": "ADConnector", "size": "Large"}, 2 * 0.15 * HOURS),
        (DIRECTORY, {"type": "MicrosoftAD", "edition": "Standard"}, 2 * 0.06 * HOURS),
        (DIRECTORY, {"type": "MicrosoftAD"}, 2 * 0.20 * HOURS),
        (
            DIRECTORY,
            {
                "type": "MicrosoftAD",
                "edition": "Standard",
                "desiredNumberOfDomainControllers": 4,
            },
            4 * 0.06 * HOURS,
        ),
        (LIGHTSAIL, {"bundleId": "small_win_2_0"}, 22 / 744 * HOURS),
        (LIGHTSAIL, {"bundleId": "xlarge_2_0"}, 84 / 744 * HOURS),
        ("aws:lightsail/disk:Disk", {"sizeInGb": 64}, 6.4),
        ("aws:lightsail/lb:Lb", {}, 18 / 744 * HOURS),
        ("aws:kendra/index:Index", {"edition": "DEVELOPER_EDITION"}, 1.125 * HOURS),
        (
            "aws:apigateway/stage:Stage",
            {"cacheClusterEnabled": True, "cacheClusterSize": "0.5"},
            0.02 * HOURS,
        ),
        (
            "aws:sagemaker/notebookInstance:NotebookInstance",
            {"instanceType": "ml.t3.medium", "volumeSize": 20},
            0.05 * HOURS + 20 * 0.14,
        ),
        (
            "aws:emr/cluster:Cluster",
            {
                "masterInstanceGroup": {"instanceType": "m5.xlarge"},
                "coreInstanceGroup": {
                    "instanceType": "m5.xlarge",
                    "instanceCount": 2,
                    "ebsConfigs": [{"type": "gp3", "size": 100}],
                },
            },
            3 * (0.192 + 0.048) * HOURS + 200 * 0.08,
        ),
        (
            "aws:emr/instanceGroup:InstanceGroup",
            {"instanceType": "m5.xlarge", "instanceCount": 2},
            2 * (0.192 + 0.048) * HOURS,
        ),
    ],
)
def test_what_is_declared_has_a_price(
    kind: str, inputs: dict[str, Any], usd_a_month: float
) -> None:
    assert month(cost(kind, inputs)) == pytest.approx(usd_a_month, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "inputs", "prices"),
    [
        (
            FUNCTION,
            {"architectures": ["arm64"], "ephemeralStorage": {"size": 1024}},
            {
                "functions, requests": 0.0002,
                "functions, memory arm": pytest.approx(0.0000133334 * 3600),
                "functions, temporary storage": pytest.approx(0.0000000309 * 3600),
            },
        ),
        ("aws:apigateway/restApi:RestApi", {}, {"api gateway, rest requests": 0.0035}),
        (
            "aws:apigatewayv2/api:Api",
            {"protocolType": "WEBSOCKET"},
            {
                "api gateway, websocket messages": 0.001,
                "api gateway, websocket connected": 0.000015,
            },
        ),
        ("aws:sfn/stateMachine:StateMachine", {}, {"workflows, transitions": 0.025}),
        (
            "aws:glue/catalogDatabase:CatalogDatabase",
            {},
            {"etl, catalog objects": 0.01, "etl, catalog requests": 0.001},
        ),
        ("aws:glue/crawler:Crawler", {}, {"etl, processing unit": 0.44}),
        ("aws:athena/workgroup:Workgroup", {}, {"queries, scanned": pytest.approx(5 / 1024)}),
        (
            "aws:kinesis/analyticsApplication:AnalyticsApplication",
            {},
            {"stream analytics, processing unit": 0.11},
        ),
        (
            "aws:kinesisanalyticsv2/applicationSnapshot:ApplicationSnapshot",
            {},
            {"stream analytics, backup storage": 0.023},
        ),
        (
            "aws:cognito/userPool:UserPool",
            {"userPoolTier": "LITE"},
            {"users, active lite": 0.0055},
        ),
        ("aws:sqs/queue:Queue", {}, {"queue, requests": 0.0004}),
        ("aws:sqs/queue:Queue", {"fifoQueue": True}, {"queue, fifo requests": 0.0005}),
        (
            "aws:cloudwatch/eventBus:EventBus",
            {},
            {
                "events, custom": 0.001,
                "events, third party": 0.001,
                "events, archive ingest": 0.1,
                "events, archive storage": 0.023,
                "events, schema discovery": 0.0001,
            },
        ),
        ("aws:appsync/graphQLApi:GraphQLApi", {}, {"graph api, requests": 0.004}),
        ("aws:ecr/repository:Repository", {}, {"container registry, storage": 0.1}),
        (
            "aws:eks/fargateProfile:FargateProfile",
            {},
            {"fargate, vcpu": 0.04048, "fargate, memory": 0.004445},
        ),
        (
            "aws:cloudformation/stackSet:StackSet",
            {},
            {"infrastructure code, operations": 0.9, "infrastructure code, handler": 0.288},
        ),
        ("aws:scheduler/schedule:Schedule", {}, {"events, schedules": 0.001}),
        ("aws:pipes/pipe:Pipe", {}, {"events, pipes": 0.0004}),
        (
            "aws:cloudwatch/eventApiDestination:EventApiDestination",
            {},
            {"events, api destinations": 0.0002},
        ),
        (
            "aws:emrserverless/application:Application",
            {},
            {"map reduce, serverless vcpu": 0.052624, "map reduce, serverless memory": 0.0057785},
        ),
        (
            STACK,
            {"templateBody": '{"Resources": {"x": {"Type": "Third::Party::Thing"}}}'},
            {"infrastructure code, operations": 0.9, "infrastructure code, handler": 0.288},
        ),
    ],
)
def test_what_follows_use_waits_with_its_price(
    kind: str, inputs: dict[str, Any], prices: dict[str, float]
) -> None:
    found = cost(kind, inputs)
    assert found.basis == "usage"
    assert waiting(found) == prices


@pytest.mark.parametrize(
    "body",
    [
        '{"Resources": {"vpc": {"Type": "AWS::EC2::VPC"}}}',
        "Resources:\n  bucket:\n    Type: AWS::S3::Bucket\n",
    ],
)
def test_a_template_of_awss_own_types_is_free(body: str) -> None:
    assert cost(STACK, {"templateBody": body}).basis == "free"


def test_delivery_into_a_network_is_billed_for_each_zone() -> None:
    def subnet(name: str, zone: str | None) -> Resource:
        inputs = {"availabilityZone": zone} if zone else {}
        return declare("aws:ec2/subnet:Subnet", name, inputs, id=name)

    inputs = {
        "extendedS3Configuration": {"dataFormatConversionConfiguration": {"enabled": True}},
        "opensearchConfiguration": {"vpcConfig": {"subnetIds": ["a", "b", "c", "elsewhere"]}},
    }
    subnets = [subnet("a", "us-east-1a"), subnet("b", "us-east-1a"), subnet("c", None)]
    found = cost(FIREHOSE, inputs, *subnets)
    # Two subnets share a zone; of two others the zone is not known, so each has its own.
    assert amounts(found) == {"delivery streams, vpc zone": (3 * 730.0, pytest.approx(21.9))}
    assert waiting(found) == {
        "delivery streams, ingest": 0.029,
        "delivery streams, format conversion": 0.018,
        "delivery streams, vpc data": 0.01,
    }


def test_a_consumer_has_a_lane_on_each_shard() -> None:
    stream = declare(STREAM, "stream", {"shardCount": 3}, id="stream-1")
    found = cost("aws:kinesis/streamConsumer:StreamConsumer", {"streamArn": "stream-1"}, stream)
    assert month(found) == pytest.approx(3 * 0.015 * HOURS)


def test_a_stream_that_scales_bills_only_what_its_consumer_reads() -> None:
    stream = declare(
        STREAM, "stream", {"streamModeDetails": {"streamMode": "ON_DEMAND"}}, id="stream-1"
    )
    found = cost("aws:kinesis/streamConsumer:StreamConsumer", {"streamArn": "stream-1"}, stream)
    assert waiting(found) == {"streams, on demand fan out": 0.05}


def test_functions_that_are_kept_ready_hold_their_memory() -> None:
    function = declare(FUNCTION, "function", {"memorySize": 512}, id="function-1")
    kind = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
    inputs = {"functionName": "function-1", "provisionedConcurrentExecutions": 10}
    held = amounts(cost(kind, inputs, function))["functions, provisioned memory"]
    # Ten times half a GB, at 0.015 a GB-hour.
    assert held == (5 * 730.0, pytest.approx(5 * 730 * 0.0000041667 * 3600))
    assert "functions, provisioned memory" in waiting(cost(kind, inputs))


def test_the_time_that_something_runs_decides_what_it_holds() -> None:
    function = declare(FUNCTION, "function", {"memorySize": 2048})
    job = declare("aws:glue/job:Job", "job", {"numberOfWorkers": 5, "workerType": "G.2X"})
    an_hour = Quantities(source="a guess", duration_seconds=3600.0)
    plan = plan_of(function, job, quantities={function.urn: an_hour, job.urn: an_hour})
    lines = {line.component: float(line.quantity) for line in plan.bill.lines}
    assert lines == {"functions, memory": 2.0, "etl, processing unit": 10.0}


@pytest.mark.parametrize(
    ("inputs", "units"),
    [
        ({}, "10"),
        ({"maxCapacity": 2}, "2"),
        ({"command": {"name": "pythonshell"}}, "0.0625"),
        ({"numberOfWorkers": 4, "workerType": "G.025X"}, "1"),
    ],
)
def test_a_job_says_on_how_many_units_it_runs(inputs: dict[str, Any], units: str) -> None:
    found = cost("aws:glue/job:Job", inputs)
    assert found.notes == (f"It runs on {units} processing units at a time.",)


def test_deliveries_are_counted_once() -> None:
    topic = declare("aws:sns/topic:Topic", "topic", {}, id="topic-1")
    subscription = declare(
        "aws:sns/topicSubscription:TopicSubscription",
        "subscription",
        {"protocol": "https", "topic": "topic-1"},
    )
    assert "notification, http" in waiting(cost_of(topic))
    assert set(waiting(cost_of(topic, subscription))) == {"notification, requests"}
    assert waiting(cost_of(subscription, topic)) == {"notification, http": 0.0006}


def test_an_endpoint_runs_the_instances_of_its_variants() -> None:
    configuration = declare(
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        "configuration",
        {"productionVariants": [{"instanceType": "ml.g5.xlarge", "initialInstanceCount": 2}]},
        id="configuration-1",
    )
    kind = "aws:sagemaker/endpoint:Endpoint"
    inputs = {"endpointConfigName": "configuration-1"}
    assert month(cost(kind, inputs, configuration)) == pytest.approx(2 * 1.408 * HOURS)
    assert reasons(cost(kind, inputs)) == ["its configuration is not in this stack"]


def beanstalk(**options: str) -> ResourceCost:
    spaces = {
        "InstanceType": "aws:autoscaling:launchconfiguration",
        "RootVolumeSize": "aws:autoscaling:launchconfiguration",
        "InstanceTypes": "aws:ec2:instances",
        "MinSize": "aws:autoscaling:asg",
    }
    settings = [
        {
            "namespace": spaces.get(name, "aws:elasticbeanstalk:environment"),
            "name": name,
            "value": value,
        }
        for name, value in options.items()
    ]
    return cost("aws:elasticbeanstalk/environment:Environment", {"settings": settings})


def test_an_environment_bills_what_it_creates() -> None:
    single = beanstalk(EnvironmentType="SingleInstance", InstanceTypes="m5.large, m5.xlarge")
    assert amounts(single) == {"m5.large, on-demand": (730.0, pytest.approx(0.096 * HOURS))}
    balanced = beanstalk(
        InstanceType="m5.large", MinSize="2", RootVolumeSize="20", LoadBalancerType="application"
    )
    assert amounts(balanced) == {
        "m5.large, on-demand": (1460.0, pytest.approx(2 * 0.096 * HOURS)),
        "disk, gp2": (40.0, pytest.approx(4.0)),
        "load balancer, application": (730.0, pytest.approx(0.0225 * HOURS)),
    }
    assert reasons(beanstalk()) == ["it names no type of machine"]


@pytest.mark.parametrize(
    ("kind", "inputs", "reason"),
    [
        (LIGHTSAIL, {"bundleId": "small_1_0"}, "no price of the bundle small_1_0 is known"),
        (
            "aws:apigateway/stage:Stage",
            {"cacheClusterEnabled": True},
            "its size is not told in a usable way",
        ),
        (
            "aws:emr/cluster:Cluster",
            {"masterInstanceFleet": {}},
            "machines of instance fleets are chosen as it starts",
        ),
    ],
)
def test_what_is_not_known_is_a_gap(kind: str, inputs: dict[str, Any], reason: str) -> None:
    assert reasons(cost(kind, inputs)) == [reason]


@pytest.mark.parametrize(
    "kind",
    [
        "aws:glue/trigger:Trigger",
        "aws:cognito/userPoolClient:UserPoolClient",
        "aws:redshift/logging:Logging",
        "aws:msk/configuration:Configuration",
        "aws:dms/endpoint:Endpoint",
        "aws:codedeploy/application:Application",
        "aws:lightsail/staticIp:StaticIp",
    ],
)
def test_settings_are_free_by_name(kind: str) -> None:
    assert why_free(kind)
