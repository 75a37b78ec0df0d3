"""`python -m export MODEL --to coreml`: packages, what they hold, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.calibration.preprocess import Preprocess, normalize
from export.coreml import prediction, target
from export.coreml.evaluator import Evaluator, MilProgram, read_program
from export.coreml.package import digest, read_package, size
from export.verification.runtimes import run_onnx
from export.verification.tolerance import TOLERANCES, Tolerance
from tests.export.command_line import ROOT, run, write_network

CORE_ML = ("none", "fp16", "int8-weights", "palette8", "palette6", "palette4", "int8")
IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def write_classifier(path: Path, *, batch: int = 1, channels: int = 3) -> Path:
    """Write two convolutions and a matrix of 10 classes, with weights worth compressing."""
    generator = np.random.default_rng(0)
    shapes = {"a": (16, channels, 3, 3), "b": (48, 16, 3, 3), "bias": (48,), "matrix": (10, 48)}
    constants = {name: generator.standard_normal(shape) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Conv", ["image", "a"], ["c1"], "first", strides=[2, 2], pads=[1] * 4),
        helper.make_node("Relu", ["c1"], ["r1"], "act1"),
        helper.make_node("Conv", ["r1", "b", "bias"], ["c2"], "second", pads=[1] * 4),
        helper.make_node("Relu", ["c2"], ["r2"], "act2"),
        helper.make_node("GlobalAveragePool", ["r2"], ["p"], "pool"),
        helper.make_node("Flatten", ["p"], ["f"], "flatten"),
        helper.make_node("Gemm", ["f", "matrix"], ["scores"], "gemm", transB=1),
    ]
    shape = (batch, channels, 16, 24)
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (batch, 10))],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(path))
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("net") / "net.onnx")


@pytest.fixture(scope="module")
def exported(network: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Export to both targets at once and return the folder and what was printed."""
    out = tmp_path_factory.mktemp("out") / "the files"
    arguments = ("--to", "tflite,coreml", "--quant", f"dynamic,{','.join(CORE_ML)}")
    stdout, stderr = run(network, *arguments, "--out", out)
    assert stderr == ""
    return out, stdout


def artifacts(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    manifest = json.loads((out / "manifest.json").read_text())
    return {(entry["target"], entry["scheme"]): entry for entry in manifest["artifacts"]}


def test_each_target_writes_the_schemes_that_it_has(exported: tuple[Path, str]) -> None:
    out, _ = exported
    suffixes = ("fp32", "fp16", "int8_weights", "palette8", "palette6", "palette4", "int8")
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "net.onnx",
        *(f"net_{suffix}.tflite" for suffix in ("fp32", "fp16", "dynamic", "int8")),
        *(f"net_{suffix}.mlpackage" for suffix in suffixes),
    }
    found = artifacts(out)
    assert {scheme for kind, scheme in found if kind == "coreml"} == set(CORE_ML)


def test_the_manifest_says_size_and_arithmetic_separately(exported: tuple[Path, str]) -> None:
    out, stdout = exported
    found = artifacts(out)
    for (kind, _), entry in found.items():
        if kind == "coreml":
            package = read_package(out / entry["file"])
            assert entry["sha256"] == digest(package)
            assert entry["size"] == size(package)
            assert entry["ios"] == 17  # what int8 needs
            assert read_program(package).opset == "CoreML7"
    types = {s: (found["coreml", s]["weights"], found["coreml", s]["compute"]) for s in CORE_ML}
    assert types == {
        "none": ("float32", "float32"),
        "fp16": ("float16", "float16"),
        "int8-weights": ("int8", "float16"),
        "palette8": ("8-bit palette", "float16"),
        "palette6": ("6-bit palette", "float16"),
        "palette4": ("4-bit palette", "float16"),
        "int8": ("int8", "int8 and float16"),
    }
    sizes = [found["coreml", s]["size"] for s in ("none", "fp16", "int8-weights", "palette4")]
    assert sizes == sorted(sizes, reverse=True)
    assert found["tflite", "dynamic"]["weights"] == "int8"
    assert found["tflite", "dynamic"]["compute"] == "float32"
    lines = [" ".join(line.split()) for line in stdout.splitlines()]
    [row] = [line for line in lines if "net_palette6.mlpackage" in line and "kB" in line]
    assert row.endswith("kB 6-bit palette float16")


