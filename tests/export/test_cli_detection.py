"""`--detection`: boxes and scores of a detector are outputs with scales of their own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from onnx import parser
from torch import Tensor, nn

import edgeship
from _edgeship.export.tflite.inspection import inspect
from tests.export.command_line import run
from tests.export.detection import detectors


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((count, 3, 32, 32)).astype(np.float32)


@pytest.fixture
def detector(tmp_path: Path) -> Path:
    path = tmp_path / "detector.onnx"
    onnx.save(detectors.yolov5(), str(path))
    np.savez(tmp_path / "calib.npz", image=pictures(24))
    return path


def test_boxes_and_scores_are_quantized_apart(detector, tmp_path):
    out, calib = tmp_path / "out", tmp_path / "calib.npz"
    common = ("--calib", calib, "--quant", "int8", "--io-dtype", "int8", "--out", out)
    run("--detection", detector, *common)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["verification"]["reference"] == "the ONNX file"
    boxes, scores = manifest["artifacts"][0]["outputs"]
    assert (boxes["name"], scores["name"]) == ("output0_boxes", "output0_scores")
    assert boxes["scale"] > 0.1
    assert scores["scale"] <= 1 / 255

    session = onnxruntime.InferenceSession(detector.read_bytes())
    interpreter = Interpreter(str(out / "detector_int8.tflite"))
    runner = interpreter.get_signature_runner()
    details = runner.get_input_details()["image"]["quantization_parameters"]
    [image] = pictures(25)[24:]
    scale, zero = details["scales"][0], details["zero_points"][0]
    pixels = np.clip(np.rint(image.transpose(1, 2, 0) / scale + zero), -128, 127).astype(np.int8)
    found = runner(image=pixels[None])
    [expected] = session.run(None, {"image": image[None]})
    for port, part in ((boxes, expected[..., :4]), (scores, expected[..., 4:])):
        numbers = (found[port["name"]].astype(np.float32) - port["zero_point"]) * port["scale"]
        assert np.corrcoef(numbers.ravel(), part.ravel())[0, 1] > 0.99


def test_split_is_what_detection_alone_means(detector, tmp_path):
    stdout, _ = run("--detection", "split", detector, "--out", tmp_path / "out")
    assert "output0_scores" in stdout
    stdout, _ = run(detector, "--out", tmp_path / "out", "--detection")
    assert "output0_scores" in stdout
    _, stderr = run(detector, "--detection=boxes", "--out", tmp_path / "out", code=2)
    assert "for --detection" in stderr and "split" in stderr


def test_a_network_that_joins_nothing_is_refused(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(detectors.classifier(), str(path))
    _, stderr = run(path, "--detection", "--out", tmp_path / "out", code=2)
    assert "--detection finds no output that joins boxes and scores" in stderr
    assert "--outputs" in stderr


@pytest.mark.parametrize("kind", ["yolov5", "yolov8", "yolox"])
def test_a_file_picks_the_boxes_that_onnx_runtime_picks(kind, tmp_path):
    path, out = tmp_path / "net.onnx", tmp_path / "out"
    onnx.save(getattr(detectors, kind)(), str(path))
    np.savez(tmp_path / "calib.npz", image=pictures(8))
    common = ("--calib", tmp_path / "calib.npz", "--out", out)
    stdout, _ = run("--detection", "nms", path, "--quant", "none,int8", *common)
    assert "TFLite_Detection_PostProcess" in stdout
    assert (out / "net_int8_nms.tflite").is_file()
    run("inspect", out / "net_int8_nms.tflite")
    artifact = json.loads((out / "manifest.json").read_text())["artifacts"][1]
    data = (out / artifact["picking"]["file"]).read_bytes()
    assert artifact["picking"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert artifact["picking"]["objectness"] is (kind != "yolov8")
    said = inspect(data).said
    assert [one["name"] for one in said.tensors("output")] == artifact["picking"]["outputs"]
    assert said.problems == ()
    for image in pictures(10)[8:]:
        boxes, labels, scores = picked_by_onnx_runtime(path, image[None])
        assert len(scores) > 3
        for threads in (1, 2, 3, 4):
            file = str(out / "net_fp32_nms.tflite")
            runner = Interpreter(file, num_threads=threads).get_signature_runner()
            found = runner(image=image[None].transpose(0, 2, 3, 1))
            count = int(found["count"][0])
            assert count == len(scores)
            np.testing.assert_allclose(found["scores"][0, :count], scores, rtol=1e-4)
            np.testing.assert_array_equal(found["classes"][0, :count], labels)
            np.testing.assert_allclose(found["boxes"][0, :count], boxes, rtol=1e-3, atol=1e-2)


def picked_by_onnx_runtime(
    path: Path, image: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return corners, classes and scores: the boxes that ONNX's own operator picks."""
    [joined] = onnxruntime.InferenceSession(path.read_bytes()).run(None, {"image": image})
    rows = joined[0] if joined.shape[2] < joined.shape[1] else joined[0].T
    scores = rows[:, 4:] if rows.shape[1] == 4 + detectors.CLASSES else rows[:, 4:5] * rows[:, 5:]
    best = scores.max(1)
    text = """<ir_version: 8, opset_import: ["" : 17]>
    net (float[1,n,4] boxes, float[1,1,n] best) => (int64[k,3] kept)
    <int64 most = {100}, float overlap = {0.45}, float least = {0.25}> {
       kept = NonMaxSuppression<center_point_box = 1>(boxes, best, most, overlap, least)
    }"""
    session = onnxruntime.InferenceSession(parser.parse_model(text).SerializeToString())
    [kept] = session.run(None, {"boxes": rows[None, :, :4], "best": best[None, None]})
    chosen = kept[:, 2]
    middle, half = rows[chosen][:, [1, 0]], rows[chosen][:, [3, 2]] / 2
    corners = np.concatenate([middle - half, middle + half], 1)
    return corners, scores[chosen].argmax(1), best[chosen]


