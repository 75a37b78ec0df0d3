from __future__ import annotations

import io
import json
import struct
import time

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from litert_quantizer import quantizer, recipe
from rich.console import Console

from _edgeship.errors import InputError
from _edgeship.export.tflite.inspection import Conversions, Inspection, inspect
from _edgeship.export.tflite.sheets import sheets
from _edgeship.terminal.console import sheet_table
from tests.export.tflite.schema_models import classifier, packed, tensor

FLOAT32, FLOAT16, INT8 = (
    getattr(schema.TensorType, name) for name in ("FLOAT32", "FLOAT16", "INT8")
)


def quantized(name: str) -> bytes:
    """The classifier, quantized by a recipe of the quantizer."""
    work = quantizer.Quantizer(classifier(), getattr(recipe, name)())
    ranges = None
    if work.need_calibration:
        rng = np.random.default_rng(0)
        images = [{"input": rng.random((1, 8, 8, 3), dtype=np.float32)} for _ in range(2)]
        ranges = work.calibrate({"serving_default": images})
    return bytes(work.quantize(ranges).quantized_model)


@pytest.fixture(scope="module")
def int8_file() -> bytes:
    return quantized("static_wi8_ai8")


def chain(dtypes: list[int], operators: list[str], constant: bool = False) -> bytes:
    """Tensors of these types with an operator from each to the next; the first may be constant."""
    names = sorted(set(operators))
    tensors = [tensor(dtype, (4,), scales=int(dtype == INT8)) for dtype in dtypes]
    tensors[0].buffer = int(constant)
    nodes = [
        schema.OperatorT(opcodeIndex=names.index(name), inputs=[index], outputs=[index + 1])
        for index, name in enumerate(operators)
    ]
    codes = [
        schema.OperatorCodeT(builtinCode=getattr(schema.BuiltinOperator, name)) for name in names
    ]
    graph = schema.SubGraphT(
        tensors=tensors,
        inputs=[] if constant else [0],
        outputs=[len(tensors) - 1],
        operators=nodes,
    )
    buffers = [schema.BufferT(), schema.BufferT(data=[0] * 8)]
    return packed(schema.ModelT(version=3, operatorCodes=codes, subgraphs=[graph], buffers=buffers))


def test_a_float_file_in_full() -> None:
    data = classifier()

    found = inspect(data).to_dict()

    port = {"dtype": "float32", "scale": None, "zero_point": None}
    nowhere = {"at_edges": 0, "of_constants": 0, "inside": 0}
    kind = {"version": 1, "count": 1, "max_rank": 4, "dtypes": {"float32": 1}}
    assert found == {
        "file_bytes": len(data),
        "description": "a classifier",
        "schema_version": 3,
        "signatures": ({"key": "serving_default", "inputs": ("input",), "outputs": ("logits",)},),
        "inputs": ({"name": "input", "shape": (1, 8, 8, 3), **port},),
        "outputs": ({"name": "logits", "shape": (1, 4), **port},),
        "operator_count": 2,
        "operators": ({"kind": "CONV_2D", **kind}, {"kind": "MEAN", **kind}),
        "tensors": {
            "count": 6,
            "dtypes": {"float32": 5, "int32": 1},
            "constant_bytes": {"float32": 4 * (3 * 3 * 3 * 4 + 4), "int32": 8},
            "ranks": {1: 2, 2: 1, 4: 3},
            "above_rank_4": 0,
        },
        "quantization": {
            "scheme": "none",
            "per_channel_tensors": 0,
            "quantize": nowhere,
            "dequantize": nowhere,
        },
        "metadata": {"min_runtime_version": "1.6.0", "other": "8 bytes"},
        "buffer_bytes": 4 * (3 * 3 * 3 * 4 + 4) + 8 + 16 + 8,
        "said": {"metadata": {}, "files": {}, "problems": []},
    }
    assert json.loads(json.dumps(found))["tensors"]["ranks"] == {"1": 2, "2": 1, "4": 3}


def test_an_int8_file(int8_file: bytes) -> None:
    found = inspect(int8_file)

    assert found.quantization.scheme == "int8"
    assert found.quantization.per_channel_tensors == 2  # kernel and bias
    assert found.tensors.constant_bytes == {"int8": 3 * 3 * 3 * 4, "int32": 4 * 4 + 8}
    (port,) = found.inputs
    assert (port.dtype, port.zero_point) == ("int8", -128)  # images in 0..1
    assert port.scale == pytest.approx(1 / 255, rel=0.05)


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("static_wi8_ai16", "int16x8"),
        ("dynamic_wi8_afp32", "dynamic"),
        ("weight_only_wi8_afp32", "int8 weights"),
    ],
)
def test_other_schemes(name: str, scheme: str) -> None:
    assert inspect(quantized(name)).quantization.scheme == scheme


