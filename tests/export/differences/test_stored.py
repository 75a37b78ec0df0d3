"""What files store, read by us, is what their own libraries read."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import numpy_helper

from _edgeship.errors import EdgeshipError
from _edgeship.export.checks.opening import open_model
from tests.export.command_line import run, write_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored")
    network = write_network(folder / "net.onnx")
    run(network, "--to", "tflite,onnx,coreml", "--quant", "int8", "--out", folder / "out", "-q")
    return folder / "out"


def test_a_tflite_file(folder: Path) -> None:
    model = open_model(folder / "net_int8.tflite")
    interpreter = Interpreter(str(folder / "net_int8.tflite"))
    interpreter.allocate_tensors()
    details = {one["name"]: one for one in interpreter.get_tensor_details()}
    constants = model.constants()
    assert constants
    for name, values in constants.items():
        assert values.tobytes() == interpreter.get_tensor(details[name]["index"]).tobytes(), name
    scales = model.scales()
    quantized = {
        name: one["quantization"]
        for name, one in details.items()
        if one["quantization"][0] and name not in constants
    }
    assert scales == {name: pytest.approx(pair) for name, pair in quantized.items()}
    assert len(scales) >= 4


def test_an_onnx_file(folder: Path) -> None:
    model = open_model(folder / "net_int8.onnx")
    graph = onnx.load(folder / "net_int8.onnx").graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    constants = model.constants()
    assert set(stored) <= set(constants)
    for name, values in stored.items():
        np.testing.assert_array_equal(constants[name], values)
    nodes = [node for node in graph.node if node.op_type == "QuantizeLinear"]
    assert len(nodes) >= 3
    for node in nodes:
        scale, zero_point = (stored[name].item() for name in node.input[1:3])
        assert model.scales()[node.input[0]] == (pytest.approx(scale), zero_point)


def test_a_package(folder: Path) -> None:
    model = open_model(folder / "net_int8.mlpackage")
    quantized = [one for one in block_of(folder / "net_int8.mlpackage") if one.type == "quantize"]
    assert set(model.scales()) == {one.outputs[0].name for one in quantized}
    assert len(quantized) >= 3
    assert all(scale > 0 for scale, _ in model.scales().values())
    stored = {(values.shape, str(values.dtype)) for values in model.constants().values()}
    assert {((8, 3, 3, 3), "int8"), ((10, 8), "int8")} <= stored


def block_of(path: Path):
    """Return the operations of a package's function main, as protobuf has them."""
    from coremltools.proto import Model_pb2

    spec = Model_pb2.Model()
    spec.ParseFromString((path / "Data/com.apple.CoreML/model.mlmodel").read_bytes())
    [block] = spec.mlProgram.functions["main"].block_specializations.values()
    return block.operations


def damaged(data: bytes, seed: int) -> bytes:
    """Return the bytes with some of them changed."""
    chosen, changed = random.Random(seed), bytearray(data)  # noqa: S311
    for _ in range(chosen.randint(1, 6)):
        changed[chosen.randrange(len(changed))] = chosen.choice((0, 1, 255, chosen.randrange(256)))
    return bytes(changed)


@pytest.mark.parametrize("name", ["net_int8.tflite", "net_int8.onnx"])
def test_damaged_files_are_refused_or_read_and_nothing_else(
    folder: Path, tmp_path: Path, name: str
) -> None:
    data, refused = (folder / name).read_bytes(), 0
    for seed in range(300):
        (tmp_path / name).write_bytes(damaged(data, seed))
        try:
            model = open_model(tmp_path / name)
            json.dumps([model.facts(), list(model.constants()), list(model.scales())])
        except EdgeshipError:
            refused += 1
    assert 0 < refused < 300
