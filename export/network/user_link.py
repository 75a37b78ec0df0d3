"""A process that runs code of the user's, and the requests that it answers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from _edgeship.at_risk import at_risk
from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.network.user_replies import NoReplyError, Replies
from _edgeship.work_folders import WorkFolder, new_temporary_folder

#: What runs in the process.
_PROGRAM = Path(__file__).with_name("user_program.py")

#: How many of the last lines that it printed an error shows, and how much of a line.
_SHOWN_LINES = 5
_SHOWN_CHARACTERS = 300


class UserLink:
    """A running process, which nothing of the user's can be reached through but what it answers.

    The process runs `user_program.py`. However it ends, that becomes an InputError. The process and
    its temporary folder are gone after `close()`, when this object is collected, and when our
    process ends.

    Attributes:
        folder: A temporary folder, for files by which arrays and graphs travel.
    """

    def __init__(self) -> None:
        self._place = new_temporary_folder()
        self.folder = self._place.path
        self._printed = self.folder / "printed.txt"
        self._process, self._requests, replies = _start(self.folder, self._printed)
        self._replies = Replies(self._process, replies, self._printed)
        self._close = weakref.finalize(
            self, _end, self._process, (self._requests, replies), self._place
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def close(self) -> None:
        """End the process and everything that it has started; remove its temporary files."""
        self._close()

    def ask(self, failed: str, do: str, **arguments: Any) -> Any:
        """Return the result of a request.

        Args:
            failed: The sentence for the case that the user's code fails.
            do: The method of `user_requests._User` that answers.
            **arguments: What it is given.

        Raises:
            InputError: The user's code fails, ends the process, or keeps it from an answer.
            UnsupportedError: PyTorch lacks something.
        """
        line = json.dumps({"do": do, **arguments}).encode() + b"\n"
        try:
            self._requests.write(line)
            self._requests.flush()
            with at_risk("Running code of yours"):
                answer = self._replies.next(do)
        except (BrokenPipeError, NoReplyError) as error:
            said = str(error) if isinstance(error, NoReplyError) else ""
            why = f"{said or self._how_it_ended()}{self._last_lines()}"
            raise InputError(failed, why=why) from None
        if "raised" in answer:
            raised = answer["raised"]
            why = f"{raised['kind']}: {_short(raised['message'])}{self._last_lines()}"
            raise InputError(failed, where=raised["where"], why=why) from _UserTraceback(
                raised["traceback"]
            )
        if "refused" in answer:
            refused = answer["refused"]
            kind = UnsupportedError if refused.pop("unsupported") else InputError
            raise kind(refused["what"], why=refused["why"], todo=refused["todo"])
        return answer["result"]

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "its process closed the connection to edgeship"
        if code < 0:
            name = signal.Signals(-code).name
            memory = "; perhaps the memory ran out" if name == "SIGKILL" else ""
            return f"its process was ended by the signal {name}{memory}"
        return f"its process ended itself with exit code {code}"

    def _last_lines(self) -> str:
        """Return the last lines that the user's code printed, as the end of a sentence."""
        try:
            size = self._printed.stat().st_size
            with self._printed.open("rb") as file:
                file.seek(max(0, size - _SHOWN_LINES * 4 * _SHOWN_CHARACTERS))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:  # the user's code has removed it
            return ""
        lines = [line for line in text.splitlines() if line.strip()][-_SHOWN_LINES:]
        lines = [_short(line) for line in lines]
        return "".join(
            ["; it printed last:", *(f"\n    {line}" for line in lines)] if lines else []
        )


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


class _UserTraceback(Exception):  # noqa: N818  (never raised)
    """Shows, as the cause of an error, where the user's code raised it."""

    def __str__(self) -> str:
        return f"in the network's own process\n{self.args[0]}"


def _start(folder: Path, printed: Path) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """Return the process, the pipe for requests to it and the one for its replies."""
    their_requests, requests = os.pipe()
    replies, their_replies = os.pipe()
    try:
        with printed.open("wb") as output:
            # A session of its own: Ctrl-C is ours to handle, and what it forks ends with it.
            process = subprocess.Popen(  # noqa: S603  (our own program)
                [
                    sys.executable,
                    "-u",
                    str(_PROGRAM),
                    str(their_requests),
                    str(their_replies),
                    str(folder),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(their_requests, their_replies),
                start_new_session=True,
            )
    finally:
        os.close(their_requests)
        os.close(their_replies)
    return process, os.fdopen(requests, "wb"), os.fdopen(replies, "rb")


def _end(process: subprocess.Popen[bytes], pipes: Sequence[IO[bytes]], folder: WorkFolder) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended, and nothing that it started is left
    except PermissionError:
        process.kill()  # macOS says so of a group of which only the dead leader is left
    process.wait()
    for pipe in pipes:
        with contextlib.suppress(BrokenPipeError):  # of a request that it did not read
            pipe.close()
    folder.remove()
