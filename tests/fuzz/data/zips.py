"""Hostile zip files: names that lead out, sizes that are lies, odd methods, bombs, damage."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping

from numpy.random import Generator

from tests.fuzz.commands.case import Case, drawn
from tests.fuzz.commands.seeds import whole_export
from tests.fuzz.damage import NUMBERS, damaged, pick
from tests.fuzz.data.pictures import NETWORK, hostile_picture, sound

_COMMANDS = (
    (60, ("evaluate", "FILE", "--data", "data.zip")),
    (30, ("verify", "FILE", "--calib", "data.zip")),
    (10, ("verify", "data.zip")),
)

_NAMES = (
    *(
        "../../../tmp/up.png",
        "/etc/up.png",
        "a/../b.png",
        "..\\..\\up.png",
        "C:\\up.png",
        "a//b.png",
    ),
    *("\x1b[31mred.png", "<b>.png", "a\nb.png", "x" * 5000 + ".png", "./a.png", "", "/", "a/"),
    *("__MACOSX/._a.png", ".hidden.png", "a/" * 300 + "b.png", "\u202e.png", "a\0b.png"),
)

#: In an entry of the central directory, behind its signature: where numbers lie, and their sizes.
_FIELDS = ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4))
_ENTRY, _END = b"PK\x01\x02", b"PK\x05\x06"


def zips_case(rng: Generator) -> Case:
    """Return an archive given as pictures, or as a bundle."""
    entries: dict[str, bytes] = {}
    for number in range(int(rng.integers(1, 5))):
        suffix, data = pick(rng, sound()) if rng.random() < 0.6 else hostile_picture(rng)
        entries[f"{pick(rng, ('a', 'b', 'train/a', 'test/a'))}/{number}.{suffix}"] = data
    files = {NETWORK: whole_export()[NETWORK], "data.zip": odd_zip(entries, rng)}
    return Case(NETWORK, files, drawn(_COMMANDS, rng))


def odd_zip(entries: Mapping[str, bytes], rng: Generator) -> bytes:
    """Return an archive of some files, and something odd about it."""
    way = rng.integers(6)
    extra = {}
    if way == 0:
        extra = {pick(rng, _NAMES): next(iter(entries.values())) for _ in range(3)}
    elif way == 1:
        extra = {"bomb.png": b"\0" * 3_000_000}
    data = _zipped({**entries, **extra}, rng)
    if way == 2:
        return damaged(data, rng)
    if way in (3, 4):
        return _other_field(data, rng)
    return data


def _zipped(entries: Mapping[str, bytes], rng: Generator) -> bytes:
    sink = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(sink, "w", pick(rng, methods)) as archive:
        for name, data in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = name  # whatever the class makes of it
            entry.compress_type = archive.compression
            if rng.random() < 0.05:
                entry.external_attr = 0o120777 << 16  # a symbolic link
            archive.writestr(entry, data)
    return sink.getvalue()


def _other_field(data: bytes, rng: Generator) -> bytes:
    """Change a number in the directory: sizes, methods, flags, sums, offsets, counts."""
    changed = bytearray(data)
    starts = [at for at in range(len(data) - 46) if data[at : at + 4] == _ENTRY]
    end = data.rfind(_END)
    if end >= 0 and (not starts or rng.random() < 0.25):
        at, size = pick(
            rng, ((end + 4, 2), (end + 8, 2), (end + 10, 2), (end + 12, 4), (end + 16, 4))
        )
    elif starts:
        offset, size = pick(rng, _FIELDS)
        at = pick(rng, starts) + offset
    else:
        return data
    number = int(pick(rng, (*NUMBERS, 8, 9, 12, 14, 93, 95, 99, len(data)))) % 2 ** (8 * size)
    changed[at : at + size] = struct.pack("<H" if size == 2 else "<I", number)
    return bytes(changed)
