"""How processes of apps have ended, as `dumpsys activity exit-info` tells it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Protocol

# Reason -> Android's number for it.
_REASONS = {"EXIT_SELF": 1, "SIGNALED": 2, "LOW_MEMORY": 3, "APP CRASH(EXCEPTION)": 4}
_REASONS |= {"USER REQUESTED": 10}

_CRASHED = 70
_KILLED_ITSELF = 128 + 9


class Process(Protocol):
    """A process whose end can be waited for."""

    def wait(self, seconds: float = ...) -> int:
        """Wait for its end and return its exit code, -N after signal N."""


class Exits:
    """Keeps the ends of processes in a file that `dumpsys` prints.

    Args:
        file: That file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._expected: dict[str, str] = {}
        self._records: list[str] = []
        self._lock = threading.Lock()

    def expect(self, name: str, why: str) -> None:
        """Say why a process is about to be killed."""
        with self._lock:
            self._expected[name] = why

    def forget(self) -> None:
        """Have no records."""
        with self._lock:
            self._records.clear()
            self._expected.clear()
            self._file.unlink(missing_ok=True)

    def watch(self, package: str, name: str, process: Process) -> None:
        """Record the end of a process when it comes."""

        def wait() -> None:
            code = process.wait(3600.0)
            with self._lock:
                why = self._expected.pop(name, "") or _reason(code)
                self._records.insert(0, _record(len(self._records), package, name, why))
                self._file.write_text(_HEAD.format(package=package) + "".join(self._records))

        threading.Thread(target=wait, daemon=True).start()


def _reason(code: int) -> str:
    if code == _CRASHED:
        return "APP CRASH(EXCEPTION)"
    return "SIGNALED" if code in (_KILLED_ITSELF, -9) else "EXIT_SELF"


_HEAD = """ACTIVITY MANAGER PROCESS EXIT INFO (dumpsys activity exit-info)
  package: {package}
    Historical Process Exit for uid=10123
"""


def _record(number: int, package: str, name: str, why: str) -> str:
    return (
        f"        ApplicationExitInfo #{number}:\n"
        f"          timestamp=2026-01-01 12:00:00.000 pid={4000 + number} realUid=10123 "
        f"packageUid=10123 definingUid=10123 user=0\n"
        f"          process={name} reason={_REASONS[why]} ({why}) subreason=0 (UNKNOWN) status=9\n"
        "          importance=100 pss=0.00 rss=112MB description=null state=empty trace=null\n"
    )
