"""`inspect` and `verify` on packages: as exported, changed, alone, with pictures and classes."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.coreml.evaluator.mil.program import Feature, MilProgram, Operation, Variable
from _edgeship.export.coreml.evaluator.running import Evaluator
from _edgeship.export.coreml.package_file import open_package
from _edgeship.export.coreml.package_run import RelatedPackage
from _edgeship.export.coreml.stored_weights import WeightKind
from _edgeship.export.verification.tolerance import TOLERANCES
from tests.export.command_line import run, write_network

MODEL = "Data/com.apple.CoreML/model.mlmodel"
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"

#: Tolerance -> file of the exported network.
SCHEMES = {
    "float": "small_fp32.mlpackage",
    "fp16": "small_fp16.mlpackage",
    "int8-weights": "small_int8_weights.mlpackage",
    "palette6": "small_palette6.mlpackage",
    "int8": "small_int8.mlpackage",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    network = write_network(folder / "small.onnx")
    schemes = "none,fp16,int8-weights,palette6,int8"
    run(network, "--to", "coreml", "--quant", schemes, "--out", folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a package that takes pictures, blue first, and names classes."""
    folder = tmp_path_factory.mktemp("classifier")
    labels = folder / "labels.txt"
    labels.write_text("".join(f"class {number}\n" for number in range(10)))
    options = ("--to", "coreml", "--quant", "fp16", "--io", "image", "--color", "bgr")
    network = write_network(folder / "small.onnx")
    run(network, *options, "--labels", labels, "--out", folder / "out")
    return folder / "out" / "small_fp16.mlpackage"


@pytest.fixture
def files(exported: Path, tmp_path: Path) -> Path:
    """Return a copy of the exported folder that a test may change."""
    return Path(shutil.copytree(exported, tmp_path / "files"))


@pytest.fixture
def lone(classifier: Path, tmp_path: Path) -> Path:
    """Return a copy of the classifier that has no manifest."""
    return Path(shutil.copytree(classifier, tmp_path / "lone.mlpackage"))


def change_model(package: Path, change: Callable[[Any], None]) -> None:
    """Change the protobuf message of a package on disk."""
    from coremltools.proto import Model_pb2

    model = Model_pb2.Model.FromString((package / MODEL).read_bytes())
    change(model)
    (package / MODEL).write_bytes(model.SerializeToString())


