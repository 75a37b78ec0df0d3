"""Small shared libraries, written by hand, and archives with them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from _edgeship.device_bench.app.litert_files import functions

ARM64, X86_64, ARM, X86 = 183, 62, 40, 3

_HEADER_BYTES, _SEGMENT_BYTES = 64, 56
_SEGMENTS = 2


def library(
    machine: int = ARM64,
    needed: tuple[str, ...] = ("libc.so", "libdl.so"),
    *,
    align: int = 16384,
    kind: int = 3,
    symbols: Sequence[str] | None = None,
    content: bytes = b"",
) -> bytes:
    """Return a 64-bit shared library that holds nothing but what it says about itself.

    Args:
        machine: ELF's number of it.
        needed: The libraries that are loaded with it.
        align: Of its one loaded segment.
        kind: 3 for a shared library, 2 for a program.
        symbols: Names that it offers; by default the functions of LiteRT that the app needs.
        content: Bytes at its end, so that two libraries differ.
    """
    offered = functions() if symbols is None else symbols
    names = b"\0" + b"".join(name.encode() + b"\0" for name in [*needed, *offered])
    offsets = [names.index(b"\0" + name.encode() + b"\0") + 1 for name in needed]
    start = _HEADER_BYTES + _SEGMENTS * _SEGMENT_BYTES
    size = 16 * (len(needed) + 3)
    entries = [*((1, offset) for offset in offsets), (5, start + size), (10, len(names)), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    total = start + size + len(names) + len(content)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack(
        "<16sHHIQQQIHHHHHH",
        *(ident, kind, machine, 1, 0, _HEADER_BYTES, 0, 0, _HEADER_BYTES),
        *(_SEGMENT_BYTES, _SEGMENTS, 0, 0, 0),
    )
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, total, total, align)
    table = struct.pack("<IIQQQQQQ", 2, 6, start, start, start, size, size, 8)
    return head + load + table + dynamic + names + content


def library_32(machine: int = ARM) -> bytes:
    """Return the beginning of a 32-bit library."""
    return b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HH", 3, machine) + bytes(32)


def archive(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a zip archive."""
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in files.items():
            opened.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path


def aar(path: Path, **more: bytes) -> Path:
    """Write an archive as Google Maven has it, with the library for four machines."""
    return archive(
        path,
        {
            "AndroidManifest.xml": b"<manifest/>",
            "classes.jar": b"PK",
            "jni/arm64-v8a/libLiteRt.so": library(ARM64),
            "jni/x86_64/libLiteRt.so": library(X86_64),
            "jni/armeabi-v7a/libLiteRt.so": library_32(ARM),
            "jni/x86/libLiteRt.so": library_32(X86),
            "jni/arm64-v8a/liblitert_jni.so": library(ARM64),
            **more,
        },
    )
