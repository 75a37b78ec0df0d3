"""Hostile .npy and .npz files: headers that promise too much, odd types, pickles, odd packing."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator

from tests.fuzz.commands.case import PIPE, Case, drawn
from tests.fuzz.commands.seeds import whole_export
from tests.fuzz.damage import NUMBERS, TEXTS, damaged, early, pick
from tests.fuzz.data.pictures import NETWORK
from tests.fuzz.data.zips import odd_zip

_SHARES = (80, 20)

_TYPES = (
    "<f4",
    "<f8",
    "<f2",
    "|u1",
    "<i8",
    "|b1",
    "<c8",
    "|O",
    "<U5",
    "|S3",
    ">f4",
    "|V4",
    "<M8[s]",
)
_HEADERS = (
    *(
        "'<f4'",
        "'|O'",
        "'<f400000000000'",
        "[('a', '<f4')]",
        "None",
        "'zz'",
        "('<f4', (2, 2))",
        "1",
    ),
    *(
        "'<U2147483647'",
        "'|V0'",
        "'<m8'",
        "[('a', '|O')]",
        "'f4,f4'",
        "'\x1b[31m'",
        "('<f4', (-1,))",
    ),
)


def arrays_case(rng: Generator) -> Case:
    """Return an array file given as calibration data."""
    name = "data.npy" if rng.random() < 0.5 else "data.npz"
    data = _npy(rng) if name.endswith("npy") else _npz(rng)
    if rng.random() < 0.05:
        name = pick(rng, ("data.npy", "data.npz"))  # perhaps of the other kind
    commands = tuple(
        (share, (*words, "--calib", name))
        for share, words in zip(
            _SHARES,
            (("verify", "FILE"), ("net.onnx", "--to", "tflite", "--quant", "int8")),
            strict=True,
        )
    )
    files = {NETWORK: whole_export()[NETWORK], "net.onnx": whole_export()["net.onnx"], name: data}
    links = {}
    if rng.random() < 0.04:
        del files[name]
        links[name] = pick(rng, ("/dev/zero", ".", "missing", name, PIPE, "/dev/null"))
    return Case(NETWORK, files, drawn(commands, rng), links)


def _npy(rng: Generator) -> bytes:
    way = rng.integers(6)
    if way == 0:
        return damaged(_sound(rng), rng)
    if way == 1:
        return early(_sound(rng), rng)
    if way == 2:
        return _header(rng) + b"\0" * int(rng.integers(0, 4000))
    if way == 3:
        return _array(_odd_array(rng))
    if way == 4:
        return _array(_odd_numbers(rng))
    return pick(rng, (b"", b"\x93NUMPY", pickle.dumps([1, 2]), b"\0" * 300, b"PK\x03\x04"))


def _sound(rng: Generator) -> bytes:
    return _array(rng.standard_normal((2, 3, 16, 16)).astype(np.float32))


def _array(array: Any) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=True)
    return sink.getvalue()


def _odd_array(rng: Generator) -> np.ndarray:
    """Return an array of another type, of another shape, or of nothing."""
    shape = pick(rng, ((2, 3, 16, 16), (2, 16, 16, 3), (3, 16, 16), (0, 3, 16, 16), (), (1,) * 30))
    return np.zeros(shape, pick(rng, _TYPES))


def _odd_numbers(rng: Generator) -> np.ndarray:
    array = rng.standard_normal((2, 3, 16, 16)).astype(pick(rng, ("f2", "f4", "f8", ">f4")))
    with np.errstate(all="ignore"):
        array[0, 0, 0, 0] = pick(rng, (np.nan, np.inf, -np.inf, 3e38, 1e300))
    return array if rng.random() < 0.7 else np.asfortranarray(array)


def _header(rng: Generator) -> bytes:
    """Return a header whose type, order or shape is odd, or whose length is."""
    shape = [2, 3, 16, 16]
    if rng.random() < 0.7:
        shape[int(rng.integers(4))] = int(pick(rng, NUMBERS))
    kind = pick(rng, _HEADERS) if rng.random() < 0.5 else "'<f4'"
    shown = pick(
        rng, (str(tuple(shape)), str(tuple(shape)), "()", "(1.5,)", "None", "'x'", "(" * 150)
    )
    order = pick(rng, ("False", "True", "2", "None"))
    text = f"{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shown}, }}"
    if rng.random() < 0.1:
        text = pick(rng, ("", "{" * 200, "{'descr': ", "__import__('os')", "[" * 9000, "\0"))
    data = text.encode() + b"\n"
    length = len(data) if rng.random() < 0.85 else int(pick(rng, (0, 1, 65535, 2**31)))
    version = int(pick(rng, (1, 1, 1, 2, 3, 4, 0, 255)))
    packed = (
        struct.pack("<H", length % 2**16) if version == 1 else struct.pack("<I", length % 2**32)
    )
    return b"\x93NUMPY" + bytes([version, 0]) + packed + data


def _npz(rng: Generator) -> bytes:
    way = rng.integers(5)
    if way == 0:
        return damaged(_zipped(rng, _sound(rng)), rng)
    if way == 1:
        return odd_zip({"image.npy": _sound(rng)}, rng)
    if way == 2:
        return _bomb()
    return _zipped(rng, _npy(rng))


def _zipped(rng: Generator, data: bytes) -> bytes:
    """Return an archive of one to three arrays, under names that may be odd."""
    sink = io.BytesIO()
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(sink, "w", pick(rng, methods)) as archive:
        archive.writestr(pick(rng, ("image.npy", "image.npy", "other.npy", "image")), data)
        if rng.random() < 0.4:
            odd = pick(rng, [one for one in TEXTS if one and "\0" not in one])
            archive.writestr(f"{odd}.npy", pick(rng, (data, _sound(rng), b"", b"text")))
    return sink.getvalue()


@cache
def _bomb() -> bytes:
    """Return an archive whose array unpacks to a thousand times its size."""
    sink = io.BytesIO()
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (20000, 3, 16, 16), }"
    header += b" " * (118 - len(header)) + b"\n"
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        data = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        archive.writestr("image.npy", data + b"\0" * (20_000 * 768))
    return sink.getvalue()
