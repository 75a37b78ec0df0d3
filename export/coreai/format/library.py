"""coreai-core, Apple's package for .aimodel folders: optional, and imported where it is used."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from _edgeship.errors import InputError

#: What installs it.
INSTALL = "pip install 'edgeship[coreai]'"

_OLDEST_PYTHON = (3, 11)


def demand_library() -> None:
    """Refuse to go on without the package.

    Raises:
        InputError: It is not installed, or there is none for this version of Python.
    """
    if sys.version_info < _OLDEST_PYTHON:
        found = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise InputError(
            "Core AI needs Python 3.11 or newer.",
            why=f"there is no coreai-core for Python {found}",
            todo=f"with a newer Python, {INSTALL}",
        )
    if find_spec("coreai") is None:
        raise InputError(
            "The package coreai-core is not installed.",
            why="it is optional: Apple's compiler and runtime for .aimodel folders, of 63 MB",
            todo=f"install it: {INSTALL}",
        )


def authoring() -> Any:
    """Return the module ``coreai.authoring``.

    Raises:
        InputError: As `demand_library`, or it does not load on this system.
    """
    demand_library()
    try:
        import coreai.authoring as module
    except ImportError as error:
        raise InputError(
            "The package coreai-core does not load here.",
            why=" ".join(str(error).split()),
            todo="it needs glibc 2.34 or newer, or macOS 15 or newer",
        ) from error
    return module
