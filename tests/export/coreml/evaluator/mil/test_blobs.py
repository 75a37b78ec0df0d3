from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.coreml.evaluator.mil.blobs import BlobFile

INT8, UINT4 = 4, 11


def weights(
    data: bytes = b"\1\2\3\4",
    *,
    sentinel: int = 0xDEADBEEF,
    dtype: int = INT8,
    size: int | None = None,
    offset: int = 128,
    unused: int = 0,
    version: int = 2,
) -> bytes:
    """A file of one blob, whose record begins at 64."""
    header = struct.pack("<II", 1, version).ljust(64, b"\0")
    size = len(data) if size is None else size
    record = struct.pack("<IIQQQ", sentinel, dtype, size, offset, unused).ljust(64, b"\0")
    return header + record + data.ljust(64, b"\0")


def test_a_blob() -> None:
    found = BlobFile(weights(b"\1\2\xff"), "w").load(64, "int8", 3)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, [1, 2, -1])


def test_a_packed_blob() -> None:
    found = BlobFile(weights(b"\x21\x03", dtype=UINT4, unused=4), "w").load(64, "uint4", 3)
    np.testing.assert_array_equal(found, [1, 2, 3])


@pytest.mark.parametrize(
    ("data", "offset", "dtype", "count", "why"),
    [
        (weights(), 0, "int8", 4, "lies outside"),
        (weights(), 65, "int8", 4, "lies outside"),
        (weights(), 192, "int8", 4, "lies outside"),
        (weights(), 2**63, "int8", 4, "lies outside"),
        (weights(), 128, "int8", 4, "does not begin"),
        (weights(sentinel=0xDEADBEEE), 64, "int8", 4, "does not begin"),
        (weights(), 64, "uint8", 4, "holds int8"),
        (weights(dtype=99), 64, "int8", 4, "holds type 99"),
        (weights(), 64, "int8", 5, "do not fill"),
        (weights(), 64, "int8", 3, "do not fill"),
        (weights(size=65), 64, "int8", 65, "outside the file"),
        (weights(size=2**64 - 1), 64, "int8", 4, "outside the file"),
        (weights(offset=130), 64, "int8", 4, "outside the file"),
        (weights(offset=2**64 - 64), 64, "int8", 4, "outside the file"),
        (weights(offset=0), 64, "int8", 4, "outside the file"),
        (weights(b"\1\2", dtype=UINT4, unused=0), 64, "uint4", 3, "unused"),
        (weights(version=1), 64, "int8", 4, "version is 1"),
        (b"\2\0\0", 64, "int8", 4, "has 3 bytes"),
    ],
)
def test_damage_is_named(data: bytes, offset: int, dtype: str, count: int, why: str) -> None:
    with pytest.raises(InputError, match=why):
        BlobFile(data, "weight.bin").load(offset, dtype, count)


def test_a_blob_is_not_two_things() -> None:
    blobs = BlobFile(weights(), "w")
    blobs.load(64, "int8", 4)
    with pytest.raises(InputError, match="2 int8"):
        blobs.load(64, "int8", 2)


def test_what_coremltools_writes(tmp_path: Path) -> None:
    """All types that its own writer, which is compiled code, can write."""
    from coremltools import libmilstoragepython as storage

    path = tmp_path / "weight.bin"
    writer = storage._BlobStorageWriter(str(path))
    rng = np.random.default_rng(0)
    written = []
    for name, dtype, low, high in [
        ("int4", np.int8, -8, 8),
        ("uint1", np.uint8, 0, 2),
        ("uint2", np.uint8, 0, 4),
        ("uint3", np.uint8, 0, 8),
        ("uint4", np.uint8, 0, 16),
        ("uint6", np.uint8, 0, 64),
        ("int8", np.int8, -128, 128),
        ("uint8", np.uint8, 0, 256),
        ("int16", np.int16, -999, 999),
        ("uint16", np.uint16, 0, 999),
        ("int32", np.int32, -999, 999),
        ("uint32", np.uint32, 0, 999),
        ("fp16", np.uint16, 0, 999),
        ("float", np.float32, 0, 9),
    ]:
        for count in (1, 7, 64):
            array = rng.integers(low, high, count).astype(dtype)
            written.append((name, array, getattr(writer, f"write_{name}_data")(array)))
    del writer
    blobs = BlobFile(path.read_bytes(), "weight.bin")
    for name, array, offset in written:
        expected = array.view(np.float16) if name == "fp16" else array
        found = blobs.load(offset, {"float": "fp32"}.get(name, name), array.size)
        assert found.dtype == expected.dtype, name
        np.testing.assert_array_equal(found, expected, err_msg=name)
