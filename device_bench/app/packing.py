"""The APK as a zip archive: the same bytes for the same content, libraries that can be mapped.

Android maps a library from the APK itself if it is stored, not compressed, at a multiple of the
page size; newer phones have pages of 16 KiB. Other stored files lie at multiples of 4 bytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

#: The size of the largest pages.
PAGE_BYTES = 16384

_WORD_BYTES = 4
_LOCAL_HEADER_BYTES = 30

# A field of this kind in an entry's header is padding, to zipalign and apksigner as well: its kind,
# its length, the alignment that it makes, zeros.
_PADDING_KIND = 0xD935
_PADDING_HEAD_BYTES = 6

# The day that Android's own tools write; the clock must not change the bytes.
_TIME = (1981, 1, 1, 1, 1, 2)


def pack(
    linked: Path, dex: list[Path], assets: Mapping[str, bytes], libraries: Mapping[str, bytes]
) -> bytes:
    """Return an APK without signature.

    Args:
        linked: What aapt2 has made: the manifest and the resources.
        dex: The translated classes.
        assets: Name -> content of further files in assets/.
        libraries: "ABI/NAME" -> content of the native libraries.
    """
    target = linked.with_suffix(".unsigned")
    with zipfile.ZipFile(linked) as source, zipfile.ZipFile(target, "w") as archive:
        for entry in source.infolist():
            packed = entry.compress_type != zipfile.ZIP_STORED
            _add(archive, entry.filename, source.read(entry), packed=packed)
        for path in dex:
            _add(archive, path.name, path.read_bytes(), packed=True)
        for name, data in sorted(assets.items()):
            _add(archive, f"assets/{name}", data, packed=True)
        for name, data in sorted(libraries.items()):
            _add(archive, f"lib/{name}", data, packed=False, align=PAGE_BYTES)
    return target.read_bytes()


def _add(
    archive: zipfile.ZipFile, name: str, data: bytes, *, packed: bool, align: int = _WORD_BYTES
) -> None:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    entry.external_attr = 0o644 << 16
    # Not the system that this runs on, which Python would write.
    entry.create_system = 3
    if not packed:
        entry.extra = _padding(archive.start_dir + _LOCAL_HEADER_BYTES + len(name.encode()), align)
    archive.writestr(entry, data)


def _padding(start: int, align: int) -> bytes:
    """Return an extra field after which the content lies at a multiple of ``align``."""
    gap = -start % align
    if not gap:
        return b""
    while gap < _PADDING_HEAD_BYTES:
        gap += align
    head = (_PADDING_KIND, gap - 4, align)
    return b"".join(part.to_bytes(2, "little") for part in head) + bytes(gap - _PADDING_HEAD_BYTES)


def data_offset(file: IO[bytes], entry: zipfile.ZipInfo) -> int:
    """Return where the content of an entry begins in its archive, in bytes.

    Args:
        file: The archive, open for reading.
        entry: The entry, as `zipfile` lists it.
    """
    file.seek(entry.header_offset + 26)
    lengths = file.read(4)
    name, extra = int.from_bytes(lengths[:2], "little"), int.from_bytes(lengths[2:], "little")
    return entry.header_offset + _LOCAL_HEADER_BYTES + name + extra