def test_the_output_says_who_judged_and_what_to_do_next(exported: tuple[Path, str]) -> None:
    out, stdout = exported
    assert "judged by edgeship's evaluator; not run by Core ML, which needs macOS." in stdout
    package = f"'{out / 'net_int8.mlpackage'}'"
    assert f"python -m export verify {package}" in stdout
    assert f"drag {package} into an Xcode project" in stdout
    assert f"device_bench run '{out / 'net_int8.tflite'}' --device local" in stdout
    assert f"device_bench run {package}" not in stdout
    parities = [entry["parity"] for entry in artifacts(out).values()]
    assert all(parity["sqnr_db"] == "inf" or parity["sqnr_db"] > 15 for parity in parities)
    assert artifacts(out)["coreml", "none"]["parity"]["max_rel"] < 1e-5


def test_the_same_network_gives_the_same_bytes(
    exported: tuple[Path, str], network: Path, tmp_path: Path
) -> None:
    """Whatever else is exported with it."""
    run(network, "--to", "coreml", "--quant", "palette6,int8", "--out", tmp_path)
    for scheme in ("palette6", "int8"):
        name = f"net_{scheme}.mlpackage"
        assert read_package(tmp_path / name) == read_package(exported[0] / name)


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labels") / "labels.txt"
    path.write_text("".join(f"Ünit {number}\n" for number in range(10)))
    return path


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
    [stage] = [s for s in manifest["stages"] if s["stage"] == "reference for pictures"]
    assert stage["parity"]["max_rel"] < 1e-4
    ports = artifacts(out)["coreml", "fp16"]
    assert (ports["inputs"][0]["dtype"], ports["inputs"][0]["layout"]) == ("image", "RGB")
    assert "the package normalises a picture itself" in stdout
    assert "what an image goes through before it is fed" not in stdout


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
    assert "where: lower for Core ML" in stderr
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


def test_an_unsupported_operator_exits_4_and_is_named(tmp_path: Path) -> None:
    network = write_network(tmp_path / "acos.onnx", op="Acos")
    _, stderr = run(network, "--to", "coreml", "--out", tmp_path / "out", code=4)
    assert "Acos (act)" in stderr
    assert "where: lower for Core ML, lowering to Core ML" in stderr
    assert not (tmp_path / "out").exists()


