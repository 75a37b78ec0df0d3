"""x * HardSigmoid(x) becomes HardSwish(x)."""

from __future__ import annotations

import math

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import real


def fuse_hard_swish(model: ir.Model) -> int:
    """Replace ``Mul(x, HardSigmoid(x))`` with alpha = 1/6 and beta = 1/2, in place.

    This is how ONNX defines HardSwish (operator specification, since opset 14).

    Returns:
        The number of activations fused.
    """
    if model.opset_imports.get("", 0) < 14:
        return 0
    fused = 0
    for node in list(model.graph):
        if node.op_type != "Mul":
            continue
        for x, gate in (node.inputs, node.inputs[::-1]):
            hard = gate.producer() if gate is not None else None
            if x is not None and hard is not None and _is_hard_swish_gate(hard, x):
                _fuse(model.graph, node, x)
                fused += 1
                break
    return fused


def _is_hard_swish_gate(node: ir.Node, x: ir.Value) -> bool:
    if node.op_type != "HardSigmoid" or node.inputs[0] is not x:
        return False
    alpha, beta = real(node, "alpha", 0.2), real(node, "beta", 0.5)
    return math.isclose(alpha, 1 / 6, rel_tol=1e-6) and math.isclose(beta, 0.5, rel_tol=1e-6)


def _fuse(graph: ir.Graph, node: ir.Node, x: ir.Value) -> None:
    swish = ir.node("HardSwish", [x], name=node.name)
    # The gate stays if something else reads it; else it is swept as unused.
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], [swish], node.outputs, swish.outputs
    )
