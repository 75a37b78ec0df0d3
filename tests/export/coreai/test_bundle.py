"""A bundle of .aimodel folders: all but code, and the bundle says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.export.bundle.making import Wishes, make
from _edgeship.export.contract.request import Request
from _edgeship.export.coreai.file import open_asset
from _edgeship.export.pipeline import export
from tests.export.classifier import write_classifier

pytest.importorskip("coreai", reason="coreai-core is not installed; it needs Python 3.11")

pytestmark = pytest.mark.slow

CLASSES = tuple(f"class {number}" for number in range(10))


def test_it_has_vectors_and_labels_and_says_that_there_is_no_code(tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "classifier.onnx")
    out = tmp_path / "out"
    export(Request(str(model), ("coreai",), ("int8-weights",), labels={"": CLASSES}, out=out))
    made = make(out, Wishes(), out=tmp_path / "bundle")
    [folder] = made.folder.glob("*.aimodel")
    assert [tuple(names) for names in open_asset(folder).labels.values()] == [CLASSES]
    assert (made.folder / "labels.txt").read_text().split("\n")[:10] == list(CLASSES)
    assert (made.folder / "vectors" / folder.name / "1.output0.npy").is_file()
    assert not (made.folder / "code").exists()
    readme = " ".join((made.folder / "README.md").read_text().split())
    assert f"NO CODE for {folder.name}: Apple's Swift interface to Core AI" in readme
    assert "coreai-core runs the .aimodel folder on Linux and on a Mac" in readme
    assert "The code does this already" not in readme
