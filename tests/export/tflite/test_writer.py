from __future__ import annotations

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.inspection import inspect
from _edgeship.export.tflite.objects import constant, name_of
from _edgeship.export.tflite.writer import from_bytes, set_metadata, to_bytes, to_model
from tests.export.tflite.small_graphs import Small, add, kinds

NHWC = (1, 4, 4, 2)


def small() -> Small:
    """Constants of 1, 3 and 32 elements, so that buffers end anywhere."""
    result = Small(x=NHWC).constant("a", np.float32(0.5)).constant("b", np.ones(2, np.float32))
    result.constant("c", np.arange(32, dtype=np.float32).reshape(NHWC))
    result.op("ADD", "x a", "t", NHWC, opts=add()).op("ADD", "t b", "u", NHWC, opts=add())
    return result.op("MUL", "u c", "y", NHWC, opts=options("MulOptions")).out("y")


def test_the_file_computes_the_graph() -> None:
    (sample,) = small().samples(1)
    (values,) = small().run(small().data(), sample)
    expected = (sample["x"] + 1.5) * np.arange(32, dtype=np.float32).reshape(NHWC)
    np.testing.assert_allclose(values, expected, rtol=1e-6)


def test_it_begins_as_a_tflite_file() -> None:
    assert small().data()[4:8] == b"TFL3"


def test_every_buffer_starts_on_16_bytes() -> None:
    """As the schema's force_align says; the offsets are taken from the packed bytes."""
    data = small().data()
    packed = schema.Model.GetRootAs(data, 0)
    sizes = []
    for index in range(packed.BuffersLength()):
        buffer = packed.Buffers(index)
        if not buffer.DataIsNone():
            start = buffer._tab.Vector(buffer._tab.Offset(4))
            assert start % 16 == 0, index
            sizes.append(buffer.DataLength())
    assert sizes == [4, 8, 128, 16]


def test_signature_names_the_ports_as_onnx_does() -> None:
    graph = small()
    io = FileIO((PortSpec("image", NHWC, (0, 1, 2, 3)),), (PortSpec("scores", NHWC, (0, 1, 2, 3)),))
    found = inspect(to_bytes(to_model(graph.graph, io, "a network")))
    assert [(s.key, s.inputs, s.outputs) for s in found.signatures] == [
        ("serving_default", ("image",), ("scores",))
    ]
    assert found.description == "a network"


def test_one_operator_code_for_all_operators_of_a_kind() -> None:
    model = from_bytes(small().data())
    assert len(model.operatorCodes) == 2
    assert kinds(small().data()) == ["ADD", "ADD", "MUL"]


def test_read_and_written_again_it_is_the_same_file() -> None:
    data = small().data()
    assert to_bytes(from_bytes(data)) == data


def test_constants_come_back() -> None:
    model = from_bytes(small().data())
    found = {name_of(t): constant(model, t) for t in model.subgraphs[0].tensors}
    assert found["x"] is None
    np.testing.assert_array_equal(found["a"], np.float32(0.5))
    np.testing.assert_array_equal(found["c"], np.arange(32.0).reshape(NHWC))


def test_buffers_behind_the_flatbuffer_are_taken_back_in() -> None:
    model = from_bytes(small().data())
    values = np.arange(32, dtype=np.float32)
    (buffer,) = (b for b in model.buffers if b.data is not None and len(b.data) == 128)
    buffer.data, buffer.offset, buffer.size = None, 1, 128
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    start = len(builder.Output())
    buffer.offset = start  # of the same size once packed, since 1 was not the default either
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    behind = bytes(builder.Output()) + values.tobytes()
    assert len(builder.Output()) == start

    inside = to_bytes(from_bytes(behind))
    assert inside == small().data()


def test_metadata_replaces_an_earlier_entry_of_its_name() -> None:
    model = from_bytes(small().data())
    set_metadata(model, "reduced_precision_support", b"one")
    set_metadata(model, "reduced_precision_support", b"two")
    assert inspect(to_bytes(model)).metadata["reduced_precision_support"] == "two"
    assert len(model.metadata) == 2


def test_the_oldest_runtime_is_recorded() -> None:
    assert inspect(small().data()).metadata["min_runtime_version"] == "1.5.0"


def test_a_type_the_runtime_has_no_tensor_for_is_refused() -> None:
    wide = Small(x=NHWC).constant("c", np.ones(NHWC, np.float64))
    wide.op("ADD", "x c", "y", NHWC, opts=add()).out("y")
    with pytest.raises(KeyError, match="float64"):
        wide.data()


def test_misspelt_options_are_refused() -> None:
    with pytest.raises(AttributeError, match="strideX"):
        options("Conv2DOptions", strideX=2)
