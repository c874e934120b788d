"""Google Cloud networks: Cloud NAT, addresses, load balancers, VPN, Cloud Armor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from domain.costing.context import Context, Coster, Survey
from domain.costing.gcp import compute
from domain.costing.gcp.egress import INTERNET, egress
from domain.costing.gcp.fleet import NODES
from domain.costing.nodes import Nodes, bill_nodes
from domain.costing.values import blocks, integer, text
from domain.errors import CatalogError
from domain.resources import Resource
from domain.usage import LoadBalancer, NatGateway, Usage

_PUBLIC_PURPOSES = ("GCE_ENDPOINT", "NAT_AUTO")
_VPN_TRAFFIC = (
    "same_region",
    "us_and_canada",
    "europe",
    "asia",
    "south_america",
    "oceania",
    "between_continents",
)
_LEAST_CONNECTORS = 2
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*::?[0-9a-f:]+")
_RULES = (
    "gcp:compute/forwardingRule:ForwardingRule",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
)
_RULES_TOGETHER = 5
"""So many rules of proxies cost together what one does (Cloud Load Balancing pricing)."""
_PROXIES = ("TargetHttpProxy", "TargetHttpsProxy", "TargetTcpProxy", "TargetSslProxy", "Grpc")


def router_nat(context: Context) -> Iterator[Usage]:
    """By the machines behind it, what goes through, and addresses that it picks as it needs."""
    yield NatGateway(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        seconds=context.seconds,
        bytes=context.quantities.processed_bytes,
        machines=machines_by_region(context.survey).get(context.region),
    )
    if text(context.get("natIpAllocateOption")) == "AUTO_ONLY":
        yield context.hours("public_address", "in_use.hour", None)


def machines_by_region(survey: Survey) -> Mapping[str, float | None]:
    """Region → the machines that this stack runs there; None where that is not known."""

    def count() -> Mapping[str, float | None]:
        found: dict[str, float | None] = {}
        for kind, nodes_of in NODES.items():
            for context in survey.of_type(kind):
                for nodes in nodes_of(context):
                    before = found.get(context.region, 0.0)
                    known = nodes.count is not None and before is not None
                    hosts = (nodes.count or 0) * _hosts(context, nodes.machine)
                    if nodes.stopped or nodes.public_addresses or _has_address(context):
                        hosts = 0  # it needs no translation
                    found[context.region] = (before or 0.0) + hosts if known else None
        return found

    return survey.once("machines of Google Cloud by region", count)


def _has_address(context: Context) -> bool:
    """Whether it goes out by an address of the program's own."""
    return any(
        blocks(interface.get("accessConfigs"))
        for interface in blocks(context.resource.get("networkInterfaces"))
    )


def _hosts(context: Context, machine: str | None) -> int:
    try:
        return context.catalog.machine("gcp", machine or "").vm_count
    except CatalogError:
        return 1


def address(context: Context) -> Iterator[Usage]:
    """A public address: dearer while nothing uses it. Private ones are free."""
    internal = text(context.get("addressType")) == "INTERNAL"
    if internal or text(context.get("purpose")) not in (None, *_PUBLIC_PURPOSES):
        return
    users = [*context.users(), *_by_its_number(context)]
    instances = [context.beside(user) for user in users if user.type == compute.INSTANCE]
    if users and all(user.type in _RULES for user in users):
        context.note("An address that only forwarding rules use is billed with them.")
        return
    if not users:
        item = "unused.hour"
    elif len(instances) == len(users) and all(map(_is_spot, instances)):
        item = "in_use_on_spot.hour"
    else:
        item = "in_use.hour"
    yield context.hours("public_address", item)


def _by_its_number(context: Context) -> list[Resource]:
    """Resources that write the address itself instead of referring to it."""
    number = text(context.resource.get("address"))

    def find() -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for kind in (compute.INSTANCE, *_RULES, "gcp:compute/routerNat:RouterNat"):
            for other in context.survey.of_type(kind):
                for written in _numbers(other.resource.inputs):
                    found.setdefault(written, []).append(other.resource)
        return found

    by_number = context.survey.once("resources of Google Cloud by address", find)
    return by_number.get(number or "", [])


def _numbers(value: object) -> Iterator[str]:
    if isinstance(value, str):
        if _ADDRESS.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _numbers(each)


def _is_spot(instance: Context) -> bool:
    return all(nodes.market == "spot" for nodes in compute.instance_nodes(instance))


