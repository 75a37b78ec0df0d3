"""A PostgreSQL server for the tests: Debian's, in a folder of its own, as an unprivileged user."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType

import psycopg

#: Who the server runs as if the tests are run by root, which it refuses.
USER = "nobody"

#: Of the database's user, over TCP; through the socket it needs none.
PASSWORD = "p@ss/word:1"  # noqa: S105 - of a server that only this test knows


def programs() -> Path | None:
    """Return the folder with initdb and postgres of the newest version; None without one."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3])
    )
    return found[-1].parent if found else None


class Server:
    """A running server; use it as a context manager.

    Args:
        bin_: The folder of `programs`.
    """

    def __init__(self, bin_: Path) -> None:
        self._bin = bin_
        self._folder = Path(tempfile.mkdtemp(prefix="edgeship-pg-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def __enter__(self) -> Server:
        password = self._folder / "password"
        password.write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(self._folder, USER)
            shutil.chown(password, USER)
        words = ["-D", str(self._folder / "data"), "-U", "bench", "--pwfile", str(password)]
        words += ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"]
        words += ["--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run(  # noqa: S603 - Debian's program
            [*_as_user(), str(self._bin / "initdb"), *words],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        words = ["-D", str(self._folder / "data"), "-k", str(self._folder), "-p", str(self.port)]
        for setting in ("fsync=off", "listen_addresses=127.0.0.1", "shared_buffers=16MB"):
            words += ["-c", setting]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - Debian's program
                [*_as_user(), str(self._bin / "postgres"), *words],
                stdout=log,
                stderr=log,
                cwd="/",
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self._conninfo("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server at once, whoever is connected; SIGQUIT does without tidying up."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement, and return its rows."""
        with psycopg.connect(self._conninfo(database), autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def new_database(self) -> str:
        """Make an empty database, and return its name."""
        name = f"bench_{secrets.token_hex(4)}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str) -> str:
        """Return the URL of a database through the socket."""
        return f"postgresql://bench@/{database}?host={self._folder}&port={self.port}"

    def tcp_url(self, database: str, password: str) -> str:
        """Return the URL of a database over TCP, with a percent-encoded password."""
        return f"postgresql://bench:{password}@127.0.0.1:{self.port}/{database}"

    def _conninfo(self, database: str) -> str:
        return f"host={self._folder} port={self.port} user=bench dbname={database}"


def _as_user() -> list[str]:
    # The server goes with the tests, even if these are killed.
    words = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() == 0:
        words += ["--reuid", USER, "--regid", "nogroup", "--clear-groups"]
    return words
