"""The app on a phone of folders: its main process, and a process for each run."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.android.process import AppProcess, DiedError, make_root
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

    def start(self, run: object, order: object, **extras: object) -> AppProcess:
        """Start RunActivity in a fresh process, which is returned; it may have ended already."""
        process = self.process(f"{_PACKAGE}:run")
        known = {"run": run, "order": order, **extras}
        with contextlib.suppress(DiedError):
            process.ask(
                "start",
                activity=f"{_PACKAGE}.RunActivity",
                extras={key: value for key, value in known.items() if value is not None},
            )
        return process

    def read(self, run: str, name: str = "report") -> bytes:
        """Read what the provider has of a run; the report to its end."""
        target = "/data/read"
        self.main.ask("read", uri=f"{RUNS}/{run}/{name}".rstrip("/"), to=target)
        return self.path(target).read_bytes()

    def events(self, run: str) -> list[dict[str, Any]]:
        """Read the lines of a run's report."""
        return [json.loads(line) for line in self.read(run).splitlines()]

    def listed(self) -> list[dict[str, str]]:
        """Return the runs that the provider lists."""
        return [dict(row) for row in self.main.ask("query", uri=RUNS)]

    def show(self, activity: str, **intent: object) -> None:
        """Start an activity of the main process, with "action", "uri", "extras" and so on."""
        self.main.ask("start", activity=f"{_PACKAGE}.{activity}", **intent)

    def texts(self, process: AppProcess | None = None) -> list[str]:
        """Return all texts on the screen, from top to bottom."""
        shown = (process or self.main).ask("tree")
        return list(_texts(shown["views"])) if shown["activity"] else []

    def wait_for(self, text: str, process: AppProcess | None = None, seconds: float = 30) -> None:
        """Wait until a text that contains another one is on the screen."""
        end = time.monotonic() + seconds
        while not any(text in shown for shown in self.texts(process)):
            assert time.monotonic() < end, f"'{text}' did not appear: {self.texts(process)}"
            time.sleep(0.02)


def _texts(view: dict[str, Any]) -> Iterator[str]:
    if view.get("text"):
        yield view["text"]
    for inner in view.get("inner", []):
        yield from _texts(inner)
