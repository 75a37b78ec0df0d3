"""A process that runs one .aimodel folder, sample by sample, within a time limit."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from _edgeship.errors import VerificationError
from _edgeship.export.coreai.format.asset import Asset, write_asset
from _edgeship.export.coreai.format.library import demand_library
from _edgeship.export.runtimes.child import end_group, ending, late
from _edgeship.work_folders import WorkFolder, new_temporary_folder

#: Seconds that compiling a program, or one run of it, may take. The runtime on Linux is no fast
#: one: the largest network of the registry takes a minute.
LIMIT_S = 600.0

#: Processes that run samples of one program, and how many bytes the programs of all may take; each
#: has several times as much in memory. How many seconds of work are worth a process: one takes half
#: a second to start.
_MOST_PROCESSES = 4
_MOST_BYTES = 2**28
_WORTH_S = 1.5

_PROGRAM = Path(__file__).with_name("program.py")


class Session:
    """Core AI's runtime with one program loaded, in a process of its own.

    Several threads may run samples; they take turns.

    Args:
        asset: The files of the folder.
        limit_s: Seconds that compiling it, or one run, may take.

    Raises:
        InputError: coreai-core is not installed.
        VerificationError: The runtime refuses the program, crashes or hangs.
    """

    def __init__(self, asset: Asset, limit_s: float = LIMIT_S) -> None:
        demand_library()
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._place = new_temporary_folder()
        self._folder = self._place.path
        self._number = 0
        self._heard = b""
        write_asset(asset, self._folder / "model.aimodel")
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  (our own program)
                [sys.executable, str(_PROGRAM), str(self._folder)],
                # The runtime compiles into a temporary folder, and this process is killed.
                env={**os.environ, "TMPDIR": str(self._folder)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        # Whoever does not close it loses it, and then the process goes, too.
        self._end = weakref.finalize(self, _end, self._process, self._place)
        self._expect("ready")

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, sample: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return output -> what the program gives for one sample.

        Args:
            sample: Input -> array, in the program's names, types and shapes.

        Raises:
            VerificationError: The runtime refuses it, crashes or hangs.
        """
        with self._lock:
            number = self._number
            self._number += 1
            inputs = self._folder / f"{number}.npz"
            results = self._folder / f"{number}.out.npz"
            arrays: dict[str, Any] = {f"_{name}": array for name, array in sample.items()}
            np.savez(inputs, **arrays)
            self._tell(f"{number}\n".encode())
            self._expect("done")
            with np.load(results) as found:
                outputs = {name[1:]: found[name] for name in found.files}
            inputs.unlink()
            results.unlink()
            return outputs

    def close(self) -> None:
        """End the process, and remove its folder."""
        self._end()

    def _tell(self, line: bytes) -> None:
        pipe = self._process.stdin
        if pipe is None:
            raise RuntimeError("the process has no standard input")
        try:
            pipe.write(line)
            pipe.flush()
        except BrokenPipeError:
            pass  # it has ended; `_expect` says how

    def _expect(self, word: str) -> None:
        """Wait for a line that begins with a word.

        Raises:
            VerificationError: Another comes, or none in time.
        """
        line = self._next_line()
        if line == word:
            return
        if line is None:
            why = late(self._limit_s)
        elif line:
            why = line.removeprefix("refused").strip()
        else:
            why = ending(self._process.wait(), self._folder / "log")
        self.close()
        raise VerificationError("Core AI's runtime fails on the program.", why=f"{why}.")

    def _next_line(self) -> str | None:
        """Return the next line of the process; "" where it ended, None where it takes too long."""
        pipe = self._process.stdout
        if pipe is None:
            raise RuntimeError("the process has no standard output")
        end = time.monotonic() + self._limit_s
        while b"\n" not in self._heard:
            ready, _, _ = select.select([pipe], [], [], max(end - time.monotonic(), 0))
            if not ready:
                return None
            heard = os.read(pipe.fileno(), 65536)
            if not heard:
                return ""
            self._heard += heard
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode(errors="replace").strip()


def _end(process: subprocess.Popen[bytes], place: WorkFolder) -> None:
    end_group(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    place.remove()


def run_all(
    asset: Asset, samples: Sequence[Mapping[str, np.ndarray]], limit_s: float = LIMIT_S
) -> list[dict[str, np.ndarray]]:
    """Return what a program gives for each sample, as `Session.run` does.

    The runtime computes on one core. Where the first sample shows that the others take long,
    further processes run some of them.

    Raises:
        InputError: coreai-core is not installed.
        VerificationError: The runtime refuses the program, crashes or hangs.
    """
    results: dict[int, dict[str, np.ndarray]] = {}
    left = deque(range(1, len(samples)))

    def work(session: Session) -> None:
        while left:
            try:
                number = left.popleft()
            except IndexError:  # another process has taken the last one
                return
            results[number] = session.run(samples[number])

    def help_() -> None:
        with Session(asset, limit_s) as session:
            work(session)

    with Session(asset, limit_s) as first:
        if samples:
            start = time.perf_counter()
            results[0] = first.run(samples[0])
            seconds = (time.perf_counter() - start) * len(left)
            count = _helpers(seconds, len(left), sum(map(len, asset.values())))
            with ThreadPoolExecutor(max(count, 1)) as pool:
                helpers = [pool.submit(help_) for _ in range(count)]
                try:
                    work(first)
                finally:
                    left.clear()
                for one in helpers:
                    one.result()
    return [results[number] for number in range(len(samples))]


def _helpers(seconds: float, samples: int, size: int) -> int:
    """Return how many further processes are worth their start and their memory.

    Args:
        seconds: What the samples will take one after another.
        samples: How many there are.
        size: Of the program, in bytes.
    """
    cores = os.cpu_count() or 1
    room = _MOST_BYTES // max(size, 1)
    return max(0, min(_MOST_PROCESSES, cores, room, samples, int(seconds / _WORTH_S)) - 1)
