"""Multipliers of products, by the formula of TFLite's kernels."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import helper, numpy_helper, parser

import edgeship
from _edgeship.errors import VerificationError
from _edgeship.export.tflite.multipliers import Multiplier, largest_multiplier
from _edgeship.export.tflite.writer import to_bytes


def convolution(weights: list[float], kind: int = schema.BuiltinOperator.CONV_2D) -> bytes:
    """Return a file with one operator: steps of 0.5 in its input and 0.25 in its result."""
    model, graph, op = schema.ModelT(), schema.SubGraphT(), schema.OperatorT()
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = kind
    graph.tensors = [_tensor(scales) for scales in ([0.5], weights, [0.25])]
    graph.tensors[2].name = b"result"
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
    found = largest_multiplier(convolution([0.01, 3e6]))
    assert found.value == pytest.approx(0.5 * 3e6 / 0.25)
    assert found.result == "result"
    assert found.ends_process
    assert not largest_multiplier(convolution([0.01, 100.0])).ends_process


def test_float_weights_and_other_operators_have_none() -> None:
    assert largest_multiplier(convolution([])) == Multiplier()
    assert largest_multiplier(convolution([1.0], schema.BuiltinOperator.ADD)) == Multiplier()


def test_a_file_that_would_end_the_process_is_never_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    from _edgeship.export.tflite import written_files

    opened = SimpleNamespace(calls=0)

    def count(*given: object) -> None:
        opened.calls += 1

    monkeypatch.setattr(written_files, "TFLiteSession", count)
    worst = written_files.Prepared._worst_db
    assert worst(SimpleNamespace(), convolution([3e6])) == -np.inf  # type: ignore[arg-type]
    assert opened.calls == 0


@pytest.mark.parametrize(
    ("by", "words"),
    [(1e9, "LiteRT cannot compute y in int8"), (1e6, "The litert runtime refuses the file")],
)
def test_a_network_of_one_form_is_refused_in_a_sentence(
    tmp_path: Path, by: float, words: str
) -> None:
    """A channel is nearly dead, and too few samples are there to bring all to one size.

    The first convolution makes numbers of 1 and of 1 / by, and the second one multiplies the latter
    by as much.
    """
    path = tmp_path / "dead.onnx"
    onnx.save(nearly_dead(by), path)
    rng = np.random.default_rng(0)
    with pytest.raises(VerificationError, match=words) as caught:
        edgeship.export(
            path,
            to="tflite",
            quant=("none", "int8"),
            calib={"x": rng.standard_normal((20, 3, 8, 8)).astype(np.float32)},
            out=tmp_path / "out",
        )
    assert caught.value.where.startswith("TFLite int8")
    assert (by > 1e8) == ("calibrate on 64 samples or more" in caught.value.todo)
    assert (tmp_path / "out" / "dead_fp32.tflite").exists()


def test_the_way_out_is_one(tmp_path: Path) -> None:
    """With 64 samples channels are brought to one size, and the same network has an int8 file."""
    path = tmp_path / "dead.onnx"
    onnx.save(nearly_dead(1e9), path)
    rng = np.random.default_rng(0)
    result = edgeship.export(
        path,
        to="tflite",
        quant="int8",
        calib={"x": rng.standard_normal((80, 3, 8, 8)).astype(np.float32)},
        out=tmp_path / "out",
    )
    assert result.file("tflite", "int8").parity.sqnr_db > 25


def nearly_dead(by: float) -> onnx.ModelProto:
    graph = parser.parse_graph(
        """g (float[1,3,8,8] x) => (float[1,4,8,8] y) {
            a = Conv <kernel_shape = [3,3], pads = [1,1,1,1]> (x, w1)
            b = Relu (a)
            y = Conv <kernel_shape = [1,1]> (b, w2)
        }"""
    )
    rng = np.random.default_rng(0)
    first = rng.standard_normal((8, 3, 3, 3)).astype(np.float32)
    second = rng.standard_normal((4, 8, 1, 1)).astype(np.float32)
    first[0] /= by
    second[:, 0] *= by
    graph.initializer.append(numpy_helper.from_array(first, "w1"))
    graph.initializer.append(numpy_helper.from_array(second, "w2"))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
