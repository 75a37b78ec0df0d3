"""The constants of an ONNX graph whose channels are scaled, so that it computes what it did."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.passes import common

from _edgeship.export.equalization.channel_classes import ABSORBING, JOINT
from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.passes.channel_moves import constant
from _edgeship.export.passes.new_values import NewValues

Scales = NDArray[np.float64]
Weights = NDArray[np.float64]


def absorb_scales(model: ir.Model, scales: Mapping[str, Scales]) -> ir.Model:
    """Return a copy of a graph in which the elements of activations are multiplied.

    Args:
        model: The graph, which stays as it is.
        scales: Name of a value -> the factor of each element, in the form of the labels that
            `channel_classes` gives: one factor for all elements of a class, and 1 for those that
            are fixed. Values that are not named keep their scale.
    """
    result = ir.from_proto(ir.to_proto(model))
    values = NewValues(result.graph)
    for node in result.graph:
        if node.op_type in ABSORBING:
            _absorb(node, scales, values)
        elif node.op_type in JOINT:
            _scale_constants(node, scales.get(str(node.outputs[0].name)), values)
    common.RemoveUnusedNodesPass()(result)
    return result


def in_groups(node: ir.Node, weights: Weights) -> Weights:
    """Return the weights of an absorbing node as (groups, outputs, taps, inputs of each group)."""
    if node.op_type in ("Gemm", "MatMul"):
        rows = weights if integer(node, "transB", 0) else weights.T
        return rows.reshape(1, rows.shape[0], 1, rows.shape[1])
    groups = integer(node, "group", 1)
    by_group: Weights = weights.reshape(groups, weights.shape[0] // groups, weights.shape[1], -1)
    order = (0, 2, 3, 1) if node.op_type == "ConvTranspose" else (0, 1, 3, 2)
    grouped: Weights = by_group.transpose(order)
    return grouped


def _out_of_groups(node: ir.Node, grouped: Weights, shape: tuple[int, ...]) -> Weights:
    if node.op_type in ("Gemm", "MatMul"):
        rows = grouped.reshape(grouped.shape[1], grouped.shape[3])
        return rows if integer(node, "transB", 0) else rows.T
    order = (0, 3, 1, 2) if node.op_type == "ConvTranspose" else (0, 1, 3, 2)
    weights: Weights = grouped.transpose(order).reshape(shape)
    return weights


def _absorb(node: ir.Node, scales: Mapping[str, Scales], values: NewValues) -> None:
    source = scales.get(str(node.inputs[0].name)) if node.inputs[0] is not None else None
    result = scales.get(str(node.outputs[0].name))
    weights = constant(node.inputs[1])
    if weights is None or (source is None and result is None):
        return
    grouped = in_groups(node, np.asarray(weights, np.float64))
    groups, outputs, _, inputs = grouped.shape
    if source is not None:
        each = np.broadcast_to(source.reshape(-1), groups * inputs)
        grouped = grouped / each.reshape(groups, 1, 1, inputs)
    if result is not None:
        each = np.broadcast_to(result.reshape(-1), groups * outputs)
        grouped = grouped * each.reshape(groups, outputs, 1, 1)
        bias = constant(node.inputs[2]) if len(node.inputs) > 2 else None
        if bias is not None:
            _write(node, 2, np.asarray(bias, np.float64) * each, values)
    _write(node, 1, _out_of_groups(node, grouped, weights.shape), values)


def _scale_constants(node: ir.Node, scales: Scales | None, values: NewValues) -> None:
    for place, value in enumerate(node.inputs):
        data = None if scales is None else constant(value)
        if data is not None and scales is not None:
            _write(node, place, np.asarray(data, np.float64) * scales, values)


def _write(node: ir.Node, place: int, data: Weights, values: NewValues) -> None:
    """Change a constant of a node; if others read it as well, give it one of its own."""
    value = node.inputs[place]
    if value is None:
        raise ValueError("a constant is missing")
    if len(value.uses()) == 1 and value.shape is not None and data.shape == tuple(value.shape):
        value.const_value = ir.tensor(data.astype(np.float32), name=value.name)
    else:
        node.replace_input_with(place, values.constant(str(value.name), data.astype(np.float32)))