def test_float16_weights() -> None:
    data = chain([FLOAT16, FLOAT32, FLOAT32], ["DEQUANTIZE", "RELU"], constant=True)

    found = inspect(data)

    assert found.quantization.scheme == "float16 weights"
    assert found.quantization.dequantize == Conversions(at_edges=0, of_constants=1, inside=0)
    assert found.tensors.constant_bytes == {"float16": 8}


def test_conversions_at_the_edges_and_inside() -> None:
    types = [FLOAT32, INT8, INT8, FLOAT32, FLOAT32, INT8, INT8, FLOAT32]
    operators = ["QUANTIZE", "RELU", "DEQUANTIZE", "RELU", "QUANTIZE", "RELU", "DEQUANTIZE"]

    found = inspect(chain(types, operators))

    assert found.quantization.scheme == "int8"
    assert found.quantization.quantize == Conversions(at_edges=1, of_constants=0, inside=1)
    assert found.quantization.dequantize == Conversions(at_edges=1, of_constants=0, inside=1)
    relu = next(kind for kind in found.operators if kind.kind == "RELU")
    assert (relu.count, relu.dtypes) == (3, {"int8": 2, "float32": 1})


def test_ranks_above_4_are_counted() -> None:
    model = schema.ModelT.InitFromPackedBuf(classifier())
    model.subgraphs[0].tensors[4].shape = [1, 8, 8, 2, 2]

    found = inspect(packed(model))

    assert found.tensors.above_rank_4 == 1
    assert [kind.max_rank for kind in found.operators] == [5, 5]


def test_ports_without_a_signature_have_the_names_of_their_tensors() -> None:
    model = schema.ModelT.InitFromPackedBuf(classifier())
    model.signatureDefs = None

    found = inspect(packed(model))

    assert (found.signatures, found.inputs[0].name, found.outputs[0].name) == (
        (),
        "image",
        "scores",
    )


def test_the_view_shows_hostile_texts_as_they_are() -> None:
    model = schema.ModelT.InitFromPackedBuf(classifier())
    model.description = "[bold]not markup[/] \x1b[2J"
    console = Console(file=io.StringIO(), width=200, force_terminal=False)

    console.print(*map(sheet_table, sheets(inspect(packed(model)))))

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[bold]not markup[/] �[2J" in shown
    assert "CONV_2D" in shown
    assert "serving_default" in shown


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x08\0\0\0ONNX" + b"\0" * 64, b"PK\x03\x04" * 9])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="not a TFLite file"):
        inspect(data)


def read_or_refused(data: bytes) -> Inspection | None:
    """Read a file, or None if it is refused in words."""
    try:
        return inspect(data)
    except InputError as error:
        assert "TFLite" in error.what
        return None


def test_truncated_files_are_refused(int8_file: bytes) -> None:
    outcomes = [read_or_refused(int8_file[:size]) for size in range(len(int8_file))]

    # What stands last in the file is padding.
    assert not any(outcomes[:-8])


@pytest.mark.slow
def test_corrupted_files_are_read_and_shown_or_refused(int8_file: bytes) -> None:
    console = Console(file=io.StringIO())
    outcomes = []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        damaged = np.frombuffer(int8_file, np.uint8).copy()
        places = rng.integers(8, len(damaged), rng.choice((1, 4, 32)))
        damaged[places] = rng.integers(0, 256, len(places))
        outcomes.append(read_or_refused(damaged.tobytes()))
        if outcomes[-1] is not None:
            console.print(*map(sheet_table, sheets(outcomes[-1])))

    assert any(outcomes)
    assert not all(outcomes)


def test_words_of_extreme_size_are_read_or_refused(int8_file: bytes) -> None:
    outcomes = []
    for at in range(8, len(int8_file) - 3, 4):
        for word in (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, len(int8_file)):
            damaged = bytearray(int8_file)
            struct.pack_into("<I", damaged, at, word)
            outcomes.append(read_or_refused(bytes(damaged)))

    assert any(outcomes)
    assert not all(outcomes)


@pytest.mark.slow
def test_a_small_file_that_unfolds_into_an_endless_one_is_refused_soon() -> None:
    model = schema.ModelT.InitFromPackedBuf(classifier())
    graph = model.subgraphs[0]
    graph.tensors = graph.tensors[:1] * 2000
    graph.operators, graph.inputs, graph.outputs = [], [0], [1]
    model.signatureDefs = model.metadata = None
    model.subgraphs = [graph] + [schema.SubGraphT(tensors=[], operators=[])] * 2000
    data = bytearray(packed(model))
    root = schema.Model.GetRootAs(data, 0)
    tables = root._tab.Vector(root._tab.Offset(8))
    first = tables + struct.unpack_from("<I", data, tables)[0]
    for index in range(2001):  # every subgraph becomes the first one
        struct.pack_into("<I", data, tables + 4 * index, first - tables - 4 * index)

    start = time.monotonic()
    with pytest.raises(InputError, match="damaged"):
        inspect(bytes(data))
    assert time.monotonic() - start < 30
