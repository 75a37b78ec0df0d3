"""Untrusted files in processes of their own: a crash or a hang of one is that file's sentence.

A process that runs nothing itself is started once and forks one for each file, which costs some
milliseconds. Where systems forbid a fork that goes on without a new program (macOS), where there is
no interpreter to start, and in a process that is one of these already, files run where they are.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from _edgeship import errors
from _edgeship.errors import EdgeshipError, InputError, VerificationError
from _edgeship.export.runtimes.apart_program import MOST_LINES
from _edgeship.export.runtimes.apart_starter import the_starter
from _edgeship.export.runtimes.apart_words import read_answer, write

#: The environment variable that says how many seconds a file may take for one answer, and the
#: number where it says nothing.
SECONDS_VARIABLE = "EDGESHIP_FILE_SECONDS"
SECONDS = 600.0

#: Likewise, how many GiB of memory its process may take, and the number beside so many times the
#: bytes that it is given: runtimes unpack and copy weights.
GIB_VARIABLE = "EDGESHIP_FILE_GIB"
GIB = 3.0
_COPIES = 4

#: How long it may take until a process that has ended is told of.
_TOLD_S = 10.0

#: Exit code -> the error that has it.
_KINDS: dict[int, type[EdgeshipError]] = {2: InputError, 3: VerificationError}

_TODO = "check where the file comes from; if it is sound, report it"

P = ParamSpec("P")
T = TypeVar("T")


def run_apart(doing: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns that runs a file, in a process of its own.

    Args:
        doing: What it does, as the beginning of a sentence: "Running the file".
        function: A function of a module of ours; it returns plain values, arrays, and records.
        *args: Its arguments; what it changes of them is lost.
        **kwargs: There are none.

    Raises:
        VerificationError: The process crashed, or took too long or too much memory.
        EdgeshipError: As the function raises it.
    """
    with Apart(doing, _Held, function) as process:
        return cast("T", process.call("call", *args))


def read_apart(doing: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the same of a function that reads a file; a file that crashes it is wrong input.

    Raises:
        InputError: The process crashed, or took too long or too much memory.
        EdgeshipError: As the function raises it.
    """
    with Apart(doing, _Held, function, exit_code=InputError.exit_code) as process:
        return cast("T", process.call("call", *args))


class _Held:
    """Holds a function, so that it is called by the same words as methods of objects."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def call(self, *args: Any) -> Any:
        """Return what it returns."""
        return self._function(*args)


class Apart:
    """An object in a process of its own, which several threads may call at once.

    Use it as a context manager, or let it be collected: the process ends with it.

    Args:
        doing: What it does, as the beginning of a sentence.
        make: A class or function of a module of ours, which makes the object.
        *args: What it is given.
        lines: How many calls the object may answer at a time.
        seconds: How long each may take; `SECONDS` by default.
        gib: How much memory the process may take; by default `GIB` and some copies of the bytes
            that it is given, for each line.
        exit_code: Of the error where the process does not end well.

    Raises:
        VerificationError: The process crashed, or took too long or too much memory.
        EdgeshipError: As ``make`` raises it.
    """

    def __init__(
        self,
        doing: str,
        make: Callable[..., Any],
        *args: Any,
        lines: int = 1,
        seconds: float | None = None,
        gib: float | None = None,
        exit_code: int = VerificationError.exit_code,
    ) -> None:
        self._doing = doing
        self._seconds = _number(SECONDS_VARIABLE, seconds or SECONDS)
        self._object: Any = None
        starter = the_starter()
        if starter is None:
            self._object = make(*args)
            return
        self._ended = threading.Lock()
        self._problem: dict[str, Any] | None = None
        self._starter = starter
        self._lines, self._status = starter.fork(min(lines, MOST_LINES), _modules(make, args))
        self._close = weakref.finalize(self, _close, (*self._lines, self._status))
        self._pid = int.from_bytes(_told(self._status, 8), "little")
        self._idle: SimpleQueue[socket.socket] = SimpleQueue()
        size = sum(len(arg) for arg in args if isinstance(arg, bytes))
        gib = _number(GIB_VARIABLE, gib or (GIB + _COPIES * size / 2**30) * lines)
        self._answer(self._lines[0], (make, args, doing, exit_code, gib, _folder()))
        for line in self._lines:
            self._idle.put(line)

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._object is None:
            self._close()

    def call(self, method: str, *args: Any) -> Any:
        """Return what a method of the object returns; the object itself is called for "".

        Raises:
            VerificationError: The process crashed, or took too long or too much memory.
            EdgeshipError: As the method raises it.
        """
        if self._object is not None:
            return (getattr(self._object, method) if method else self._object)(*args)
        line = self._idle.get()
        try:
            return self._answer(line, (method, args))
        finally:
            self._idle.put(line)

    def _answer(self, line: socket.socket, request: Any) -> Any:
        line.settimeout(self._seconds)
        try:
            write(line, request)
            kind, value = read_answer(line)
        except TimeoutError:
            self._starter.end(self._pid, f"it did not finish within {self._seconds:g} s")
            raise self._how_it_ended("") from None
        except (EOFError, OSError) as error:
            if isinstance(error, EOFError) and str(error):
                self._starter.end(self._pid, str(error))
            raise self._how_it_ended(str(error)) from None
        except BaseException:  # an interrupt: what is under way has no use any more
            self._starter.end(self._pid, "it was interrupted")
            raise
        if kind == "returned":
            return value
        if kind == "failed":
            said, trace = value
            raise RuntimeError(f"{self._doing}: {said}") from _Trace(trace)
        name, what, where, why, todo = value
        raise getattr(errors, name, EdgeshipError)(what, where=where, why=why, todo=todo)

    def _how_it_ended(self, said: str) -> EdgeshipError:
        """Return the error for a process that has ended; the same for all that ask."""
        with self._ended:
            if self._problem is None:
                told: dict[str, Any] = {"said": said or "its process ended"}
                with suppress(OSError, ValueError):
                    told = json.loads(_told(self._status))
                self._problem = told
        kind = _KINDS.get(self._problem.get("exit_code", 3), VerificationError)
        doing = self._problem.get("doing") or self._doing
        return kind(f"{doing} failed.", why=self._problem["said"], todo=_TODO)


class _Trace(Exception):  # noqa: N818  (never raised)
    """Shows, as the cause of an error, where it was raised in the other process."""

    def __str__(self) -> str:
        return f"in the process of the file\n{self.args[0]}"


def _modules(make: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """Return the modules of what a process is asked to call: they are imported before the fork."""
    called = (make, *(arg for arg in args if callable(arg)))
    return sorted({str(one.__module__) for one in called if hasattr(one, "__module__")})


def _folder() -> str:
    """Return the current folder, which relative paths are meant from; "" if it is gone."""
    try:
        return os.getcwd()  # noqa: PTH109  (no path to work with)
    except OSError:
        return ""


def _number(variable: str, otherwise: float) -> float:
    """Return what an environment variable says.

    Raises:
        InputError: It says no positive number.
    """
    said = os.environ.get(variable)
    if said is None:
        return otherwise
    try:
        number = float(said)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise InputError(f"{variable} is {said!r}.", todo="give a number that is above 0")
    return number


def _told(status: socket.socket, length: int = 1 << 16) -> bytes:
    return status.recv(length)


def _close(sockets: Sequence[socket.socket]) -> None:
    for one in sockets:
        one.close()
