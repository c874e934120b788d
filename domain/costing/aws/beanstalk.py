"""AWS Elastic Beanstalk: the machines and the load balancer that an environment creates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.costing.context import Context, Coster
from domain.costing.nodes import Nodes, Volume, bill_nodes
from domain.costing.values import blocks, integer, number, text
from domain.usage import LoadBalancer, Usage

_GROUP = "aws:autoscaling:asg"
_LAUNCH = "aws:autoscaling:launchconfiguration"
_MACHINES = "aws:ec2:instances"
_ENVIRONMENT = "aws:elasticbeanstalk:environment"
# What an environment takes that says nothing (developer guide, general options).
_USUAL_BALANCER = "classic"
_USUAL_LEAST = 1


def environment(context: Context) -> Iterator[Usage]:
    """As many machines as it starts with, and a load balancer unless it is a single machine."""
    options = _options(context)
    single = options.get((_ENVIRONMENT, "EnvironmentType")) == "SingleInstance"
    kinds = options.get((_MACHINES, "InstanceTypes"), "").split(",")
    kind = options.get((_LAUNCH, "InstanceType")) or kinds[0].strip() or None
    least = integer(options.get((_GROUP, "MinSize")))
    count = _USUAL_LEAST if single or least is None else least
    if kind is None:
        yield context.unpriceable("machines", "it names no type of machine")
    else:
        yield from bill_nodes(context, [Nodes(kind, count, volumes=_disks(options))])
    if not single:
        yield LoadBalancer(
            resource=context.resource.urn,
            provider=context.provider,
            region=context.region,
            kind=options.get((_ENVIRONMENT, "LoadBalancerType"), _USUAL_BALANCER),
            seconds=context.seconds,
            bytes=context.quantities.processed_bytes,
        )


def _options(context: Context) -> Mapping[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for each in blocks(context.get("settings")):
        value = text(each.get("value"))
        if value is not None:
            found[(text(each.get("namespace")) or "", text(each.get("name")) or "")] = value
    return found


def _disks(options: Mapping[tuple[str, str], str]) -> tuple[Volume, ...]:
    gib = number(options.get((_LAUNCH, "RootVolumeSize")))
    if gib is None:
        return ()
    return (Volume(options.get((_LAUNCH, "RootVolumeType"), "gp2"), gib),)


COSTERS: dict[str, Coster] = {"aws:elasticbeanstalk/environment:Environment": environment}
