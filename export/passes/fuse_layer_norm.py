"""(x - mean) / sqrt(variance + epsilon) over the last axes becomes LayerNormalization."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.passes.formulas import made_by, scalar
from _edgeship.export.passes.new_values import NewValues


def fuse_layer_norm(model: ir.Model) -> int:
    """Replace normalizations that are written out, with the scale and bias behind them, in place.

    The operator is of opset 17. Its scale and bias are constants of the normalized shape.

    Returns:
        The number of normalizations fused.
    """
    if model.opset_imports.get("", 0) < 17:
        return 0
    fused = 0
    for node in list(model.graph):
        if node.op_type not in ("Div", "Mul") or node.graph is None:
            continue
        found = _normalized(node)
        if found is None:
            continue
        _fuse(model.graph, node, *found)
        fused += 1
    return fused


def _normalized(node: ir.Node) -> tuple[ir.Value, int, float] | None:
    """Return x, the first axis and epsilon if a node divides what is centred by its deviation."""
    pairs = [node.inputs] if node.op_type == "Div" else [node.inputs, node.inputs[::-1]]
    for apart, spread in pairs:
        centred = _centred(apart)
        variance = _under_root(spread, inverse=node.op_type == "Mul")
        if centred is None or variance is None:
            continue
        x, axes = centred
        epsilon = _epsilon(variance, x, axes)
        shape = static_shape(x)
        if epsilon is None or shape is None:
            continue
        if axes == list(range(len(shape) - len(axes), len(shape))):
            return x, axes[0], epsilon
    return None


def _centred(value: ir.Value | None) -> tuple[ir.Value, list[int]] | None:
    """Return x and the axes if a value is x - mean(x)."""
    node = made_by(value, "Sub")
    if node is None or node.inputs[0] is None:
        return None
    axes = _mean_axes(node.inputs[1], node.inputs[0])
    return None if axes is None else (node.inputs[0], axes)


def _mean_axes(value: ir.Value | None, x: ir.Value) -> list[int] | None:
    """Return the axes, from 0 and in order, that a value is the mean of x over."""
    node = made_by(value, "ReduceMean")
    shape = static_shape(x)
    if node is None or node.inputs[0] is not x or shape is None or not integer(node, "keepdims", 1):
        return None
    if "axes" in node.attributes:
        axes = list(node.attributes["axes"].as_ints())
    elif len(node.inputs) > 1 and node.inputs[1] is not None:
        if node.inputs[1].const_value is None:
            return None
        axes = node.inputs[1].const_value.numpy().reshape(-1).tolist()
    else:
        return None
    return sorted(axis % len(shape) for axis in axes)


def _under_root(value: ir.Value | None, inverse: bool) -> ir.Value | None:
    """Return v if a value is sqrt(v), or 1 / sqrt(v)."""
    if not inverse:
        node = made_by(value, "Sqrt")
        if node is not None:
            return node.inputs[0]
        node = made_by(value, "Pow")
        return node.inputs[0] if node is not None and scalar(node.inputs[1]) == 0.5 else None
    node = made_by(value, "Reciprocal")
    if node is not None:
        return _under_root(node.inputs[0], inverse=False)
    node = made_by(value, "Div")
    if node is not None and scalar(node.inputs[0]) == 1:
        return _under_root(node.inputs[1], inverse=False)
    node = made_by(value, "Pow")
    return node.inputs[0] if node is not None and scalar(node.inputs[1]) == -0.5 else None


def _epsilon(value: ir.Value, x: ir.Value, axes: list[int]) -> float | None:
    """Return what is added to the variance of x, or None if a value is not such a sum."""
    node = made_by(value, "Add")
    for variance, constant in () if node is None else (node.inputs, node.inputs[::-1]):
        epsilon = scalar(constant)
        mean = made_by(variance, "ReduceMean")
        if epsilon is None or mean is None or mean.inputs[0] is None:
            continue
        square = made_by(mean.inputs[0], "Mul", "Pow")
        if square is None or _centred(square.inputs[0]) != (x, axes):
            continue
        twice = square.op_type == "Mul" and _centred(square.inputs[1]) == (x, axes)
        squared = square.op_type == "Pow" and scalar(square.inputs[1]) == 2
        if (twice or squared) and _mean_axes(variance, mean.inputs[0]) == axes:
            return epsilon
    return None


def _fuse(graph: ir.Graph, node: ir.Node, x: ir.Value, axis: int, epsilon: float) -> None:
    shape = (static_shape(x) or ())[axis:]
    new, name = NewValues(graph), node.outputs[0].name or "layer_norm"
    last, scale = _behind(node, "Mul", shape)
    last, bias = (node, None) if scale is None else _behind(last, "Add", shape)
    if scale is None:
        scale = np.ones(shape, np.float32)
        last, bias = _behind(node, "Add", shape)
    inputs = [x, new.constant(f"{name}_scale", scale)]
    if bias is not None:
        inputs.append(new.constant(f"{name}_bias", bias))
    norm = ir.node(
        "LayerNormalization",
        inputs,
        attributes={"axis": axis, "epsilon": epsilon},
        name=node.name,
    )
    ir.convenience.replace_nodes_and_values(graph, last, [last], [norm], last.outputs, norm.outputs)


def _behind(
    node: ir.Node, op_type: str, shape: tuple[int, ...]
) -> tuple[ir.Node, np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None]:
    """Return the node that alone reads a node's result with a constant, and that constant.

    The node itself, and None, if there is no such node or the constant has another shape.
    """
    output = node.outputs[0]
    uses = output.uses()
    if len(uses) != 1 or output.is_graph_output():
        return node, None
    reader = next(iter(uses)).node
    if reader.op_type != op_type or static_shape(reader.outputs[0]) != static_shape(output):
        return node, None
    constant = reader.inputs[1] if reader.inputs[0] is output else reader.inputs[0]
    if constant is None or constant.const_value is None:
        return node, None
    data = constant.const_value.numpy()
    while data.ndim > len(shape) and data.shape[0] == 1:
        data = data[0]
    if data.ndim > len(shape):
        return node, None
    return reader, np.broadcast_to(data, shape).astype(np.float32)
