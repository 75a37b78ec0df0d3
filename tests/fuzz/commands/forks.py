"""Runs a function or a command line in a fork of this process, with limits of time and memory."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

#: Address space of a fork. What a fork really used is measured; this keeps the machine alive.
_ADDRESS_SPACE = 12 * 2**30

#: A process may wait so many times as long as it may compute: others work on the machine, too.
_WAITING = 5

#: What is read of what a fork printed.
_MOST_PRINTED = 1 << 16

#: Command lines by their modules.
EXPORT = "_edgeship.export.commands.cli"


@dataclass(frozen=True)
class Ending:
    """How a fork ended.

    Attributes:
        code: Its exit code; negative for the signal that ended it; None if it took too long.
        seconds: How long it computed, all that it waited for together.
        peak_bytes: The most memory that it, or a process that it waited for, ever held.
        printed: What it wrote to standard output.
        errors: What it wrote to standard error.
    """

    code: int | None
    seconds: float
    peak_bytes: int
    printed: str
    errors: str


def run_command(module: str, words: Sequence[str], folder: Path, seconds: float) -> Ending:
    """Run a command line as a shell would, but for what is imported already.

    Args:
        module: The module of the command line, such as `EXPORT`.
        words: The words behind the program's name.
        folder: Where it runs, and leaves what it prints.
        seconds: So long it may compute; it is killed then, with all that it started.
    """

    def command() -> None:
        from _edgeship.terminal.entry import start

        sys.argv[1:] = words
        start(module)

    return run_fork(command, folder, seconds)


def run_fork(work: Callable[[], object], folder: Path, seconds: float) -> Ending:
    """Run a function in a fork; see `run_command`. An exception that it raises is exit code 1."""
    paths = [folder / ".printed", folder / ".errors"]
    pid = os.fork()
    if pid == 0:
        _work(work, folder, paths, seconds)
    descriptor = os.pidfd_open(pid)
    ready, _, _ = select.select([descriptor], [], [], _WAITING * seconds)
    os.close(descriptor)
    with contextlib.suppress(ProcessLookupError):  # all of them have ended
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    used = usage.ru_utime + usage.ru_stime
    texts = [path.read_bytes()[:_MOST_PRINTED].decode(errors="replace") for path in paths]
    return Ending(
        code=None if not ready or used > seconds else os.waitstatus_to_exitcode(status),
        seconds=used,
        peak_bytes=usage.ru_maxrss * 1024,
        printed=texts[0],
        errors=texts[1],
    )


def _work(
    work: Callable[[], object], folder: Path, paths: Sequence[Path], seconds: float
) -> NoReturn:
    """Do the work and end the process, whatever happens."""
    code = 1
    try:
        faulthandler.disable()  # a crash is said by whoever waits
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        limit = math.ceil(seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in enumerate(paths, start=1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
