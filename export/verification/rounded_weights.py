"""The network with nothing but its weights rounded: the yardstick for quantized files.

How much noise a network makes of rounded weights depends on the network far more than on the
scheme or the target. ONNX Runtime computes it from weights that were rounded here, by a formula
and not by a target's quantizer, so that a file can be asked to do nearly as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import integer, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs, Sample
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parity import Parity
from _edgeship.export.verification.parts import Part

if TYPE_CHECKING:
    import onnx_ir as ir

Array = NDArray[Any]

#: A weight and the axis of its output channels -> the weight as it is stored, in its own type.
Rounding = Callable[[Array, int], Array]

_STEPS = 127
_STEPS_OF_4_BITS = 7


def to_8_bits(weight: Array, axis: int) -> Array:
    """Return a weight on the grid of symmetric int8 with a scale per output channel."""
    return _on_steps(weight, steps_of(weight, axis))


def to_4_bits(weight: Array, axis: int) -> Array:
    """Return a weight on the grid of symmetric int4, -7 to 7, with a scale per output channel."""
    factor = weight.dtype.type(_STEPS / _STEPS_OF_4_BITS)
    return _on_steps(weight, steps_of(weight, axis) * factor)


def _on_steps(weight: Array, step: Array) -> Array:
    step = np.where(step == 0, np.ones_like(step), step)
    rounded: Array = (np.rint(weight / step) * step).astype(weight.dtype)
    return rounded


def steps_of(weight: Array, axis: int) -> Array:
    """Return the distance of two neighbours among the int8 weights of each output channel.

    Returns:
        In the weight's type, with one element for each channel, along ``axis``.
    """
    others = tuple(other for other in range(weight.ndim) if other != axis % weight.ndim)
    steps: Array = np.abs(weight).max(axis=others, keepdims=True) / weight.dtype.type(_STEPS)
    return steps


def rounded_parity(
    graph: ir.Model,
    samples: Sequence[Sample],
    reference: Outputs,
    rounding: Rounding = to_8_bits,
    parts: Sequence[Part] | None = None,
    keep: Collection[str] = (),
) -> Parity:
    """Return how far the network is from itself with its weights rounded, and nothing else.

    Args:
        graph: The rewritten graph, with its constants as initializers.
        samples: What it takes.
        reference: What the network computes from them.
        rounding: What becomes of a weight.
        parts: What of the outputs to compare; the outputs themselves by default.
        keep: Values whose nodes keep the weights that they have.

    Returns:
        Its SQNR is infinite if rounding changed nothing.
    """
    return compare(reference, run_onnx(round_weights(graph, rounding, keep), samples), parts=parts)


def round_weights(
    graph: ir.Model, rounding: Rounding = to_8_bits, keep: Collection[str] = ()
) -> bytes:
    """Return the serialized graph with its weights rounded, in float32.

    Args:
        graph: Its constants must be initializers; it is not changed.
        rounding: What becomes of a weight.
        keep: Values whose nodes keep the weights that they have.
    """
    import onnx_ir as ir

    model = ir.from_proto(ir.to_proto(graph))
    for node in model.graph:
        axis = channel_axis(node)
        weight = node.inputs[1] if axis is not None else None
        if axis is None or weight is None or weight.const_value is None:
            continue
        if any(output.name in keep for output in node.outputs):
            continue
        data = weight.const_value.numpy()
        if data.dtype.kind == "f" and data.ndim > 1:
            weight.const_value = ir.tensor(rounding(data, axis), name=weight.name)
    return serialize(model)


def channel_axis(node: ir.Node) -> int | None:
    """Return the axis of the output channels in input 1, if a node has a weight there."""
    if node.op_type == "Gemm":
        return 0 if integer(node, "transB", 0) else 1
    return {"Conv": 0, "ConvTranspose": 1, "MatMul": -1}.get(node.op_type)
