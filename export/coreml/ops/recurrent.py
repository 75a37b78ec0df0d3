"""Recurrent layers over sequences of known length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context, Operand
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array

#: ONNX's activations without parameters -> MIL's.
_ACTIVATIONS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu"}

#: Where MIL's gates (input, forget, output, cell) are among ONNX's (input, output, forget, cell).
_GATES = (0, 2, 1, 3)


@dataclass(frozen=True)
class _Layer:
    """What the two recurrent operators of MIL take.

    Attributes:
        x: (sequence, batch, input), in the order in which it is read.
        weights: For each direction, the matrices for the input and for the state, and the bias.
        state: Kind ("h" or "c") -> its first value, (batch, directions * hidden).
        reverse: Whether the sequence is read backwards, and in this direction alone.
    """

    x: Operand
    weights: list[tuple[Array, Array, Array]]
    state: dict[str, Operand]
    reverse: bool


@lowers("LSTM")
def lstm(ctx: Context, node: ir.Node) -> None:
    """MIL's lstm, forward or in both directions; backwards between two reverses.

    Clipping, peepholes and coupled gates are left to simpler operators: MIL's documentation does
    not say in full what they do.
    """
    _demand_plain(ctx, node)
    if attributes.integer(node, "input_forget", 0):
        raise Unsupported("LSTM with coupled input and forget gates")
    kinds = _activations(node, ["Sigmoid", "Tanh", "Tanh"])
    layer = _layer(ctx, node, _GATES, {"h": 5, "c": 6})
    inputs: dict[str, Operand] = {}
    for suffix, (matrix, hidden, bias) in zip(("", "_back"), layer.weights, strict=False):
        inputs[f"weight_ih{suffix}"] = matrix
        inputs[f"weight_hh{suffix}"] = hidden
        inputs[f"bias{suffix}"] = bias
    results = ctx.temporary(
        "lstm",
        f"{_name(node)}_lstm",
        x=layer.x,
        initial_h=layer.state["h"],
        initial_c=layer.state["c"],
        direction="bidirectional" if len(layer.weights) == 2 else "forward",
        output_sequence=True,
        recurrent_activation=kinds[0],
        cell_activation=kinds[1],
        activation=kinds[2],
        **inputs,
    )
    _bind_results(ctx, node, layer, results)


@lowers("RNN")
def rnn(ctx: Context, node: ir.Node) -> None:
    """MIL's rnn, for one direction; backwards between two reverses."""
    _demand_plain(ctx, node)
    (kind,) = _activations(node, ["Tanh"])
    layer = _layer(ctx, node, (0,), {"h": 5})
    if len(layer.weights) == 2:
        raise Unsupported("RNN in both directions; MIL's goes in one")
    ((matrix, hidden, bias),) = layer.weights
    results = ctx.temporary(
        "rnn",
        f"{_name(node)}_rnn",
        x=layer.x,
        initial_h=layer.state["h"],
        weight_ih=matrix,
        weight_hh=hidden,
        bias=bias,
        output_sequence=True,
        activation=kind,
    )
    _bind_results(ctx, node, layer, results)


def _demand_plain(ctx: Context, node: ir.Node) -> None:
    """Refuse what MIL's operators do not have, or leave open.

    Raises:
        Unsupported: The node clips, has peepholes, or sequences of several lengths.
    """
    if "clip" in node.attributes:
        raise Unsupported(f"{node.op_type} with clip")
    if attributes.optional_input(node, 7) is not None:
        raise Unsupported(f"{node.op_type} with peepholes")
    lengths = attributes.optional_input(node, 4)
    if lengths is not None:
        data = ctx.required_constant(lengths, "the lengths of sequences")
        if (data != _sequence(ctx, node)).any():
            raise Unsupported(f"{node.op_type} of sequences of several lengths")


def _activations(node: ir.Node, default: Sequence[str]) -> list[str]:
    """Return MIL's names of the functions, which are the same in all directions.

    Raises:
        Unsupported: MIL has not all of them, or they differ between directions.
    """
    given = node.attributes.get("activations")
    names = list(default) if given is None else [str(name) for name in given.as_strings()]
    parts = [names[i : i + len(default)] for i in range(0, len(names), len(default))]
    found = [_ACTIVATIONS.get(name.lower(), "") for name in parts[0]]
    if any(part != parts[0] for part in parts) or not all(found):
        raise Unsupported(f"{node.op_type} with the activations {', '.join(names)}")
    return found