def set_first_weight(package: Path, value: float) -> None:
    """Overwrite the numbers of the first weight in the package's file of weights."""
    data = bytearray((package / WEIGHTS).read_bytes())
    # The first record stands behind the header; it says the type, the size and the place.
    _, kind, size, start = struct.unpack_from("<IIQQ", data, 64)
    dtype = {1: np.float16, 2: np.float32}[kind]
    data[start : start + size] = np.full(size // dtype().itemsize, value, dtype).tobytes()
    (package / WEIGHTS).write_bytes(data)


def operators(model: Any) -> list[Any]:
    [block] = model.mlProgram.functions["main"].block_specializations.values()
    return list(block.operations)


@pytest.mark.parametrize(("tolerance", "name"), SCHEMES.items())
def test_verify_compares_with_the_graph_beside_the_manifest(
    exported: Path, tolerance: str, name: str
) -> None:
    stdout, _ = run("verify", exported / name)
    assert f"against {exported / 'small.onnx'}" in stdout
    assert f"within tolerance ({tolerance})" in stdout
    [row] = [line.split() for line in stdout.splitlines() if line.startswith("evaluator")]
    assert row[-1] == "yes"


def test_verify_json_holds_the_same_parity_as_the_manifest(exported: Path) -> None:
    stdout, _ = run("verify", exported / "small_fp16.mlpackage", "--json")
    report = json.loads(stdout)
    manifest = json.loads((exported / "manifest.json").read_text())
    [recorded] = [each["parity"] for each in manifest["artifacts"] if each["scheme"] == "fp16"]
    # The network is an ONNX file itself, so the export compared with nearly the same graph.
    assert report["runtimes"][0]["parity"]["sqnr_db"] == pytest.approx(recorded["sqnr_db"], abs=0.1)
    assert (report["ok"], report["compared"], report["only_runtimes_compared"]) == (
        True,
        True,
        False,
    )
    assert (report["tolerance"], report["notes"]) == ("fp16", [])


def test_verify_exits_3_for_a_package_that_is_not_the_one_recorded(files: Path) -> None:
    package = files / "small_fp16.mlpackage"
    set_first_weight(package, 3.0)
    _, stderr = run("verify", package, code=3)
    assert "small_fp16.mlpackage is not the file that was exported." in stderr
    # Compared with a graph of one's own, the weights are found to be wrong.
    stdout, _ = run("verify", package, "--reference", files / "small.onnx", code=3)
    assert "is left out" in stdout
    assert "NO: The largest error is" in stdout
    stdout, _ = run("inspect", package)
    assert "the file is not the one recorded" in stdout


def test_verify_takes_the_tolerance_from_what_a_lone_package_holds(files: Path) -> None:
    (files / "manifest.json").unlink()
    for tolerance in ("float", "fp16", "palette6", "int8"):
        package = files / SCHEMES[tolerance]
        stdout, _ = run("verify", package, "--reference", files / "small.onnx", "--json")
        assert json.loads(stdout)["tolerance"] == tolerance


@pytest.mark.parametrize(
    ("weights", "tolerance"),
    [
        ("int8", "int8-weights"),
        ("sparse int8", "int8-weights"),
        ("sparse 4-bit palette", "palette4"),
        ("sparse float16", "fp16"),
        ("int4", "int4"),
    ],
)
def test_how_most_weights_are_stored_decides(exported: Path, weights: str, tolerance: str) -> None:
    package = open_package(exported / "small_fp16.mlpackage")
    kinds = (WeightKind("float16", 9, 10, 9000), WeightKind(weights, 1, 1000, 100))
    found = replace(package.found, weights=kinds)
    assert replace(package, found=found).tolerance(None) == tolerance


def test_verify_shows_figures_where_no_tolerance_is_known(
    exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(TOLERANCES, "fp16")
    stdout, _ = run("verify", exported / "small_fp16.mlpackage")
    assert "there is no tolerance for files whose quantization is 'fp16'" in stdout
    assert "not judged" in stdout
    assert "100%" in stdout


def test_verify_without_a_reference_runs_and_compares_nothing(files: Path) -> None:
    (files / "manifest.json").unlink()
    package = files / "small_fp32.mlpackage"
    stdout, _ = run("verify", package, "--json")
    report = json.loads(stdout)
    assert (report["compared"], report["reference"], report["ok"]) == (False, None, True)
    assert any("nothing is compared" in note for note in report["notes"])
    [runtime] = report["runtimes"]
    [output] = runtime["outputs"]
    assert (output["name"], output["shape"], output["finite"]) == ("scores", [1, 10], True)
    assert output["low"] < output["high"]
    stdout, _ = run("verify", package)
    assert "on its own" in stdout
    assert "yes" not in stdout


def test_verify_without_a_reference_says_where_outputs_are_not_finite(files: Path) -> None:
    (files / "manifest.json").unlink()
    package = files / "small_fp32.mlpackage"
    set_first_weight(package, np.nan)
    stdout, _ = run("verify", package)
    assert "not all finite" in stdout


def test_verify_names_the_operators_it_does_not_know(files: Path) -> None:
    package = files / "small_fp16.mlpackage"

    def rename(model: Any) -> None:
        for operator in operators(model):
            if operator.type == "relu":
                operator.type = "mystery"

    change_model(package, rename)
    (files / "manifest.json").unlink()
    stdout, stderr = run("verify", package, code=4)
    assert "mystery" in stderr
    assert stdout == ""
    # To count it, one need not know what it does.
    stdout, _ = run("inspect", package)
    assert "mystery" in stdout


def test_verify_exits_4_for_a_model_that_is_no_program(files: Path) -> None:
    from coremltools.proto import Model_pb2

    package = files / "small_fp16.mlpackage"
    model = Model_pb2.Model(specificationVersion=4)
    model.neuralNetwork.layers.add()
    (package / MODEL).write_bytes(model.SerializeToString())
    _, stderr = run("inspect", package, code=4)
    assert "neuralNetwork" in stderr


def test_verify_feeds_pictures_and_compares_scores(classifier: Path) -> None:
    stdout, _ = run("verify", classifier, "--json")
    report = json.loads(stdout)
    assert (report["ok"], report["tolerance"]) == (True, "fp16")
    assert "scores before the package's softmax" in report["notes"][0]
    assert report["runtimes"][0]["parity"]["sqnr_db"] > 50


@pytest.mark.parametrize("calib", ["random", "pixels.npy"])
def test_verify_makes_pictures_of_other_samples(
    classifier: Path, tmp_path: Path, calib: str
) -> None:
    noise = np.random.default_rng(0).standard_normal((4, 3, 16, 16)).astype(np.float32)
    np.save(tmp_path / "pixels.npy", 3 * noise)
    source = "random" if calib == "random" else tmp_path / calib
    stdout, _ = run("verify", classifier, "--calib", source)
    assert stdout.split()[-1] == "yes"


def test_verify_of_a_lone_classifier_assumes_how_pictures_are_normalised(lone: Path) -> None:
    # The network that was exported takes anything; the package has the usual mean and std.
    reference = lone.parent / "small.onnx"
    write_network(reference)
    stdout, _ = run("verify", lone, "--reference", reference)
    assert "no manifest says how images are normalised; assumed: mean (0.406" in stdout
    assert stdout.split()[-1] == "yes"
    stdout, _ = run("verify", lone)
    # Nobody need know it where pixels are all that is fed.
    assert "normalised" not in stdout
    assert "classLabel_probs" in stdout


def test_verify_finds_colours_that_were_exchanged(lone: Path) -> None:
    def exchange(model: Any) -> None:
        image = model.description.input[0].type.imageType
        image.colorSpace = type(image).ColorSpace.Value("RGB")

    change_model(lone, exchange)
    reference = lone.parent / "small.onnx"
    write_network(reference)
    stdout, _ = run("verify", lone, "--reference", reference, code=3)
    assert "NO: " in stdout


def test_probabilities_that_are_no_softmax_are_found() -> None:
    scores, probabilities = Variable("s", "fp32", (1, 2)), Variable("p", "fp32", (1, 2))
    program = MilProgram(
        specification_version=6,
        opset="CoreML5",
        inputs=(Feature("s", "float32", (1, 2)),),
        outputs=(Feature("p", "float32", (1, 2)),),
        variables=(scores,),
        # Along the axis of the batch, everything is certain.
        operations=(Operation("softmax", {"x": ("s",), "axis": np.int32(0)}, (probabilities,)),),
        results=("p",),
        metadata={},
    )
    file = RelatedPackage(
        Path("x.mlpackage"), Evaluator(program), program.inputs, ("p",), ((1, 2),), {"p": "s"}
    )
    with pytest.raises(VerificationError, match="p is not the softmax"):
        file.run([{"s": np.array([[1, 2]], np.float32)}], "evaluator")


def test_references_that_do_not_fit_are_refused(files: Path) -> None:
    package = files / "small_fp32.mlpackage"
    graph = write_network(files / "other.onnx", shape=(1, 3, 8, 8))
    _, stderr = run("verify", package, "--reference", graph, code=2)
    assert "has shape (1, 3, 16, 16), and the reference (1, 3, 8, 8)" in stderr
    (files / "small.onnx").unlink()
    _, stderr = run("verify", package, code=2)
    assert "small.onnx does not exist" in stderr


def test_wrong_packages_are_refused(files: Path, tmp_path: Path) -> None:
    for command in ("verify", "inspect"):
        _, stderr = run(command, files / "nosuch.mlpackage", code=2)
        assert "nosuch.mlpackage does not exist." in stderr
        (tmp_path / "old.mlmodel").write_bytes(b"x")
        _, stderr = run(command, tmp_path / "old.mlmodel", code=2)
        assert "old.mlmodel is a file, not an .mlpackage." in stderr
    package = files / "small_fp32.mlpackage"
    (package / MODEL).write_bytes(b"\xff" * 100)
    _, stderr = run("inspect", package, code=2)
    assert "damaged" in stderr
    shutil.rmtree(package / "Data")
    _, stderr = run("inspect", package, code=2)
    assert "lacks its model" in stderr


def test_runtimes_of_packages_are_others(exported: Path) -> None:
    _, stderr = run("verify", exported / "small_fp16.mlpackage", "--runtime", "litert", code=2)
    assert "There is no runtime 'litert'" in stderr
    assert "evaluator, coreml" in stderr


@pytest.mark.skipif(sys.platform == "darwin", reason="here Core ML runs")
def test_core_ml_runs_on_a_mac_only(exported: Path) -> None:
    _, stderr = run("verify", exported / "small_fp16.mlpackage", "--runtime", "coreml", code=2)
    assert "only macOS has it" in stderr


class FakeModel:
    """Stands in for Core ML: the evaluator behind Core ML's interface, labels in no order."""

    def __init__(self, path: str, compute_units: Any) -> None:
        from _edgeship.export.coreml.evaluator.reading import read_program
        from _edgeship.export.coreml.format.package import read_package

        self.evaluator = Evaluator(read_program(read_package(Path(path))))

    def predict(self, given: dict[str, Any]) -> dict[str, Any]:
        # A picture comes with red first, and Core ML brings it into the package's order.
        pixels = np.asarray(given["image"], np.float32)[:, :, ::-1]
        results = self.evaluator.run({"image": pixels.transpose(2, 0, 1)[None]})
        named = zip(
            self.evaluator.program.labels, results["classLabel_probs"].tolist(), strict=True
        )
        return {
            "classLabel": str(results["classLabel"]),
            "classLabel_probs": dict(sorted(named, reverse=True)),
        }


def test_on_a_mac_core_ml_is_compared_too(
    classifier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.export.coreml import package_file
    from _edgeship.export.coreml import package_runtimes as coreml_runtime

    monkeypatch.setattr(package_file, "can_predict", lambda: True)
    monkeypatch.setattr(coreml_runtime, "can_predict", lambda: True)
    monkeypatch.setattr("coremltools.models.MLModel", FakeModel)
    stdout, _ = run("verify", classifier)
    rows = [line.split() for line in stdout.splitlines()[-2:]]
    assert [(row[0], row[-1]) for row in rows] == [("evaluator", "yes"), ("coreml", "yes")]

    def refuse(*args: object) -> None:
        raise RuntimeError("Error in declaring network.")

    monkeypatch.setattr(FakeModel, "predict", refuse)
    stdout, _ = run("verify", classifier, code=3)
    assert "NO: Core ML does not run the package. Error in declaring network." in stdout


def test_inspect_shows_a_classifier_and_what_its_manifest_records(classifier: Path) -> None:
    stdout, _ = run("inspect", classifier)
    words = " ".join(stdout.split())
    assert "BGR image │ 16 x 16 pixels" in words
    assert "10 labels in classLabel" in words
    assert "weights those in small.onnx" in words
    assert "sqnr_db against the ONNX file" in words


def test_inspect_finds_a_renamed_package_by_its_digest(files: Path) -> None:
    (files / "small_int8.mlpackage").rename(files / "renamed.mlpackage")
    stdout, _ = run("inspect", files / "renamed.mlpackage", "--json")
    report = json.loads(stdout)
    assert (report["recorded"]["scheme"], report["recorded"]["unchanged"]) == ("int8", True)
    assert report["ios"] == 17
    assert report["quantize"] > 0
    (files / "manifest.json").unlink()
    stdout, _ = run("inspect", files / "renamed.mlpackage")
    assert "No manifest.json beside the file lists it." in stdout


def test_a_damaged_manifest_stops_verify_and_not_inspect(files: Path) -> None:
    (files / "manifest.json").write_text('{"tool": "edgeship"}')
    _, stderr = run("verify", files / "small_fp32.mlpackage", code=2)
    assert "manifest.json is not a readable manifest." in stderr
    stdout, _ = run("inspect", files / "small_fp32.mlpackage")
    assert "manifest.json is not a readable manifest." in stdout


def test_other_files_do_not_cost_the_import_of_coremltools() -> None:
    code = (
        "import sys; from _edgeship.export.checks import comparison, subject; "
        "from _edgeship.export.commands import inspect; from _edgeship.export.tflite import file; "
        "sys.exit('coremltools' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603
