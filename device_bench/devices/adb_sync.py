"""Files to and from a phone: adb's "sync" service.

A request is four letters, a 32-bit length and a path; files go in pieces of up to 64 KiB.
`SYNC.TXT` in adb's sources describes it. adbutils implements it too, but drops the phone's reason
when a file cannot be written, and may wait forever.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Iterator
from typing import IO

from _edgeship.device_bench.devices.adb_server import Channel
from _edgeship.device_bench.processes.base import DeviceFull, DeviceGone
from _edgeship.errors import DeviceError

_PIECE_BYTES = 64 * 1024

# Even a phone that writes slowly takes a piece in this time.
_STALL_S = 60.0

_REGULAR_FILE = 0o100000
_HEADER = struct.Struct("<4sI")

# What a runner writes for us is much smaller.
_MAX_FILE_BYTES = 1 << 30


def send(channel: Channel, file: IO[bytes], remote: str, mode: int) -> None:
    """Write a file on the phone; after an error there is no such file.

    Args:
        channel: To the service "sync:", just opened.
        file: What to send.
        remote: Absolute path; missing folders on the way to it are made.
        mode: Permissions.

    Raises:
        DeviceFull: The phone has no space left.
        DeviceGone: The connection ended too early.
        DeviceError: The phone refuses the file, or the file cannot be read.
    """
    # A phone may say what is wrong and close the connection while this side is still sending.
    with _no_stall(channel), contextlib.suppress(DeviceGone):
        channel.send(_request(b"SEND", f"{remote},{_REGULAR_FILE | mode}"), _soon())
        while data := _read(file):
            channel.send(_HEADER.pack(b"DATA", len(data)) + data, _soon())
        channel.send(_HEADER.pack(b"DONE", int(time.time())), _soon())
    with _no_stall(channel):
        answer, length = _HEADER.unpack(channel.receive(_HEADER.size, _soon()))
        if answer == b"FAIL":
            raise _failed(f"A file cannot be written to {remote}.", channel, length)
    if answer != b"OKAY":
        raise _broken(answer)


def receive(channel: Channel, remote: str, file: IO[bytes]) -> None:
    """Read a file of the phone.

    Args:
        channel: To the service "sync:", just opened.
        remote: Absolute path.
        file: What its bytes are written to.

    Raises:
        DeviceGone: The connection ended too early.
        DeviceError: The phone refuses to send it.
        OSError: It cannot be written here.
    """
    received = 0
    with _no_stall(channel):
        channel.send(_request(b"RECV", remote), _soon())
        while True:
            answer, length = _HEADER.unpack(channel.receive(_HEADER.size, _soon()))
            if answer == b"DONE":
                return
            if answer == b"FAIL":
                raise _failed(f"{remote} cannot be read.", channel, length)
            if answer != b"DATA" or length > _PIECE_BYTES:
                raise _broken(answer)
            received += length
            if received > _MAX_FILE_BYTES:
                raise DeviceError(f"{remote} is larger than {_MAX_FILE_BYTES >> 20} MiB.")
            file.write(channel.receive(length, _soon()))


def _soon() -> float:
    return time.monotonic() + _STALL_S


@contextlib.contextmanager
def _no_stall(channel: Channel) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise channel.gone(f"it stood still for {_STALL_S:g} s") from error


def _request(kind: bytes, path: str) -> bytes:
    encoded = path.encode("utf-8", "surrogateescape")
    return _HEADER.pack(kind, len(encoded)) + encoded


def _read(file: IO[bytes]) -> bytes:
    try:
        return file.read(_PIECE_BYTES)
    except OSError as error:
        raise DeviceError("A file cannot be read.", why=str(error)) from error


def _failed(what: str, channel: Channel, length: int) -> DeviceError:
    """Return an error with the phone's reason, which comes next on the channel."""
    said = channel.receive(min(length, 1000), _soon()).decode("utf-8", "replace")
    why = "".join(char if char.isprintable() else "?" for char in said)
    if "No space left on device" in why:
        return DeviceFull(what, why=why, todo="Make room on the phone, and try again.")
    return DeviceError(what, why=why)


def _broken(answer: bytes) -> DeviceError:
    return DeviceError("The phone broke adb's protocol.", why=f"It answered {answer!r}.")
