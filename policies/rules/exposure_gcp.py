"""Google Cloud: what the internet can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any

from domain.costing.values import blocks, is_list, text, truth
from domain.resources import UNKNOWN, Resource
from policies.demands import (
    at,
    demand,
    inside,
    refers,
    switched_off,
    switched_on,
    together,
    undecided,
)
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.rules.compute_gcp import FROM_TEMPLATE, TEMPLATES, speaker
from policies.world import World

_PUBLIC_PORT = "443"
"""The one port that may face everybody: what answers there speaks TLS."""
_PING = frozenset({"icmp", "1", "ipv6-icmp", "58"})
_POLICY_RULES = (
    "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
    "gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule",
    "gcp:compute/firewallPolicyRule:FirewallPolicyRule",
)


def firewalls(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No firewall lets the whole internet in, but to port 443.

    Machines are reached through Identity-Aware Proxy (35.235.240.0/20), services through a
    load balancer. Ping is let be.
    """
    for firewall in world.of_type("gcp:compute/firewall:Firewall"):
        if firewall.get("direction") == "EGRESS" or truth(firewall.get("disabled")):
            continue
        sources = at(firewall, "sourceRanges")
        if not sources:
            narrowed = at(firewall, "sourceTags") or at(firewall, "sourceServiceAccounts")
            sources = () if narrowed else ("0.0.0.0/0",)
        yield from _judged(firewall, sources, at(firewall, "allows"), "sourceRanges", "protocol")
    for rule in world.of_type(*_POLICY_RULES):
        if rule.get("direction") == "INGRESS" and rule.get("action") == "allow":
            sources = at(rule, "match.srcIpRanges")
            if not truth(rule.get("disabled")) and sources:
                yield from _judged(
                    rule, sources, at(rule, "match.layer4Configs"), "match", "ipProtocol"
                )


def _judged(
    resource: Resource, sources: Any, allows: Any, of: str, protocol: str
) -> Iterator[Judgement]:
    everyone = _everyone(sources if is_list(sources) else (sources,))
    if everyone is None and refers(resource, of):
        return  # the range of another resource, which is never all there is
    if everyone is False or not allows:
        return
    unread = not is_list(allows) or any(not isinstance(each, Mapping) for each in allows)
    open_ports = [port for each in blocks(allows) for port in _open_ports(each, protocol)]
    if everyone and open_ports:
        ports = ", ".join(dict.fromkeys(open_ports))
        yield Finding(f"'{resource.name}' lets the whole internet in on {ports}", resource)
    elif everyone is None and open_ports:
        yield Undecided(
            f"the sources of '{resource.name}' are known only after deployment", resource
        )
    elif unread:
        yield Undecided(f"what '{resource.name}' allows is not known", resource)


def _everyone(sources: Iterable[Any]) -> bool | None:
    """Whether ranges cover every address there is, however they are cut; None if unknown."""
    old: list[IPv4Network] = []
    new: list[IPv6Network] = []
    unknown = False
    for source in sources:
        unknown = unknown or source == UNKNOWN
        try:
            network = ip_network(source, strict=False)
        except ValueError:
            continue  # a name of something else's range
        if isinstance(network, IPv4Network):
            old.append(network)
        else:
            new.append(network)
    whole: tuple[IPv4Network | IPv6Network, ...]
    whole = (*collapse_addresses(old), *collapse_addresses(new))
    if any(network.prefixlen == 0 for network in whole):
        return True
    return None if unknown else False


def _open_ports(allow: Mapping[str, Any], protocol: str) -> Iterator[str]:
    name = str(allow.get(protocol, "all")).lower()
    if name in _PING:
        return
    ports = allow.get("ports")
    for port in map(str, ports) if is_list(ports) and ports else ("every port",):
        if port != _PUBLIC_PORT:
            what = port if port == "every port" else f"port{'s' * ('-' in port)} {port}"
            yield f"{what} of {name}" if name not in ("tcp", "6") else what


_INSTANCES = ("gcp:compute/instance:Instance", *TEMPLATES, FROM_TEMPLATE)
_OUTSIDE = "has addresses that the internet can reach"


