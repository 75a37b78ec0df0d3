"""Commands on a phone: adb's protocol for a shell with exit codes, "shell v2".

Each packet is one byte for its kind, a 32-bit length and that many bytes; `shell_protocol.h` in
adb's sources has the kinds.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

from device_bench.devices.base import Completed, DeviceTimeout
from device_bench.devices.lines import Lines
from device_bench.devices.processes import MAX_OUTPUT_BYTES
from export.errors import DeviceError

_STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = 1, 2, 3, 4
_HEADER = struct.Struct("<BI")

# adb sends 32 KiB or less at once.
_MAX_PACKET_BYTES = 1 << 20


def finish(
    connection: socket.socket, *, timeout: float, on_line: Callable[[str], None] | None
) -> Completed:
    """Read what a command prints until it ends; its input is empty.

    Without an exit code the command has not ended, but the connection has. (`adb shell` itself
    then says nothing and exits with 0.)

    Args:
        connection: To the service "shell,v2,raw:COMMAND", just opened.
        timeout: Seconds until it is given up. Whoever closes the connection then makes the phone
            send SIGHUP to the command.
        on_line: Told each line of standard output when it comes, without its end.

    Raises:
        DeviceTimeout: It did not end in time.
        DeviceError: It printed too much, or the phone broke the protocol.
        EOFError, OSError: The connection ended before the command.
    """
    deadline = time.monotonic() + timeout
    out, err = Lines(on_line), Lines(None)
    received = 0
    try:
        connection.settimeout(timeout)
        connection.sendall(_HEADER.pack(_CLOSE_STDIN, 0))
        while True:
            kind, length = _HEADER.unpack(_read(connection, _HEADER.size, deadline))
            if length > _MAX_PACKET_BYTES:
                raise DeviceError("The phone broke adb's protocol.", why=f"{length} bytes at once")
            data = _read(connection, length, deadline)
            if kind == _EXIT and length == 1:
                out.add(b"")
                err.add(b"")
                return Completed(data[0], out.text(), err.text())
            received += length
            if received > MAX_OUTPUT_BYTES:
                raise DeviceError(
                    f"A program printed more than {MAX_OUTPUT_BYTES >> 20} MiB, and was given up.",
                    why=f"It begins with: {out.text()[:200]!r}",
                )
            if data and kind in (_STDOUT, _STDERR):
                (out if kind == _STDOUT else err).add(data)
    except TimeoutError as error:
        raise DeviceTimeout(
            f"A program did not end within {timeout:g} s, and was given up.",
            why=(err.text() or out.text()).strip()[-500:],
        ) from error


def _read(connection: socket.socket, count: int, deadline: float) -> bytes:
    """Return so many bytes; raise TimeoutError at the deadline."""
    parts = []
    while count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        data = connection.recv(min(count, 1 << 16))
        if not data:
            raise EOFError("it ended before the command")
        parts.append(data)
        count -= len(data)
    return b"".join(parts)
