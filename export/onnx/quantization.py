"""An int8 file in the QDQ format: QuantizeLinear and DequantizeLinear around what is quantized.

Activations are uint8 and weights int8 with a scale per output channel: the one pair of types that
ONNX Runtime's kernels for ARM and for x86 both take, and NNAPI's and QNN's as well. With int8
activations, x86 left two fifths of the convolutions of a ShuffleNet in float.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.onnx_graph import integer, real
from _edgeship.export.onnx.given_scales import keeps_activations, overrides
from _edgeship.export.onnx.index_arithmetic import index_arithmetic
from _edgeship.export.onnx.kernels import KERNELS, WEIGHTS_ONLY
from _edgeship.export.onnx.mixed_outputs import mixed_outputs
from _edgeship.export.onnx.shared_ranges import share_ranges
from _edgeship.export.preparation.given import Given

if TYPE_CHECKING:
    import onnx

_WEIGHTED = ("Conv", "ConvTranspose", "Gemm")


def quantize(
    model: ir.Model, ranges: Ranges, given: Given | None = None, keep: Collection[str] = ()
) -> onnx.ModelProto:
    """Return a graph with integers where ONNX Runtime has kernels for them.

    ONNX Runtime's own quantizer writes it: scale and zero point of an activation from its range,
    weights from ``-127`` to ``127`` with a scale per output channel, and biases as int32 on the
    scale of the sums. A Relu or Clip behind a quantized value becomes the end of its range.

    Args:
        model: In float32, each node with a name of its own; not changed.
        ranges: Name of a value -> measured (min, max).
        given: Scales that the network had before, and is to have again.
        keep: Names of values that are to be computed in float.
    """
    from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType
    from onnxruntime.quantization.calibrate import TensorsData

    apart = mixed_outputs(model, ranges) | index_arithmetic(model)
    apart |= {node for node in model.graph if any(v.name in keep for v in node.outputs)}
    nodes = [node for node in model.graph if _quantizable(node, ranges) and node not in apart]
    proto = ir.to_proto(model)
    if not nodes:  # which would mean all of them to the quantizer
        return proto
    options = _one_scale(nodes)
    if given is not None:
        options = overrides(given, nodes) | options
    bounds = {
        name: (np.float32(low), np.float32(high))
        for name, (low, high) in share_ranges(model, ranges, apart).items()
    }
    quantizer = QDQQuantizer(
        proto,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, bounds),
        nodes_to_quantize=[node.name for node in nodes],
        nodes_to_exclude=[],
        op_types_to_quantize=[*KERNELS, *WEIGHTS_ONLY],
        extra_options={
            "TensorQuantOverrides": options,
            "QDQKeepRemovableActivations": keeps_activations(given, nodes),
        },
    )
    made: onnx.ModelProto = quantizer.quantize_model()
    return made


def _quantizable(node: ir.Node, ranges: Ranges) -> bool:
    """Return whether the quantizer gives a node what its integer kernel demands."""
    if node.op_type not in {**KERNELS, **WEIGHTS_ONLY}:
        return False
    floats = [v for v in (*node.inputs, *node.outputs) if v and v.dtype == ir.DataType.FLOAT]
    if not all(value.const_value is not None or value.name in ranges for value in floats):
        return False
    weights = [value is not None and value.const_value is not None for value in node.inputs]
    if node.op_type in _WEIGHTED and not all(weights[1:]):
        return False
    if node.op_type == "Gemm":
        return _plain(node)
    if node.op_type == "MatMul":
        # The scales of a constant lie along axis 1, and only the second matrix may have them.
        return not weights[0] and (not weights[1] or _rank(node.inputs[1]) == 2)
    if node.op_type == "Resize":
        return _mode(node) == "nearest"
    return True


def _plain(node: ir.Node) -> bool:
    """Return whether a Gemm is a matrix product and a bias for each column, with no factors."""
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    factors = (real(node, "alpha", 1.0), real(node, "beta", 1.0))
    plain = factors == (1.0, 1.0) and not integer(node, "transA", 0)
    return plain and (bias is None or _rank(bias) == 1)


def _one_scale(nodes: list[ir.Node]) -> dict[str, list[dict[str, Any]]]:
    """Return the quantizer's options for weights that get one scale: of grouped ConvTranspose.

    Axis 1 of such weights counts the output channels of one group only.
    """
    return {
        str(weight.name): [{"symmetric": True}]
        for node in nodes
        if node.op_type == "ConvTranspose" and integer(node, "group", 1) > 1
        for weight in node.inputs[1:2]
        if weight is not None
    }


def _rank(value: ir.Value | None) -> int:
    return 0 if value is None or value.shape is None else len(value.shape)


def _mode(node: ir.Node) -> str:
    mode = node.attributes.get("mode")
    return "nearest" if mode is None else mode.as_string()
