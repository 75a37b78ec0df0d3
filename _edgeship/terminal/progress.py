"""How far a long task is: a bar on a terminal, and nothing but what takes long elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _edgeship.terminal.console import print_error, printable
from _edgeship.terminal.invocation import current

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(frozen=True)
class Listener:
    """Who is told how far a long task is.

    Attributes:
        say: Called with what is being done now.
        announce: Called with a sentence on what will take long.
        begin: Called with how many steps there are, before the first.
        done: Called with how many are done.
    """

    say: Callable[[str], None] = lambda text: None
    announce: Callable[[str], None] = lambda text: None
    begin: Callable[[int], None] = lambda total: None
    done: Callable[[int], None] = lambda count: None


def bars() -> Progress:
    """Return bars on stderr for what is counted, which go away at the end."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def counting_bar(what: str = "pictures") -> Iterator[Listener]:
    """Yield a listener that shows a bar on stderr; without a terminal, what takes long is said.

    Args:
        what: Is counted.
    """
    if current().quiet:
        yield Listener()
        return
    if not sys.stderr.isatty():
        yield Listener(announce=print_error)
        return
    bar = bars()
    with bar:
        task = bar.add_task("", total=None)
        yield Listener(
            say=lambda text: bar.update(task, description=text),
            announce=lambda text: bar.console.print(printable(text), markup=False, highlight=False),
            begin=lambda total: bar.update(task, description=what, total=total),
            done=lambda count: bar.update(task, completed=count),
        )
