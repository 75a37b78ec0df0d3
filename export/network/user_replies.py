"""What a process of the user's answers, which may be anything, late, or nothing at all."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import IO, Any

import psutil

from _edgeship.export.runtimes.child import end_group, memory_with_children

#: Seconds between two looks at the process, while it does not answer.
_PATIENCE = 0.2

#: Seconds that a request may take. Whole networks run in the last three.
_LIMIT_S = 600
_LIMITS_S = {"samples": 3600, "capture": 3600, "run": 3600}

#: A reply holds names, shapes and a traceback; arrays and graphs travel in files.
_MOST_BYTES = 2**26

#: What the user's code may print before it is ended: its output is kept until then.
_MOST_PRINTED = 2**28

#: The part of the memory that is free at first which the user's code may take: the system would end
#: any process where none is left.
_MOST_MEMORY = 0.9

#: The only key of a reply -> what is under it; None for anything.
_FORMS: dict[str, dict[str, type] | None] = {
    "result": None,
    "raised": dict.fromkeys(("kind", "message", "where", "traceback"), str),
    "refused": {"what": str, "why": str, "todo": str, "unsupported": bool},
}

#: The result of a request -> what is in it; nothing for the others.
_RESULTS: dict[str, dict[str, type]] = {
    "build": {"stated": dict},
    "open": {"shapes": list, "dtypes": list},
    "capture": {"folds": bool, "traced": str, "parameters": int},
}


class NoReplyError(Exception):
    """There is no reply; the message says why in the middle of a sentence, "" if it ended."""


class Replies:
    """The replies of a process, one after the other.

    Args:
        process: Whatever it does, waiting for it has an end.
        pipe: What it answers on.
        printed: The file that it prints into.
    """

    def __init__(self, process: subprocess.Popen[bytes], pipe: IO[bytes], printed: Path) -> None:
        self._process = process
        self._pipe = pipe
        self._printed = printed
        self._buffer = b""
        self._most_memory = psutil.virtual_memory().available * _MOST_MEMORY

    def next(self, do: str) -> dict[str, Any]:
        """Return the reply to a request.

        Args:
            do: The request.

        Raises:
            NoReplyError: The process ends without one, takes too long or too much memory, prints
                without end, or answers what no request has for an answer.
        """
        line = self._line(_LIMITS_S.get(do, _LIMIT_S))
        if self._buffer:
            raise NoReplyError("its process answered what it was not asked")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not _is_reply(reply, do):
            raise NoReplyError("its process answered something that is no answer")
        answer: dict[str, Any] = reply
        return answer

    def _line(self, limit_s: float) -> bytes:
        """Return the next line.

        The end of the pipe is no sure sign that the process has ended: one that the user's code
        has forked keeps it. Time in which we ourselves are stopped, as by Ctrl-Z, does not count.
        """
        waited, last = 0.0, time.monotonic()
        while b"\n" not in self._buffer:
            ended = self._process.poll() is not None
            readable, _, _ = select.select([self._pipe], [], [], 0 if ended else _PATIENCE)
            chunk = os.read(self._pipe.fileno(), 1 << 16) if readable else b""
            if not chunk and (readable or ended):
                raise NoReplyError
            self._buffer += chunk
            now = time.monotonic()
            waited, last = waited + min(now - last, 2 * _PATIENCE), now
            if waited > limit_s:
                raise NoReplyError(f"its process gave no answer within {limit_s:g} s")
            if len(self._buffer) > _MOST_BYTES:
                raise NoReplyError("its process answered something that is no answer")
            if self._printed_bytes() > _MOST_PRINTED:
                raise NoReplyError(f"it printed more than {_MOST_PRINTED >> 20} MiB")
            most = self._most_memory
            if memory_with_children(self._process.pid, most) > most:
                end_group(self._process)
                raise NoReplyError(
                    f"it took more than {most / 2**30:.3g} GiB of memory, "
                    f"{_MOST_MEMORY:.0%} of what was free"
                )
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _printed_bytes(self) -> int:
        try:
            return self._printed.stat().st_size
        except OSError:  # the user's code has removed it
            return 0


def _is_reply(reply: object, do: str) -> bool:
    """Return whether something has the form of the reply to a request."""
    if not isinstance(reply, dict) or len(reply) != 1:
        return False
    [(key, value)] = reply.items()
    if key not in _FORMS:
        return False
    form = _FORMS[key] if key != "result" else _RESULTS.get(do)
    if form is None:
        return True
    return (
        isinstance(value, dict)
        and value.keys() == form.keys()
        and all(isinstance(value[name], kind) for name, kind in form.items())
    )
