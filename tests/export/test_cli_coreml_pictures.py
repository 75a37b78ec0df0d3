"""`python -m export MODEL --to coreml --io image --labels FILE`: pictures in, classes out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest

from _edgeship.export.calibration.preprocess import Preprocess, normalize
from _edgeship.export.coreml import writing
from _edgeship.export.coreml.evaluator import Evaluator, MilProgram, read_program
from _edgeship.export.coreml.format.package import read_package
from _edgeship.export.runtimes.running import run_onnx
from tests.export.classifier import write_classifier, write_labels
from tests.export.command_line import run

IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("net") / "net.onnx")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_labels(tmp_path_factory.mktemp("labels") / "labels.txt")


@pytest.fixture(scope="module")
def camera(
    network: Path, labels: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, MilProgram]:
    """Export a classifier of pictures."""
    out = tmp_path_factory.mktemp("camera")
    stdout, _ = run(
        *(network, "--to", "coreml", "--quant", "fp16", "--io", "image", "--labels", labels),
        *("--author", "Ann Author", "--license", "MIT", "--out", out),
    )
    return out, stdout, read_program(read_package(out / "net_fp16.mlpackage"))


def test_a_classifier_of_pictures(camera: tuple[Path, str, MilProgram], network: Path) -> None:
    """The evaluator on a picture against ONNX Runtime on the normalised picture."""
    out, stdout, program = camera
    [picture] = program.inputs
    assert picture.image is not None
    assert (picture.image.color, picture.image.width, picture.image.height) == ("RGB", 24, 16)
    assert program.labels == tuple(f"Ünit {number}" for number in range(10))
    assert [output.dtype for output in program.outputs] == ["string", "dictionary"]
    pixels = np.random.default_rng(3).integers(0, 256, (3, 16, 24)).astype(np.uint8)
    [[scores]] = run_onnx(network.read_bytes(), [{"image": normalize(pixels, IMAGENET)[None]}])
    found = Evaluator(program).run({"image": pixels[None].astype(np.float32)})
    exponents = np.exp(scores.astype(np.float64) - scores.max())
    np.testing.assert_allclose(
        found["classLabel_probs"].ravel(), (exponents / exponents.sum()).ravel(), atol=0.02
    )
    assert str(found["classLabel"]) == f"Ünit {scores.argmax()}"
    manifest = json.loads((out / "manifest.json").read_text())
    [stage] = [s for s in manifest["stages"] if s["stage"] == "lower to Core ML"]
    assert stage["parity"]["max_rel"] < 1e-4
    [ports] = manifest["artifacts"]
    assert (ports["inputs"][0]["dtype"], ports["inputs"][0]["layout"]) == ("image", "RGB")
    assert "the package normalises pictures itself" in stdout
    assert "how an image must be prepared" not in stdout


def test_what_xcode_shows(camera: tuple[Path, str, MilProgram]) -> None:
    out, _, program = camera
    metadata = program.metadata
    manifest = json.loads((out / "manifest.json").read_text())
    assert metadata["author"] == "Ann Author"
    assert metadata["license"] == "MIT"
    assert manifest["onnx"]["sha256"].startswith(metadata["version"])
    assert len(metadata["version"]) == 12
    assert "those in net.onnx" in metadata["short_description"]
    assert metadata["edgeship.weights"] == "those in net.onnx"
    assert metadata["edgeship.params"] == str(manifest["model"]["params"])
    assert "minus mean (0.485, 0.456, 0.406)" in metadata["edgeship.preprocessing"]


def test_what_coremltools_reads_of_inputs_and_outputs(
    camera: tuple[Path, str, MilProgram],
) -> None:
    out, _, _ = camera
    description = (
        ct.models.MLModel(str(out / "net_fp16.mlpackage"), skip_model_load=True)
        .get_spec()
        .description
    )
    said = {one.name: one.shortDescription for one in (*description.input, *description.output)}
    assert said["classLabel"] == "the name of the likeliest class"
    assert said["classLabel_probs"] == "probabilities of the classes, by their names"
    preview = description.metadata.userDefined["com.apple.coreml.model.preview.type"]
    assert preview == "imageClassifier"


def test_a_package_that_takes_no_picture_has_no_preview(
    network: Path, labels: Path, tmp_path: Path
) -> None:
    run(network, "--to", "coreml", "--quant", "fp16", "--labels", labels, "--out", tmp_path)
    program = read_program(read_package(tmp_path / "net_fp16.mlpackage"))
    assert "com.apple.coreml.model.preview.type" not in program.metadata


def test_blue_first(network: Path, tmp_path: Path) -> None:
    """The package says BGR, so that Core ML turns any picture into it; mean and std follow."""
    run(network, "--to", "coreml", "--io", "image", "--color", "bgr", "--out", tmp_path)
    program = read_program(read_package(tmp_path / "net_fp32.mlpackage"))
    assert program.inputs[0].image is not None
    assert program.inputs[0].image.color == "BGR"
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["preprocess"]["color_order"] == "BGR"
    assert manifest["preprocess"]["mean"] == [0.406, 0.456, 0.485]
    pixels = np.random.default_rng(3).integers(0, 256, (3, 16, 24)).astype(np.uint8)
    bgr = Preprocess(IMAGENET.mean[::-1], IMAGENET.std[::-1])
    [[expected]] = run_onnx(network.read_bytes(), [{"image": normalize(pixels, bgr)[None]}])
    found = Evaluator(program).run({"image": pixels[None].astype(np.float32)})
    np.testing.assert_allclose(found["scores"], expected, rtol=1e-3, atol=1e-3)


def test_grey_pictures(tmp_path: Path) -> None:
    network = write_classifier(tmp_path / "grey.onnx", channels=1)
    run(network, "--to", "coreml", "--io", "image", "--out", tmp_path / "out")
    program = read_program(read_package(tmp_path / "out" / "grey_fp32.mlpackage"))
    assert program.inputs[0].image is not None
    assert program.inputs[0].image.color == "GRAYSCALE"


def test_labels_that_do_not_fit_leave_nothing(network: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    arguments = ("--to", "coreml", "--labels", tmp_path / "labels.txt", "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=2)
    assert "--labels names 2 classes, and no output has that many scores." in stderr
    assert "where" not in stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("batch", "channels", "words"),
    [(2, 3, "one picture at a time"), (1, 4, "needs a network that takes pictures")],
)
def test_pictures_for_a_network_that_takes_none(
    tmp_path: Path, batch: int, channels: int, words: str
) -> None:
    network = write_classifier(tmp_path / "net.onnx", batch=batch, channels=channels)
    arguments = ("--to", "coreml", "--io", "image", "--calib", "random")
    _, stderr = run(network, *arguments, "--out", tmp_path / "out", code=2)
    assert words in stderr


def test_wrong_labels_in_a_package_are_noticed(
    network: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = writing.convert
    monkeypatch.setattr(
        writing, "convert", lambda *a, labels, **k: convert(*a, labels=labels[::-1], **k)
    )
    arguments = ("--to", "coreml", "--labels", labels, "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=3)
    assert "The package's labels are not those of --labels." in stderr


def test_probabilities_that_are_no_softmax_are_noticed(
    network: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower = writing.lower

    def wrong(graph: Any, ios: int, batches: Sequence[int]) -> Any:
        node = next(node for node in graph.graph if node.op_type in ("Softmax", "Sigmoid"))
        node.op_type = "Sigmoid"
        node.attributes.clear()
        return lower(graph, ios, batches)

    monkeypatch.setattr(writing, "lower", wrong)
    arguments = ("--to", "coreml", "--labels", labels, "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=3)
    assert "label does not come from a softmax" in stderr
