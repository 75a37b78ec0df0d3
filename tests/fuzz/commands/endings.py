"""What the ending of a command says about it: done, refused in words, or a finding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from tests.fuzz.commands.forks import Ending

#: No file of the sizes that are made here may take more.
MOST_BYTES = 4 * 2**30

#: Exit codes of refusals; see the commands' --help.
_REFUSALS = (2, 3, 4, 5)

#: A line of a traceback that names one of our own files.
_OURS = "export|_edgeship|models|device_bench"
#: How sentences begin to tell of a process that ended without an answer.
_CONTAINED = re.compile(
    "was ended by the signal|did not finish within|was not done after computing"
    "|takes? more than [0-9.]+ GiB of memory"
)

_FRAME = re.compile(rf'File ".*?/((?:{_OURS})/[^"]+)", line \d+, in (.+)')


class Kind(Enum):
    """What became of a file."""

    DONE = "done"
    REFUSED = "refused in words"
    CONTAINED = "refused in words: a process of the file's own crashed, or took too much"
    OUTSIDE = "done; there is nothing to compare with"
    WRONG = "done, with wrong numbers"
    MUTE = "refused without a sentence"
    INTERNAL = "internal error"
    CRASH = "ended by a signal"
    HANG = "no end in time"
    MEMORY = "memory above 4 GB"
    LITTER = "left files behind that are none of its own"
    ESCAPE = "wrote to the terminal what a terminal obeys"


#: What no file may become.
FINDINGS = (
    Kind.WRONG,
    Kind.MUTE,
    Kind.INTERNAL,
    Kind.CRASH,
    Kind.HANG,
    Kind.MEMORY,
    Kind.LITTER,
    Kind.ESCAPE,
)


@dataclass(frozen=True)
class Verdict:
    """What became of a file.

    Attributes:
        kind: Of which kind it is.
        root: What findings of one cause have in common, as far as that can be read off.
        detail: All that there is to say.
    """

    kind: Kind
    root: str = ""
    detail: str = ""


def judge_ending(ending: Ending) -> Verdict:
    """Say what became of a file, as far as the ending of its command tells."""
    if ending.code is None:
        return Verdict(Kind.HANG, "", ending.errors)
    if ending.peak_bytes > MOST_BYTES or "The memory ran out" in ending.errors:
        return Verdict(Kind.MEMORY, f"{ending.peak_bytes / 2**30:.0f} GiB", ending.errors)
    if ending.code < 0:
        return Verdict(Kind.CRASH, f"signal {-ending.code}", ending.errors)
    if ending.code in (0, *_REFUSALS) and (obeyed := _obeyed(ending.printed + ending.errors)):
        return Verdict(Kind.ESCAPE, "", obeyed)
    if ending.code == 0:
        return Verdict(Kind.DONE)
    if ending.code not in _REFUSALS:
        return Verdict(Kind.INTERNAL, _root(ending.errors), ending.errors[-3000:])
    said = [line for line in ending.errors.splitlines() if line.startswith("error: ")]
    if not said and ending.printed.strip() and ending.code == 3:
        return Verdict(Kind.REFUSED)  # tables of verify say it
    if said and _CONTAINED.search(ending.errors):
        return Verdict(Kind.CONTAINED, said[0], ending.errors[-3000:])
    return Verdict(Kind.REFUSED if said else Kind.MUTE, "", ending.errors[-3000:])


def _obeyed(text: str) -> str:
    """Return the surroundings of the first character that is neither shown nor a new line."""
    for place, letter in enumerate(text):
        if not letter.isprintable() and letter not in "\n\ufffd":
            return ascii(text[max(0, place - 60) : place + 60])
    return ""


def _root(errors: str) -> str:
    """Return the last of our functions in a traceback, and the exception."""
    frames = _FRAME.findall(errors)
    raised = re.findall(r"internal error: (\w+): ([^\n]*)", errors)
    at = f"{frames[-1][0]} {frames[-1][1]}" if frames else ""
    said = f"{raised[-1][0]}: {re.sub(r'[0-9]+', 'N', raised[-1][1])[:80]}" if raised else ""
    return f"{said} at {at}"
