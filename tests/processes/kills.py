"""Kills and interrupts commands at random moments, and looks at what is lost and what is left.

``python -m tests.processes.kills --kills 50 --interrupts 50`` prints a line for each, and a table.
A command is started, and ended after a random part of the time that it takes: every file must be
the old or the new one. Then it is started again, to its end: everything must be new then, and
nothing else may lie in its folder, among the temporary files or among the processes.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.processes.work import Work, bundling, done, exporting, measuring, started

WORKS: dict[str, Callable[[Path], Work]] = {
    "export": exporting,
    "bundle": bundling,
    "device_bench": measuring,
}

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: How long processes may take to end after a signal, in seconds.
_ENDING_S = 20.0


@dataclass(frozen=True)
class Found:
    """What one signal did.

    Attributes:
        work: Of the command.
        signal: Its name; with "worker" where it went to the process that works, and not to the one
            that was started.
        part: When, as a part of the time that the command takes.
        code: How it ended.
        files: File -> "old", "new", "missing" or "wrong", just after that.
        litter: What else lay there.
        processes: What still ran.
        after: Litter after the next start.
        wrong: What is not as it must be; empty if all is well.
    """

    work: str
    signal: str
    part: float
    code: int
    files: Mapping[str, str]
    litter: int
    processes: int
    after: int
    wrong: tuple[str, ...]

    @property
    def words(self) -> str:
        """One line for people."""
        files = Counter(self.files.values())
        counts = ", ".join(f"{count} {state}" for state, count in sorted(files.items())) or "none"
        wrong = f"  WRONG: {'; '.join(self.wrong)}" if self.wrong else ""
        return (
            f"{self.work:17} {self.signal:16} at {self.part:4.2f}  ended {self.code:4}  "
            f"files {counts:16}  litter {self.litter} -> {self.after}{wrong}"
        )


class Trial:
    """One command that is ended again and again.

    Args:
        place: An empty folder for all of it.
        make: Prepares the command.
    """

    def __init__(self, place: Path, make: Callable[[Path], Work]) -> None:
        self.place = place
        self.work = make(place)
        self._known: dict[int, Mapping[str, str]] = {}
        for variant in (0, 1):
            start = time.monotonic()
            done(self.work.words(variant), place)
            self._seconds = time.monotonic() - start
            self._known[variant] = self.work.state()
        self._variant = 1
        # Libraries keep something there that has nothing to do with signals.
        self._usual: frozenset[str] = frozenset()
        self._usual = frozenset(self._litter())

    def end(self, number: signal.Signals, part: float, worker: bool = False) -> Found:
        """Start the command, end it by a signal, look, and start it again.

        Args:
            number: The signal.
            part: When, as a part of the time that it takes.
            worker: Whether the signal goes to the process that works.
        """
        old, new = self._variant, 1 - self._variant
        kept = self.work.kept()
        process = started(self.work.words(new), self.place)
        time.sleep(part * self._seconds)
        _send(process, number, worker)
        code = _ended(process)
        left = _left(self.place)
        files = self._states(old, new)
        litter = self._litter()
        wrong = [f"{name} is {state}" for name, state in files.items() if state not in _FINE]
        wrong += [f"process {' '.join(one)}" for one in left]
        if kept - self.work.kept():
            wrong.append(f"{len(kept - self.work.kept())} rounds are lost")
        start = time.monotonic()
        done(self.work.words(new), self.place)
        # Other programs may keep the computer busier than before.
        self._seconds = (self._seconds + time.monotonic() - start) / 2
        self._variant = new
        after = self._litter()
        wrong += [f"{path} is left" for path in after]
        wrong += [f"{n} is {s} in the end" for n, s in self._states(old, new).items() if s != "new"]
        name = f"{number.name}{' worker' if worker else ''}"
        return Found(
            self.work.name, name, part, code, files, len(litter), len(left), len(after), (*wrong,)
        )

    def _states(self, old: int, new: int) -> dict[str, str]:
        found, before, after = self.work.state(), self._known[old], self._known[new]
        states = dict.fromkeys(found, "wrong")
        for name in {*before, *after}:
            if name not in found:
                states[name] = "missing"
            elif found[name] == after.get(name):
                states[name] = "new"
            elif found[name] == before.get(name):
                states[name] = "old"
        return states

    def _litter(self) -> list[str]:
        temporary = self.place / "temporary"
        endings = ("-wal", "-shm", "-journal")  # what SQLite makes beside a store while it is open
        hidden = [
            path
            for path in self.work.folder.iterdir()
            if path.name.startswith(".") or path.name.endswith(endings)
        ]
        return sorted({path.name for path in (*hidden, *temporary.iterdir())} - self._usual)


#: What a file may be after a signal.
_FINE = ("old", "new")


def _send(process: subprocess.Popen[str], number: signal.Signals, worker: bool) -> None:
    """Send a signal to a command or to its worker, if it is still there."""
    target = process.pid
    if worker:
        target = next((one.pid for one in _children(process.pid)), target)
    if process.poll() is None:
        os.kill(target, number)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def _ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=60)
    return process.returncode


def _left(place: Path) -> list[Sequence[str]]:
    """Return the command lines of what still runs of a command, after a while.

    Whatever it has started has its temporary files there, too.
    """
    end = time.monotonic() + _ENDING_S
    while True:
        left = []
        for one in psutil.process_iter(["cmdline", "environ", "status"]):
            own = (one.info["environ"] or {}).get("TMPDIR") == str(place / "temporary")
            if own and one.info["status"] != psutil.STATUS_ZOMBIE:
                left.append(one.info["cmdline"])
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)


def run(names: Sequence[str], kills: int, interrupts: int, seed: int, place: Path) -> list[Found]:
    """End commands by signals, in turn; print a line for each.

    Args:
        names: Of `WORKS`.
        kills: How often by SIGKILL; every third time the working process alone.
        interrupts: How often by Ctrl-C, kill and a closed terminal, in turn.
        seed: Of the moments.
        place: An empty folder.
    """
    moments = random.Random(seed)  # noqa: S311 - no secret
    trials = []
    for name in names:
        (place / name).mkdir()
        trials.append(Trial(place / name, WORKS[name]))
    signals = [(signal.SIGKILL, index % 3 == 2) for index in range(kills)]
    signals += [(_INTERRUPTS[index % 3], False) for index in range(interrupts)]
    found = []
    for index, (number, worker) in enumerate(signals):
        trial = trials[index // 3 % len(trials)]
        found.append(trial.end(number, moments.uniform(0.05, 1.05), worker))
        print(found[-1].words, flush=True)
    return found


def table(found: Sequence[Found]) -> str:
    """Return how often what was found."""
    heads = ("command", "by", "times", "all old", "all new", "mixed", "litter", "after", "wrong")
    groups: dict[tuple[str, str], list[Found]] = {}
    for one in found:
        by = "kill -9" if one.signal.startswith("SIGKILL") else one.signal
        groups.setdefault((one.work, by), []).append(one)
    rows = [heads]
    for names, several in sorted(groups.items()):
        states = [set(one.files.values()) for one in several]
        numbers = (
            len(several),
            states.count({"old"}),
            states.count({"new"}),
            sum(len(one) > 1 for one in states),
            sum(one.litter > 0 for one in several),
            sum(one.after > 0 for one in several),
            sum(bool(one.wrong) for one in several),
        )
        rows.append((*names, *map(str, numbers)))
    return "\n".join(
        f"{first:18}{second:9}" + "".join(f"{cell:>8}" for cell in rest)
        for first, second, *rest in rows
    )


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--interrupts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--of", nargs="*", choices=WORKS, default=list(WORKS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(given.of, given.kills, given.interrupts, given.seed, Path(folder))
    print(table(found))
    sys.exit(any(one.wrong for one in found))


if __name__ == "__main__":
    main()
