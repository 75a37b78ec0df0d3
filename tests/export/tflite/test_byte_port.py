"""Files that take bytes, against ONNX Runtime on the normalised picture."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.calibration.preprocess import Preprocess, normalize
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.runtimes.tflite_session import from_file
from _edgeship.export.tflite import byte_port
from _edgeship.export.tflite.building.graph import Array
from _edgeship.export.tflite.byte_input import take_bytes
from _edgeship.export.tflite.byte_scale import byte_scale
from _edgeship.export.tflite.calibrate import activation_ranges
from _edgeship.export.tflite.inspection import inspect
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from tests.export.tflite.small_graphs import kinds, run_plain, sqnr_db
from tests.export.tflite.test_byte_input import BGR, CASES, HALVES, IMAGENET, WHOLE, picture

#: SQNR in dB that one layer keeps; of int8, with the picture itself rounded to bytes as well.
FLOORS = {"none": 90, "fp16": 55, "dynamic": 28, "int8": 28, "int16x8": 35}


def written(
    name: str, preprocess: Preprocess, scheme: str, io_dtype: str = "float32"
) -> tuple[bytes, FileIO, list[Array], list[Array]]:
    """A file that takes bytes, its ports, bytes of pictures, and what the network computes."""
    case = CASES[name]
    graph = case.model(0)
    pixels = [picture(case.shape, case.axis, seed) for seed in range(6)]
    expected = []
    for each in pixels:
        first = np.moveaxis(each, case.axis, 0)
        network = normalize(first[::-1] if preprocess.bgr else first, preprocess)
        given = np.ascontiguousarray(np.moveaxis(network, 0, case.axis))
        expected.append(run_onnx(serialize(graph), [{"x": given}])[0][0])
    scale = byte_scale(preprocess)
    take_bytes(graph.graph, graph.graph.inputs[0], scale, case.axis, fixed_batch=True)
    nhwc = ["x"] if case.axis != 1 else []
    lowered = lower(graph, nhwc=nhwc)
    data = to_bytes(to_model(lowered.graph, lowered.io, "small"))
    ranges = activation_ranges(data, [{"x": scale.centred(each)} for each in pixels], lowered.io)
    ranges = {**ranges, "x": byte_port.range_of_bytes(scale)}
    data = quantize(data, scheme, ranges, io_dtype)
    [port] = lowered.io.inputs
    last = port.perm.index(case.axis) == len(port.perm) - 1
    data = byte_port.take_bytes(data, scale, last)
    return data, lowered.io, [each.transpose(port.perm) for each in pixels], expected


@pytest.mark.parametrize(
    ("preprocess", "scheme"),
    [*((BGR, scheme) for scheme in FLOORS), (HALVES, "none"), (HALVES, "int8"), (WHOLE, "int8")],
)
@pytest.mark.parametrize("name", CASES)
def test_files_take_bytes(name: str, preprocess: Preprocess, scheme: str) -> None:
    data, io, pixels, expected = written(name, preprocess, scheme)
    found = inspect(data)
    [port] = found.inputs
    assert port.dtype == "uint8"
    assert found.metadata[byte_port.PICTURE].startswith("RGB N")
    for each, wanted in zip(pixels, expected, strict=True):
        [got] = run_plain(data, [np.ascontiguousarray(each)])
        got = from_file(got, io.outputs[0].perm)
        assert sqnr_db(wanted, got) > FLOORS[scheme]


@pytest.mark.parametrize("name", ["border", "no border", "stride", "two borders"])
def test_integers_renumber_bytes_and_round_none(name: str) -> None:
    data, *_ = written(name, IMAGENET, "int8")
    assert kinds(data)[0] == "QUANTIZE"
    graph = from_bytes(data).subgraphs[0]
    [index] = graph.operators[0].outputs
    grids = [graph.tensors[i].quantization for i in (graph.inputs[0], index)]
    assert grids[0].scale[0] == pytest.approx(grids[1].scale[0], rel=1e-6)
    assert grids[0].zeroPoint[0] == grids[1].zeroPoint[0] + 128 == 114


@pytest.mark.parametrize("io_dtype", ["int8", "uint8"])
def test_outputs_of_bytes_too(io_dtype: str) -> None:
    data, _, pixels, expected = written("border", IMAGENET, "int8", io_dtype)
    found = inspect(data)
    [port], [result] = found.inputs, found.outputs
    assert (port.dtype, result.dtype) == ("uint8", io_dtype)
    [got] = run_plain(data, [np.ascontiguousarray(pixels[0])])
    values = (got.astype(np.float64) - (result.zero_point or 0)) * (result.scale or 0)
    assert sqnr_db(expected[0], values.transpose(0, 3, 1, 2)) > FLOORS["int8"]


def test_a_file_that_would_round_bytes_is_refused() -> None:
    case = CASES["border"]
    graph, scale = case.model(0), byte_scale(WHOLE)
    lowered = lower(graph)
    data = to_bytes(to_model(lowered.graph, lowered.io, "small"))
    samples = [{"x": scale.centred(picture(case.shape, 1, 0)) / 2}]
    data = quantize(data, "int8", activation_ranges(data, samples, lowered.io))
    with pytest.raises(VerificationError, match="would round the bytes"):
        byte_port.take_bytes(data, scale, True)
