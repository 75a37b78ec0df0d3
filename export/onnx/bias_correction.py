"""Biases of graphs of integers from which the mean of rounding is taken out."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import onnx
import onnx_ir as ir
from onnx import numpy_helper

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.contract.target import Job
from _edgeship.export.equalization.corrected_biases import corrected_if_better
from _edgeship.export.onnx.quantization import quantize
from _edgeship.export.verification.rounded_values import rounded_at


def quantize_corrected(
    model: ir.Model, job: Job, ranges: Ranges, keep: Collection[str] = ()
) -> tuple[onnx.ModelProto, ir.Model]:
    """Return a graph of integers, and that in float: with corrected biases, if that is better.

    Biases of a file that was quantized before stay as they are.

    Args:
        model: As for `quantize`; not changed.
        job: What is exported.
        ranges: As for `quantize`.
        keep: Likewise.
    """
    made = quantize(model, ranges, job.given, keep)
    if job.given:
        return made, model
    bounds, exact = rounded_activations(made), {*keep, *layers_in_float(made)}

    def rounding(graph: ir.Model) -> bytes:
        return rounded_at(graph, bounds, exact)

    found = corrected_if_better(model, rounding, job.samples, job.parts, exact)
    return (made, model) if found is None else (quantize(found, ranges, keep=keep), found)


def rounded_activations(model: onnx.ModelProto) -> Ranges:
    """Return the values that a graph in the QDQ format rounds, with the ranges that it rounds in.

    Args:
        model: With one scale for each activation.
    """
    constants = {one.name: one for one in model.graph.initializer}
    # What is rounded for an output is called otherwise before.
    read = {node.input[0]: node.output[0] for node in model.graph.node}
    outputs = {one.name for one in model.graph.output}
    found: Ranges = {}
    for node in model.graph.node:
        if node.op_type != "QuantizeLinear" or node.input[0] in constants:
            continue
        scale, zero = (numpy_helper.to_array(constants[name]) for name in node.input[1:])
        steps = np.iinfo(zero.dtype)
        low, high = ((end - float(zero)) * float(scale) for end in (steps.min, steps.max))
        result = read.get(node.output[0], "")
        found[result if result in outputs else node.input[0]] = low, high
    return found


def layers_in_float(model: onnx.ModelProto) -> set[str]:
    """Return what layers compute whose weights a graph in the QDQ format does not round."""
    stored = {
        name
        for node in model.graph.node
        if node.op_type == "DequantizeLinear"
        for name in node.output
    }
    return {
        node.output[0]
        for node in model.graph.node
        if node.op_type in ("Conv", "ConvTranspose", "Gemm", "MatMul")
        and node.input[1] not in stored
    }
