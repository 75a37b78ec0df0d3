"""What a shared library says about itself: its machine, what it needs, what it may offer.

The file is untrusted: every offset and count is checked before it is used. ELF is specified in the
System V ABI; only 64-bit little-endian files are read, as all of Android's current machines have.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_MAGIC = b"\x7fELF"
_MACHINES = {183: "arm64-v8a", 62: "x86_64", 40: "armeabi-v7a", 3: "x86", 243: "riscv64"}
_SHARED = 3
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _STRSZ = 1, 5, 10

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")

# More than any library has, and quickly read.
_MAX_SEGMENTS, _MAX_ENTRIES, _MAX_NAME = 128, 4096, 255


class NotAnElfError(ValueError):
    """The bytes are no shared library, or one that is cut off or contradicts itself."""


@dataclass(frozen=True)
class SharedLibrary:
    """What is read.

    Attributes:
        abi: The machine, by Android's name; its number if that has none.
        needed: Names of the libraries that are loaded with it.
        alignment: Of the segments that are mapped, in bytes: the largest page that it can do with.
        strings: All names that it has, of symbols and libraries, with zero bytes between them.
    """

    abi: str
    needed: tuple[str, ...]
    alignment: int
    strings: bytes = field(default=b"", repr=False)

    def may_offer(self, symbol: str) -> bool:
        """Return whether a symbol of this name is in it; it may be one that it only needs."""
        return f"{symbol}\0".encode() in self.strings


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int
    alignment: int


def read_library(data: bytes) -> SharedLibrary:
    """Return what a shared library says about itself.

    Raises:
        NotAnElfError: It is none.
    """
    if data[:4] != _MAGIC:
        raise NotAnElfError("It does not begin as an ELF file does.")
    if data[4:6] == b"\x01\x01":
        # For 32 bits: the machine stands at the same place, and no more is asked of it.
        return SharedLibrary(_abi(int.from_bytes(data[18:20], "little")), (), 0)
    if data[4:6] != b"\x02\x01":
        raise NotAnElfError("It is not for a little-endian machine.")
    header = _unpack(_HEADER, data, 0)
    kind, machine, table, entry_bytes, count = (header[at] for at in (1, 2, 5, 9, 10))
    if kind != _SHARED:
        raise NotAnElfError("It is an ELF file, but no shared library.")
    if entry_bytes != _SEGMENT.size or not 0 < count <= _MAX_SEGMENTS:
        raise NotAnElfError("Its table of segments is not one.")
    segments = [_segment(data, table + number * entry_bytes) for number in range(count)]
    loaded = [segment for segment in segments if segment.kind == _LOAD]
    if not loaded:
        raise NotAnElfError("Nothing of it is loaded.")
    entries = [
        entry
        for segment in segments
        if segment.kind == _DYNAMIC
        for entry in _entries(data, segment)
    ]
    strings = _strings(data, loaded, dict(entries))
    return SharedLibrary(
        _abi(machine),
        tuple(_name(strings, value) for tag, value in entries if tag == _NEEDED),
        min(each.alignment for each in loaded),
        strings,
    )


def _abi(machine: int) -> str:
    return _MACHINES.get(machine, f"machine {machine}")


def _segment(data: bytes, at: int) -> _Segment:
    kind, _, offset, address, _, size, _, alignment = _unpack(_SEGMENT, data, at)
    if kind in (_LOAD, _DYNAMIC) and offset + size > len(data):
        raise NotAnElfError("It is cut off.")
    return _Segment(kind, offset, address, size, alignment)


def _strings(data: bytes, loaded: list[_Segment], values: dict[int, int]) -> bytes:
    """Return the table of names that the dynamic section names."""
    if _STRTAB not in values or _STRSZ not in values:
        return b""
    start = _file_offset(loaded, values[_STRTAB])
    return data[start : start + values[_STRSZ]]


def _name(strings: bytes, at: int) -> str:
    name = strings[at : at + _MAX_NAME + 1].split(b"\0")[0]
    if not name or len(name) > _MAX_NAME:
        raise NotAnElfError("It needs a library without a name.")
    return name.decode("utf-8", errors="replace")


def _entries(data: bytes, segment: _Segment) -> Iterator[tuple[int, int]]:
    for number in range(min(segment.size // _ENTRY.size, _MAX_ENTRIES)):
        tag, value = _unpack(_ENTRY, data, segment.offset + number * _ENTRY.size)
        if tag == 0:
            return
        yield tag, value


def _file_offset(loaded: list[_Segment], address: int) -> int:
    for segment in loaded:
        if 0 <= address - segment.address < segment.size:
            return address - segment.address + segment.offset
    raise NotAnElfError("Its names lie outside of it.")


def _unpack(form: struct.Struct, data: bytes, at: int) -> tuple[int, ...]:
    if at + form.size > len(data):
        raise NotAnElfError("It is cut off.")
    return form.unpack_from(data, at)
