"""Layers that stay in float in an int8 folder: as few as reach what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import Result, export
from tests.export.coreai.networks import write_classifier

pytest.importorskip("coreai", reason="coreai-core is not installed; it needs Python 3.11")

pytestmark = pytest.mark.slow


def _export(folder: Path, min_sqnr: float) -> Result:
    network = write_classifier(folder / "small.onnx")
    request = Request(
        str(network),
        ("coreai",),
        ("int8",),
        calib="random",
        keep_float=("auto",),
        min_sqnr=min_sqnr,
        out=folder / "out",
    )
    return export(request)


def test_a_file_reaches_the_sqnr_by_its_layers_in_float(tmp_path: Path) -> None:
    [made] = _export(tmp_path, 40.0).manifest.artifacts
    assert made.parity is not None
    assert made.parity["sqnr_db"] >= 40.0
    assert made.keep_float == ["classify"]


def test_what_no_file_reaches_is_told_with_the_best(tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match="120 dB"):
        _export(tmp_path, 120.0)
