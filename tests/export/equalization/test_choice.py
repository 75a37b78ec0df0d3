"""Files of all targets have equal channels where that keeps more of the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from _edgeship.export.contract.request import Request
from _edgeship.export.equalization.choice import equalized_if_better
from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.pipeline import export
from tests.export.equalization.test_equalize import chain, int8_db, scaled
from tests.export.tflite.test_equalize import samples_of


def test_equal_channels_are_taken_where_they_keep_more() -> None:
    net, model = chain()
    fed = samples_of(net, 64)
    other, _ = scaled(model, 1e3)
    equal = equalized_if_better(other, fed)
    assert equal is not None
    assert int8_db(equal, fed[:8]) > int8_db(other, fed[:8]) + 10


def test_few_samples_do_not_tell_how_large_channels_get() -> None:
    net, model = chain()
    assert equalized_if_better(scaled(model, 1e3)[0], samples_of(net, 63)) is None


@pytest.mark.slow
def test_files_of_all_targets_have_them(tmp_path: Path) -> None:
    net, model = chain()
    fed = samples_of(net, 90)
    np.savez(tmp_path / "fed.npz", x=np.concatenate([one["x"] for one in fed]))
    (tmp_path / "net.onnx").write_bytes(serialize(scaled(model, 1e3)[0]))
    request = Request(
        str(tmp_path / "net.onnx"),
        ("tflite", "coreml", "onnx"),
        ("int8",),
        calib=str(tmp_path / "fed.npz"),
        ios=17,
        out=tmp_path / "out",
    )
    files = export(request).manifest.artifacts
    assert [one.target for one in files] == ["tflite", "coreml", "onnx"]
    assert all(float(one.parity["sqnr_db"]) > 30 for one in files)
