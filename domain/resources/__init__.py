"""What a Pulumi program declares: the resource graph, and its readers."""

from domain.resources.graph import (
    SECRET,
    STACK_TYPE,
    UNKNOWN,
    Change,
    Operation,
    Resource,
    ResourceGraph,
    Step,
    is_known,
)

__all__ = [
    "SECRET",
    "STACK_TYPE",
    "UNKNOWN",
    "Change",
    "Operation",
    "Resource",
    "ResourceGraph",
    "Step",
    "is_known",
]
