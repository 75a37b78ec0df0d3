"""Text that arrives in pieces."""

from __future__ import annotations

import codecs
from collections.abc import Callable


class Lines:
    """What a program has printed so far, split into lines for a listener.

    Args:
        on_line: Called with each line, without its newline, as soon as the line is complete; at the
            end also with a last line that has no newline.
    """

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._parts: list[str] = []
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def add(self, data: bytes) -> None:
        """Take the next piece; b"" is the end."""
        text = self._decoder.decode(data, final=not data)
        self._parts.append(text)
        if self._on_line is None:
            return
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._on_line(line.removesuffix("\r"))
        if not data and self._rest:
            self._on_line(self._rest)
            self._rest = ""

    def text(self) -> str:
        """Return everything so far; bytes that are not UTF-8 are replaced."""
        return "".join(self._parts)
