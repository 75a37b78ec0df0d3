"""Hostile pictures: damaged headers and data, pixel bombs, names that a terminal would obey."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache

import numpy as np
from numpy.random import Generator

from tests.fuzz.commands.case import PIPE, Case, drawn
from tests.fuzz.commands.seeds import whole_export
from tests.fuzz.damage import damaged, early, pick

NETWORK = "net_fp32.tflite"

#: What reads pictures, the second and the third for calibration.
_COMMANDS = (
    (60, ("evaluate", "FILE", "--data", "pictures")),
    (32, ("verify", "FILE", "--calib", "pictures")),
    (8, ("net.onnx", "--to", "tflite", "--quant", "int8", "--calib", "pictures")),
)

_FORMATS = {"PNG": "png", "JPEG": "jpg", "BMP": "bmp", "GIF": "gif", "WEBP": "webp", "TIFF": "tiff"}

#: Width and height that a few bytes can promise.
_SIDES = (0, 1, 2**16 - 1, 50_000, 13_000, 2**31 - 1, 2**32 - 1)

_NAMES = (
    *("\x1b[31mred.png", "<b>.png", "a\nb.png", "\u202egnp.png", "é☃.png", "x" * 200 + ".png"),
    *("-rf.png", "%s.png", "[bold].png", ".png", "\udcff\udcfe.png", " .png", "\x9b2J.jpg"),
)
_CLASSES = ("a", "b", "class<i>", "te\x1b[1mst")


def pictures_case(rng: Generator) -> Case:
    """Return a folder of pictures of which some are hostile."""
    files = {
        NETWORK: whole_export()[NETWORK],
        "net.onnx": whole_export()["net.onnx"],
        "pictures/a/sound.png": sound()[0][1],
    }
    links = {}
    for number in range(int(rng.integers(1, 4))):
        suffix, data = hostile_picture(rng)
        name = f"{number}.{suffix}" if rng.random() < 0.7 else pick(rng, _NAMES)
        files[f"pictures/{pick(rng, _CLASSES)}/{name}"] = data
    if rng.random() < 0.1:
        places = ("/dev/zero", "..", "missing", "/etc/passwd", "odd.png", PIPE, "/proc/self/mem")
        links["pictures/a/odd.png"] = pick(rng, places)
    if rng.random() < 0.1:
        del files["pictures/a/sound.png"]
    return Case(NETWORK, files, drawn(_COMMANDS, rng), links)


def hostile_picture(rng: Generator) -> tuple[str, bytes]:
    """Return the suffix of a name, and a picture that is damaged or promises too much."""
    suffix, data = pick(rng, sound())
    way = rng.integers(6)
    if way == 0:
        return suffix, damaged(data, rng)
    if way == 1:
        return suffix, early(data, rng)
    if way == 2:
        return suffix, _promising(rng)
    if way == 3:
        return "png", _chunked(rng)
    if way == 4:
        return pick(rng, list(_FORMATS.values())), data  # another kind than the name says
    return suffix, pick(rng, (b"", b"\0" * 100, b"GIF89a", b"BM", data[:20], b"\xff\xd8\xff"))


@cache
def sound() -> list[tuple[str, bytes]]:
    """Return the suffix and the bytes of small pictures of several kinds and modes."""
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    image, found = Image.fromarray(pixels), []
    for kind, suffix in _FORMATS.items():
        for mode in ("RGB", "L", "P"):
            if kind == "WEBP" and mode == "P":
                continue
            shown = image.convert("L") if kind == "JPEG" and mode == "P" else image.convert(mode)
            sink = io.BytesIO()
            options = {"exif": _turned()} if kind in ("JPEG", "PNG", "WEBP") else {}
            shown.save(sink, kind, **options)
            found.append((suffix, sink.getvalue()))
    sink = io.BytesIO()
    frames = [image, image.rotate(90)]
    frames[0].save(sink, "GIF", save_all=True, append_images=frames[1:])
    return [*found, ("gif", sink.getvalue())]


def _turned() -> bytes:
    """Return what a camera notes of how it was held."""
    from PIL import Image

    notes = Image.Exif()
    notes[0x0112] = 6
    return notes.tobytes()


def _promising(rng: Generator) -> bytes:
    """Return a header that promises far more pixels than there are bytes."""
    width, height = int(pick(rng, _SIDES)), int(pick(rng, _SIDES))
    short = struct.pack("<HH", width % 2**16, height % 2**16)
    way = rng.integers(5)
    if way == 0:
        return png(width, height, b"\0" * 100)
    if way == 1:
        return b"BM" + struct.pack(
            "<IHHIIiiHHIIiiII",
            100,
            0,
            0,
            54,
            40,
            width % 2**31,
            height % 2**31,
            1,
            24,
            0,
            0,
            0,
            0,
            0,
            0,
        )
    if way == 2:
        return (
            b"GIF89a"
            + short
            + b"\xf7\0\0"
            + b"\0" * 768
            + b","
            + b"\0" * 4
            + short
            + b"\0\x02\x02\x4c\x01\0;"
        )
    if way == 3:
        size = struct.pack(">HH", height % 2**16, width % 2**16)
        return (
            b"\xff\xd8\xff\xc0\0\x11\x08" + size + b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9"
        )
    inner = (width % 2**24).to_bytes(3, "little") + (height % 2**24).to_bytes(3, "little")
    return b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + inner


def _chunked(rng: Generator) -> bytes:
    """Return a PNG with a chunk that unpacks to much, is far too long, or of a wrong sum."""
    bomb = _bomb()
    way = rng.integers(4)
    if way == 0:
        return _too_many_rows()
    extra = (
        _chunk(b"iCCP", b"icc\0\0" + bomb),
        _chunk(b"zTXt", b"Comment\0\0" + bomb),
        _chunk(b"iTXt", b"Comment\0\1\0\0\0" + bomb),
        _chunk(b"eXIf", b"II*\0" + struct.pack("<I", 8) + b"\xff\xff" + b"\xff" * 60),
        struct.pack(">I", 2**31 - 1) + b"tEXt",
    )
    return png(16, 16, b"\0" * (49 * 16), pick(rng, extra))


@cache
def _bomb() -> bytes:
    return zlib.compress(b"\0" * 50_000_000, 9)


@cache
def _too_many_rows() -> bytes:
    return png(16, 16, b"\0" * 10_000_000)


def png(width: int, height: int, rows: bytes, extra: bytes = b"") -> bytes:
    """Return a PNG of 8-bit RGB whose header says these sides, whatever its rows hold."""
    header = struct.pack(">IIBBBBB", width % 2**32, height % 2**32, 8, 2, 0, 0, 0)
    parts = [
        _chunk(b"IHDR", header),
        extra,
        _chunk(b"IDAT", zlib.compress(rows)),
        _chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
