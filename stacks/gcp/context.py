"""What every GCP component needs to know: the environment, its names, project and zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import compute, config, organizations

from domain.environment import Environment
from stacks.names import Names


@dataclass(frozen=True)
class Context:
    """One stack on GCP. The project comes from ``gcp:project``, the region from the environment."""

    environment: Environment
    names: Names
    project: str
    facts: pulumi.Output[Any]
    """What Google knows of the project: its ``number``, its ``billing_account``."""

    @property
    def region(self) -> str:
        """The environment's own region."""
        return self.environment.region or ""

    def agent(self, service: str) -> pulumi.Output[str]:
        """The member that is a service's own account in this project, like ``compute-system``."""
        return pulumi.Output.format(
            "serviceAccount:service-{0}@{1}.iam.gserviceaccount.com", self.facts.number, service
        )

    def zone(self, region: str, why: str) -> pulumi.Input[str]:
        """The zone of what can only be in one: the first that is named, else the region's first.

        Args:
            why: what needs the zone, for the warning where none is named.
        """
        if region == self.region and self.environment.zones:
            return self.environment.zones[0]
        pulumi.log.warn(
            f"{why} needs one zone of {region}: the first is taken; name one in "
            "windtunnel:environment.zones to choose it"
        )
        zones = compute.get_zones_output(project=self.project, region=region, status="UP")
        return zones.names.apply(lambda names: names[0])


def read_context(environment: Environment, names: Names) -> Context:
    """The stack's context.

    Raises:
        pulumi.RunError: no project is configured.
    """
    project = config.project
    if not project:
        raise pulumi.RunError(
            f"Pulumi.{names.stack}.yaml: gcp:project is missing; set it with "
            "'pulumi config set gcp:project PROJECT_ID'"
        )
    facts = organizations.get_project_output(project_id=project)
    return Context(environment, names, project, facts)
