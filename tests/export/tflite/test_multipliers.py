"""Multipliers of products, by the formula of TFLite's kernels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.multipliers import largest_multiplier
from _edgeship.export.tflite.writer import to_bytes


def convolution(weights: list[float], kind: int = schema.BuiltinOperator.CONV_2D) -> bytes:
    """Return a file with one operator: steps of 0.5 in its input and 0.25 in its result."""
    model, graph, op = schema.ModelT(), schema.SubGraphT(), schema.OperatorT()
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    graph.tensors = [_tensor(scales) for scales in ([0.5], weights, [0.25])]
    op.inputs, op.outputs = np.array([0, 1], np.int32), np.array([2], np.int32)
    graph.operators, graph.inputs, graph.outputs = [op], op.inputs[:1], op.outputs
    model.subgraphs, model.operatorCodes, model.buffers = [graph], [code], [schema.BufferT()]
    return bytes(to_bytes(model))


def _tensor(scales: list[float]) -> Any:
    tensor = schema.TensorT()
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = np.array(scales, np.float32) if scales else None
    return tensor


def test_it_is_that_of_the_largest_channel() -> None:
    assert largest_multiplier(convolution([0.01, 3e6])) == pytest.approx(0.5 * 3e6 / 0.25)


def test_float_weights_and_other_operators_have_none() -> None:
    assert largest_multiplier(convolution([])) == 0.0
    assert largest_multiplier(convolution([1.0], schema.BuiltinOperator.ADD)) == 0.0


def test_a_file_that_would_end_the_process_is_never_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from _edgeship.export.tflite import written_files

    opened = SimpleNamespace(calls=0)

    def count(*given: object) -> None:
        opened.calls += 1

    monkeypatch.setattr(written_files, "TFLiteSession", count)
    worst = written_files.Prepared._worst_db
    assert worst(SimpleNamespace(), convolution([3e6])) == -np.inf  # type: ignore[arg-type]
    assert opened.calls == 0
