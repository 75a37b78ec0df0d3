"""The files at the end of a file."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.tflite.metadata.attached import attach, attached

FILES = {"labels.txt": "Fuß\nΣ\n".encode(), "a.txt": b"first"}


def test_files_are_found_again() -> None:
    whole = attach(b"network" * 9, FILES)
    assert whole.startswith(b"network" * 9)
    found = attached(whole)
    assert {name: file.content for name, file in found.items()} == FILES
    assert not any(file.compressed for file in found.values())
    assert all(content in whole for content in FILES.values())


def test_equal_files_give_equal_bytes_in_any_order() -> None:
    assert attach(b"x", FILES) == attach(b"x", dict(reversed(FILES.items())))


def test_without_files_nothing_is_added() -> None:
    assert attach(b"network", {}) == b"network"
    assert attached(b"network") == {}


def test_compressed_files_are_told_apart() -> None:
    end = io.BytesIO(b"network")
    with zipfile.ZipFile(end, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", "a\n" * 100)
    assert attached(end.getvalue())["labels.txt"].compressed


def test_a_damaged_end_is_told_in_a_sentence() -> None:
    rng = np.random.default_rng(0)
    whole = attach(b"network", FILES)
    refused = 0
    for _ in range(1000):
        data = bytearray(whole)
        for place in rng.integers(7, len(data), 3):
            data[place] = rng.integers(256)
        try:
            attached(bytes(data))
        except InputError as error:
            refused += 1
            assert error.what == "The files at the end of this file cannot be read."
            assert error.why
    assert refused > 300


def test_a_zip_of_very_many_files_is_not_read() -> None:
    with pytest.raises(InputError, match="more than 1,000 files"):
        attached(attach(b"network", {str(number): b"" for number in range(1001)}))
