"""Topics that carry alarms to people, one in each region with nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.environment import Environment
from stacks.aws.policy import allow, document, only_encrypted, service
from stacks.aws.regions import Region
from stacks.names import Names


def declare_topics(
    environment: Environment,
    names: Names,
    regions: Mapping[str, Region],
    keys: Mapping[str, Any],
    *,
    parent: Any,
) -> dict[str, Any]:
    """The ARN of the topic of each region; none where nobody wants to hear.

    Without a managed key the topic stays unencrypted: alarms may not use SNS's own key.
    Everybody who subscribes has to confirm a letter first.
    """
    emails = environment.governance.alert_emails
    if not emails:
        return {}
    topics = {}
    for name in blueprint.pool_regions(environment):
        region = regions[name]
        child = pulumi.ResourceOptions(parent=parent, provider=region.provider)
        topic = aws.sns.Topic(
            f"alerts-{name}",
            name_prefix=f"{names.prefix('alerts')}-",
            kms_master_key_id=keys.get(name),
            tags=names.aws_tags(),
            opts=child,
        )
        aws.sns.TopicPolicy(
            f"alerts-{name}",
            arn=topic.arn,
            policy=document(
                allow(
                    "sns:Publish",
                    topic.arn,
                    principal=service("cloudwatch.amazonaws.com"),
                    conditions={"StringEquals": {"aws:SourceAccount": region.account}},
                ),
                only_encrypted("sns:Publish", topic.arn),
            ),
            opts=child,
        )
        for index, email in enumerate(emails):
            aws.sns.TopicSubscription(
                f"alerts-{name}-{index}",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=child,
            )
        topics[name] = topic.arn
    return topics
