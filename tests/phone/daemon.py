"""The device's end of adb: plays adbd, for the real adb server to talk to."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable

from tests.phone import wire
from tests.phone.wire import Message

Service = Callable[["Stream"], Awaitable[None]]


class StreamClosedError(Exception):
    """The other side of a stream is gone."""


class Stream:
    """One service in use: a two-way pipe inside the connection to the adb server.

    Each side may have one message on its way and waits for its OKAY before the next.
    """

    def __init__(self, connection: Connection, local: int, remote: int) -> None:
        self._connection = connection
        self._local = local
        self._remote = remote
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._may_write = asyncio.Semaphore(0)
        self._rest = b""
        self.closed = asyncio.Event()

    async def read(self) -> bytes:
        """Return the next bytes; b"" after the other side has closed."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        data = await self._inbox.get()
        if data is None:
            self._inbox.put_nowait(None)
            return b""
        await self._connection.send(Message(wire.OKAY, self._local, self._remote))
        return data

    async def read_exactly(self, count: int) -> bytes:
        """Return exactly ``count`` bytes, or raise StreamClosedError."""
        parts = []
        while count:
            data = await self.read()
            if not data:
                raise StreamClosedError
            parts.append(data[:count])
            self._rest = data[count:]
            count -= len(parts[-1])
        return b"".join(parts)

    async def write(self, data: bytes) -> None:
        """Send bytes and wait until they are acknowledged, or raise StreamClosedError."""
        for start in range(0, len(data), wire.MAX_DATA):
            part = data[start : start + wire.MAX_DATA]
            await self._connection.send(Message(wire.WRTE, self._local, self._remote, part))
            await self._may_write.acquire()
            if self.closed.is_set():
                raise StreamClosedError

    def take(self, data: bytes) -> None:
        self._inbox.put_nowait(data)

    def taken(self) -> None:
        self._may_write.release()

    def hang_up(self) -> None:
        """Tell the service that the other side is gone."""
        self.closed.set()
        self._inbox.put_nowait(None)
        self._may_write.release()


class Connection:
    """One connection of an adb server."""

    def __init__(
        self, daemon: Daemon, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._daemon = daemon
        self._reader = reader
        self._writer = writer
        self._streams: dict[int, Stream] = {}
        self._services: set[asyncio.Task[None]] = set()
        self._next = 1
        self.wants_in = False

    async def serve(self) -> None:
        try:
            while True:
                await self._handle(await wire.receive(self._reader))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The server went away, or a fault closed the connection.
        finally:
            for stream in self._streams.values():
                stream.hang_up()
            self._writer.close()
            if self._services:
                await asyncio.wait(self._services)

    async def send(self, message: Message) -> None:
        if not self._daemon.frozen and not self._writer.is_closing():
            with contextlib.suppress(ConnectionError):  # `serve` notices it as well, and ends.
                self._writer.write(message.encode())
                await self._writer.drain()

    async def welcome(self) -> None:
        """Let the server in."""
        banner = b"device::" + self._daemon.banner.encode()
        await self.send(Message(wire.CNXN, wire.VERSION, wire.MAX_DATA, banner))

    def drop(self) -> None:
        """Close at once, as when a cable is pulled."""
        self._writer.transport.abort()

    async def _handle(self, message: Message) -> None:
        if message.command == wire.CNXN:
            if self._daemon.authorized:
                await self.welcome()
            else:
                await self._ask_for_proof()
        elif message.command == wire.AUTH:
            # No signature is ever accepted; after the last one the server offers its public key,
            # and a phone then asks its user on the screen.
            if message.arg0 == wire.AUTH_SIGNATURE:
                await self._ask_for_proof()
            elif message.arg0 == wire.AUTH_PUBLIC_KEY:
                self.wants_in = True
        elif message.command == wire.OPEN:
            await self._open(message)
        elif message.arg1 in self._streams:
            stream = self._streams[message.arg1]
            if message.command == wire.WRTE:
                stream.take(message.data)
            elif message.command == wire.OKAY:
                stream.taken()
            elif message.command == wire.CLSE:
                stream.hang_up()

    async def _ask_for_proof(self) -> None:
        await self.send(Message(wire.AUTH, wire.AUTH_TOKEN, 0, os.urandom(20)))

    async def _open(self, message: Message) -> None:
        name = message.data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        service = self._daemon.service(name)
        if service is None:
            await self.send(Message(wire.CLSE, 0, message.arg0))
            return
        local, self._next = self._next, self._next + 1
        stream = Stream(self, local, message.arg0)
        self._streams[local] = stream
        await self.send(Message(wire.OKAY, local, message.arg0))
        task = asyncio.create_task(self._run(service, stream, local, message.arg0))
        self._services.add(task)
        task.add_done_callback(self._services.discard)

    async def _run(self, service: Service, stream: Stream, local: int, remote: int) -> None:
        try:
            with contextlib.suppress(StreamClosedError):
                await service(stream)
        finally:
            del self._streams[local]
            await self.send(Message(wire.CLSE, local, remote))


class Daemon:
    """Listens for adb servers on a port of this machine.

    Attributes:
        banner: Properties and features that a server is told, "key=value;...".
        service: Finds the service for a name such as "sync:"; None refuses it.
        authorized: Whether servers may come in.
        frozen: Whether it keeps its connections and says nothing more.
        port: 0 until it listens for the first time.
    """

    def __init__(self, banner: str, service: Callable[[str], Service | None]) -> None:
        self.banner = banner
        self.service = service
        self.authorized = True
        self.frozen = False
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", self.port, limit=2 * wire.MAX_DATA
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Drop all connections and refuse new ones, until `listen`."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in self._connections:
            connection.drop()

    async def authorize(self) -> None:
        """Let in whichever server is waiting for that."""
        self.authorized = True
        for connection in self._connections:
            if connection.wants_in:
                connection.wants_in = False
                await connection.welcome()

    async def close(self) -> None:
        """Vanish, and wait until every service has ended."""
        await self.vanish()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self._connections.add(connection)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self._tasks.discard(task)