def test_nms_is_refused_where_it_cannot_be(detector, tmp_path):
    common = ("--detection", "nms", detector, "--out", tmp_path / "out")
    _, stderr = run(*common, "--to", "tflite,onnx", code=2)
    assert "--detection nms does not go with --to onnx" in stderr
    _, stderr = run(*common, "--quant", "int8", "--io-dtype", "int8", code=2)
    assert "--detection nms does not go with --io-dtype int8" in stderr


class InPlace(nn.Module):
    """Decodes boxes where they lie, as older detectors do."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 3 * 9, 8, 8)

    def forward(self, image: Tensor) -> Tensor:
        y = self.head(image).view(1, 3, 9, 4, 4).permute(0, 1, 3, 4, 2).sigmoid().contiguous()
        y[..., 0:2] = (y[..., 0:2] * 2 - 0.5) * 8
        y[..., 2:4] = (y[..., 2:4] * 2) ** 2 * 13
        return y.view(1, -1, 9)


@pytest.mark.slow
def test_what_pytorch_writes_into_slices_is_taken_apart(tmp_path):
    module = InPlace().eval()
    done = edgeship.export(
        module,
        input_shapes=[(1, 3, 32, 32)],
        detection="split",
        out=tmp_path,
        progress=False,
    )
    assert done.manifest.verification["reference"] == "torch"
    image = pictures(1)
    with torch.no_grad():
        expected = module(torch.from_numpy(image)).numpy()
    runner = Interpreter(str(done.files[0].path)).get_signature_runner()
    found = runner(**{next(iter(runner.get_input_details())): image.transpose(0, 2, 3, 1)})
    boxes, scores = (found[one["name"]] for one in ports(done))
    np.testing.assert_allclose(boxes, expected[..., :4], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(scores, expected[..., 4:], rtol=1e-4, atol=1e-5)


def ports(done: edgeship.Result) -> list[dict[str, str]]:
    return [port.model_dump() for port in done.manifest.artifacts[0].outputs]


@pytest.mark.slow
def test_boxes_and_scores_can_have_other_names(detector: Path, tmp_path: Path) -> None:
    names = ("--input-names", "photo", "--output-names", "where,what")
    calib = ("--calib", tmp_path / "calib.npz")  # its array is called as in the ONNX file
    run("--detection", "nms", detector, *names, *calib, "--out", tmp_path / "out")
    [artifact] = json.loads((tmp_path / "out" / "manifest.json").read_text())["artifacts"]
    assert [port["name"] for port in artifact["outputs"]] == ["where", "what"]
    assert artifact["picking"]["outputs"] == ["boxes", "classes", "scores", "count"]
    run("verify", tmp_path / "out" / artifact["file"])
