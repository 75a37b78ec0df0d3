"""Labelled pictures in two halves: what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import raw_pixels
from _edgeship.export.evaluation import labelled as module
from tests.export.evaluation.colours import GREEN, RED, write_classes


def test_halves_have_as_many_of_each_class(tmp_path: Path) -> None:
    write_classes(tmp_path, {"a": [RED] * 120, "b": [GREEN] * 80})
    found = module.labelled(tmp_path)
    first, second = found.halves("image", InputSpec((1, 3, 4, 4)), raw_pixels(3))
    for half in (first, second):
        assert half.labels.indices.tolist() == [0] * 60 + [1] * 40


def test_what_a_drop_cannot_be_measured_on_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_classes(tmp_path, {"a": [RED] * 120, "b": [GREEN] * 80})
    found = module.labelled(tmp_path)
    with pytest.raises(InputError, match="takes one picture"):
        found.halves("image", InputSpec((2, 3, 4, 4)), raw_pixels(3))
    monkeypatch.setattr(module, "_MOST_BYTES", 100 * 4 * 3 * 4 * 4)
    with pytest.raises(InputError, match="so large that 100 fill"):
        found.halves("image", InputSpec((1, 3, 4, 4)), raw_pixels(3))
