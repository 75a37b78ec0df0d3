"""Passwords in URLs, which nothing may print or keep."""

from __future__ import annotations

import re

_HIDDEN = "***"

# All up to the last @ that can belong to it: a password that was not percent-encoded may hold any
# sign, and too much hidden harms less than too little.
_IN_AUTHORITY = re.compile(r"(://[^:/?#@]*:).*@")
_IN_QUERY = re.compile(r"([?&][^=&#]*password=)[^&#]*", re.IGNORECASE)


def without_passwords(word: str) -> str:
    """Return a word of a command line, or a URL, with ``***`` in place of each password in it."""
    return _IN_QUERY.sub(rf"\1{_HIDDEN}", _IN_AUTHORITY.sub(rf"\1{_HIDDEN}@", word))
