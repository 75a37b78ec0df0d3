"""What a network may take is looked at before it is taken, and the limits are said."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import onnx
import pytest

from _edgeship.errors import InputError
from _edgeship.export.onnx.file import open_onnx
from _edgeship.export.preparation import budgets
from _edgeship.export.preparation.prepare import prepare
from tests.export.preparation.graphs import int64, model, node, normal


def _refusal(proto: onnx.ModelProto) -> InputError:
    with pytest.raises(InputError) as caught:
        prepare(proto)
    return caught.value


def test_inputs() -> None:
    many = model([node("Add", "a b", "y")], {"a": [2**26, 1], "b": [2**26, 1]}, "y")
    error = _refusal(many)
    assert error.what == "The inputs of the network take 512 MiB; 256 MiB is the most."
    assert error.why == "the inputs are a 67108864x1, b 67108864x1"
    assert error.todo == "give smaller inputs with --input"


def test_outputs_are_looked_at_before_anything_is_run() -> None:
    proto = model([node("Expand", "x s", "y")], {"x": [1, 1]}, "y", {"s": int64(2**13, 2**14)})
    tracemalloc.start()
    error = _refusal(proto)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.what == "The outputs of the network take 512 MiB; 256 MiB is the most."
    assert peak < 2**26


def test_what_an_operator_reads_and_writes() -> None:
    nodes = [node("Expand", "x s", "a"), node("Relu", "a", "b"), node("ReduceMax", "b", "y")]
    proto = model(nodes, {"x": [1, 1]}, "y", {"s": int64(2**14, 2**14)})
    prepare(model(nodes, {"x": [1, 1]}, "y", {"s": int64(2**13, 2**14)}))
    proto.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(np.array([2**14, 2**14 + 2**13], np.int64), "s")
    )
    error = _refusal(proto)
    assert error.what == "The network is too large."
    assert error.why == "its Relu reads and writes 3.0 GiB; 2.0 GiB is the most"
    assert error.where == "node the_b"


def test_multiply_accumulates(monkeypatch: pytest.MonkeyPatch) -> None:
    proto = model([node("MatMul", "x w", "y")], {"x": [2, 3]}, "y", {"w": normal(3, 5)})
    prepare(proto)
    monkeypatch.setattr(budgets, "MOST_MULT_ADDS", 29)
    error = _refusal(proto)
    assert error.why == (
        "its MatMul brings the network to 3.0e+01 multiply-accumulates; 3e+01 is the most"
    )


def test_cubic_interpolation_of_very_many() -> None:
    def resized(columns: int, mode: str) -> onnx.ModelProto:
        nodes = [node("Resize", "x  s", "y", mode=mode)]
        nodes[0].input[:] = ["x", "", "", "s"]
        return model(nodes, {"x": [1, 1, 2, 2]}, "y", {"s": int64(1, 1, 2, columns)})

    prepare(resized(10**6, "linear"))
    prepare(resized(2**14, "cubic"))
    assert _refusal(resized(10**6, "cubic")).why == (
        "its Resize makes 1x1x2x1000000 by cubic interpolation; 16384 an axis is the most"
    )


def test_all_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [node("Relu", "x", "a"), node("Abs", "a", "y")]
    proto = model(nodes, {"x": [1, 1024, 1024]}, "y")
    prepare(proto)
    monkeypatch.setattr(budgets, "MOST_WRITTEN_BYTES", 2**22)
    error = _refusal(proto)
    assert error.why == "its Abs brings what is written to 8 MiB; 4 MiB is the most"


@pytest.mark.parametrize(
    ("shape", "dtype", "why"),
    [
        ([2**31], 1, "its input x has an axis of 2147483648 elements"),
        ([2**20, 2**20], 1, "its input x takes 4,194,304 MiB; 256 MiB is the most"),
        ([1], 99, "its input x has the element type 99, which ONNX does not define"),
        ([1], 8, "its input x holds no numbers"),
    ],
)
def test_a_file_that_is_run_as_it_is(
    tmp_path: Path, shape: list[int], dtype: int, why: str
) -> None:
    proto = model([node("Relu", "x", "y")], {"x": shape}, "y", dtype=dtype)
    path = tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    file = open_onnx(path)
    with pytest.raises(InputError) as caught:
        file.alone()
    assert caught.value.why == why


@pytest.mark.parametrize(
    ("side", "why"), [("input", "it has two inputs called x"), ("output", "an output has no name")]
)
def test_ports_of_a_file_that_is_run_as_it_is(tmp_path: Path, side: str, why: str) -> None:
    proto = model([node("Relu", "x", "y")], {"x": [1]}, "y")
    if side == "input":
        proto.graph.input.append(proto.graph.input[0])
    else:
        proto.graph.output[0].name = ""
    proto.graph.output[0].type.tensor_type.elem_type = 1
    path = tmp_path / "net.onnx"
    path.write_bytes(proto.SerializeToString())
    file = open_onnx(path)
    with pytest.raises(InputError) as caught:
        _ = file.inputs
    assert caught.value.why == why
