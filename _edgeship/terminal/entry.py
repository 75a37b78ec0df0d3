"""How every command line of this project starts."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path

#: The folder that holds our packages: the checkout, or where pip installs.
ROOT = Path(__file__).resolve().parents[2]


def start(module: str) -> None:
    """Run a command line; Ctrl-C ends it with one word, even while it is still loading.

    Args:
        module: The module with its ``app`` and the ``PROGRAM`` that its help names.
    """
    _leave_the_users_folder()
    try:
        from _edgeship.terminal import interrupt
        from _edgeship.terminal.supervised import go_on_supervised

        go_on_supervised()
        # Graphs are many small objects that stay. To look for garbage among them after every 700
        # new ones, as Python does, took an eighth of an int8 export's time; this is a twentieth.
        gc.set_threshold(10_000)
        command_line = importlib.import_module(module)
        interrupt.install()
        command_line.app(prog_name=command_line.PROGRAM)
    except KeyboardInterrupt:
        from _edgeship.terminal.interrupt import exit_code

        sys.stderr.write("interrupted\n")
        sys.exit(exit_code())


def _leave_the_users_folder() -> None:
    """Take the current folder off the front of the path, where ``python -m`` has put it.

    A ``numpy.py`` or ``models.py`` in the folder where the user stands is not meant for us. In a
    checkout that is not installed, that folder is our own, and the only way to it.
    """
    if sys.path and sys.path[0] == os.getcwd() and Path.cwd() != ROOT:  # noqa: PTH109  (as Python)
        del sys.path[0]
