"""Lists of archives that are implausibly long are refused before they are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from _edgeship import zips
from _edgeship.errors import InputError
from _edgeship.export.bundle.opening import opened
from _edgeship.export.calibration.arrays import array_source
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.picture_sets import open_pictures
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.network.source import is_saved_network
from _edgeship.export.tflite.metadata.attached import attached
from _edgeship.models.weights.checkpoints import read_fitting


def _bundle(path: Path) -> None:
    with opened(path):
        pass


def _pictures(path: Path) -> None:
    with open_pictures(path, "give a folder"):
        pass


def _arrays(path: Path) -> None:
    array_source(path, {"x": InputSpec((1, 3, 8, 8))}, Preprocess((0, 0, 0), (1, 1, 1)))


READERS = {
    "bundle.zip": _bundle,
    "pictures.zip": _pictures,
    "arrays.npz": _arrays,
    "weights.pt": lambda path: read_fitting(path, {}),
    "network.bin": is_saved_network,
    "network.tflite": lambda path: attached(path.read_bytes()),
}


@pytest.mark.parametrize(("name", "read"), READERS.items(), ids=READERS)
def test_a_list_that_is_too_long_is_not_read(
    name: str, read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_000):
            archive.writestr(f"{number}.txt", b"")
    monkeypatch.setattr(zips, "MOST_LISTED_BYTES", 100_000)
    with pytest.raises(InputError, match="lists too many files") as caught:
        read(path)
    assert "the list takes 106,890 bytes; 100,000 is the most" in str(caught.value)


def test_members_may_be_larger_than_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("large", bytes(100_000))
    monkeypatch.setattr(zips, "MOST_LISTED_BYTES", 100)
    with zips.open_zip(data) as archive:
        assert archive.read("large") == bytes(100_000)


def test_a_list_that_a_damaged_file_promises_is_called_damage(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"")
    data = bytearray(path.read_bytes())
    data[-10:-6] = (2**31).to_bytes(4, "little")  # the length of the list
    path.write_bytes(data)
    with pytest.raises(zipfile.BadZipFile), zips.open_zip(path):
        pass
