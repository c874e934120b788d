"""Google Cloud: networks, what they log, and what stands guard before services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from domain.costing.values import blocks, truth
from domain.resources import UNKNOWN, Resource
from policies.demands import at, demand, inside, shown, stated, switched_on, undecided
from policies.rule import Finding, Judgement, NoSettings, Rule
from policies.world import World

_SUBNET = "gcp:compute/subnetwork:Subnetwork"
_NETWORK = "gcp:compute/network:Network"
_GUARD = "gcp:compute/securityPolicy:SecurityPolicy"
_GUARD_RULE = "gcp:compute/securityPolicyRule:SecurityPolicyRule"
_ZONE = "gcp:dns/managedZone:ManagedZone"
_SSL = (
    "gcp:compute/sSLPolicy:SSLPolicy",
    "gcp:compute/regionSslPolicy:RegionSslPolicy",
)


def _for_machines(subnet: Resource) -> bool:
    """Whether machines stand in a subnet: not those that Google's proxies or NAT live in."""
    return at(subnet, "purpose") in (None, "", "PRIVATE", "PRIVATE_RFC_1918")


def _with_ipv6(subnet: Resource) -> bool:
    stack = at(subnet, "stackType")
    return _for_machines(subnet) and stack in ("IPV4_IPV6", "IPV6_ONLY")


def _goes_out(value: Any) -> bool:
    return str(value).upper().startswith("ENABLE_")


_LOG4J = re.compile(r"evaluatePreconfigured(Expr|Waf)\(\s*['\"]cve-canary")


