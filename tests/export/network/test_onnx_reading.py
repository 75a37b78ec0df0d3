"""Reading ONNX files from disk, and running what is in them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from _edgeship.errors import EdgeshipError, InputError
from _edgeship.export.network.capture import open_onnx
from _edgeship.export.network.definition import OnnxFile
from _edgeship.export.network.onnx_reading import as_declared, load
from tests.export.preparation.graphs import model, node, normal

X = normal(1, 3)


def product(dtype=TensorProto.FLOAT, weight=None):
    constants = {"w": normal(3, 4, seed=1) if weight is None else weight}
    return model([node("MatMul", "x w", "y")], {"x": [1, 3]}, "y", constants, dtype=dtype)


def saved(proto, path, **options):
    onnx.save(proto, str(path), **options)
    return path


def opened(proto, path):
    return OnnxFile(open_onnx(saved(proto, path), []))


def test_external_data_is_read_from_beside_the_file(tmp_path):
    external = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    path = saved(product(), tmp_path / "m.onnx", **external)
    [[y]] = OnnxFile(open_onnx(path, [])).run([{"x": X}])
    np.testing.assert_allclose(y, X @ normal(3, 4, seed=1), atol=1e-6)


@pytest.mark.parametrize("spoil", ["missing", "short", "outside"])
def test_external_data_that_cannot_be_read(tmp_path, spoil):
    folder = tmp_path / "folder"
    folder.mkdir()
    external = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    path = saved(product(), folder / "m.onnx", **external)
    data = folder / "weights.bin"
    if spoil == "missing":
        data.unlink()
    elif spoil == "short":
        data.write_bytes(data.read_bytes()[:-8])
    else:
        data.rename(tmp_path / "weights.bin")
        proto = onnx.load(str(path), load_external_data=False)
        for entry in proto.graph.initializer[0].external_data:
            if entry.key == "location":
                entry.value = "../weights.bin"
        path.write_bytes(proto.SerializeToString())
    with pytest.raises(InputError, match="external data"):
        load(path)


def test_models_that_are_too_large(tmp_path):
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(2**31)  # sparse: it takes no room
    with pytest.raises(InputError, match=r"2\.0 GiB"):
        load(path)


def test_models_whose_data_are_too_large(tmp_path):
    proto = product()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.dims[:] = [30000, 30000]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    path = tmp_path / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(InputError, match=r"3\.4 GiB"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08" * 9])
def test_files_that_are_no_models(tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a readable ONNX model"):
        load(path)


def test_folders_and_missing_files(tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        load(tmp_path / "none.onnx")


def test_samples_are_fed_in_the_types_that_the_file_declares():
    proto = model(
        [node("Gather", "table ids", "y")],
        {"table": [4, 2], "ids": [3]},
        "y",
        dtypes={"ids": TensorProto.INT32, "table": TensorProto.FLOAT16},
    )
    [sample] = as_declared(proto, [{"table": normal(4, 2), "ids": np.array([0, 1, 2])}])
    assert (sample["table"].dtype, sample["ids"].dtype) == (np.float16, np.int32)


def test_a_float16_file_is_run_as_it_is(tmp_path):
    weight = normal(3, 4, seed=1).astype(np.float16)
    file = opened(product(TensorProto.FLOAT16, weight), tmp_path / "m.onnx")
    [[y]] = file.run([{"x": X}])
    exact = X.astype(np.float16).astype(np.float32) @ weight.astype(np.float32)
    assert y.dtype == np.float32
    assert 0 < np.abs(y - exact).max() < 5e-3  # its sums are rounded, and ours are not
    assert file.capture_kind == "fp16"
    assert file.reference == "the ONNX file"


def test_what_the_runtime_does_not_run_is_compared_with_the_prepared_graph(tmp_path):
    proto = model([node("Relu", "x", "y")], {"x": [1, 3]}, "y", opset=28)
    file = opened(proto, tmp_path / "m.onnx")
    [[y]] = file.run([{"x": X}])
    np.testing.assert_allclose(y, np.maximum(X, 0))
    assert file.reference.startswith("the prepared graph")


def test_the_count_of_parameters(tmp_path):
    assert opened(product(), tmp_path / "m.onnx").parameters() == 12


def test_external_data_of_an_unknown_type_are_refused(tmp_path):
    proto = product(weight=normal(3, 2))
    (tensor,) = proto.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="missing.bin")
    tensor.data_type = 0
    (tmp_path / "net.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(InputError, match="external data"):
        load(tmp_path / "net.onnx")


def test_a_suppression_that_reads_nothing_is_refused_by_name(tmp_path):
    proto = model([node("NonMaxSuppression", "x", "y")], {"x": (1, 6, 4)}, "y")
    with pytest.raises(EdgeshipError, match="NonMaxSuppression") as caught:
        opened(proto, tmp_path / "net.onnx")
    assert caught.value.where == "node the_y"


def test_names_left_out_behind_the_last_input_are_no_inputs(tmp_path):
    transform = node("DFT", "x", "y", onesided=1)
    transform.input.extend(["", ""])
    clip = node("Clip", "x", "low")
    clip.input.extend(["", "top", ""])
    inner = onnx.helper.make_graph(
        [clip], "g", [], [onnx.helper.make_empty_tensor_value_info("low")]
    )
    choice = node("If", "c", "z", then_branch=inner, else_branch=inner)
    constants = {"c": np.array(True), "top": np.float32(0.5)}
    proto = model([transform, choice], {"x": (1, 4, 4, 1)}, "y z", constants, opset=20)
    read = load(saved(proto, tmp_path / "net.onnx"))
    assert list(read.graph.node[0].input) == ["x"]
    assert list(read.graph.node[1].attribute[0].g.node[0].input) == ["x", "", "top"]

    x = normal(1, 4, 4, 1)
    ((spectrum, low),) = opened(proto, tmp_path / "net.onnx").run([{"x": x}])
    expected = np.fft.rfft(x[..., 0], axis=-1)
    np.testing.assert_allclose(spectrum[..., 0] + 1j * spectrum[..., 1], expected, atol=1e-5)
    np.testing.assert_array_equal(low, np.minimum(x, 0.5))
