"""What stands before users on AWS: load balancers, CloudFront, shields of web applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.values import block, blocks
from domain.resources import UNKNOWN
from policies.attributes import PRESENT, TRUE, one_of, row, rule
from policies.rule import Finding, Judgement, NoSettings, Rule, Undecided
from policies.world import World

_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
_APPLICATION = (("loadBalancerType", one_of("application", by_default=True)),)
_OTHERS = (("loadBalancerType", one_of("network", "gateway")),)
_SHIELDS = ("aws:waf/webAcl:WebAcl", "aws:wafregional/webAcl:WebAcl", "aws:wafv2/webAcl:WebAcl")
_GROUPS = ("managedRuleGroupStatement", "ruleGroupReferenceStatement")
_RULES = {
    **dict.fromkeys(_SHIELDS, "rules"),
    "aws:waf/ruleGroup:RuleGroup": "activatedRules",
    "aws:wafregional/ruleGroup:RuleGroup": "activatedRules",
    "aws:wafv2/ruleGroup:RuleGroup": "rules",
}
"""Shields, and groups of rules for them → where their rules stand."""


def judge_failover(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Distributions have a second origin, and say at which answers they turn to it."""
    for distribution in world.of_type(_DISTRIBUTION):
        groups = distribution.inputs.get("originGroups")
        if groups == UNKNOWN:
            yield Undecided(
                f"the origins of '{distribution.name}' is known only after deployment", distribution
            )
        elif not any(_fails_over(group) for group in blocks(groups)):
            yield Finding(f"'{distribution.name}' has no second origin to turn to", distribution)


def _fails_over(group: Mapping[str, Any]) -> bool:
    codes = block(group.get("failoverCriteria")).get("statusCodes")
    return bool(codes) and len(blocks(group.get("members"))) > 1


def judge_shields(world: World, _: NoSettings) -> Iterator[Judgement]:
    """A shield has rules: without, everything is let through by default."""
    for shield in world.of_type(*_SHIELDS):
        rules = shield.inputs.get("rules")
        if rules == UNKNOWN:
            yield Undecided(f"the rules of '{shield.name}' is known only after deployment", shield)
        elif not any(blocks(rules)) and not shield.inputs.get("ruleJson"):
            yield Finding(f"'{shield.name}' has no rules", shield)


def judge_actions(world: World, _: NoSettings) -> Iterator[Judgement]:
    """Every rule of a shield, or of a group of rules, does something when it applies; rules that
    refer to a group leave it to that."""
    for kind, place in _RULES.items():
        for shield in world.of_type(kind):
            idle = [each for each in blocks(shield.inputs.get(place)) if each and not _acts(each)]
            if idle:
                name = idle[0].get("name", idle[0].get("ruleId", "a rule"))
                yield Finding(f"'{shield.name}' does nothing by its rule {name}", shield)


def _acts(each: Mapping[str, Any]) -> bool:
    statement = block(each.get("statement"))
    return bool(
        each.get("action")
        or each.get("overrideAction")
        or any(group in statement for group in _GROUPS)
    )


RULES: tuple[Rule, ...] = (
    rule(
        "no-forged-headers",
        "Load balancers drop headers that are none",
        """Headers that HTTP does not allow are dropped: applications read them in ways that nobody
        planned.""",
        "hands on headers that are none",
        [row(_BALANCER, "dropInvalidHeaderFields", TRUE, "CKV_AWS_131", where=_APPLICATION)],
        guides=("AWS Security Hub ELB.4",),
    ),
    rule(
        "balancers-cross-zones",
        "Load balancers use targets of every zone",
        """Network and gateway load balancers send to targets of all zones: otherwise one zone is
        overrun while another idles.""",
        "uses targets of one zone",
        [row(_BALANCER, "enableCrossZoneLoadBalancing", TRUE, "CKV_AWS_152", where=_OTHERS)],
        severity="advisory",
        category="reliability",
        guides=("Elastic Load Balancing user guide: cross-zone load balancing",),
    ),
    rule(
        "edge-shielded",
        "What the world sees stands behind a shield",
        """Distributions name a web ACL, which can refuse floods and known attacks.""",
        "stands without a shield",
        [row(_DISTRIBUTION, "webAclId", PRESENT, "CKV_AWS_68")],
        severity="advisory",
        guides=("AWS Security Hub CloudFront.6",),
    ),
    rule(
        "edge-root-object",
        "A distribution's root shows one thing",
        """A distribution names what its root shows, so that it never lists what there is.""",
        "has nothing to show at its root",
        [row(_DISTRIBUTION, "defaultRootObject", PRESENT, "CKV_AWS_305")],
        severity="advisory",
        guides=("AWS Security Hub CloudFront.1",),
    ),
    rule(
        "edge-countries",
        "A distribution says which countries it serves",
        """A distribution says whom it serves, or whom not.""",
        "serves every country",
        [
            row(
                _DISTRIBUTION,
                "restrictions.geoRestriction.restrictionType",
                one_of("whitelist", "blacklist"),
                "CKV_AWS_374",
            )
        ],
        severity="advisory",
        guides=("Amazon CloudFront developer guide: restricting the geographic distribution",),
    ),
    Rule(
        "edge-fails-over",
        "Distributions have a second origin",
        "reliability",
        judge_failover,
        "add an origin group with two members and failover_criteria",
        severity="advisory",
        references=("CKV_AWS_310",),
        guides=("AWS Security Hub CloudFront.4",),
        scope="resource",
    ),
    Rule(
        "shields-have-rules",
        "Shields have rules",
        "security",
        judge_shields,
        "add rules, such as the managed AWSManagedRulesCommonRuleSet",
        references=("CKV_AWS_175",),
        guides=("AWS Security Hub WAF.4, WAF.8 and WAF.10",),
        scope="resource",
    ),
    Rule(
        "shields-act",
        "Rules of shields act",
        "security",
        judge_actions,
        "give the rule an action: block, allow or count",
        references=("CKV_AWS_342",),
        guides=("AWS WAF developer guide: rule actions",),
        scope="resource",
    ),
)
