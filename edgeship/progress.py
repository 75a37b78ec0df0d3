"""Showing which stage of an export is running, in notebooks and on terminals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Progress = bool | Callable[[str], None] | None


@contextmanager
def shown(progress: Progress) -> Iterator[Callable[[str], None]]:
    """Return a function that is to be told the name of each stage as it begins.

    Args:
        progress: The user's own such function; True to show the names, False not to; None to show
            them in notebooks and on terminals.
    """
    if callable(progress):
        yield progress
        return
    notebook = _notebook() if progress is not False else None
    if notebook is not None:
        yield from _in_notebook(notebook)
    elif progress or (progress is None and sys.stderr is not None and sys.stderr.isatty()):
        yield from _on_stderr()
    else:
        yield lambda stage: None


def _notebook() -> Any:
    """Return IPython's display function where a notebook's kernel runs this, else None."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


def _in_notebook(display: Any) -> Iterator[Callable[[str], None]]:
    """Show one line that is replaced by the next, and that goes away at the end."""

    def line(text: str) -> dict[str, str]:
        return {"text/plain": text}

    handle = display(line("edgeship: starting"), raw=True, display_id=True)
    try:
        yield lambda stage: handle.update(line(f"edgeship: {stage}"), raw=True)
    finally:
        handle.update(line(""), raw=True)


def _on_stderr() -> Iterator[Callable[[str], None]]:
    from rich.console import Console

    with Console(stderr=True, highlight=False, markup=False).status("starting") as status:
        yield status.update
