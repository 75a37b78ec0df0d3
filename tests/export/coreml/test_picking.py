"""Packages that pick their boxes: the pipeline's three models fit, and the small one is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import coremltools
import numpy as np
import onnx
import onnxruntime
import pytest

from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import package_of_spec
from tests.export.command_line import run
from tests.export.detection import detectors

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["yolov5", "yolov8"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    onnx.save(getattr(detectors, request.param)(), str(folder / "net.onnx"))
    images = np.random.default_rng(2).standard_normal((8, 3, 32, 32)).astype(np.float32)
    np.savez(folder / "calib.npz", image=images)
    options = ("--detection", "nms", "--to", "coreml", "--calib", folder / "calib.npz")
    stdout, _ = run(folder / "net.onnx", *options, "--out", folder / "out")
    assert "picking itself needs Core ML" in " ".join(stdout.split())
    return folder


def pipeline(folder: Path) -> Any:
    """Return the specification, as coremltools reads it back."""
    package = folder / "out" / "net_fp32_nms.mlpackage"
    model = coremltools.models.MLModel(str(package), skip_model_load=True)
    return model.get_spec()


def test_what_a_model_gives_the_next_one_takes(exported):
    spec = pipeline(exported)
    assert spec.WhichOneof("Type") == "pipeline"
    detector, decoder, suppression = spec.pipeline.models
    assert [one.WhichOneof("Type") for one in spec.pipeline.models] == [
        "mlProgram",
        "mlProgram",
        "nonMaximumSuppression",
    ]
    known = {port.name: port.type for port in spec.description.input}
    assert list(known) == ["image", "iouThreshold", "confidenceThreshold"]
    for model in (detector, decoder, suppression):
        for port in model.description.input:
            assert known[port.name] == port.type, port.name
        known |= {port.name: port.type for port in model.description.output}
    nms = suppression.nonMaximumSuppression
    count = known[nms.coordinatesInputFeatureName].multiArrayType.shape[0]
    assert list(known[nms.coordinatesInputFeatureName].multiArrayType.shape) == [count, 4]
    assert list(known[nms.confidenceInputFeatureName].multiArrayType.shape) == [
        count,
        detectors.CLASSES,
    ]
    assert [port.name for port in spec.description.output] == ["confidence", "coordinates"]
    assert (nms.iouThreshold, nms.confidenceThreshold) == (0.45, 0.25)
    assert len(nms.int64ClassLabels.vector) == detectors.CLASSES


def test_boxes_and_scores_reach_the_suppression_as_onnx_runtime_computes_them(exported):
    spec = pipeline(exported)
    package = exported / "out" / "net_fp32_nms.mlpackage"
    weights = package / "Data" / "com.apple.CoreML" / "weights"
    image = np.random.default_rng(5).standard_normal((1, 3, 32, 32)).astype(np.float32)
    values = {"image": image}
    for model, folder in zip(spec.pipeline.models[:2], (str(weights), None), strict=True):
        program = read_program(package_of_spec(model, folder))
        feeds = {port.name: values[port.name] for port in model.description.input}
        ends = [port.name for port in model.description.output]
        values |= Evaluator(program).run(feeds, ends)
    nms = spec.pipeline.models[2].nonMaximumSuppression
    session = onnxruntime.InferenceSession((exported / "net.onnx").read_bytes())
    [joined] = session.run(None, {"image": image})
    rows = joined[0] if joined.shape[2] < joined.shape[1] else joined[0].T
    known = rows.shape[1] > 4 + detectors.CLASSES
    scores = rows[:, 4:5] * rows[:, 5:] if known else rows[:, 4:]
    found = values[nms.coordinatesInputFeatureName], values[nms.confidenceInputFeatureName]
    np.testing.assert_allclose(found[0], rows[:, :4] / 32, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], scores, rtol=1e-4, atol=1e-5)


def test_a_wrong_program_is_found_out(exported, monkeypatch):
    from _edgeship.export.coreml import picking

    own = picking._decoder

    def wrong(reading: Any, names: Any, shapes: Any, scale: Any) -> Any:
        return own(reading, names, shapes, (scale[0], 2 * scale[1]))

    monkeypatch.setattr(picking, "_decoder", wrong)
    options = ("--detection", "nms", "--to", "coreml", "--calib", exported / "calib.npz")
    _, stderr = run(exported / "net.onnx", *options, "--out", exported / "again", code=3)
    assert "does not prepare the boxes" in stderr
