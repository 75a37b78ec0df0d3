"""Layers that stay in float: which operators of a file they are, and what these compute in."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.calibration.ranges import Ranges
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.sensitivity.layers import layers_of
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.integer_layout import integer_layout
from _edgeship.export.tflite.kept_layers import kept_tensors, operators_of
from _edgeship.export.tflite.lowering import Lowered, lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.reading import read_model
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from tests.export.sensitivity.graphs import as_graph, bad_network, random_network, samples

#: What stands at the seams, and what only moves elements.
_SEAMS = {"QUANTIZE", "DEQUANTIZE", "CONCATENATION", "SLICE", "STRIDED_SLICE", "RESHAPE", "PAD"}


def _made(graph: object) -> tuple[Lowered, bytes, Ranges]:
    lowered = lower(graph)  # type: ignore[arg-type]
    plain = to_bytes(to_model(lowered.graph, lowered.io, ""))
    layout = integer_layout(lowered.graph, lowered.io, "")
    return lowered, layout.data, layout.ranges(activation_ranges(plain, samples(), lowered.io))


def _float_operators(data: bytes) -> list[str]:
    """Return the kinds of the operators that compute in float."""
    graph = read_model(data).subgraphs[0]
    return [
        op.kind
        for op in graph.operators
        if op.kind not in _SEAMS and graph.tensors[op.outputs[0]].dtype == "float32"
    ]


@pytest.mark.parametrize("seed", range(15))
def test_with_all_layers_in_float_the_file_is_the_network(seed: int) -> None:
    graph = as_graph(random_network(seed))
    lowered, data, ranges = _made(graph)
    values = {value for layer in layers_of(graph) for value in layer.values}
    kept = kept_tensors(from_bytes(data), graph, lowered.trace, values)
    mixed = quantize(data, "int8", ranges, keep=kept)
    computed = [op.kind for op in read_model(mixed).subgraphs[0].operators]
    assert set(_float_operators(mixed)) == set(computed) - _SEAMS
    session = TFLiteSession(mixed, lowered.io)
    # What only moves elements of the input may do so in 8 bits.
    cut = any(
        "image" in {v.name for v in node.inputs if v}
        for node in graph.graph
        if node.op_type in {"Slice", "Concat"}
    )
    for sample, expected in zip(samples(), run_onnx(serialize(graph), samples()), strict=True):
        for found, one in zip(session.run(sample), expected, strict=True):
            limit = (one.max() - one.min()) / 20 if cut else 1e-4
            np.testing.assert_allclose(found, one, atol=limit)


@pytest.mark.parametrize("seed", range(15))
def test_each_layer_alone_leaves_its_own_operators_in_float(seed: int) -> None:
    graph = as_graph(random_network(seed))
    lowered, data, ranges = _made(graph)
    kinds = operators_of(from_bytes(data), graph, lowered.trace)
    plain = _float_operators(quantize(data, "int8", ranges))
    for layer in (one for one in layers_of(graph) if one.nodes):
        kept = kept_tensors(from_bytes(data), graph, lowered.trace, layer.values)
        own = {kind for value in layer.values for kind in kinds.get(value, "").split(", ") if kind}
        further = _float_operators(quantize(data, "int8", ranges, keep=kept))
        for kind in plain:
            further.remove(kind)
        assert set(further) <= own, layer
        assert further or own <= set(plain), layer  # the end of a file may be in float anyway


def test_a_bad_layer_in_float_mends_the_file() -> None:
    graph = as_graph(bad_network())
    lowered, data, ranges = _made(graph)
    reference = run_onnx(serialize(graph), samples())
    names = {"layers.2", "gate2", "mul2", "layers.3"}
    values = {v for layer in layers_of(graph) if layer.name in names for v in layer.values}
    kept = kept_tensors(from_bytes(data), graph, lowered.trace, values)
    errors = []
    for keep in (set(), kept):
        session = TFLiteSession(quantize(data, "int8", ranges, keep=keep), lowered.io)
        found = [session.run(sample)[0] for sample in samples()]
        errors.append(max(np.abs(f - r[0]).max() for f, r in zip(found, reference, strict=True)))
    assert errors[1] < errors[0] / 20
