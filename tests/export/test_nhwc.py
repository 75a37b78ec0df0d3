"""Networks on pictures with their channels at the end, as TensorFlow and Keras write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

import edgeship
from _edgeship.errors import InputError
from _edgeship.export.tflite.inspection import describe
from _edgeship.export.tflite.reading import read_model

RNG = np.random.default_rng(0)


def keras_like(folder: Path, dtype: str) -> Path:
    """Write a network that normalises its pixels, convolves, and gives a map and scores."""
    text = f"""<ir_version: 8, opset_import: ["": 13]>
    g ({dtype}[N, 32, 24, 3] picture) => (float[a, b, c, d] map, float[e, f] scores)
    <float half = {{127.5}}, float scale = {{0.0078431}}, int64[1] flat = {{-1}}> {{
        f = Cast<to = 1>(picture)
        s = Sub(f, half)
        m = Mul(s, scale)
        t = Transpose<perm = [0, 3, 1, 2]>(m)
        c = Conv<pads = [0, 0, 1, 1], strides = [2, 2]>(t, k)
        r = Relu(c)
        l = Transpose<perm = [0, 2, 3, 1]>(r)
        map = Sigmoid(l)
        g = GlobalAveragePool(r)
        v = Flatten(g)
        scores = Gemm(v, w)
    }}"""
    model = onnx.parser.parse_model(text)
    for name, shape in (("k", (8, 3, 3, 3)), ("w", (8, 10))):
        data = RNG.standard_normal(shape).astype(np.float32) * 0.4
        model.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    path = folder / f"{dtype}.onnx"
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(8):
        small = RNG.integers(0, 256, (4, 3, 3), dtype=np.uint8)
        Image.fromarray(small).resize((40, 50), Image.Resampling.BILINEAR).save(
            folder / f"{number}.png"
        )
    return folder


def exported(folder: Path, pictures: Path, dtype: str, **options: Any) -> edgeship.Result:
    return edgeship.export(
        keras_like(folder, dtype),
        input_shapes=[(1, 32, 24, 3)],
        calib=pictures,
        out=folder / "out",
        **options,
    )


@pytest.mark.parametrize("dtype", ["float", "uint8"])
def test_pictures_go_in_as_they_are(tmp_path: Path, pictures: Path, dtype: str) -> None:
    plain = (0.0, 0.0, 0.0), (1 / 255,) * 3
    known = {} if dtype == "uint8" else {"mean": plain[0], "std": plain[1]}
    result = exported(
        tmp_path, pictures, dtype, to=("tflite", "onnx"), quant=("none", "int8"), **known
    )
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["calibration"]["count"] == 6
    assert manifest["preprocess"]["mean"] == [0, 0, 0]
    assert manifest["preprocess"]["std"] == pytest.approx([1 / 255] * 3)
    for artifact in manifest["artifacts"]:
        [port] = artifact["inputs"]
        assert (port["shape"], port["layout"]) == ([1, 32, 24, 3], "NHWC")
        assert port["dtype"] == ("uint8" if dtype == "uint8" else "float32")
        assert artifact["outputs"][0]["shape"] == [1, 16, 12, 8]
    for file in result.files:
        assert edgeship.verify(file.path, calib=pictures).ok
        if file.path.suffix == ".tflite":
            data = file.path.read_bytes()
            found = {kind.kind for kind in describe(read_model(data), len(data)).operators}
            assert "TRANSPOSE" not in found


def test_a_package_takes_them_as_pictures(tmp_path: Path, pictures: Path) -> None:
    plain = {"mean": (0.0, 0.0, 0.0), "std": (1 / 255,) * 3}
    result = exported(tmp_path, pictures, "float", to="coreml", io="image", **plain)
    [file] = result.files
    assert edgeship.verify(file.path, calib=pictures).ok
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    [port] = manifest["artifacts"][0]["inputs"]
    assert (port["layout"], port["dtype"]) == ("RGB", "image")


def test_the_user_can_say_where_the_channels_are(tmp_path: Path, pictures: Path) -> None:
    with pytest.raises(InputError, match="--input-layout needs a network that takes pictures"):
        exported(tmp_path, pictures, "float", input_layout="nchw")
