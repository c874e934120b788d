"""The regions of a stack: one explicit provider each.

The environment alone says where things are; ``aws:region`` of the configuration is not read,
so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pulumi
import pulumi_aws as aws

from domain import blueprint
from domain.environment import Environment


@dataclass(frozen=True)
class Region:
    """One region, and the provider that works in it."""

    name: str
    provider: Any

    @property
    def partition(self) -> str:
        """The part of AWS that its ARNs begin with."""
        if self.name.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.name.startswith("us-gov-") else "aws"

    @property
    def component(self) -> Any:
        """Options of a component whose children stand here."""
        return pulumi.ResourceOptions(providers=[self.provider])

    @cached_property
    def account(self) -> Any:
        """Id of the account that is deployed to."""
        options = pulumi.InvokeOutputOptions(provider=self.provider)
        return aws.get_caller_identity_output(opts=options).account_id

    def arn(self, service: str, resource: Any, *, is_global: bool = False) -> Any:
        """The ARN of something of this account."""
        place = "" if is_global else self.name
        return pulumi.Output.concat(
            f"arn:{self.partition}:{service}:{place}:", self.account, ":", resource
        )


def declare_regions(environment: Environment) -> Mapping[str, Region]:
    """A provider for each region that holds anything; the environment's own first."""
    used = dict.fromkeys(
        (
            environment.region or "",
            *blueprint.pool_regions(environment),
            *blueprint.bucket_regions(environment),
        )
    )
    return {
        name: Region(name, aws.Provider(f"aws-{name}", aws.ProviderArgs(region=name)))
        for name in used
    }
