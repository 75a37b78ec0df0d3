"""The phone's system: answers `pm`, `am` and `content`, which are programs on the phone.

Those are one small program (`system_client.c`), which hands its words and its streams to a socket.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.cache import cache_folder

_SOURCE = Path(__file__).with_name("system_client.c")
_SOCKET = "dev/socket/system"
_MOST_BYTES = 1 << 20


class Caller:
    """A command on the phone that waits for the system.

    Args:
        connection: Its connection; it ends when the command is killed.
        streams: Its input, output and errors.
    """

    def __init__(self, connection: socket.socket, streams: Sequence[int]) -> None:
        self._connection = connection
        self._stdin, self._stdout, self._stderr = streams

    def out(self, text: str | bytes) -> bool:
        """Print something; returns whether somebody could read it."""
        return self._write(self._stdout, text)

    def err(self, text: str) -> bool:
        """Print to the errors."""
        return self._write(self._stderr, text)

    def is_gone(self) -> bool:
        """Whether the command was killed."""
        # It writes no more from the beginning; only the end of both ways is a hang-up.
        poller = select.poll()
        poller.register(self._connection, select.POLLHUP)
        return any(event & select.POLLHUP for _, event in poller.poll(0))

    @staticmethod
    def _write(stream: int, text: str | bytes) -> bool:
        data = text.encode() if isinstance(text, str) else text
        try:
            while data:
                data = data[os.write(stream, data) :]
        except BrokenPipeError:
            return False
        return True


Answer = Callable[[Caller, list[str]], int]


class System:
    """Listens on a socket of the phone, from construction until `close`.

    Args:
        root: The phone's "/".
        programs: Name of a program on the phone -> what it does; it returns the exit code.
    """

    def __init__(self, root: Path, programs: dict[str, Answer]) -> None:
        self._programs = programs
        client = _client()
        for name in programs:
            (root / "system/bin" / name).unlink(missing_ok=True)
            (root / "system/bin" / name).write_bytes(client)
            (root / "system/bin" / name).chmod(0o755)
        path = root / _SOCKET
        path.parent.mkdir(parents=True, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The path on this computer may be too long for a socket; that of an open folder is not.
        folder = os.open(path.parent, os.O_PATH)
        try:
            self._listener.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
        self._listener.listen()
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Listen no longer; wait for the commands that are at work."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # Shut down.
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            _, streams, _, _ = socket.recv_fds(connection, 1, 3)
            try:
                words = _read_words(connection)
                code = self._programs[words[0]](Caller(connection, streams), words[1:])
                with contextlib.suppress(BrokenPipeError):
                    connection.send(bytes([code]))
            finally:
                for stream in streams:
                    os.close(stream)


def _read_words(connection: socket.socket) -> list[str]:
    data = b""
    while part := connection.recv(1 << 16):
        data += part
        assert len(data) <= _MOST_BYTES
    return [word.decode("utf-8", "surrogateescape") for word in data.split(b"\0")[:-1]]


def _client() -> bytes:
    """Return the program, which is compiled once; it needs nothing beside it."""
    source = _SOURCE.read_bytes()
    name = hashlib.sha256(source).hexdigest()[:12]
    path = cache_folder() / "virtual-phone" / f"system-client-{name}"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        argv = ["gcc", "-std=gnu11", "-O1", "-Wall", "-Werror", "-static", "-o", str(unfinished)]
        subprocess.run([*argv, str(_SOURCE)], check=True)  # noqa: S603
        unfinished.rename(path)
    return path.read_bytes()
