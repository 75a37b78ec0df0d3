"""Commands on a phone: adb's protocol for a shell with exit codes, "shell v2".

Each packet is one byte for its kind, a 32-bit length and that many bytes; `shell_protocol.h` in
adb's sources has the kinds.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

from _edgeship.device_bench.devices.adb_server import Channel
from _edgeship.device_bench.processes.base import Completed, DeviceTimeout
from _edgeship.device_bench.processes.lines import Lines
from _edgeship.device_bench.processes.running import MAX_OUTPUT_BYTES
from _edgeship.errors import DeviceError

_STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = 1, 2, 3, 4
_HEADER = struct.Struct("<BI")

# adb sends 32 KiB or less at once.
_MAX_PACKET_BYTES = 1 << 20


def finish(channel: Channel, *, timeout: float, on_line: Callable[[str], None] | None) -> Completed:
    """Read what a command prints until it ends; its input is empty.

    If no exit code comes, not the command but the connection has ended. (`adb shell` itself says
    nothing in that case and exits with 0.)

    Args:
        channel: To the service "shell,v2,raw:COMMAND", just opened.
        timeout: Seconds after which to stop waiting. When the channel is then closed, the phone
            sends SIGHUP to the command.
        on_line: Called with each line of standard output as it arrives, without its newline.

    Raises:
        DeviceTimeout: It did not end in time.
        DeviceGone: The connection ended before the command.
        DeviceError: It printed too much, or the phone broke the protocol.
    """
    deadline = time.monotonic() + timeout
    out, err = Lines(on_line), Lines(None)
    received = 0
    code = None
    try:
        channel.send(_HEADER.pack(_CLOSE_STDIN, 0), deadline)
        while code is None:
            kind, data = _receive(channel, deadline)
            received += len(data)
            if received > MAX_OUTPUT_BYTES:
                raise DeviceError(
                    f"A program printed more than {MAX_OUTPUT_BYTES >> 20} MiB, and was given up.",
                    why=f"It begins with: {out.text()[:200]!r}",
                )
            if kind == _EXIT and len(data) == 1:
                code = data[0]
            elif kind in (_STDOUT, _STDERR) and data:
                (out if kind == _STDOUT else err).add(data)
    except TimeoutError as error:
        raise DeviceTimeout(
            f"A program did not end within {timeout:g} s, and was given up.",
            why=(err.text() or out.text()).strip()[-500:],
        ) from error
    out.add(b"")
    err.add(b"")
    return Completed(code, out.text(), err.text())


def _receive(channel: Channel, deadline: float) -> tuple[int, bytes]:
    """Return the kind and the content of the next packet."""
    kind, length = _HEADER.unpack(channel.receive(_HEADER.size, deadline))
    if length > _MAX_PACKET_BYTES:
        raise DeviceError("The phone broke adb's protocol.", why=f"{length} bytes in one packet")
    return kind, channel.receive(length, deadline)
