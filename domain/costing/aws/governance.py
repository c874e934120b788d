"""AWS that watches what is deployed: Config, GuardDuty, Security Hub, Shield, Firewall Manager."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, text
from domain.usage import Usage


def rule(context: Context) -> Iterator[Usage]:
    """Evaluations."""
    yield context.use("config", "evaluations", "requests", context.quantities.requests)


def pack(context: Context) -> Iterator[Usage]:
    """Evaluations of the rules of a conformance pack."""
    yield context.use("config", "pack_evaluations", "requests", context.quantities.requests)


def recorder(context: Context) -> Iterator[Usage]:
    """Changes that are recorded, each of them or once a day."""
    mode = text(block(context.get("recordingMode")).get("recordingFrequency"))
    item = "daily_items" if mode == "DAILY" else "items"
    yield context.use("config", item, "requests", context.quantities.requests)


def detector(context: Context) -> Iterator[Usage]:
    """Events and flows that GuardDuty looks at."""
    yield context.use("threat_detection", "events", "requests", context.quantities.requests)
    yield context.use("threat_detection", "flows", "bytes", context.quantities.processed_bytes)


def hub(context: Context) -> Iterator[Usage]:
    """Checks of Security Hub."""
    yield context.use("security_hub", "checks", "requests", context.quantities.requests)


def shield(context: Context) -> Iterator[Usage]:
    """Shield Advanced, once for an organisation; its data is billed beside."""
    yield context.hours("shield", "subscription")


def firewall_policy(context: Context) -> Iterator[Usage]:
    """A policy of Firewall Manager in a region; what it sets up is billed itself."""
    yield context.hours("firewall_manager", "policy")


def access_analyzer(context: Context) -> Iterator[Usage]:
    """Who has access is free to know; who does not use it is looked up for a fee."""
    if (text(context.get("type")) or "").endswith("UNUSED_ACCESS"):
        yield context.hours("access_analysis", "unused_access_principal", None)


COSTERS: dict[str, Coster] = {
    "aws:cfg/rule:Rule": rule,
    "aws:cfg/organizationCustomRule:OrganizationCustomRule": rule,
    "aws:cfg/organizationCustomPolicyRule:OrganizationCustomPolicyRule": rule,
    "aws:cfg/organizationManagedRule:OrganizationManagedRule": rule,
    "aws:cfg/conformancePack:ConformancePack": pack,
    "aws:cfg/organizationConformancePack:OrganizationConformancePack": pack,
    "aws:cfg/recorder:Recorder": recorder,
    "aws:guardduty/detector:Detector": detector,
    "aws:securityhub/account:Account": hub,
    "aws:shield/subscription:Subscription": shield,
    "aws:fms/policy:Policy": firewall_policy,
    "aws:accessanalyzer/analyzer:Analyzer": access_analyzer,
}