def machines(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A machine has no address on the internet; it goes out through Cloud NAT."""
    for instance in world.of_type(*_INSTANCES):
        says = speaker(world, instance, "networkInterfaces")
        interfaces = UNKNOWN if says is None else at(says, "networkInterfaces")
        if interfaces == UNKNOWN:
            yield undecided(instance, "networkInterfaces")
        for interface in blocks(interfaces):
            found = interface.get("accessConfigs") or interface.get("ipv6AccessConfigs")
            if found == UNKNOWN:
                yield undecided(instance, "networkInterfaces.accessConfigs")
            elif found:
                yield Finding(f"'{instance.name}' {_OUTSIDE}: accessConfigs is set", instance)
                break


def slices(world: World, _: NoSettings) -> Iterator[Judgement]:
    """The same of the TPUs that a queued resource asks for."""
    for queued in world.of_type("gcp:tpu/v2QueuedResource:V2QueuedResource"):
        specs = at(queued, "tpu.nodeSpecs")
        if specs == UNKNOWN:
            yield undecided(queued, "tpu.nodeSpecs")
        for spec in blocks(specs):
            if truth(inside(inside(spec.get("node"), "networkConfig"), "enableExternalIps")):
                yield Finding(f"'{queued.name}' {_OUTSIDE}: enableExternalIps is true", queued)
                break


_PRIVATE = {
    "gcp:cloudbuild/workerPool:WorkerPool": "workerConfig.noExternalIp",
    "gcp:composer/environment:Environment": "config.privateEnvironmentConfig.enablePrivateEndpoint",
    "gcp:datafusion/instance:Instance": "privateInstance",
    "gcp:dataproc/cluster:Cluster": "clusterConfig.gceClusterConfig.internalIpOnly",
    "gcp:workbench/instance:Instance": "gceSetup.disablePublicIp",
}
"""Type of resource → the switch that keeps its machines off the internet."""

_INGRESS = {
    "gcp:cloudfunctions/function:Function": "ingressSettings",
    "gcp:cloudfunctionsv2/function:Function": "serviceConfig.ingressSettings",
    "gcp:cloudrunv2/service:Service": "ingress",
}


def _inner(value: Any) -> bool:
    return "INTERNAL" in str(value).upper()


_DATABASE = "gcp:sql/databaseInstance:DatabaseInstance"


def databases(world: World, _: NoSettings) -> Iterator[Judgement]:
    """No database takes connections from every address."""
    for database in world.of_type(_DATABASE):
        path = "settings.ipConfiguration.authorizedNetworks"
        if at(database, path) == UNKNOWN:
            yield undecided(database, path)
        for network in blocks(at(database, path)):
            value = text(network.get("value"))
            if value and _everyone((value,)):
                yield Finding(f"'{database.name}' takes connections from {value}", database)
                break


RULES: tuple[Rule, ...] = (
    Rule(
        id="no-open-ingress",
        title="No firewall lets the whole internet in",
        category="security",
        judge=firewalls,
        remedy="name who may come in: source_ranges=['35.235.240.0/20'] (Identity-Aware Proxy), "
        "or source_tags",
        references=(
            "CKV_GCP_2",
            "CKV_GCP_3",
            "CKV_GCP_75",
            "CKV_GCP_77",
            "CKV_GCP_88",
            "CKV_GCP_106",
        ),
        guides=(
            "CIS GCP Foundation: SSH and RDP access is restricted from the internet",
            "Cloud NGFW: VPC firewall rules",
        ),
        scope="resource",
    ),
    Rule(
        id="no-public-addresses",
        title="Machines have no address on the internet",
        category="security",
        judge=together(
            machines,
            slices,
            switched_off({"gcp:tpu/v2Vm:V2Vm": "networkConfig.enableExternalIps"}, _OUTSIDE),
            switched_on(_PRIVATE, _OUTSIDE),
            demand(
                {
                    "gcp:dataflow/job:Job": "ipConfiguration",
                    "gcp:dataflow/flexTemplateJob:FlexTemplateJob": "ipConfiguration",
                },
                lambda value: value == "WORKER_IP_PRIVATE",
                _OUTSIDE,
            ),
        ),
        remedy="leave access_configs out (internal_ip_only=True, no_external_ip=True, "
        "ip_configuration='WORKER_IP_PRIVATE') and send what goes out through Cloud NAT",
        references=(
            "CKV_GCP_40",
            "CKV_GCP_86",
            "CKV_GCP_87",
            "CKV_GCP_94",
            "CKV_GCP_103",
        ),
        guides=("CIS GCP Foundation: compute instances do not have public IP addresses",),
    ),
    Rule(
        id="functions-internal",
        title="Functions and services answer inside the network or behind a load balancer",
        category="security",
        judge=demand(
            _INGRESS,
            _inner,
            "answers the whole internet",
            example="ALLOW_INTERNAL_AND_GCLB",
            examples={"gcp:cloudrunv2/service:Service": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"},
        ),
        remedy="set ingress_settings='ALLOW_INTERNAL_AND_GCLB'",
        references=("CKV_GCP_124",),
        guides=("Cloud Run functions: configure network settings, ingress",),
        scope="resource",
    ),
    Rule(
        id="databases-not-open",
        title="No database takes connections from every address",
        category="security",
        judge=databases,
        remedy="name the ranges of your own networks in authorized_networks, or none",
        references=("CKV_GCP_11",),
        guides=("CIS GCP Foundation: Cloud SQL instances do not whitelist all public addresses",),
        scope="resource",
    ),
    Rule(
        id="databases-private",
        title="Databases have no address on the internet",
        category="security",
        judge=demand(
            {_DATABASE: "settings.ipConfiguration.ipv4Enabled"},
            lambda value: not truth(value),
            _OUTSIDE,
            default=True,
        ),
        remedy="set settings.ip_configuration={'ipv4_enabled': False, 'private_network': net.id}",
        references=("CKV_GCP_60",),
        guides=("CIS GCP Foundation: Cloud SQL instances do not have public IPs",),
        scope="resource",
    ),
)