def test_a_wrong_package_is_refused_named_and_set_aside(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(network, "--to", "coreml", "--out", out)
    lower = target.lower

    def wrong(graph: Any, ios: int) -> Any:
        weight = next(node for node in graph.graph if node.name == "second").inputs[1]
        import onnx_ir as ir

        right = weight.const_value
        weight.const_value = ir.tensor(right.numpy()[::-1].copy(), name=weight.name)
        lowered = lower(graph, ios)
        weight.const_value = right
        return lowered

    monkeypatch.setattr(target, "lower", wrong)
    _, stderr = run(network, "--to", "coreml", "--out", out, code=3)
    assert "where: verify Core ML none, Core ML, none" in stderr
    assert "The first variable out of tolerance is " in stderr
    assert "conv" in stderr.split("out of tolerance is ")[1]
    assert {path.name for path in out.iterdir()} == {
        "manifest.json.previous",
        "net.onnx.previous",
        "net_fp32.mlpackage.previous",
    }


def test_wrong_labels_in_a_package_are_noticed(
    network: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = target.convert
    monkeypatch.setattr(
        target, "convert", lambda *a, labels, **k: convert(*a, labels=labels[::-1], **k)
    )
    arguments = ("--to", "coreml", "--labels", labels, "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=3)
    assert "The package's labels are not those of --labels." in stderr


def test_probabilities_that_are_no_softmax_are_noticed(
    network: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lower = target.lower

    def wrong(graph: Any, ios: int) -> Any:
        node = next(node for node in graph.graph if node.op_type in ("Softmax", "Sigmoid"))
        node.op_type = "Sigmoid"
        node.attributes.clear()
        return lower(graph, ios)

    monkeypatch.setattr(target, "lower", wrong)
    arguments = ("--to", "coreml", "--labels", labels, "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=3)
    assert "label does not come from a softmax" in stderr


def test_too_much_noise_is_refused(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOLERANCES, "palette4", Tolerance(min_sqnr_db=1000.0))
    arguments = ("--to", "coreml", "--quant", "palette4", "--out", tmp_path / "out")
    _, stderr = run(network, *arguments, code=3)
    assert "needs 1000.0 dB" in stderr
    assert "choose a scheme with more bits" in stderr
    assert not (tmp_path / "out").exists()


class Mac:
    """Stands for ``MLModel`` on macOS: takes pictures as such, and answers as Core ML does."""

    scale = 1.0

    def __init__(self, path: str, compute_units: object) -> None:
        self.program = read_program(read_package(Path(path)))
        self.evaluator = Evaluator(self.program)

    def predict(self, given: Mapping[str, Any]) -> dict[str, Any]:
        picture = np.asarray(given["image"])
        assert picture.shape == (16, 24, 3)
        pixels = picture.transpose(2, 0, 1)[None].astype(np.float32)
        assert self.program.inputs[0].image is not None
        if self.program.inputs[0].image.color == "BGR":
            pixels = pixels[:, ::-1]
        values = self.evaluator.run({"image": pixels})
        numbers = values["classLabel_probs"].ravel() * self.scale
        by_label = dict(zip(self.program.labels, numbers.tolist(), strict=True))
        return {
            "classLabel": str(values["classLabel"]),
            "classLabel_probs": dict(sorted(by_label.items(), reverse=True)),
        }


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> type[Mac]:
    use(monkeypatch, Mac)
    return Mac


def use(monkeypatch: pytest.MonkeyPatch, model: Callable[..., Any]) -> None:
    """Let this be a Mac with another ``MLModel``."""
    monkeypatch.setattr(target, "can_predict", lambda: True)
    library = SimpleNamespace(
        models=SimpleNamespace(MLModel=model), ComputeUnit=SimpleNamespace(CPU_ONLY="cpu")
    )
    monkeypatch.setattr(prediction, "coremltools", lambda: library)


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_on_a_mac_core_ml_judges_as_well(
    network: Path, labels: Path, tmp_path: Path, mac: type[Mac], color: str
) -> None:
    arguments = ("--to", "coreml", "--io", "image", "--labels", labels, "--color", color)
    stdout, _ = run(network, *arguments, "--out", tmp_path)
    assert "judged by edgeship's evaluator and by Core ML itself." in stdout


def test_on_a_mac_core_ml_has_a_veto(
    network: Path, labels: Path, tmp_path: Path, mac: type[Mac], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mac, "scale", 0.9)
    arguments = ("--to", "coreml", "--io", "image", "--labels", labels)
    _, stderr = run(network, *arguments, "--out", tmp_path / "out", code=3)
    assert "Core ML's own prediction" in stderr
    assert not (tmp_path / "out").exists()


def test_on_a_mac_samples_that_are_no_pictures_are_not_shown_to_core_ml(
    network: Path, labels: Path, tmp_path: Path, mac: type[Mac]
) -> None:
    arguments = ("--to", "coreml", "--io", "image", "--labels", labels, "--calib", "random")
    stdout, _ = run(network, *arguments, "--out", tmp_path)
    assert "not run by Core ML: the samples are no pictures." in stdout


def test_core_ml_that_fails_is_a_sentence(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise RuntimeError("the compiler of this system is too old")

    use(monkeypatch, refuse)
    _, stderr = run(network, "--to", "coreml", "--out", tmp_path / "out", code=3)
    assert "Core ML does not run the package." in stderr
    assert "too old" in stderr


def test_only_core_ml_pays_for_coremltools(network: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from export.cli import app\n"
        "assert CliRunner().invoke(app, sys.argv[1:]).exit_code == 0\n"
        "print('coremltools' in sys.modules)"
    )
    process = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code, str(network), "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "False\n"
