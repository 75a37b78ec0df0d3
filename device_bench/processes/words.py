"""The last words of a program, cleaned for an error message."""

from __future__ import annotations

from _edgeship.device_bench.processes.base import Completed

_LINES = 3
_CHARACTERS = 400


def last_words(done: Completed) -> str:
    """Return how a program ended: the last lines it wrote, and its exit code or signal."""
    said = last_lines(done.err) or last_lines(done.out) or "It said nothing"
    return f"{said} ({how_it_ended(done.code)})."


def last_lines(text: str) -> str:
    """Return the last lines of a text as one line, shortened, without control characters."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = " | ".join(lines[-_LINES:])
    return "".join(char if char.isprintable() else "?" for char in said)[-_CHARACTERS:]


def how_it_ended(code: int) -> str:
    """Return an exit code in words; 137 is that of a program that signal 9 killed."""
    if code == 137:
        return "killed by signal 9: by someone, or by the system for lack of memory"
    if 128 < code < 160:
        return f"killed by signal {code - 128}"
    return f"exit code {code}"
