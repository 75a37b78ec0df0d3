"""Constant matrices on the left of a product of matrices stay in float in some schemes.

The kernels of BATCH_MATMUL take integer weights beside floats, and beside activations of 16 bits,
on the right only.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import constant, kind_of, name_of


def constants_on_the_left(model: Any) -> set[str]:
    """Return the names of the products whose left factor is a constant.

    Args:
        model: The float file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    return {
        name_of(graph.tensors[op.outputs[0]])
        for op in graph.operators
        if kind_of(model, op) == schema.BuiltinOperator.BATCH_MATMUL
        and constant(model, graph.tensors[op.inputs[0]]) is not None
    }