def _layer(ctx: Context, node: ir.Node, gates: Sequence[int], states: dict[str, int]) -> _Layer:
    x = ctx.read(attributes.source(node))
    name = _name(node)
    if _batch_first(node):
        x = ctx.temporary("transpose", f"{name}/sequence_first", x=x, perm=(1, 0, 2))
    direction = attributes.text(node, "direction", "forward")
    if direction == "reverse":
        x = ctx.temporary("reverse", f"{name}/backwards", x=x, axes=[0])
    matrices = ctx.required_constant(attributes.source(node, 1), f"the weight of {node.op_type}")
    hidden = ctx.required_constant(attributes.source(node, 2), f"the weight of {node.op_type}")
    biases = ctx.constant(attributes.optional_input(node, 3))
    if biases is None:
        if attributes.optional_input(node, 3) is not None:
            ctx.required_constant(node.inputs[3], f"the bias of {node.op_type}")
        biases = np.zeros((len(matrices), 2 * matrices.shape[1]), np.float32)
    summed = biases[:, : matrices.shape[1]] + biases[:, matrices.shape[1] :]
    weights = [
        (_reordered(w, gates), _reordered(r, gates), _reordered(b, gates))
        for w, r, b in zip(matrices, hidden, summed, strict=True)
    ]
    size = hidden.shape[2]
    first = {
        kind: _first_state(ctx, node, index, size, f"{name}/{kind}")
        for kind, index in states.items()
    }
    return _Layer(x, weights, first, direction == "reverse")


def _reordered(data: Array, gates: Sequence[int]) -> Array:
    """Return a weight or bias with the rows of its gates in another order."""
    parts = np.split(data, len(gates))
    return np.concatenate([parts[gate] for gate in gates])


def _first_state(ctx: Context, node: ir.Node, index: int, size: int, name: str) -> Operand:
    """Return a first state, (batch, directions * size), from ONNX's; zeros where none is given."""
    directions = 2 if attributes.text(node, "direction", "forward") == "bidirectional" else 1
    extents = ctx.shape(attributes.source(node))
    batch = extents[0] if _batch_first(node) else extents[1]
    given = attributes.optional_input(node, index)
    if given is None:
        return np.zeros((batch, directions * size), np.float32)
    data = ctx.constant(given)
    if data is not None:
        turned = data if _batch_first(node) else data.transpose(1, 0, 2)
        return np.ascontiguousarray(turned).reshape(batch, directions * size)
    state = ctx.read(given)
    if not _batch_first(node):
        state = ctx.temporary("transpose", f"{name}/batch_first", x=state, perm=(1, 0, 2))
    return ctx.temporary("reshape", f"{name}/flat", x=state, shape=(batch, directions * size))


def _bind_results(ctx: Context, node: ir.Node, layer: _Layer, results: Sequence[Any]) -> None:
    """Bind all states, and the last of each kind, in the layout that ONNX gives them."""
    outputs = [*node.outputs, *[None] * 3][: len(results)]
    for number, (output, result) in enumerate(zip(outputs, results, strict=True)):
        if output is None or not (output.uses() or output.is_graph_output()):
            continue
        name = str(output.name)
        directions = len(layer.weights)
        if number == 0 and layer.reverse:
            result = ctx.temporary("reverse", f"{name}/forwards", x=result, axes=[0])
        *before, wide = result.shape
        split = (*before, directions, wide // directions)
        parted = ctx.temporary("reshape", f"{name}/directions", x=result, shape=split)
        order: tuple[int, ...]
        if number:  # (batch, directions, hidden)
            order = (0, 1, 2) if _batch_first(node) else (1, 0, 2)
        else:  # (sequence, batch, directions, hidden)
            order = (1, 0, 2, 3) if _batch_first(node) else (0, 2, 1, 3)
        ctx.emit("transpose", output, x=parted, perm=order)


def _sequence(ctx: Context, node: ir.Node) -> int:
    return ctx.shape(attributes.source(node))[1 if _batch_first(node) else 0]


def _batch_first(node: ir.Node) -> bool:
    return bool(attributes.integer(node, "layout", 0))


def _name(node: ir.Node) -> str:
    return next((output.name for output in node.outputs if output.name), node.op_type)
