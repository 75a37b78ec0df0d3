"""The services that run commands: `adb shell` (with exit codes) and `adb exec-out`."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from functools import partial
from typing import Protocol

from tests.phone.daemon import Stream, StreamClosedError

_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = range(5)
_CHUNK = 32 * 1024

OnOutput = Callable[[str, bytes], bytes]


class Running(Protocol):
    """A command that was started."""

    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader

    async def wait(self) -> int:
        """Wait for its end and return its exit code, -N after signal N."""

    def hang_up(self) -> None:
        """Send SIGHUP to its shell and to nothing else, and close its pipes."""


class Machine(Protocol):
    """Where commands run."""

    async def start(self, command: str) -> Running:
        """Start a command of the phone's shell, with pipes; "" is the shell itself."""


async def serve_packets(
    stream: Stream, machine: Machine, command: str, on_output: OnOutput
) -> None:
    """Run a command, with packets of kind, length and bytes both ways; the last is the exit code.

    As on a phone, the shell gets SIGHUP when the client goes away, and what it started may live on.

    Args:
        stream: The client.
        machine: What runs the command.
        command: The command.
        on_output: Gets the command and each piece of its standard output, and returns what is sent.
    """
    running = await machine.start(command)
    outputs = [
        asyncio.create_task(_pump(running.stdout, stream, _STDOUT, partial(on_output, command))),
        asyncio.create_task(_pump(running.stderr, stream, _STDERR, lambda data: data)),
    ]
    inputs = asyncio.create_task(_feed(stream, running.stdin))
    end = asyncio.create_task(running.wait())
    gone = asyncio.create_task(stream.closed.wait())
    try:
        await asyncio.wait({gone, end}, return_when=asyncio.FIRST_COMPLETED)
        if not end.done():
            return
        # Programs that inherited the pipes can keep them open; a phone waits for them, too.
        both = asyncio.gather(*outputs)
        await asyncio.wait({gone, both}, return_when=asyncio.FIRST_COMPLETED)
        if both.done():
            await both
            code = end.result()
            await stream.write(_packet(_EXIT, bytes([128 - code if code < 0 else code])))
    finally:
        if not end.done() or not all(task.done() for task in outputs):
            running.hang_up()
        for task in (*outputs, inputs, end, gone):
            task.cancel()
        await asyncio.gather(*outputs, inputs, end, gone, return_exceptions=True)


async def serve_raw(stream: Stream, machine: Machine, command: str, on_output: OnOutput) -> None:
    """Run a command and send its outputs as they are, without an exit code."""
    await serve_packets(_Unpacked(stream), machine, command, on_output)  # type: ignore[arg-type]


class _Unpacked:
    """Makes a stream of bytes look like one of packets."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = b""
        self.closed = stream.closed

    async def read_exactly(self, count: int) -> bytes:
        while len(self._rest) < count:
            data = await self._stream.read()
            self._rest += _packet(_STDIN, data) if data else _packet(_CLOSE_STDIN, b"")
        data, self._rest = self._rest[:count], self._rest[count:]
        return data

    async def write(self, packet: bytes) -> None:
        if packet[0] in (_STDOUT, _STDERR):
            await self._stream.write(packet[5:])


def _packet(kind: int, data: bytes) -> bytes:
    return struct.pack("<BI", kind, len(data)) + data


async def _pump(
    pipe: asyncio.StreamReader,
    stream: Stream,
    kind: int,
    change: Callable[[bytes], bytes],
) -> None:
    while data := await pipe.read(_CHUNK):
        data = change(data)
        if data:
            with contextlib.suppress(StreamClosedError):
                await stream.write(_packet(kind, data))


async def _feed(stream: Stream, pipe: asyncio.StreamWriter) -> None:
    with contextlib.suppress(StreamClosedError, ConnectionError):
        while True:
            kind, length = struct.unpack("<BI", await stream.read_exactly(5))
            data = await stream.read_exactly(length)
            if kind == _STDIN:
                pipe.write(data)
                await pipe.drain()
            elif kind == _CLOSE_STDIN:
                break
    pipe.close()
