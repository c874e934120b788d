"""AWS at the edge: CloudFront and Global Accelerator."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import block, blocks, text, truth
from domain.usage import Usage

_DELIVERY = "content_delivery"
_ACCELERATOR = "global_accelerator"
# First part of a region's name → the part of the world that premium prices are told by.
_CONTINENTS = {
    "us": "north_america",
    "ca": "north_america",
    "mx": "north_america",
    "eu": "europe",
    "ap": "asia_pacific",
}
_DESTINATIONS = ("north_america", "europe", "asia_pacific")


def distribution(context: Context) -> Iterator[Usage]:
    """What is delivered and asked, by where; certificates with addresses of their own."""
    stated = context.quantities
    context.note("What CloudFront delivers is taken to go to North America and Europe.")
    yield context.use(_DELIVERY, "internet", "bytes", stated.processed_bytes)
    yield context.use(_DELIVERY, "origin", "bytes", None)
    yield context.use(_DELIVERY, "http_requests", "requests", None)
    yield context.use(_DELIVERY, "https_requests", "requests", stated.requests)
    yield context.use(_DELIVERY, "invalidated_paths", "requests", None)
    behaviours = [
        block(context.get("defaultCacheBehavior")),
        *blocks(context.get("orderedCacheBehaviors")),
    ]
    if any(text(each.get("fieldLevelEncryptionId")) for each in behaviours):
        yield context.use(_DELIVERY, "encrypted_requests", "requests", None)
    if any(text(each.get("realtimeLogConfigArn")) for each in behaviours):
        yield context.use(_DELIVERY, "log_lines", "requests", None)
    shields = [block(each.get("originShield")) for each in blocks(context.get("origins"))]
    if any(truth(shield.get("enabled")) for shield in shields):
        yield context.use(_DELIVERY, "shield_requests", "requests", None)
    if text(block(context.get("viewerCertificate")).get("sslSupportMethod")) == "vip":
        yield context.hours(_DELIVERY, "dedicated_address")


def function(context: Context) -> Iterator[Usage]:
    """Calls of a function at the edge."""
    requests = context.quantities.requests
    yield context.use(_DELIVERY, "function_invocations", "requests", requests)


def accelerator(context: Context) -> Iterator[Usage]:
    """The accelerator by the hour, for as long as it is enabled."""
    enabled = context.written("enabled")
    if enabled is None or truth(enabled):
        yield context.hours(_ACCELERATOR, "hour")


def endpoint_group(context: Context) -> Iterator[Usage]:
    """The premium on what moves between the group's region and parts of the world."""
    region = text(context.get("endpointGroupRegion")) or context.region
    source = _CONTINENTS.get(region.split("-")[0])
    if source is None:
        reason = f"no premium from {region} is known" if region else f"its region is {KNOWN_LATER}"
        yield context.unpriceable("premium on data transfer", reason)
        return
    for destination in _DESTINATIONS:
        yield context.use(_ACCELERATOR, f"{source}.to_{destination}", "bytes", None)


COSTERS: dict[str, Coster] = {
    "aws:cloudfront/distribution:Distribution": distribution,
    "aws:cloudfront/function:Function": function,
    "aws:globalaccelerator/accelerator:Accelerator": accelerator,
    "aws:globalaccelerator/customRoutingAccelerator:CustomRoutingAccelerator": accelerator,
    "aws:globalaccelerator/endpointGroup:EndpointGroup": endpoint_group,
    "aws:globalaccelerator/customRoutingEndpointGroup:CustomRoutingEndpointGroup": endpoint_group,
}
