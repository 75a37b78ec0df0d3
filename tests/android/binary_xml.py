"""The manifest of an APK, from the form that Android reads.

A binary XML file is a row of chunks, each with its kind and length: a pool of strings, then the
beginnings and ends of elements, as `ResourceTypes.h` of Android's sources describes them.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_STRINGS, _START, _END = 0x0001, 0x0102, 0x0103
_UTF8 = 1 << 8
_TYPE_STRING, _TYPE_BOOLEAN = 0x03, 0x12


@dataclass
class Element:
    """An element; names of attributes come without their namespace."""

    name: str
    attributes: dict[str, str | int | bool]
    inner: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """Yield the elements of a name below this one, at any depth."""
        for element in self.inner:
            if element.name == name:
                yield element
            yield from element.all(name)


def manifest(apk: Path) -> Element:
    """Return the element <manifest> of an APK."""
    with zipfile.ZipFile(apk) as archive:
        return parse(archive.read("AndroidManifest.xml"))


def parse(data: bytes) -> Element:
    """Read a binary XML file."""
    strings: list[str] = []
    root = Element("", {})
    open_elements = [root]
    for kind, chunk in _chunks(data, 8):
        if kind == _STRINGS:
            strings = _pool(chunk)
        elif kind == _START:
            element = _start(chunk, strings)
            open_elements[-1].inner.append(element)
            open_elements.append(element)
        elif kind == _END:
            open_elements.pop()
    [only] = root.inner
    return only


def _chunks(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at < len(data):
        kind, _, size = struct.unpack_from("<HHI", data, at)
        yield kind, data[at : at + size]
        at += size


def _pool(chunk: bytes) -> list[str]:
    count, _, flags, start = struct.unpack_from("<IIII", chunk, 8)
    offsets = struct.unpack_from(f"<{count}I", chunk, 28)
    return [_string(chunk, start + offset, bool(flags & _UTF8)) for offset in offsets]


def _string(chunk: bytes, at: int, utf8: bool) -> str:
    if not utf8:
        (length,) = struct.unpack_from("<H", chunk, at)
        return chunk[at + 2 : at + 2 + 2 * length].decode("utf-16-le")
    # First the number of UTF-16 units, then that of bytes; each is one byte, or two from 128 on.
    at += 2 if chunk[at] & 0x80 else 1
    length = chunk[at]
    at += 1
    if length & 0x80:
        length = (length & 0x7F) << 8 | chunk[at]
        at += 1
    return chunk[at : at + length].decode()


def _start(chunk: bytes, strings: list[str]) -> Element:
    name, start, size, count = struct.unpack_from("<IHHH", chunk, 20)
    attributes: dict[str, str | int | bool] = {}
    for index in range(count):
        at = 16 + start + index * size
        _, key, _, _, _, kind, value = struct.unpack_from("<IIIHBBI", chunk, at)
        if kind == _TYPE_STRING:
            attributes[strings[key]] = strings[value]
        else:
            attributes[strings[key]] = bool(value) if kind == _TYPE_BOOLEAN else value
    return Element(strings[name], attributes)
