"""Amazon Data Firehose: what goes through, is converted, and is delivered into a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from domain.costing.context import Context, Coster
from domain.costing.values import block, is_list, text
from domain.usage import Usage

_SUBNET = "aws:ec2/subnet:Subnet"
_IN_A_NETWORK = (
    "elasticsearchConfiguration",
    "opensearchConfiguration",
    "opensearchserverlessConfiguration",
)


def delivery_stream(context: Context) -> Iterator[Usage]:
    """Data; hours of each zone in which it delivers into a network."""
    ingested = context.quantities.ingested_bytes
    yield context.use("delivery_streams", "ingest", "bytes", ingested)
    bucket = block(context.get("extendedS3Configuration"))
    conversion = block(bucket.get("dataFormatConversionConfiguration"))
    if conversion and conversion.get("enabled") is not False:
        yield context.use("delivery_streams", "format_conversion", "bytes", ingested)
    for key in _IN_A_NETWORK:
        network = block(block(context.get(key)).get("vpcConfig"))
        if network:
            yield context.use("delivery_streams", "vpc.data", "bytes", ingested)
            yield context.hours("delivery_streams", "vpc.zone", _zones(context, network))


def _zones(context: Context, network: Any) -> float | None:
    """How many zones its subnets are in; a subnet of which nothing is known is in its own."""
    subnets = network.get("subnetIds")
    if not is_list(subnets):
        return None
    zones = {
        text(each.get("availabilityZone"))
        for subnet in subnets
        for each in context.graph.by_identity.get(subnet, ())
        if each.type == _SUBNET and text(each.get("availabilityZone"))
    }
    known = sum(
        any(text(each.get("availabilityZone")) for each in context.graph.by_identity.get(one, ()))
        for one in subnets
    )
    return float(len(zones) + len(subnets) - known)


COSTERS: dict[str, Coster] = {
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": delivery_stream
}
