"""The file of weights beside an ML program.

Layout, all little-endian: a header of 64 bytes (number of blobs, version 2). Each blob has a record
of 64 bytes that begins with a sentinel and says its type, its size in bytes and the offset of its
data; records and data begin at multiples of 64. The program names a blob by its record's offset.
Source: the comment in coremltools' `mlmodel/src/MILBlob/Blob/StorageFormat.hpp`.
"""

from __future__ import annotations

import struct
from typing import Any

from numpy.typing import NDArray

from _edgeship.errors import InputError
from _edgeship.export.coreml.evaluator.mil.dtypes import PACKED, decoded, nbytes

_ALIGNMENT = 64
_VERSION = 2
_SENTINEL = 0xDEADBEEF
_HEADER = struct.Struct("<II")
# Sentinel, type, bytes, offset, and how many bits of the last byte a packed blob leaves unused.
_RECORD = struct.Struct("<IIQQQ")

#: Codes of the element types. Those from 8 on were found by writing blobs with coremltools 9.
_DTYPES = {
    1: "fp16",
    2: "fp32",
    3: "uint8",
    4: "int8",
    6: "int16",
    7: "uint16",
    8: "int4",
    9: "uint1",
    10: "uint2",
    11: "uint4",
    12: "uint3",
    13: "uint6",
    14: "int32",
    15: "uint32",
}


class BlobFile:
    """A file of weights. Every offset and size in it is checked before it is used.

    Args:
        data: The whole file.
        path: What to call it in messages.
    """

    def __init__(self, data: bytes, path: str) -> None:
        self._data = memoryview(data)
        self._path = path
        # Several constants may name one blob, which is unpacked only once.
        self._loaded: dict[int, tuple[str, int, NDArray[Any]]] = {}

    def load(self, offset: int, dtype: str, count: int) -> NDArray[Any]:
        """Return a blob as a read-only vector.

        Args:
            offset: Where its record begins.
            dtype: MIL's name of the type that the program says it has.
            count: How many elements the program says it has.

        Raises:
            InputError: There is no such blob, or the file holds no blobs.
        """
        if offset not in self._loaded:
            self._loaded[offset] = (dtype, count, self._read(offset, dtype, count))
        known_dtype, known_count, array = self._loaded[offset]
        if (known_dtype, known_count) != (dtype, count):
            raise self._damaged(
                f"The program reads its blob at {offset} as {known_count} {known_dtype} and as "
                f"{count} {dtype}."
            )
        return array

    def _read(self, offset: int, dtype: str, count: int) -> NDArray[Any]:
        self._check_header()
        place = f"The blob at {offset}"
        if offset % _ALIGNMENT or offset < _ALIGNMENT or offset + _ALIGNMENT > len(self._data):
            raise self._damaged(f"{place} lies outside the file or between two records.")
        sentinel, code, size, start, unused = _RECORD.unpack_from(self._data, offset)
        if sentinel != _SENTINEL:
            raise self._damaged(f"{place} does not begin as a blob does.")
        if _DTYPES.get(code) != dtype:
            found = _DTYPES.get(code, f"type {code}")
            raise self._damaged(f"{place} holds {found}; the program says {dtype}.")
        if start % _ALIGNMENT or start < _ALIGNMENT or start + size > len(self._data):
            raise self._damaged(f"{place} has data outside the file.")
        if size != nbytes(dtype, count):
            raise self._damaged(f"{place} has {size} bytes; {count} {dtype} do not fill them.")
        if dtype in PACKED and unused != size * 8 - count * PACKED[dtype]:
            raise self._damaged(f"{place} says that {unused} bits are unused, which is not so.")
        return decoded(self._data[start : start + size], dtype, count)

    def _check_header(self) -> None:
        if len(self._data) < _ALIGNMENT:
            raise self._damaged(
                f"It has {len(self._data)} bytes; its header alone has {_ALIGNMENT}."
            )
        _, version = _HEADER.unpack_from(self._data)
        if version != _VERSION:
            raise self._damaged(f"Its version is {version}; {_VERSION} was expected.")

    def _damaged(self, why: str) -> InputError:
        return InputError("The weights of this package are damaged.", where=self._path, why=why)
