"""A real sshd on a free port of this computer, and an `ssh` that knows its key."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


class SshServer:
    """sshd for the user who runs the tests.

    Attributes:
        path: A folder to put first in PATH: its `ssh` reads a configuration in which the server's
            name is "board".
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "bin"
        self.path.mkdir()
        for name in ("host", "user", "stranger"):
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        shutil.copy(folder / "user.pub", folder / "authorized")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        host_key = (folder / "host.pub").read_text().split()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {host_key[0]} {host_key[1]}\n")
        self._write_client("board", "user", "known")
        self._server: subprocess.Popen[bytes] | None = None

    def _write_client(self, alias: str, key: str, known: str) -> None:
        config = self._folder / "client"
        lines = [
            f"Host {alias}",
            "HostName 127.0.0.1",
            f"Port {self.port}",
            f"User {getpass.getuser()}",
            f"IdentityFile {self._folder / key}",
            "IdentitiesOnly yes",
            f"UserKnownHostsFile {self._folder / known}",
            "StrictHostKeyChecking yes",
        ]
        with config.open("a") as file:
            file.write("\n".join(lines) + "\n")
        wrapper = self.path / "ssh"
        wrapper.write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh", path=os.defpath)} -F {config} "$@"\n'
        )
        wrapper.chmod(0o755)

    def add_stranger(self) -> None:
        """Make "stranger" a host name for which ssh uses a key that the server does not know."""
        self._write_client("stranger", "stranger", "known")

    def add_unknown_host(self) -> None:
        """Make "unknown" a host name for which ssh does not know the server's key."""
        (self._folder / "nobody").write_text("")
        self._write_client("unknown", "user", "nobody")

    def start(self) -> None:
        """Start the server, unless it runs, and wait until it answers."""
        if self._server is not None:
            return
        folder = self._folder
        config = folder / "server"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\n"
            f"AuthorizedKeysFile {folder / 'authorized'}\nPidFile {folder / 'pid'}\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
            "KbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (folder / "log").open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603
                [_sshd(), "-D", "-e", "-f", str(config)], stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.05)
        raise AssertionError((folder / "log").read_text())

    def stop(self) -> None:
        """Kill the server and, as when a board loses power, all its connections."""
        if self._server is not None:
            for child in _descendants(self._server.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, 9)
            self._server.kill()
            self._server.wait()
            self._server = None


def _sshd() -> str:
    found = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None or shutil.which("ssh") is None:
        pytest.skip("sshd or ssh is missing: install openssh-server")
    return found


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)  # noqa: S603


def _descendants(process: int) -> list[int]:
    """Return the sshd processes below one; what users started through them lives on."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == process and "(sshd" in name:
                child = int(stat.parent.name)
                found += [child, *_descendants(child)]
    return found


@contextlib.contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Yield a running server, or skip the test where OpenSSH is missing."""
    _sshd()
    server = SshServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
