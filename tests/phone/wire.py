"""Messages of the protocol between an adb server and a device.

A message is a header of six little-endian 32-bit words (command, two arguments, length of the
payload, its checksum, the command inverted) and the payload. Described in the file
`protocol.txt` of adb's sources.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

# From this version on both sides leave the checksum out.
VERSION = 0x01000001
MAX_DATA = 1 << 20

CNXN = b"CNXN"
AUTH = b"AUTH"
OPEN = b"OPEN"
OKAY = b"OKAY"
CLSE = b"CLSE"
WRTE = b"WRTE"

AUTH_TOKEN = 1
AUTH_SIGNATURE = 2
AUTH_PUBLIC_KEY = 3

_HEADER = struct.Struct("<4sIIIII")


class MalformedError(Exception):
    """The peer sent something that is no message."""


@dataclass(frozen=True)
class Message:
    command: bytes
    arg0: int
    arg1: int
    data: bytes = b""

    def encode(self) -> bytes:
        # Only the first messages, which are short, can be read by a peer that checks the sum.
        checksum = sum(self.data) if self.command in (CNXN, AUTH) else 0
        magic = int.from_bytes(self.command, "little") ^ 0xFFFFFFFF
        header = _HEADER.pack(
            self.command, self.arg0, self.arg1, len(self.data), checksum & 0xFFFFFFFF, magic
        )
        return header + self.data


async def receive(reader: asyncio.StreamReader) -> Message:
    """Return the next message.

    Raises:
        asyncio.IncompleteReadError: The connection ended.
        MalformedError: What came is no message.
    """
    command, arg0, arg1, length, _, magic = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if magic != int.from_bytes(command, "little") ^ 0xFFFFFFFF or length > MAX_DATA:
        raise MalformedError(f"a header of {command!r} with length {length}")
    return Message(command, arg0, arg1, await reader.readexactly(length))
