"""`python -m export MODEL --to coreml --batch N,N`: packages that take batches of several sizes."""

from __future__ import annotations

import json
from pathlib import Path

import coremltools as ct
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from _edgeship.export.bundle.content_checks import check_artifact
from _edgeship.export.contract.manifest import Manifest
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import read_package
from _edgeship.export.coreml.package_file import open_package
from _edgeship.export.runtimes.running import run_onnx
from tests.export.classifier import write_classifier, write_labels
from tests.export.command_line import run, write_network


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("batches")
    network = write_classifier(folder / "net.onnx")
    arguments = ("--to", "coreml", "--quant", "fp16,palette8", "--batch", "3,5")
    for out in ("first", "again"):
        run(network, *arguments, "--out", folder / out)
    return folder


@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_batch_gives_what_its_pictures_give(exported: Path, size: int) -> None:
    """The evaluator on a batch against ONNX Runtime on each picture."""
    pictures = np.random.default_rng(size).standard_normal((size, 3, 16, 24)).astype(np.float32)
    samples = [{"image": picture[None]} for picture in pictures]
    expected = np.concatenate(
        [outputs[0] for outputs in run_onnx((exported / "net.onnx").read_bytes(), samples)]
    )
    program = read_program(read_package(exported / "first" / "net_fp16.mlpackage"))
    found = Evaluator(program).run({"image": pictures})["scores"]
    np.testing.assert_allclose(found, expected, atol=0.01 * np.abs(expected).max())


def test_what_the_package_and_the_manifest_say(exported: Path) -> None:
    """Coremltools' reading: which shapes Core ML is to prepare, and which is the default."""
    package = exported / "first" / "net_palette8.mlpackage"
    description = ct.models.MLModel(str(package), skip_model_load=True).get_spec().description
    array = description.input[0].type.multiArrayType
    assert list(array.shape) == [1, 3, 16, 24]
    shapes = [list(one.shape) for one in array.enumeratedShapes.shapes]
    assert shapes == [[size, 3, 16, 24] for size in (1, 3, 5)]
    manifest = json.loads((exported / "first" / "manifest.json").read_text())
    for artifact in manifest["artifacts"]:
        assert artifact["batches"] == [1, 3, 5]
        assert artifact["outputs"][0]["shape"] == [1, 10]


def test_equal_exports_give_equal_packages(exported: Path) -> None:
    first, again = (
        read_package(exported / out / "net_fp16.mlpackage") for out in ("first", "again")
    )
    assert first == again


def test_a_bundle_with_it_is_no_worse(exported: Path) -> None:
    """Its outputs have no shape of their own, and the manifest says that of a batch of 1."""
    folder = exported / "first"
    manifest = Manifest.model_validate_json((folder / "manifest.json").read_text())
    for artifact in manifest.artifacts:
        found = check_artifact(folder, manifest, artifact, open_package(folder / artifact.file))
        assert not found.problem
    wrong = artifact.model_copy(update={"batches": []})
    assert check_artifact(folder, manifest, wrong, open_package(folder / wrong.file)).problem


def test_verify_takes_it(exported: Path) -> None:
    stdout, _ = run("verify", exported / "first" / "net_fp16.mlpackage")
    assert "yes" in stdout


def test_a_network_that_mixes_its_batch_is_refused(tmp_path: Path) -> None:
    """Rows are made of the whole batch: it must not be mistaken for one row a picture."""
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "mixed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 6, 4))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (6, 4))],
        [helper.make_tensor("shape", TensorProto.INT64, [2], [6, 4])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(tmp_path / "mixed.onnx"))
    arguments = ("--to", "coreml", "--quant", "none", "--batch", "3", "--out", tmp_path / "out")
    _, stderr = run(tmp_path / "mixed.onnx", *arguments, code=4)
    assert "leave --batch out" in stderr
    assert not list((tmp_path / "out").glob("*.mlpackage"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--to", "coreml", "--batch", "3", "--io", "image"),
            "--batch does not go with --io image",
        ),
        (("--to", "coreml", "--batch", "many"), "--batch many is no list of sizes."),
        (("--to", "tflite", "--batch", "3"), "--batch does not go with --to tflite."),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    _, stderr = run(write_network(tmp_path / "net.onnx"), *options, code=2)
    assert words in stderr


def test_classes_are_named_for_one_picture(tmp_path: Path) -> None:
    labels = write_labels(tmp_path / "labels.txt")
    network = write_network(tmp_path / "net.onnx")
    _, stderr = run(network, "--to", "coreml", "--batch", "3", "--labels", labels, code=2)
    assert "--batch does not go with --labels." in stderr
