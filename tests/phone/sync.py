"""The service that `adb push` and `adb pull` use.

A request is four letters, a 32-bit length and a path. Described in the file `SYNC.TXT` of adb's
sources.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

from tests.phone.daemon import Stream, StreamClosedError

_CHUNK = 64 * 1024
_STAT2 = struct.Struct("<4sIQQIIIIQqqq")


class Storage:
    """The files of a phone, and how much room is left.

    Attributes:
        root: The folder on this machine that is "/" on the phone.
        free_bytes: What still fits; None without a limit.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.free_bytes: int | None = None

    def path(self, remote: str) -> Path:
        """Return where a path of the phone lies on this machine."""
        inside = os.path.normpath("/" + remote).lstrip("/")
        return self.root / inside

    def write(self, file: int, data: bytes) -> None:
        """Write all bytes to an open file, or raise the OSError that a full disk gives."""
        if self.free_bytes is not None:
            if len(data) > self.free_bytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.free_bytes -= len(data)
        os.write(file, data)


async def serve(stream: Stream, storage: Storage) -> None:
    """Answer requests until the client ends."""
    while True:
        kind, length = struct.unpack("<4sI", await stream.read_exactly(8))
        text = (await stream.read_exactly(length)).decode("utf-8", "surrogateescape")
        if kind == b"QUIT":
            return
        if kind == b"SEND":
            await _receive(stream, storage, text)
        elif kind == b"RECV":
            await _send(stream, storage.path(text))
        elif kind == b"LIST":
            await _list(stream, storage.path(text))
        elif kind == b"STAT":
            found = _status(storage.path(text).lstat)
            await stream.write(
                b"STAT" + _short(found if isinstance(found, os.stat_result) else None)
            )
        elif kind in (b"LST2", b"STA2"):
            path = storage.path(text)
            found = _status(path.lstat if kind == b"LST2" else path.stat)
            await stream.write(_long(kind, found))
        else:
            await _fail(stream, f"unknown command {kind!r}")
            return


async def _receive(stream: Stream, storage: Storage, text: str) -> None:
    """Take a file from the client; a part of one is never left behind."""
    remote, _, mode = text.rpartition(",")
    path = storage.path(remote)
    problem = ""
    file = -1
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        problem = f"couldn't create file: {error.strerror}"
    try:
        # After an error the rest is read all the same, since the client only looks for an answer
        # when it has sent everything.
        while True:
            kind, length = struct.unpack("<4sI", await stream.read_exactly(8))
            if kind == b"DONE":
                break
            data = await stream.read_exactly(length)
            if not problem:
                try:
                    storage.write(file, data)
                except OSError as error:
                    problem = f"write failed: {error.strerror}"
    except StreamClosedError:
        problem = "the client went away"
        raise
    finally:
        if file >= 0:
            os.close(file)
            if problem:
                path.unlink()
    if problem:
        await _fail(stream, problem)
        return
    path.chmod(stat.S_IMODE(int(mode)))
    os.utime(path, (length, length))
    await stream.write(b"OKAY" + struct.pack("<I", 0))


async def _send(stream: Stream, path: Path) -> None:
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                await stream.write(b"DATA" + struct.pack("<I", len(data)) + data)
    except OSError as error:
        await _fail(stream, f"open failed: {error.strerror}")
    else:
        await stream.write(b"DONE" + struct.pack("<I", 0))


async def _list(stream: Stream, path: Path) -> None:
    with contextlib.suppress(OSError):  # A folder that is not there has no entries.
        for entry in sorted(path.iterdir()):
            name = os.fsencode(entry.name)
            await stream.write(
                b"DENT" + _short(entry.lstat()) + struct.pack("<I", len(name)) + name
            )
    await stream.write(b"DONE" + bytes(16))


async def _fail(stream: Stream, why: str) -> None:
    message = why.encode()
    await stream.write(b"FAIL" + struct.pack("<I", len(message)) + message)


def _status(look: Callable[[], os.stat_result]) -> os.stat_result | int:
    """Return what is known of a file, or the error's number."""
    try:
        return look()
    except OSError as error:
        return error.errno or errno.EIO


def _short(found: os.stat_result | int) -> bytes:
    if isinstance(found, int):
        return bytes(12)
    return struct.pack("<III", found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime))


def _long(kind: bytes, found: os.stat_result | int) -> bytes:
    if isinstance(found, int):
        return _STAT2.pack(kind, found, *[0] * 10)
    return _STAT2.pack(
        kind,
        0,
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_nlink,
        found.st_uid,
        found.st_gid,
        found.st_size,
        int(found.st_atime),
        int(found.st_mtime),
        int(found.st_ctime),
    )
