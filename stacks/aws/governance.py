"""What holds whatever is deployed: keys, alarms to people, budget, audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from domain.environment import Environment
from stacks.aws.alerts import declare_topics
from stacks.aws.audit import declare_trail
from stacks.aws.budget import declare_budget
from stacks.aws.keys import declare_keys
from stacks.aws.regions import Region
from stacks.names import Names


@dataclass(frozen=True)
class GovernanceArgs:
    """What is governed, and where."""

    environment: Environment
    names: Names
    regions: Mapping[str, Region]


class Governance(pulumi.ComponentResource):
    """Comes first, because everything is encrypted with its keys and reports to its topics."""

    def __init__(self, name: str, args: GovernanceArgs) -> None:
        self._args = args
        self._home = args.regions[args.environment.region or ""]
        super().__init__("windtunnel:aws:Governance", name, None, self._home.component)
        self.keys = declare_keys(args.environment, args.names, args.regions, parent=self)
        """Region → ARN of its key; a region without one uses AWS's own."""
        self.topics = declare_topics(
            args.environment, args.names, args.regions, self.keys, parent=self
        )
        """Region → ARN of the topic that alarms go to."""
        declare_budget(args.environment, args.names, parent=self)
        self.register_outputs({"keys": self.keys, "topics": self.topics})

    def audit(self, bucket_arns: Sequence[Any]) -> None:
        """Where the environment asks for it, records all calls and every access to buckets."""
        if self._args.environment.governance.audit:
            declare_trail(
                self._args.environment,
                self._args.names,
                self._home,
                self.keys.get(self._home.name),
                bucket_arns,
                parent=self,
            )
