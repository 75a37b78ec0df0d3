"""The ONNX graph with weights as a scheme stores them: the yardstick for packages.

How much noise a network makes of rounded weights depends on the network far more than on the
scheme. ONNX Runtime computes it from weights that were rounded here, by formulas and not by
coremltools, so that a package can be asked to do nearly as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from _edgeship.export.coreml.rounded_weights import rounded
from _edgeship.export.graph.onnx_graph import integer, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.metrics import compare

if TYPE_CHECKING:
    import onnx_ir as ir


def rounded_weights_db(
    graph: ir.Model, samples: Sequence[dict[str, Any]], reference: Outputs, scheme: str
) -> float:
    """Return the SQNR in dB that is left where nothing but the weights is rounded.

    Args:
        graph: The graph that was lowered, with its constants as initializers.
        samples: Input name -> array of the graph's type and shape.
        reference: What the network computes from them.
        scheme: Its name; the weights are rounded to 8 bits where it has no palette.

    Returns:
        Infinity if rounding changed nothing.
    """
    outputs = run_onnx(round_weights(graph, scheme), samples)
    return compare(reference, outputs).sqnr_db


def round_weights(graph: ir.Model, scheme: str) -> bytes:
    """Return the serialized graph with its weights rounded, in float32.

    Args:
        graph: Its constants must be initializers.
        scheme: Its name; the weights are rounded to 8 bits where it has no palette.
    """
    import onnx_ir as ir

    model = ir.from_proto(ir.to_proto(graph))
    for node in model.graph:
        axis = _channel_axis(node)
        weight = node.inputs[1] if axis is not None else None
        if axis is None or weight is None or weight.const_value is None:
            continue
        data = weight.const_value.numpy()
        if data.dtype.kind == "f" and data.ndim > 1:
            weight.const_value = ir.tensor(rounded(data, axis, scheme), name=weight.name)
    return serialize(model)


def _channel_axis(node: ir.Node) -> int | None:
    """Return the axis of the output channels in input 1, if that is a weight."""
    if node.op_type == "Gemm":
        return 0 if integer(node, "transB", 0) else 1
    return {"Conv": 0, "ConvTranspose": 1, "MatMul": -1}.get(node.op_type)
