"""AWS CloudFormation: handlers of resource types that are not AWS's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from domain.costing.context import Context, Coster
from domain.costing.values import text
from domain.usage import Usage

_TYPE = re.compile(r"""["']?Type["']?\s*:\s*["']?([A-Za-z0-9]+)::""")
_FREE_OWNERS = {"AWS", "Alexa", "Custom"}


def stack(context: Context) -> Iterator[Usage]:
    """Operations of third-party handlers, unless the template has none of their types."""
    template = text(context.get("templateBody"))
    owners = set(_TYPE.findall(template)) if template else set()
    context.note("What a CloudFormation template creates is not in this bill.")
    if template and owners <= _FREE_OWNERS:
        return
    yield context.use("infrastructure_code", "operations", "requests", context.quantities.requests)
    yield context.hours("infrastructure_code", "handler", None)


COSTERS: dict[str, Coster] = {
    "aws:cloudformation/stack:Stack": stack,
    "aws:cloudformation/stackSet:StackSet": stack,
}
