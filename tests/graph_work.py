"""FLOPs of a compiled forward pass, counted from the operations of its graph.

Knows nothing of layers or of our own counts: the shapes of what each product takes and gives
are read from the graph that TensorFlow would run, with a batch of one.
"""

from __future__ import annotations

from math import prod
from typing import Any


def forward_flops(model: Any, kind: Any) -> int:
    """2 per multiply-accumulate of all products and convolutions."""
    import tensorflow as tf

    signature = {
        name: tf.TensorSpec((1, *field.shape), field.dtype) for name, field in kind.features.items()
    }
    graph = tf.function(lambda features: model(features)).get_concrete_function(signature).graph
    return sum(_of(operation) for operation in _operations(graph))


def _operations(graph: Any) -> Any:
    for operation in graph.get_operations():
        yield operation
        for name in ("then_branch", "else_branch", "body", "f"):
            if name in operation.node_def.attr:
                inner = operation.node_def.attr[name].func.name
                if inner:
                    yield from _operations(graph._get_function(inner).graph)


def _of(operation: Any) -> int:
    shapes = [tensor.shape.as_list() for tensor in operation.inputs if tensor.shape.rank]
    match operation.type:
        case "MatMul":
            inner = shapes[0][0] if operation.get_attr("transpose_a") else shapes[0][1]
            return int(2 * prod(operation.outputs[0].shape.as_list()) * inner)
        case "BatchMatMulV2":
            inner = shapes[0][-2] if operation.get_attr("adj_x") else shapes[0][-1]
            return int(2 * prod(operation.outputs[0].shape.as_list()) * inner)
        case "Conv2D":
            return int(2 * prod(operation.outputs[0].shape.as_list()) * prod(shapes[1][:-1]))
        case "Einsum":
            terms = operation.get_attr("equation").decode().split("->")[0].split(",")
            sizes = {
                letter: size
                for term, shape in zip(terms, shapes, strict=True)
                for letter, size in zip(term, shape, strict=True)
            }
            return int(2 * prod(sizes.values()))
    return 0
