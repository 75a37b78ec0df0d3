"""SHA256SUMS: the digests of all files of a bundle, as ``sha256sum -c`` reads them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from _edgeship.errors import InputError
from _edgeship.export.bundle.layout import SUMS, inside

_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)\Z")


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Return the text for some files: one in each line, sorted by path."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return "".join(lines).encode()


def read_sums(data: bytes) -> dict[str, str]:
    """Return path in the bundle -> SHA-256, in hexadecimal.

    Raises:
        InputError: The text is damaged, names a file twice, or one outside of the bundle.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _damaged(str(error)) from error
    found: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        match = _LINE.match(line)
        if match is None:
            raise _damaged(f"line {number} is not a digest, two spaces and a path")
        digest, name = match.groups()
        inside(name)
        if name in found:
            raise _damaged(f"line {number} names {name} again")
        found[name] = digest
    return found


def _damaged(why: str) -> InputError:
    return InputError(f"{SUMS} of the bundle cannot be read.", why=why)
