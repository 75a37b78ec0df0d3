"""A bundle's zip file: equal content gives equal bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

#: The date that all entries have: the earliest that a zip file can hold.
_DATE = (1980, 1, 1, 0, 0, 0)

#: A plain file that everybody may read.
_MODE = 0o100644

#: By which system: without it, the entries say on which one they were packed.
_UNIX = 3


def zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Return a zip file that unpacks to a folder.

    Args:
        folder: Its name.
        files: Path in it, with slashes -> content.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", _DATE)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, compresslevel=9)
    return buffer.getvalue()
