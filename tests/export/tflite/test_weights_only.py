"""Files whose weights alone are rounded, against the network with the same weights."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.reading import read_model
from _edgeship.export.tflite.writer import to_bytes, to_model
from _edgeship.export.verification.rounded_weights import (
    Rounding,
    round_weights,
    to_4_bits,
    to_8_bits,
)
from tests.export.sensitivity.graphs import as_graph, random_network, samples


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    ("scheme", "rounding", "dtype"),
    [("int8-weights", to_8_bits, "int8"), ("int4-weights", to_4_bits, "int4")],
)
def test_the_file_is_the_network_with_rounded_weights(
    seed: int, scheme: str, rounding: Rounding, dtype: str
) -> None:
    graph = as_graph(random_network(seed))
    lowered = lower(graph)
    data = quantize(to_bytes(to_model(lowered.graph, lowered.io, "")), scheme)
    expected = run_onnx(round_weights(graph, rounding), samples())
    session = TFLiteSession(data, lowered.io)
    for sample, outputs in zip(samples(), expected, strict=True):
        for found, one in zip(session.run(sample), outputs, strict=True):
            np.testing.assert_allclose(found, one, rtol=1e-4, atol=1e-4 * np.abs(one).max())
    stored = {tensor.dtype for tensor in read_model(data).subgraphs[0].tensors}
    assert (dtype in stored) == any(node.op_type == "Conv" for node in graph.graph)
