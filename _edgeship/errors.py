"""The one family of errors a user can meet; each says what, where, why and what to do."""

from __future__ import annotations

#: How many characters of a part of a message are shown; names and what other programs said may
#: have millions.
_MOST_SHOWN = 4000


class EdgeshipError(Exception):
    """Something the user can act on; printed without a traceback.

    Args:
        what: One sentence saying what went wrong.
        where: The stage, file or node, if it is known.
        why: The cause, if it is known.
        todo: What the user can do about it.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", why: str = "", todo: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.todo = todo

    def __str__(self) -> str:
        """Return the message as the command line prints it: one labelled line per part.

        The middle of a part that is too long to be read is left out.
        """
        parts = [_shown(self.what)]
        for label, text in (("where", self.where), ("why", self.why), ("do", self.todo)):
            if text:
                parts.append(f"  {label}: {_shown(text)}")
        return "\n".join(parts)


def _shown(text: str) -> str:
    if len(text) <= _MOST_SHOWN:
        return text
    half = _MOST_SHOWN // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]} ... ({left_out} characters) ... {text[-half:]}"


class InputError(EdgeshipError):
    """The command, a file or an option is wrong (exit code 2)."""


class VerificationError(EdgeshipError):
    """A file does not compute what its source computes (exit code 3)."""

    exit_code = 3


class UnsupportedError(EdgeshipError):
    """The network uses something the target cannot express (exit code 4)."""

    exit_code = 4


class DeviceError(EdgeshipError):
    """A device could not be reached or misbehaved (exit code 5)."""

    exit_code = 5
