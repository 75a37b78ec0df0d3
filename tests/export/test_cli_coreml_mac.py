"""`python -m export MODEL --to coreml` on macOS, where Core ML itself judges as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from _edgeship.export.coreml import made_package, prediction
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.package import read_package
from tests.export.classifier import write_classifier, write_labels
from tests.export.command_line import run


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier(tmp_path_factory.mktemp("net") / "net.onnx")


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_labels(tmp_path_factory.mktemp("labels") / "labels.txt")


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
    monkeypatch.setattr(made_package, "can_predict", lambda: True)
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
