"""How every command line of this project starts."""

from __future__ import annotations

import importlib
import sys


def start(module: str) -> None:
    """Run a command line; Ctrl-C ends it with one word, even while it is still loading.

    Args:
        module: The module with its ``app`` and the ``PROGRAM`` that its help names.
    """
    try:
        from _edgeship.terminal import interrupt

        command_line = importlib.import_module(module)
        interrupt.install()
        command_line.app(prog_name=command_line.PROGRAM)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
