"""`--outputs` and `--inputs`: what a refusal advises can be typed, and gives the right numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import parser
from torch import nn

import edgeship
from tests.export.command_line import run

HEAD = '<ir_version: 8, opset_import: ["" : 17, "shop" : 1]>'

#: A detector that picks its boxes itself.
PICKING = (
    HEAD
    + """
net (float[1,3,8,8] image) => (int64[k,3] selected)
<int64[1] most = {10}, float[1] overlap = {0.5}, int64[3] to = {1, 48, 4}> {
   stem = Relu(image)
   boxes = Reshape(stem, to)
   sums = ReduceSum<keepdims = 1>(boxes, last)
   wide = Transpose<perm = [0, 2, 1]>(sums)
   scores = Sigmoid(wide)
   selected = NonMaxSuppression(boxes, scores, most, overlap)
}
"""
).replace("<int64[1] most", "<int64[1] last = {2}, int64[1] most")

#: How many elements are kept depends on what they are.
COUNTING = (
    HEAD
    + """
net (float[1,3,8,8] image) => (float[k] kept, float[1,3,1,1] mean) {
   a = Relu(image)
   mean = GlobalAveragePool(a)
   places = NonZero(a)
   rows = Transpose<perm = [1, 0]>(places)
   kept = GatherND(a, rows)
}
"""
)

#: An operator that no target has, and one that nobody knows, each in the middle.
UNSUPPORTED = (
    HEAD
    + """
net (float[1,3,8,8] image) => (float[1,3] y) {
   a = Sigmoid(image)
   b = Det(a)
   y = Exp(b)
}
"""
)
UNKNOWN = UNSUPPORTED.replace("Det(a)", "shop.Mystery(a)")


def file_of(text: str, folder: Path) -> Path:
    path = folder / "net.onnx"
    onnx.save(parser.parse_model(text), str(path))
    return path


def whole(path: Path, names: list[str], feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return tensors as ONNX Runtime computes them in the whole network."""
    model = onnx.load(str(path))
    known = {one.name for one in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in set(names) - known)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(names, feeds)


def computed(file: Path, feed: np.ndarray) -> dict[str, np.ndarray]:
    interpreter = Interpreter(str(file))
    runner = interpreter.get_signature_runner()
    [name] = runner.get_input_details()
    return runner(**{name: feed})


@pytest.mark.parametrize(
    ("text", "operator", "advised"),
    [
        (PICKING, "NonMaxSuppression", "boxes,scores"),
        (COUNTING, "NonZero", "a,mean"),
        (UNSUPPORTED, "Det", "a"),
    ],
)
def test_the_advice_of_a_refusal_exports(text, operator, advised, tmp_path):
    path, out = file_of(text, tmp_path), tmp_path / "out"
    _, stderr = run(path, "--out", out, code=4)
    assert operator in stderr
    options = re.search(r"--outputs (\S+?);", stderr)
    assert options is not None and options[1] == advised
    run(path, "--out", out, "--outputs", options[1])
    image = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    names = advised.split(",")
    expected = whole(path, names, {"image": image})
    found = computed(out / "net_fp32.tflite", image.transpose(0, 2, 3, 1))
    assert set(found) == set(names)
    for name, array in zip(names, expected, strict=True):
        own = found[name].transpose(0, 3, 1, 2) if array.ndim == 4 else found[name]
        np.testing.assert_allclose(own, array, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", [(), ("--outputs", "boxes,scores")])
def test_files_pick_the_boxes_of_a_detector_that_does_so_itself(options, tmp_path):
    path, out = file_of(PICKING, tmp_path), tmp_path / "out"
    _, stderr = run(path, "--out", out, code=4)
    assert "or let the files pick them: --detection nms" in stderr
    stdout, _ = run(path, "--out", out, *options, "--detection", "nms")
    said = "The suppression in the file is left out: boxes are picked from boxes and scores."
    assert (said in " ".join(stdout.split())) is not bool(options)
    image = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    found = computed(out / "net_fp32_nms.tflite", image.transpose(0, 2, 3, 1))
    [scores] = whole(path, ["scores"], {"image": image})
    assert found["scores"][0, 0] == pytest.approx(scores.max(), rel=1e-5)


def test_an_unknown_operator_leaves_what_is_before_and_behind_it(tmp_path):
    path, out = file_of(UNKNOWN, tmp_path), tmp_path / "out"
    _, stderr = run(path, "--out", out, code=4)
    assert "shop.Mystery" in stderr and "--outputs a;" in stderr
    stdout, _ = run(path, "--out", out, "--inputs", "b", "--input", "1,3")
    assert "Only the part from b to its outputs" in " ".join(stdout.split())
    feed = np.array([[1, -2, 0.5]], np.float32)
    found = computed(out / "net_fp32.tflite", feed)["y"]
    np.testing.assert_allclose(found, np.exp(feed), rtol=1e-5)


def test_inspect_prints_the_names(tmp_path):
    path = file_of(PICKING, tmp_path)
    stdout, _ = run("inspect", path, "--tensors", "--json")
    listed = {one["name"]: one for one in json.loads(stdout)["tensors"]}
    assert list(listed)[:3] == ["image", "stem", "boxes"]
    assert listed["boxes"]["shape"] == "1x48x4" and listed["boxes"]["operator"] == "Reshape"
    assert "most" not in listed
    _, stderr = run(path, "--outputs", "boxs", "--out", tmp_path / "out", code=2)
    assert "did you mean boxes?" in stderr and "--tensors" in stderr
    stdout, _ = run("inspect", path, "--tensors")
    assert "NonMaxSuppression" in stdout
    _, stderr = run("inspect", tmp_path / "a.tflite", "--tensors", code=2)
    assert "--tensors does not go with" in stderr


@pytest.mark.slow
def test_a_part_of_a_pytorch_network(tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.Sigmoid()).eval()
    done = edgeship.export(
        module,
        input_shapes=[(1, 3, 8, 8)],
        inputs="relu",
        outputs=["conv2d_1"],
        out=tmp_path,
        progress=False,
    )
    assert done.manifest.verification["reference"].startswith("a part of the captured graph")
    hidden = np.random.default_rng(0).standard_normal((1, 4, 6, 6)).astype(np.float32)
    import torch

    with torch.no_grad():
        expected = module[2](torch.from_numpy(hidden)).numpy()
    found = computed(done.files[0].path, hidden.transpose(0, 2, 3, 1))["conv2d_1"]
    np.testing.assert_allclose(found.transpose(0, 3, 1, 2), expected, rtol=1e-5, atol=1e-5)
