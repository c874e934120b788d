"""Who may come in on AWS, and what each group is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from domain.costing.values import blocks, integer, is_list
from domain.resources import SECRET, UNKNOWN, Resource
from policies.attributes import ABSENT, PRESENT, row, rule
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
# No organisation's network is as large: its own addresses fit in 10.0.0.0/8, or an IPv6 /16.
_SHORTEST_PREFIX = {4: 8, 6: 16}
_RANGES = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")
_WEB = 443
_PLAIN_WEB = (80, 8000, 8080)
_BEHIND_A_BALANCER = (
    "take HTTPS on port 443 at a load balancer, and let its group alone in here; "
    "where plain HTTP must answer, let CloudFront or the balancer redirect it"
)


def _entrances(world: World) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Every rule that lets something in, and the resource that holds it."""
    for group in world.of_type(_GROUP, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"):
        written = group.inputs.get("ingress")
        for each in [{"cidrBlocks": UNKNOWN}] if written == UNKNOWN else blocks(written):
            yield group, each
    for each_rule in world.of_type(_RULE):
        if each_rule.inputs.get("type") == "ingress":
            yield each_rule, each_rule.inputs
    for each_rule in world.of_type(_INGRESS):
        yield each_rule, each_rule.inputs


def judge_ingress(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No group lets the whole internet in, by IPv4 or IPv6, on anything but HTTPS.

    Whatever listens will be found within minutes; people come in through Session Manager, and
    users through a load balancer.
    """
    judged = set()
    for holder, entrance in _entrances(world):
        found = [each for key in _RANGES for each in _several(entrance.get(key))]
        open_to = next((each for each in found if is_internet(each)), None)
        if holder.urn in judged or (open_to and _is_web(entrance)):
            continue
        if open_to:
            judged.add(holder.urn)
            yield Finding(
                f"'{holder.name}' lets {open_to} in on {_ports(entrance)}",
                holder,
                _BEHIND_A_BALANCER if _is_plain_web(entrance) else None,
            )
        elif UNKNOWN in found or SECRET in found:
            judged.add(holder.urn)
            yield Undecided(f"whom '{holder.name}' lets in is known only after deployment", holder)


def is_internet(written: Any) -> bool:
    """Whether a range of addresses is the internet, or a large share of it."""
    try:
        network = ip_network(written, strict=False)
    except ValueError:
        return False
    return network.prefixlen < _SHORTEST_PREFIX[network.version]


def _several(value: Any) -> list[Any]:
    return list(value) if is_list(value) else [value]


def _is_web(entrance: Mapping[str, Any]) -> bool:
    ports = integer(entrance.get("fromPort")), integer(entrance.get("toPort"))
    return ports == (_WEB, _WEB) and not _any_protocol(entrance)


def _is_plain_web(entrance: Mapping[str, Any]) -> bool:
    """Whether it is a door for browsers, without TLS."""
    first, last = integer(entrance.get("fromPort")), integer(entrance.get("toPort"))
    return first == last and first in _PLAIN_WEB and not _any_protocol(entrance)


def _any_protocol(entrance: Mapping[str, Any]) -> bool:
    """Whether it is for every protocol, and thus for every port whatever ports it names."""
    protocol = entrance.get("protocol", entrance.get("ipProtocol", "-1"))
    return str(protocol).lower() in ("-1", "all")


def _ports(entrance: Mapping[str, Any]) -> str:
    first, last = integer(entrance.get("fromPort")), integer(entrance.get("toPort"))
    if _any_protocol(entrance) or first is None:
        return "every port"
    return f"port {first}" if first == last else f"ports {first} to {last}"


RULES: tuple[Rule, ...] = (
    Rule(
        "no-open-ingress",
        "No door is open to the whole internet",
        "security",
        judge_ingress,
        "name the networks or groups that may come in, or use Session Manager",
        references=("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_277"),
        guides=(
            "CIS AWS Foundations 3.0, 5.2 and 5.3",
            "AWS Security Hub EC2.18, EC2.19, EC2.53 and EC2.54",
        ),
        scope="resource",
    ),
    rule(
        "default-group-closed",
        "A network's default group lets nothing through",
        """Whatever names no group lands in the default one, so that lets nothing in or out.""",
        "lets traffic through",
        [
            row("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", way, ABSENT, "CKV2_AWS_12")
            for way in ("ingress", "egress")
        ],
        remedy="leave out ingress and egress",
        guides=("CIS AWS Foundations 3.0, 5.4", "AWS Security Hub EC2.2"),
    ),
    rule(
        "groups-described",
        "Groups and their rules say what they are for",
        """A rule without a description is one that nobody dares to remove.""",
        "does not say what it is for",
        [
            row(_GROUP, "description", PRESENT, "CKV_AWS_23"),
            row(_GROUP, "ingress[].description", PRESENT, "CKV_AWS_23"),
            row(_GROUP, "egress[].description", PRESENT, "CKV_AWS_23"),
            *(
                row(kind, "description", PRESENT, "CKV_AWS_23")
                for kind in (_RULE, _INGRESS, _EGRESS)
            ),
        ],
        severity="advisory",
        guides=("Amazon VPC user guide: security group rules",),
    ),
)
