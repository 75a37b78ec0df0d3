"""The program that a user's code runs in, as a process of its own.

`user_link.py` starts this file for what users define in Python. It needs no edgeship
that can be imported, only the files beside it: these are imported under names that mean nothing
any more when the user's code runs, and their folder is taken off the path, so that no module of the
user's can meet one of ours, whatever the two are called. What the user's code does to the
interpreter (its path, its streams, its exit) is done to this process only.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

_HERE = Path(__file__).resolve().parent

#: The packages that the files beside this one are in, the last one directly.
_PACKAGES = ("_edgeship", "_edgeship.export", "_edgeship.export.network")


@contextlib.contextmanager
def _own_names() -> Iterator[None]:
    """Let the files beside this one import one another by their names, until the end of this.

    The packages are empty ones: nothing is looked for on Python's path.
    """
    for name in _PACKAGES:
        package = ModuleType(name)
        package.__path__ = [str(_HERE)] if name == _PACKAGES[-1] else []
        sys.modules[name] = package
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGES[0]]:
            del sys.modules[name]


def main() -> None:
    """Answer requests on the pipes that the command line names."""
    sys.path[:] = [folder for folder in sys.path if Path(folder).resolve() != _HERE]
    with _own_names():
        from _edgeship.export.network.user_requests import serve
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])


if __name__ == "__main__":
    main()
