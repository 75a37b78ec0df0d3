"""A file that was quantized before becomes a float network, and the scales that it had.

A QuantizeLinear with a DequantizeLinear behind it rounds an activation and cuts it off where its
integers end. Both are taken out. Quantizers leave out a ReLU or ReLU6 in front of a range that
begins at zero, since the range does the same: it is put back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.passes import common

from _edgeship.export.graph.nonnegative import is_nonnegative
from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.preparation.given import Given, Scale, signed_zero_point
from _edgeship.export.preparation.qoperator import EXPANDED, expand_qoperators
from _edgeship.export.preparation.qoperator_dynamic import DYNAMIC, undo_dynamic
from _edgeship.export.preparation.qoperator_moves import move_reals
from _edgeship.export.preparation.quantized_constants import constant, fold_constant

_CONVERSIONS = ("QuantizeLinear", "DequantizeLinear")

#: Where a range that begins at zero may end for a ReLU6: its last step holds 6.
_SIX = 6.0

_NONE = np.zeros(0, np.float32)


def take_scales(model: ir.Model) -> Given | None:
    """Turn a quantized graph into a float one, in place, and return the scales that it had.

    Weights become what their integers stand for, and keep the names of what DequantizeLinear made
    of them. A range is given to the value that a QuantizeLinear read.

    Args:
        model: A graph whose constants are initializers. Types and shapes need not be known.

    Returns:
        The scales; None for a graph that is not quantized.
    """
    if not any(_is_quantized(node) for node in model.graph):
        return None
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    expand_qoperators(model)
    move_reals(model)
    steps = undo_dynamic(model) + _fold_weights(model)
    activations, dropped = _take_pairs(model)
    if not (steps or activations):
        return None
    common.RemoveUnusedNodesPass()(model)
    return Given(activations, np.unique(np.concatenate([*steps, _NONE])), dropped)


def _is_quantized(node: ir.Node) -> bool:
    return node.op_type in (*_CONVERSIONS, *EXPANDED, *DYNAMIC)


def _fold_weights(model: ir.Model) -> list[NDArray[np.float32]]:
    """Compute all weights, and return the scales of those that are not biases."""
    graph, opsets = model.graph, dict(model.opset_imports)
    needed = _constant_ancestors(graph)
    steps: list[NDArray[np.float32]] = []
    for node in list(graph):
        if node not in needed:
            continue
        if node.op_type == "DequantizeLinear":
            data, scale = constant(node.inputs[0]), constant(node.inputs[1])
            if data is not None and scale is not None and data.dtype != np.int32:
                steps.append(scale.astype(np.float32).reshape(-1))
        fold_constant(graph, node, opsets)
    return steps


def _constant_ancestors(graph: ir.Graph) -> set[ir.Node]:
    """Return the nodes that depend on constants only and that lead to a conversion."""
    fixed: set[ir.Node] = set()
    for node in graph:
        known = [
            value is None or value.const_value is not None or value.producer() in fixed
            for value in node.inputs
        ]
        if node.inputs and len(node.outputs) == 1 and all(known):
            fixed.add(node)
    needed: set[ir.Node] = set()
    for node in reversed(list(graph)):
        leads = any(use.node in needed for output in node.outputs for use in output.uses())
        if node in fixed and (node.op_type in _CONVERSIONS or leads):
            needed.add(node)
    return needed


def _take_pairs(model: ir.Model) -> tuple[dict[str, Scale], int]:
    """Take out all pairs of conversions; return value name -> scale, and how many were dropped."""
    graph, new = model.graph, NewValues(model.graph)
    old = model.opset_imports.get("", 1) < 11
    found: dict[ir.Value, Scale] = {}
    clips: dict[ir.Value, ir.Value] = {}  # value -> what a new ReLU makes of it
    dropped = 0
    for node in list(graph):
        scale = _scale(node) if node.op_type == "QuantizeLinear" else None
        readers = dict.fromkeys(use.node for use in node.outputs[0].uses())
        pairs = [reader for reader in readers if _undoes(reader, node)]
        if scale is not None and node.outputs[0].is_graph_output() and not pairs:
            found.setdefault(_required(node.inputs[0]), scale)  # it stays, as the network's end
        if scale is None or not pairs:
            continue
        kept = _clipped(graph, new, clips, node, scale, old)
        if kept in found and _cuts(scale, found[kept]):
            kept = _clip(graph, new, node, kept, scale.range, old)
        dropped += kept in found and found[kept] != scale
        found.setdefault(kept, scale)
        for pair in pairs:
            _replace(graph, pair.outputs[0], kept, node)
            graph.remove(pair, safe=True)
        if not node.outputs[0].uses() and not node.outputs[0].is_graph_output():
            graph.remove(node, safe=True)
    return {str(value.name): scale for value, scale in found.items()}, dropped


def _required(value: ir.Value | None) -> ir.Value:
    if value is None:
        raise ValueError("a QuantizeLinear without an input")
    return value


def _scale(node: ir.Node) -> Scale | None:
    """Return the scale of a QuantizeLinear: None if there are several, or integers of 4 bits."""
    step, zero = (constant(value) for value in (*node.inputs[1:], None)[:2])
    if step is None or step.size != 1 or (len(node.inputs) > 2 and zero is None):
        return None
    if zero is not None:
        dtype, offset = zero.dtype, int(zero.reshape(-1)[0]) if zero.size == 1 else None
    else:
        code = integer(node, "output_dtype", 0)
        dtype, offset = np.dtype(ir.DataType(code).numpy() if code else np.uint8), 0
    positive = np.isfinite(step).all() and (step > 0).all()
    if offset is None or dtype.kind not in "iu" or dtype.itemsize > 2 or not positive:
        return None
    return Scale(
        np.float32(step.reshape(-1)[0]), signed_zero_point(offset, dtype), 8 * dtype.itemsize
    )


def _undoes(reader: ir.Node, node: ir.Node) -> bool:
    """Return whether a node is a DequantizeLinear by the very scale of a QuantizeLinear."""
    if reader.op_type != "DequantizeLinear" or reader.inputs[0] is not node.outputs[0]:
        return False
    for index in (1, 2):
        ours, theirs = (
            constant(one.inputs[index]) if index < len(one.inputs) else None
            for one in (node, reader)
        )
        same = np.array_equal(0 if ours is None else ours, 0 if theirs is None else theirs)
        if not same and not (ours is not None and theirs is not None and _equal(ours, theirs)):
            return False
    return True


def _equal(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.size == b.size == 1 and a.item() == b.item()


def _clipped(
    graph: ir.Graph,
    new: NewValues,
    clips: dict[ir.Value, ir.Value],
    node: ir.Node,
    scale: Scale,
    old: bool,
) -> ir.Value:
    """Return a value that the range does not cut off at zero, with a new ReLU if need be.

    Args:
        graph: Where the ReLU goes.
        new: Names for it.
        clips: The ReLUs added before, which are used again.
        node: The QuantizeLinear.
        scale: That it has.
        old: Whether bounds of a Clip are attributes.
    """
    source, (low, high) = _required(node.inputs[0]), scale.range
    if low < 0.0 or is_nonnegative(source):
        return source
    if source in clips:
        return clips[source]
    six = abs(high - _SIX) < float(scale.step)
    clips[source] = _clip(graph, new, node, source, (0.0, _SIX) if six else None, old)
    return clips[source]


def _cuts(scale: Scale, first: Scale) -> bool:
    """Return whether a range cuts off more than half a step of one that was there before."""
    (low, high), (first_low, first_high) = scale.range, first.range
    half = float(first.step) / 2
    return low > first_low + half or high < first_high - half


def _clip(
    graph: ir.Graph,
    new: NewValues,
    node: ir.Node,
    source: ir.Value,
    bounds: tuple[float, float] | None,
    old: bool,
) -> ir.Value:
    """Put a Clip, or a Relu where there are no bounds, in front of a node."""
    if bounds is None:
        clip = ir.node("Relu", [source])
    elif old:
        clip = ir.node("Clip", [source], {"min": bounds[0], "max": bounds[1]})
    else:
        ends = [new.constant(f"{source.name}_bound", np.array(end, np.float32)) for end in bounds]
        clip = ir.node("Clip", [source, *ends])
    clip.outputs[0].name = new.name(f"{source.name}_clipped")
    clip.outputs[0].type, clip.outputs[0].shape = source.type, source.shape
    graph.insert_before(node, clip)
    return clip.outputs[0]


def _replace(graph: ir.Graph, old: ir.Value, new: ir.Value, node: ir.Node) -> None:
    """Let one value take the place of another; a graph's output keeps its name."""
    if not old.is_graph_output():
        old.replace_all_uses_with(new)
        return
    if new.is_graph_input() or new.is_graph_output() or new.is_initializer():
        copy = ir.node("Identity", [new])
        copy.outputs[0].type, copy.outputs[0].shape = old.type, old.shape
        graph.insert_before(node, copy)
        new = copy.outputs[0]
    if new.shape is None:
        new.shape = old.shape
    if new.type is None:
        new.type = old.type
    name = old.name
    old.replace_all_uses_with(new, replace_graph_outputs=True)
    old.name, new.name = f"{name}_rounded", name
