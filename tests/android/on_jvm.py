"""The app on a phone of folders: its main process, and a process for each run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.android.process import AppProcess, make_root
from tests.android.unpacked import Unpacked

RUNS = "content://dev.edgeship.bench.runs"
_PACKAGE = "dev.edgeship.bench"


class AppOnJvm:
    """The app as it is installed, until `close`.

    Args:
        unpacked: The app.
        litert: A folder with libLiteRt.so; None for the app without LiteRT.
        root: An empty folder, "/" of the phone.

    Attributes:
        root: That folder.
        settings: What `Phone.java` reads, for processes that are started from now on.
    """

    def __init__(self, unpacked: Unpacked, litert: Path | None, root: Path) -> None:
        self._unpacked = unpacked
        self._litert = litert
        self.root = root
        self.settings: dict[str, object] = {}
        self._processes: list[AppProcess] = []
        self._main: AppProcess | None = None
        make_root(root, unpacked.package)

    def __enter__(self) -> AppOnJvm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        for process in self._processes:
            process.close()

    @property
    def main(self) -> AppProcess:
        """The main process; started when it is asked for, as the system does."""
        if self._main is None or not self._main.alive():
            self._main = self.process(_PACKAGE)
        return self._main

    def process(self, name: str) -> AppProcess:
        """Start a process of the app."""
        process = AppProcess(
            self._unpacked, self.root, litert=self._litert, name=name, settings=self.settings
        )
        self._processes.append(process)
        return process

    def path(self, remote: str) -> Path:
        """Return where a path of the phone lies on this machine."""
        return self.root / remote.lstrip("/")

    def push(self, remote: str, data: bytes) -> str:
        """Write a file on the phone, and return its path there."""
        path = self.path(remote)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return remote

    def order(self, words: Iterable[str], remote: str = "/data/local/tmp/w/order") -> str:
        """Write an order, and return its path."""
        return self.push(remote, "".join(f"{word}\n" for word in words).encode())

    def start(self, run: str | None, order: str | None, **extras: object) -> AppProcess:
        """Start RunActivity in a fresh process, which is returned."""
        process = self.process(f"{_PACKAGE}:run")
        known = {"run": run, "order": order, **extras}
        process.ask(
            "start",
            activity=f"{_PACKAGE}.RunActivity",
            extras={key: value for key, value in known.items() if value is not None},
        )
        return process

    def read(self, run: str, name: str = "report") -> bytes:
        """Read what the provider has of a run; the report to its end."""
        target = "/data/read"
        self.main.ask("read", uri=f"{RUNS}/{run}/{name}", to=target)
        return self.path(target).read_bytes()

    def events(self, run: str) -> list[dict[str, Any]]:
        """Read the lines of a run's report."""
        return [json.loads(line) for line in self.read(run).splitlines()]

    def listed(self) -> list[dict[str, str]]:
        """Return the runs that the provider lists."""
        return [dict(row) for row in self.main.ask("query", uri=RUNS)]
