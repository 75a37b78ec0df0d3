"""x (1 + erf(x / sqrt 2)) / 2, computed in whatever order, becomes Gelu; so does its tanh form.

The operator is of opset 20, whatever the graph says of itself: this is for targets that read it by
its name, and not for files that are to be ONNX.
"""

from __future__ import annotations

import math

import onnx_ir as ir

from _edgeship.export.passes.formulas import factors, is_close, is_polynomial, made_by, scalar

_CUBE = 0.044715
_INNER = {
    "Erf": {1: math.sqrt(0.5)},
    "Tanh": {1: math.sqrt(2 / math.pi), 3: math.sqrt(2 / math.pi) * _CUBE},
}


def fuse_gelu(model: ir.Model) -> int:
    """Replace products that are a GELU, in place.

    Returns:
        The number of activations fused.
    """
    fused = 0
    for node in list(model.graph):
        found = _gelu(node) if node.op_type in ("Mul", "Div") else None
        if found is None:
            continue
        x, kind = found
        gelu = ir.node(
            "Gelu",
            [x],
            attributes={"approximate": "tanh" if kind == "Tanh" else "none"},
            name=node.name,
        )
        ir.convenience.replace_nodes_and_values(
            model.graph, node, [node], [gelu], node.outputs, gelu.outputs
        )
        fused += 1
    return fused


def _gelu(node: ir.Node) -> tuple[ir.Value, str] | None:
    """Return the input and the inner function of the GELU that a node ends, or None."""
    share, parts = factors(node.outputs[0])
    if len(parts) != 2:
        return None
    for x, gate in (parts, parts[::-1]):
        found = _gate(gate, x)
        if found is not None and is_close(share * found[0], 0.5):
            return x, found[1]
    return None


def _gate(gate: ir.Value, x: ir.Value) -> tuple[float, str] | None:
    """Return s and the kind f of a gate s (1 + f(...x...)), or None."""
    node = made_by(gate, "Add")
    for bent, constant in () if node is None else (node.inputs, node.inputs[::-1]):
        offset = scalar(constant)
        if bent is None or offset is None:
            continue
        share, parts = factors(bent)
        inner = made_by(parts[0], *_INNER) if len(parts) == 1 else None
        if inner is None or inner.inputs[0] is None or not is_close(share, offset):
            continue
        # The value itself may be a product: it is compared before it is taken apart.
        if is_polynomial(inner.inputs[0], x, _INNER[inner.op_type]):
            return share, inner.op_type
    return None
