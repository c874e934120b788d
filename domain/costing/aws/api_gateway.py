"""Amazon API Gateway: REST, HTTP and WebSocket APIs, and caches of stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.costing.context import KNOWN_LATER, Context, Coster
from domain.costing.values import text, truth
from domain.usage import Usage


def rest_api(context: Context) -> Iterator[Usage]:
    """Calls."""
    yield context.use("api_gateway", "rest.requests", "requests", context.quantities.requests)


def stage(context: Context) -> Iterator[Usage]:
    """Its cache, by size."""
    if not truth(context.get("cacheClusterEnabled")):
        return
    size = text(context.get("cacheClusterSize"))
    if size is None:
        yield context.unpriceable("api gateway, cache", f"its size is {KNOWN_LATER}")
    else:
        cache = context.hours("api_gateway", f"cache:{size}")
        yield replace(cache, name=f"api gateway, cache of {size} GB")


def api(context: Context) -> Iterator[Usage]:
    """Calls of an HTTP API; messages and connections of a WebSocket one."""
    requests = context.quantities.requests
    if text(context.get("protocolType")) == "WEBSOCKET":
        yield context.use("api_gateway", "websocket.messages", "requests", requests)
        yield context.use("api_gateway", "websocket.connected", "seconds", None)
    else:
        yield context.use("api_gateway", "http.requests", "requests", requests)


COSTERS: dict[str, Coster] = {
    "aws:apigateway/restApi:RestApi": rest_api,
    "aws:apigateway/stage:Stage": stage,
    "aws:apigatewayv2/api:Api": api,
}
