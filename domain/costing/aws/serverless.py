"""AWS without servers: Lambda, Step Functions, AppSync, HTTP and WebSocket APIs."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage


def function(context: Context) -> Iterator[Usage]:
    """Calls, and the memory that they hold while they run."""
    yield context.use("functions", "requests", "requests", context.quantities.requests)
    yield context.use("functions", "memory", "byte_seconds", None)


def state_machine(context: Context) -> Iterator[Usage]:
    """Transitions of a standard one; calls and memory of an express one."""
    requests = context.quantities.requests
    if text(context.get("type")) == "EXPRESS":
        yield context.use("workflows", "express.requests", "requests", requests)
        yield context.use("workflows", "express.memory", "byte_seconds", None)
    else:
        yield context.use("workflows", "transitions", "requests", requests)


def graph_api(context: Context) -> Iterator[Usage]:
    """Queries."""
    yield context.use("graph_api", "requests", "requests", context.quantities.requests)


def api(context: Context) -> Iterator[Usage]:
    """Calls of an HTTP API; messages and connections of a WebSocket one."""
    requests = context.quantities.requests
    if text(context.get("protocolType")) == "WEBSOCKET":
        yield context.use("api_gateway", "websocket.messages", "requests", requests)
        yield context.use("api_gateway", "websocket.connected", "seconds", None)
    else:
        yield context.use("api_gateway", "http.requests", "requests", requests)


COSTERS: dict[str, Coster] = {
    "aws:lambda/function:Function": function,
    "aws:sfn/stateMachine:StateMachine": state_machine,
    "aws:appsync/graphQLApi:GraphQLApi": graph_api,
    "aws:apigatewayv2/api:Api": api,
}
