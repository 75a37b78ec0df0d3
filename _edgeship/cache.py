"""Where downloads and built programs are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

from _edgeship.errors import InputError


def cache_folder() -> Path:
    """Return the folder in which downloads are kept; it may not exist yet.

    It is what EDGESHIP_CACHE names, or else `edgeship` in XDG_CACHE_HOME or in ~/.cache.

    Raises:
        InputError: There is no home folder.
    """
    own = os.environ.get("EDGESHIP_CACHE")
    if own:
        return Path(own)
    # The XDG specification says to ignore relative paths.
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():
        return xdg / "edgeship"
    try:
        return Path.home() / ".cache" / "edgeship"
    except RuntimeError as error:
        raise InputError(
            "There is no folder for downloads.",
            why=str(error),
            todo="Name one with the environment variable EDGESHIP_CACHE.",
        ) from error