def log4j(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A Cloud Armor policy refuses what exploits Log4j 2 (CVE-2021-44228), not in preview only.

    Edge and network policies cannot look into requests and are left out.
    """
    for policy in world.of_type(_GUARD):
        if at(policy, "type") not in (None, "", "CLOUD_ARMOR"):
            continue
        if at(policy, "rules") == UNKNOWN:
            yield undecided(policy, "rules")
            continue
        rules = [*blocks(policy.get("rules"))]
        rules += [rule.inputs for rule in world.users(policy, _GUARD_RULE)]
        if not any(_refuses_log4j(rule) for rule in rules):
            yield Finding(f"'{policy.name}' lets requests in that exploit Log4j 2", policy)


def _refuses_log4j(rule: Any) -> bool:
    expression = inside(inside(inside(rule, "match"), "expr"), "expression")
    return (
        _LOG4J.search(str(expression)) is not None
        and str(inside(rule, "action")).startswith("deny")
        and not truth(inside(rule, "preview"))
    )


_WITHOUT_FORWARD_SECRECY = ("TLS_RSA_WITH_",)
"""How the ciphers begin that CIS calls weak: a key that leaks opens all that was recorded."""


def tls_policies(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Load balancers speak TLS 1.2 or later, with ciphers that keep the past secret.

    The profile RESTRICTED takes nothing older by itself; COMPATIBLE, the default, takes weak
    ciphers whatever the version.
    """
    for policy in world.of_type(*_SSL):
        profile, version = at(policy, "profile") or "COMPATIBLE", at(policy, "minTlsVersion")
        if UNKNOWN in (profile, version):
            yield undecided(policy, "minTlsVersion" if version == UNKNOWN else "profile")
        elif profile != "RESTRICTED" and version not in ("TLS_1_2", "TLS_1_3"):
            yield Finding(
                f"'{policy.name}' speaks versions of TLS that are broken: "
                f"minTlsVersion is {shown(version)}",
                policy,
            )
        elif profile == "COMPATIBLE":
            yield Finding(f"'{policy.name}' takes weak ciphers: profile is {profile}", policy)
        elif profile == "CUSTOM":
            weak = [
                each
                for each in map(str, at(policy, "customFeatures") or ())
                if each.startswith(_WITHOUT_FORWARD_SECRECY)
            ]
            if weak:
                yield Finding(f"'{policy.name}' takes the weak cipher {weak[0]}", policy)


_PROXIES = (
    "gcp:compute/targetHttpProxy:TargetHttpProxy",
    "gcp:compute/regionTargetHttpProxy:RegionTargetHttpProxy",
)
_MAPS = ("gcp:compute/uRLMap:URLMap", "gcp:compute/regionUrlMap:RegionUrlMap")


def plain_doors(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A load balancer that takes plain HTTP only sends people on to HTTPS."""
    for proxy in world.of_type(*_PROXIES):
        routes = world.referred(proxy, "urlMap", *_MAPS)
        redirects = UNKNOWN if routes is None else at(routes, "defaultUrlRedirect.httpsRedirect")
        if redirects == UNKNOWN:
            yield undecided(proxy, "urlMap")
        elif not truth(redirects):
            yield Finding(f"'{proxy.name}' serves over plain HTTP", proxy)


RULES: tuple[Rule, ...] = (
    Rule(
        id="flow-logs-on",
        title="Networks keep a log of their flows",
        category="security",
        severity="advisory",
        judge=stated({_SUBNET: "logConfig"}, "keeps no flow log", applies=_for_machines),
        remedy="set log_config={'aggregation_interval': 'INTERVAL_10_MIN', 'flow_sampling': 0.5}",
        references=("CKV_GCP_26",),
        guides=("CIS GCP Foundation: VPC flow logs are enabled for every subnet",),
        scope="resource",
    ),
    Rule(
        id="private-google-access",
        title="Machines reach Google's services without the internet",
        category="security",
        judge=switched_on(
            {_SUBNET: "privateIpGoogleAccess"},
            "reaches Google's services over the internet only",
            applies=_for_machines,
        ),
        remedy="set private_ip_google_access=True",
        references=("CKV_GCP_74",),
        guides=("VPC: Private Google Access",),
        scope="resource",
    ),
    Rule(
        id="private-google-access-ipv6",
        title="Machines reach Google's services over IPv6 without the internet",
        category="security",
        severity="advisory",
        judge=demand(
            {_SUBNET: "privateIpv6GoogleAccess"},
            _goes_out,
            "reaches Google's services over the internet only when it speaks IPv6",
            applies=_with_ipv6,
        ),
        remedy='set private_ipv6_google_access="ENABLE_OUTBOUND_VM_ACCESS_TO_GOOGLE"',
        references=("CKV_GCP_76",),
        guides=("VPC: Private Google Access",),
        scope="resource",
    ),
    Rule(
        id="no-automatic-subnets",
        title="Networks have only the subnets that you name",
        category="security",
        judge=demand(
            {_NETWORK: "autoCreateSubnetworks"},
            lambda value: not truth(value),
            "makes itself a subnet in every region",
            default=True,
        ),
        remedy="set auto_create_subnetworks=False and declare the subnets that you need",
        guides=("VPC: considerations for auto mode networks",),
        scope="resource",
    ),
    Rule(
        id="no-default-network",
        title="Projects come without the default network",
        category="security",
        judge=demand(
            {"gcp:organizations/project:Project": "autoCreateNetwork"},
            lambda value: not truth(value),
            "starts with the default network, open to SSH and RDP",
            default=True,
        ),
        remedy="set auto_create_network=False",
        references=("CKV_GCP_27",),
        guides=("CIS GCP Foundation: the default network does not exist in a project",),
        scope="resource",
    ),
    Rule(
        id="dns-signed",
        title="Public zones sign what they answer",
        category="security",
        judge=demand(
            {_ZONE: "dnssecConfig.state"},
            lambda value: value == "on",
            "does not sign what it answers",
            applies=lambda zone: at(zone, "visibility") != "private",
        ),
        remedy="set dnssec_config={'state': 'on'}",
        references=("CKV_GCP_16",),
        guides=("CIS GCP Foundation: DNSSEC is enabled for Cloud DNS",),
        scope="resource",
    ),
    Rule(
        id="tls-current",
        title="Load balancers speak TLS 1.2 or later",
        category="security",
        judge=tls_policies,
        remedy='set min_tls_version="TLS_1_2" and profile="MODERN"',
        references=("CKV_GCP_4",),
        guides=("CIS GCP Foundation: no SSL policy permits weak cipher suites",),
        scope="resource",
    ),
    Rule(
        id="tls-only",
        title="Load balancers take no plain HTTP",
        category="security",
        judge=plain_doors,
        remedy="set default_url_redirect={'https_redirect': True, 'strip_query': False} in its "
        "map, or take HTTPS only",
        guides=("Cloud Load Balancing: set up an HTTP-to-HTTPS redirect",),
    ),
    Rule(
        id="log4j-refused",
        title="Cloud Armor refuses what exploits Log4j 2",
        category="security",
        severity="advisory",
        judge=log4j,
        remedy="add a rule that denies evaluatePreconfiguredWaf('cve-canary')",
        references=("CKV_GCP_73",),
        guides=("Cloud Armor: preconfigured WAF rules, CVEs and other vulnerabilities",),
    ),
)
