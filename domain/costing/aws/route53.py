"""Amazon Route 53: zones and resolvers."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import is_list, number, text, truth
from domain.usage import Usage

_FAST_SECONDS = 10


def zone(context: Context) -> Iterator[Usage]:
    """A hosted zone by the month."""
    yield context.hours("dns", "zone")


def resolver(context: Context) -> Iterator[Usage]:
    """Each address of a resolver's endpoint by the hour, and what it is asked."""
    addresses = context.get("ipAddresses")
    count = float(len(addresses)) if is_list(addresses) and addresses else None
    yield context.hours("dns", "resolver_address_hour", count)
    yield context.use("dns", "resolver_requests", "requests", context.quantities.requests)


def health_check(context: Context) -> Iterator[Usage]:
    """A check of an endpoint of AWS by the month, and each of its options."""
    kind = text(context.get("type")) or ""
    options = sum(
        (
            kind.startswith("HTTPS"),
            kind.endswith("STR_MATCH"),
            truth(context.get("measureLatency")),
            number(context.get("requestInterval")) == _FAST_SECONDS,
        )
    )
    context.note("A health check is taken to watch an endpoint in AWS.")
    yield context.hours("dns", "health_check")
    if options:
        yield context.hours("dns", "health_check_option", float(options))


def policy_record(context: Context) -> Iterator[Usage]:
    """A record that follows a traffic policy, by the month."""
    yield context.hours("dns", "traffic_policy_record")


def recovery_cluster(context: Context) -> Iterator[Usage]:
    """A cluster of routing controls by the hour."""
    yield context.hours("dns", "recovery_cluster_hour")


def readiness_check(context: Context) -> Iterator[Usage]:
    """A check of whether a stand-in is ready, by the hour."""
    yield context.hours("dns", "readiness_check_hour")


COSTERS: dict[str, Coster] = {
    "aws:route53/zone:Zone": zone,
    "aws:route53/trafficPolicyInstance:TrafficPolicyInstance": policy_record,
    "aws:route53recoverycontrol/cluster:Cluster": recovery_cluster,
    "aws:route53recoveryreadiness/readinessCheck:ReadinessCheck": readiness_check,
    "aws:route53/healthCheck:HealthCheck": health_check,
    "aws:route53/resolverEndpoint:ResolverEndpoint": resolver,
}
