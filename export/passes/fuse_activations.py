"""Activations that are written out become the operators that they are."""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.passes.formulas import factors, is_close, is_polynomial, made_by, scalar

#: What takes the place of a value: an operator, its input and its attributes.
_Found = tuple[str, ir.Value, dict[str, Any]]


def fuse_activations(model: ir.Model) -> int:
    """Replace Softplus, Mish, HardSigmoid and HardSwish that are computed step by step, in place.

    log(e^x + 1) is Softplus; x tanh(Softplus(x)), Mish; x + 3 between 0 and 6, by 6, HardSigmoid,
    and times x, HardSwish. What the steps compute is left where something else reads it.

    Returns:
        The number of activations fused.
    """
    opset = model.opset_imports.get("", 0)
    fused = 0
    for node in list(model.graph):
        found = _softplus(node) if node.op_type == "Log" else None
        if node.op_type in ("Mul", "Div"):
            found = (_mish(node) if opset >= 18 else None) or _hard(node, opset)
        if found is not None:
            _replace(model.graph, node, *found)
            fused += 1
    return fused


def _softplus(node: ir.Node) -> _Found | None:
    total = made_by(node.inputs[0], "Add")
    for grown, one in () if total is None else (total.inputs, total.inputs[::-1]):
        exponential = made_by(grown, "Exp")
        if exponential is not None and scalar(one) == 1 and exponential.inputs[0] is not None:
            return "Softplus", exponential.inputs[0], {}
    return None


def _mish(node: ir.Node) -> _Found | None:
    share, parts = factors(node.outputs[0])
    if share != 1 or len(parts) != 2:
        return None
    for x, gate in (parts, parts[::-1]):
        bent = made_by(gate, "Tanh")
        inner = None if bent is None else made_by(bent.inputs[0], "Softplus")
        if inner is not None and inner.inputs[0] is x:
            return "Mish", x, {}
    return None


def _hard(node: ir.Node, opset: int) -> _Found | None:
    """Return a HardSigmoid, or a HardSwish, that ends in a node."""
    share, parts = factors(node.outputs[0])
    if not is_close(share, 1 / 6):
        return None
    if len(parts) == 1:
        x = _shifted(parts[0])
        return None if x is None else ("HardSigmoid", x, {"alpha": 1 / 6, "beta": 0.5})
    if len(parts) == 2 and opset >= 14:
        for x, gate in (parts, parts[::-1]):
            if _shifted(gate) is x:
                return "HardSwish", x, {}
    return None


def _shifted(value: ir.Value) -> ir.Value | None:
    """Return x if a value is x + 3 between 0 and 6."""
    clip = made_by(value, "Clip")
    if clip is None or clip.inputs[0] is None or len(clip.inputs) < 3:
        return None
    if scalar(clip.inputs[1]) != 0 or scalar(clip.inputs[2]) != 6:
        return None
    total = made_by(clip.inputs[0], "Add")
    for x in () if total is None else total.inputs:
        if x is not None and x.const_value is None:
            return x if is_polynomial(clip.inputs[0], x, {0: 3.0, 1: 1.0}) else None
    return None


def _replace(
    graph: ir.Graph, node: ir.Node, op_type: str, x: ir.Value, attributes: dict[str, Any]
) -> None:
    new = ir.node(op_type, [x], attributes=attributes, name=node.name)
    ir.convenience.replace_nodes_and_values(graph, node, [node], [new], node.outputs, new.outputs)
