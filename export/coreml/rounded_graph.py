"""The ONNX graph with weights as a scheme stores them: the yardstick for packages.

How much noise a network makes of rounded weights depends on the network far more than on the
scheme. ONNX Runtime computes it from weights that were rounded here, by formulas and not by
coremltools, so that a package can be asked to do nearly as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from export.coreml.compression import PALETTE_BITS
from export.coreml.palettes import Array, palette
from export.onnx_graph import integer, serialize
from export.verification.metrics import Outputs, compare
from export.verification.runtimes import run_onnx

if TYPE_CHECKING:
    import onnx_ir as ir

_STEPS = 127


def rounded_weights_db(
    graph: ir.Model, samples: Sequence[dict[str, Any]], reference: Outputs, scheme: str
) -> float:
    """Return the SQNR in dB that is left where nothing but the weights is rounded.

    Args:
        graph: The graph that was lowered, with its constants as initializers.
        samples: Input name -> array of the graph's type and shape.
        reference: What the network computes from them.
        scheme: Of those with compressed weights.

    Returns:
        Infinity if rounding changed nothing.
    """
    outputs = run_onnx(round_weights(graph, scheme), samples)
    return compare(reference, outputs).sqnr_db


def round_weights(graph: ir.Model, scheme: str) -> bytes:
    """Return the serialized graph with its weights rounded, in float32.

    Args:
        graph: Its constants must be initializers.
        scheme: Of those with compressed weights.
    """
    import onnx_ir as ir

    rounded = ir.from_proto(ir.to_proto(graph))
    for node in rounded.graph:
        axis = _channel_axis(node)
        weight = node.inputs[1] if axis is not None else None
        if axis is None or weight is None or weight.const_value is None:
            continue
        data = weight.const_value.numpy()
        if data.dtype.kind == "f":
            weight.const_value = ir.tensor(_rounded(data, scheme, axis), name=weight.name)
    return serialize(rounded)


def _channel_axis(node: ir.Node) -> int | None:
    """Return the axis of the output channels in input 1, if that is a weight."""
    if node.op_type == "Gemm":
        return 0 if integer(node, "transB", 0) else 1
    return {"Conv": 0, "ConvTranspose": 1, "MatMul": -1}.get(node.op_type)


def _rounded(weight: Array, scheme: str, axis: int) -> Array:
    if weight.ndim < 2:
        return weight
    if scheme in PALETTE_BITS:
        entries, indices = palette(weight, PALETTE_BITS[scheme], keep_zeros=False)
        by_palette: Array = entries[indices].reshape(weight.shape)
        return by_palette
    others = tuple(other for other in range(weight.ndim) if other != axis % weight.ndim)
    step = np.abs(weight).max(axis=others, keepdims=True) / np.float32(_STEPS)
    step[step == 0] = 1
    linear: Array = (np.rint(weight / step) * step).astype(weight.dtype)
    return linear
