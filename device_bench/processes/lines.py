"""Text that arrives in pieces."""

from __future__ import annotations

import codecs
from collections.abc import Callable


class Lines:
    """What a program has printed so far, and who is told its lines.

    Args:
        on_line: Told each line without its end as soon as it is complete, and a last one that has
            no end.
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
        """Return everything so far, decoded with errors replaced."""
        return "".join(self._parts)
