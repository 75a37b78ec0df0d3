"""Files to and from a phone: adb's "sync" service.

A request is four letters, a 32-bit length and a path; files go in pieces of up to 64 KiB.
`SYNC.TXT` in adb's sources describes it. adbutils has it too, but drops the phone's reason when a
file cannot be written, and waits without end.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from typing import IO

from device_bench.devices.base import DeviceFull
from export.errors import DeviceError

_PIECE_BYTES = 64 * 1024

# A phone that writes slowly still takes a piece in this time.
_STALL_S = 60.0

_REGULAR_FILE = 0o100000
_HEADER = struct.Struct("<4sI")

# What a runner writes for us is much smaller.
_MAX_FILE_BYTES = 1 << 30


def send(connection: socket.socket, file: IO[bytes], remote: str, mode: int) -> None:
    """Write a file on the phone; after an error it is not there.

    Args:
        connection: To the service "sync:", just opened.
        file: What to send.
        remote: Absolute path; folders on the way to it are made.
        mode: Permissions.

    Raises:
        DeviceFull: The phone has no space left.
        DeviceError: It does not take the file, or the file cannot be read.
        EOFError, OSError: The connection ended before.
    """
    connection.settimeout(_STALL_S)
    # The phone tells what is wrong and then may close, while this side still sends.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(_request(b"SEND", f"{remote},{_REGULAR_FILE | mode}"))
        while data := _read_local(file):
            connection.sendall(_HEADER.pack(b"DATA", len(data)) + data)
        connection.sendall(_HEADER.pack(b"DONE", int(time.time())))
    answer, length = _HEADER.unpack(_read(connection, _HEADER.size))
    if answer == b"FAIL":
        raise _failed(f"A file cannot be written to {remote}.", connection, length)
    if answer != b"OKAY":
        raise _broken(answer)


def receive(connection: socket.socket, remote: str, file: IO[bytes]) -> None:
    """Read a file of the phone.

    Args:
        connection: To the service "sync:", just opened.
        remote: Absolute path.
        file: Gets its bytes.

    Raises:
        DeviceError: The phone does not give it, or it cannot be stored here.
        EOFError, OSError: The connection ended before.
    """
    connection.settimeout(_STALL_S)
    connection.sendall(_request(b"RECV", remote))
    received = 0
    while True:
        answer, length = _HEADER.unpack(_read(connection, _HEADER.size))
        if answer == b"DONE":
            return
        if answer == b"FAIL":
            raise _failed(f"{remote} cannot be read.", connection, length)
        if answer != b"DATA" or length > _PIECE_BYTES:
            raise _broken(answer)
        received += length
        if received > _MAX_FILE_BYTES:
            raise DeviceError(f"{remote} is larger than {_MAX_FILE_BYTES >> 20} MiB.")
        data = _read(connection, length)
        try:
            file.write(data)
        except OSError as error:
            raise DeviceError("A file of the phone cannot be stored.", why=str(error)) from error


def _request(kind: bytes, path: str) -> bytes:
    encoded = path.encode("utf-8", "surrogateescape")
    return _HEADER.pack(kind, len(encoded)) + encoded


def _read_local(file: IO[bytes]) -> bytes:
    try:
        return file.read(_PIECE_BYTES)
    except OSError as error:
        raise DeviceError("A file cannot be read.", why=str(error)) from error


def _read(connection: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        data = connection.recv(count)
        if not data:
            raise EOFError("the connection ended within a file")
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


def _failed(what: str, connection: socket.socket, length: int) -> DeviceError:
    """Return the error that the phone's words, which come next, are about."""
    said = _read(connection, min(length, 1000)).decode("utf-8", "replace")
    why = "".join(char if char.isprintable() else "?" for char in said)
    if "No space left on device" in why:
        return DeviceFull(what, why=why, todo="Make room on the phone, and try again.")
    return DeviceError(what, why=why)


def _broken(answer: bytes) -> DeviceError:
    return DeviceError("The phone broke adb's protocol.", why=f"It answered {answer!r}.")
