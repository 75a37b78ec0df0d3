"""One small classifier of pictures, exported once for all tests of bundles, and its bundle."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from _edgeship.export.bundle.making import Made, Wishes, make
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import export
from tests.export.classifier import write_classifier


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a .tflite and an .onnx of a classifier of 10 classes."""
    folder = tmp_path_factory.mktemp("exported")
    model = write_classifier(folder / "classifier.onnx")
    out = folder / "out"
    export(Request(model=str(model), targets=("tflite", "onnx"), schemes=("int8",), out=out))
    return out


@pytest.fixture(scope="session")
def made(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return the bundle of these files."""
    return make(exported, Wishes(), out=tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def bundle(made: Made, tmp_path: Path) -> Path:
    """Return a copy of the bundle's folder, which a test may spoil."""
    return Path(shutil.copytree(made.folder, tmp_path / made.folder.name))
