"""AWS without servers: Lambda, Step Functions, AppSync."""

from __future__ import annotations

from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import block, is_list, number, text
from domain.usage import Usage

FUNCTION = "aws:lambda/function:Function"
_MIB = 2.0**20
_USUAL_MEMORY_MIB = 128.0
_FREE_TEMPORARY_MIB = 512.0


def function(context: Context) -> Iterator[Usage]:
    """Calls, and the memory that they hold while they run."""
    running = context.quantities.duration_seconds
    yield context.use("functions", "requests", "requests", context.quantities.requests)
    held = None if running is None else running * _memory_bytes(context)
    yield context.use("functions", f"memory{_processor(context)}", "byte_seconds", held)
    temporary = number(block(context.get("ephemeralStorage")).get("size"))
    if temporary is not None and temporary > _FREE_TEMPORARY_MIB:
        extra = (temporary - _FREE_TEMPORARY_MIB) * _MIB
        held = None if running is None else running * extra
        yield context.use("functions", "temporary.storage", "byte_seconds", held)


def provisioned(context: Context) -> Iterator[Usage]:
    """The memory of the instances that are kept ready, and what runs on them."""
    of = context.referred("functionName", FUNCTION)
    count = number(context.get("provisionedConcurrentExecutions"))
    processor = "" if of is None else _processor(of)
    held = None
    if of is not None and count is not None:
        held = count * _memory_bytes(of)
    yield context.use("functions", "requests", "requests", context.quantities.requests)
    yield context.kept("functions", f"provisioned.memory{processor}", held)
    yield context.use("functions", f"provisioned.running{processor}", "byte_seconds", None)


def _memory_bytes(context: Context) -> float:
    memory = number(context.get("memorySize"))
    return (_USUAL_MEMORY_MIB if memory is None else memory) * _MIB


def _processor(context: Context) -> str:
    named = context.get("architectures")
    return ".arm" if is_list(named) and "arm64" in named else ""


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


COSTERS: dict[str, Coster] = {
    FUNCTION: function,
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": provisioned,
    "aws:sfn/stateMachine:StateMachine": state_machine,
    "aws:appsync/graphQLApi:GraphQLApi": graph_api,
}
