"""A file of a zip archive, or of an archive in it, read with bounds and checked by its SHA-256."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from _edgeship.errors import DeviceError

_MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class Member:
    """Where a file is, and what it is.

    Attributes:
        path: Its name in the archive; for one in an archive within, that archive's name first.
        sha256: Of its bytes, in hexadecimal.
    """

    path: tuple[str, ...]
    sha256: str


def read_member(archive: Path, member: Member) -> bytes:
    """Return the bytes of a file in an archive.

    Raises:
        DeviceError: It is not there, too large, or other bytes than expected.
        OSError: The archive cannot be read.
    """
    data = b""
    try:
        for depth, name in enumerate(member.path):
            with zipfile.ZipFile(io.BytesIO(data) if depth else archive) as opened:
                if opened.getinfo(name).file_size > _MAX_BYTES:
                    raise DeviceError(f"{name} is implausibly large.", where=archive.name)
                data = opened.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DeviceError(
            f"{' in '.join(reversed(member.path))} cannot be read.",
            where=archive.name,
            why=str(error),
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != member.sha256:
        raise DeviceError(
            f"{member.path[-1]} is not the file that is expected.",
            where=archive.name,
            why=f"Its SHA-256 is {found}, and not {member.sha256}.",
        )
    return data