def forwarding_rule(context: Context) -> Iterator[Usage]:
    """A load balancer: one that only passes on, or the proxy that it leads to."""
    proxied = _is_proxied(context)
    place = _proxied_before(context) if proxied else 0
    if 0 < place < _RULES_TOGETHER:
        context.note("Up to five forwarding rules of proxies cost as much as one.")
        yield context.use(
            "load_balancer", "proxy.data", "bytes", context.quantities.processed_bytes
        )
        return
    if place >= _RULES_TOGETHER:
        proxied = False  # a further rule costs what one that only passes on does
    yield LoadBalancer(
        resource=context.resource.urn,
        provider=context.provider,
        region=context.region,
        kind="proxy" if proxied else "forwarding_rule",
        seconds=context.seconds,
        bytes=context.quantities.processed_bytes,
    )


def _is_proxied(context: Context) -> bool:
    scheme = text(context.get("loadBalancingScheme")) or "EXTERNAL"
    target = context.referred("target")
    return scheme.endswith("_MANAGED") or (
        target is not None and any(name in target.resource.type for name in _PROXIES)
    )


def _proxied_before(context: Context) -> int:
    """How many proxied rules of this stack come before, of all regions or of the same one."""

    def count() -> Mapping[str, int]:
        places: dict[str, int] = {}
        found: dict[str, int] = {}
        for kind in _RULES:
            for rule in context.survey.of_type(kind):
                where = rule.region if kind == _RULES[0] else "all"
                if _is_proxied(rule):
                    found[rule.resource.urn] = places.get(where, 0)
                    places[where] = places.get(where, 0) + 1
        return found

    return context.survey.once("rules of proxies", count).get(context.resource.urn, 0)


def vpn_tunnel(context: Context) -> Iterator[Usage]:
    """Hours of a tunnel; what goes through is data transfer."""
    yield context.hours("vpn", "tunnel_hour")


def vpn_gateway(context: Context) -> Iterator[Usage]:
    """What its tunnels carry, by where it goes; the tunnels' hours are billed with them."""
    for where in _VPN_TRAFFIC:
        yield context.use("vpn", f"traffic.{where}", "bytes", None)


def peer_gateway(context: Context) -> Iterator[Usage]:
    """What is sent to somebody else's gateway leaves Google Cloud."""
    yield from egress(context, INTERNET)


def regional_proxy(context: Context) -> Iterator[Usage]:
    """The instances of a proxy that a regional load balancer needs, beyond its first."""
    yield context.hours("load_balancer", "proxy.hour", None)
    yield context.use("load_balancer", "proxy.data", "bytes", context.quantities.processed_bytes)


def security_policy(context: Context) -> Iterator[Usage]:
    """A policy of Cloud Armor, its rules, and the requests that it judges."""
    if text(context.get("type")) in ("CLOUD_ARMOR_NETWORK", "CLOUD_ARMOR_INTERNAL_SERVICE"):
        reason = "only the price of policies for backends is known"
        yield context.unpriceable("security policy", reason)
        return
    yield context.hours("firewall", "policy")
    rules = len(blocks(context.get("rules")))
    if rules:
        yield context.hours("firewall", "rule", rules)
    yield context.use("firewall", "requests", "requests", context.quantities.requests)


def connector(context: Context) -> Iterator[Usage]:
    """The machines between serverless code and a network: at least two."""
    count = integer(context.get("minInstances")) or _LEAST_CONNECTORS
    machine = text(context.get("machineType")) or "e2-micro"
    context.note("A connector counts its least machines.")
    yield from bill_nodes(context, [Nodes(machine, count)])


COSTERS: dict[str, Coster] = {
    "gcp:compute/vPNGateway:VPNGateway": vpn_gateway,
    "gcp:compute/haVpnGateway:HaVpnGateway": vpn_gateway,
    "gcp:compute/externalVpnGateway:ExternalVpnGateway": peer_gateway,
    "gcp:compute/regionTargetHttpProxy:RegionTargetHttpProxy": regional_proxy,
    "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy": regional_proxy,
    "gcp:compute/securityPolicy:SecurityPolicy": security_policy,
    "gcp:compute/regionSecurityPolicy:RegionSecurityPolicy": security_policy,
    "gcp:vpcaccess/connector:Connector": connector,
    "gcp:compute/vPNTunnel:VPNTunnel": vpn_tunnel,
    "gcp:compute/routerNat:RouterNat": router_nat,
    "gcp:compute/address:Address": address,
    "gcp:compute/globalAddress:GlobalAddress": address,
    "gcp:compute/forwardingRule:ForwardingRule": forwarding_rule,
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": forwarding_rule,
}
