"""AWS WAF, both generations: lists of rules by the month, and what they are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from domain.costing.context import Context, Coster
from domain.costing.values import block, blocks, text
from domain.usage import Usage

ACL = "aws:wafv2/webAcl:WebAcl"
RULE_GROUP = "aws:wafv2/ruleGroup:RuleGroup"
_SERVICE = "web_firewall"
# Groups that AWS manages and prices apart from the others, by what their name begins with.
_DEARER_GROUPS = {
    "AWSManagedRulesBotControlRuleSet": "bot_control",
    "AWSManagedRulesATPRuleSet": "account_takeover",
    "AWSManagedRulesACFPRuleSet": "account_creation",
}
_UNKNOWN_GROUPS = ("AWSManagedRulesAntiDDoSRuleSet",)


def acl(context: Context) -> Iterator[Usage]:
    """A list, each rule, each group of rules that it refers to, and requests."""
    rules = 0
    groups = 0
    managed: dict[str, int] = {}
    unknown_rules = False
    for rule in blocks(context.get("rules")):
        statement = block(rule.get("statement"))
        kept = block(statement.get("managedRuleGroupStatement"))
        if kept:
            name = _managed_item(kept)
            managed[name] = managed.get(name, 0) + 1
        elif block(statement.get("ruleGroupReferenceStatement")):
            groups += 1
            unknown_rules = unknown_rules or not _group_is_here(context, statement)
        else:
            rules += 1
    yield context.hours(_SERVICE, "acl")
    yield context.hours(_SERVICE, "rule", float(rules))
    yield context.hours(_SERVICE, "rule_group", float(groups))
    if unknown_rules:
        yield context.hours(_SERVICE, "group_rule", None)
    for item, count in sorted(managed.items()):
        if item:
            yield context.hours(_SERVICE, item, float(count))
        else:
            yield context.unpriceable("managed rules", "their vendor sets the price")
    yield context.use(_SERVICE, "requests", "requests", context.quantities.requests)


def separate_rule(context: Context) -> Iterator[Usage]:
    """A rule that is declared apart from its list."""
    yield context.hours(_SERVICE, "rule")


def separate_group(context: Context) -> Iterator[Usage]:
    """A reference to a group of rules that is declared apart from its list."""
    managed = block(context.get("managedRuleGroup"))
    item = _managed_item(managed) if managed else "rule_group"
    if item:
        yield context.hours(_SERVICE, item)
    else:
        yield context.unpriceable("managed rules", "their vendor sets the price")


def rule_group(context: Context) -> Iterator[Usage]:
    """Its rules, in each list that refers to it; the group itself is billed with the list."""
    rules = len(blocks(context.get("rules")))
    lists = sum(1 for _ in context.users(ACL))
    yield context.hours(_SERVICE, "group_rule", float(rules * lists))


def classic_acl(context: Context) -> Iterator[Usage]:
    """A list of the first generation, which names its rules and groups elsewhere."""
    kinds = [text(rule.get("type")) or "REGULAR" for rule in blocks(context.get("rules"))]
    groups = kinds.count("GROUP")
    yield context.hours(_SERVICE, "acl")
    yield context.hours(_SERVICE, "rule", float(len(kinds) - groups))
    yield context.hours(_SERVICE, "rule_group", float(groups))
    if groups:
        yield context.hours(_SERVICE, "group_rule", None)
    yield context.use(_SERVICE, "requests", "requests", context.quantities.requests)


def _managed_item(statement: Mapping[str, Any]) -> str:
    """The item of a managed group; empty where somebody else sets its price."""
    name = text(statement.get("name")) or ""
    if text(statement.get("vendorName")) not in (None, "AWS") or name in _UNKNOWN_GROUPS:
        return ""
    return _DEARER_GROUPS.get(name, "managed_rule_group")


def _group_is_here(context: Context, statement: Mapping[str, Any]) -> bool:
    arn = text(block(statement.get("ruleGroupReferenceStatement")).get("arn"))
    named = context.graph.by_identity.get(arn or "", ())
    return any(other.type == RULE_GROUP for other in named)


COSTERS: dict[str, Coster] = {
    ACL: acl,
    RULE_GROUP: rule_group,
    "aws:wafv2/webAclRule:WebAclRule": separate_rule,
    "aws:wafv2/webAclRuleGroupAssociation:WebAclRuleGroupAssociation": separate_group,
    "aws:waf/webAcl:WebAcl": classic_acl,
    "aws:wafregional/webAcl:WebAcl": classic_acl,
}
