"""The scales of a file that was quantized before, as ONNX Runtime's quantizer takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.preparation.given import Given, Scale
from _edgeship.export.preparation.weight_grid import on_grid

#: What makes the zero point of an int8 that of a uint8.
_UNSIGNED = 128


def eight_bits(given: Given | None) -> dict[str, Scale]:
    """Return the scales of 8 bits: name of a value -> its scale."""
    if given is None:
        return {}
    return {name: scale for name, scale in given.activations.items() if scale.bits == 8}


def overrides(given: Given, nodes: Sequence[ir.Node]) -> dict[str, list[dict[str, Any]]]:
    """Return the quantizer's options for activations and weights that have scales already.

    Args:
        given: The scales.
        nodes: What is quantized.
    """
    found = {name: [_activation(scale)] for name, scale in eight_bits(given).items()}
    for node in nodes:
        axis = _output_axis(node)
        weight = node.inputs[1] if axis is not None and len(node.inputs) > 1 else None
        if axis is None or weight is None or weight.const_value is None:
            continue
        grid = on_grid(weight.const_value.numpy(), axis, given.weight_steps)
        found[str(weight.name)] = [_channel(axis, step) for step in grid.steps]
    return found


def keeps_activations(given: Given | None, nodes: Sequence[ir.Node]) -> bool:
    """Return whether a Relu or Clip has a scale that reaches below zero, as symmetric ones do.

    The quantizer takes them out otherwise, since the range that it measures ends where they do.
    """
    scales = eight_bits(given)
    return any(
        scales[str(node.outputs[0].name)].range[0] < 0.0
        for node in nodes
        if node.op_type in ("Relu", "Clip") and node.outputs[0].name in scales
    )


def _activation(scale: Scale) -> dict[str, Any]:
    from onnxruntime.quantization import QuantType

    return {
        "quant_type": QuantType.QUInt8,
        "scale": np.array(scale.step, np.float32),
        "zero_point": np.array(scale.zero_point + _UNSIGNED, np.uint8),
    }


def _channel(axis: int, step: np.float32) -> dict[str, Any]:
    from onnxruntime.quantization import QuantType

    return {
        "axis": axis,
        "quant_type": QuantType.QInt8,
        "scale": np.array(step, np.float32),
        "zero_point": np.array(0, np.int8),
    }


def _output_axis(node: ir.Node) -> int | None:
    """Return the axis of the output channels in the weights of a node, None if it has none."""
    if node.op_type == "Conv":
        return 0
    if node.op_type == "Gemm":
        return 0 if integer(node, "transB", 0) else 1
    return 1 if node.op_type == "MatMul" else None
