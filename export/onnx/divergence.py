"""Find the first value of a file that departs from the graph it was made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import onnx

from _edgeship.export.runtimes.values import Sample
from _edgeship.export.verification.divergence import onnx_values, out_of_tolerance
from _edgeship.export.verification.metrics import compare


@dataclass(frozen=True)
class Divergence:
    """The first value that is out of tolerance.

    Attributes:
        name: The value in the graph.
        op: The kind of the operator that computes it.
        sqnr_db: Signal to quantization noise in dB.
    """

    name: str
    op: str
    sqnr_db: float


def first_divergence(
    graph: bytes, file: bytes, sample: Sample, min_sqnr_db: float | None
) -> Divergence | None:
    """Walk a file's nodes in order and name the first that computes something else.

    Args:
        graph: What the file was made from.
        file: Whose values have the names of the graph's. A value that is quantized is compared
            after that: what was cut off there may have been a Relu's to cut off.
        sample: What both take.
        min_sqnr_db: The SQNR in dB that a value must reach; None for the tolerance of float.

    Returns:
        The first value out of tolerance, or None.

    Raises:
        VerificationError: ONNX Runtime fails.
    """
    known = {name for node in onnx.load_model_from_string(graph).graph.node for name in node.output}
    written = [one for one in _values(onnx.load_model_from_string(file)) if one[1] in known]
    expected = onnx_values(graph, {name for _, name, _ in written}, sample)
    computed = onnx_values(file, {own for own, _, _ in written}, sample)
    for own, name, op in written:
        if computed[own].shape != expected[name].shape:
            return Divergence(name, op, float("-inf"))
        parity = compare([[expected[name]]], [[computed[own]]])
        if out_of_tolerance(parity, min_sqnr_db):
            return Divergence(name, op, parity.sqnr_db)
    return None


def _values(model: onnx.ModelProto) -> Iterator[tuple[str, str, str]]:
    """Yield values in the order they are computed: its name, that in the graph, the operator."""
    makers = {name: node for node in model.graph.node for name in node.output}
    quantized = {node.input[0] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    outputs = {value.name for value in model.graph.output}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            continue
        before = makers.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        if before is not None:
            # The quantizer leaves an output of the file its name and gives its source another.
            source = before.input[0]
            maker = makers.get(source)
            name = node.output[0] if node.output[0] in outputs else source
            yield node.output[0], name, maker.op_type if maker is not None else before.op_type
        else:
            yield from ((name, name, node.op_type) for name in node.output if name not in quantized)
