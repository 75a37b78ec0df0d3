"""A device that answers every script with the same prepared text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from _edgeship.device_bench.processes.base import Completed


class Answers:
    """A device without a machine behind it: every program prints the same; files are refused."""

    base = "/nowhere"

    def __init__(self, out: str, *, code: int = 0, unit: str = "ns") -> None:
        self.selector = "adb:FAKE"
        self.unit = unit
        self._done = Completed(code, out, "" if code == 0 else "sh: not found")

    def push(self, local: Path, remote: str) -> None:
        raise NotImplementedError

    def pull(self, remote: str, local: Path) -> None:
        raise NotImplementedError

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        on_line: Callable[[str], None] | None = None,
    ) -> Completed:
        return self._done
