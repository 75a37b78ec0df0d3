"""Running an export, showing its stages while they run and what was done afterwards."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _edgeship.terminal import interrupt
from _edgeship.terminal.console import console
from _edgeship.terminal.invocation import current

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from _edgeship.export.contract.request import Request
    from _edgeship.export.pipeline import IncompleteError, Result


def exported(request: Request) -> tuple[Result, IncompleteError | None]:
    """Export a network and print what was done, unless the user wants to read nothing.

    Returns:
        What was written, and the error if that is not all.

    Raises:
        EdgeshipError: Nothing was written.
    """
    call = current()
    if call.quiet:
        return _run(request, lambda stage: interrupt.check())
    from _edgeship.export.commands.convert_view import render, render_more

    output = console()
    with progress(output) as shown:
        result, failure = _run(request, shown.begin)
    output.print(render(result))
    if call.verbose:
        output.print(render_more(result))
    return result, failure


def _run(request: Request, report: Callable[[str], None]) -> tuple[Result, IncompleteError | None]:
    from _edgeship.export.pipeline import IncompleteError, export

    try:
        return export(request, report), None
    except IncompleteError as error:
        return error.result, error


@dataclass
class Progress:
    """Shows the running stage: in one line that changes on a terminal, else in a line each."""

    output: Console
    status: Status | None

    def begin(self, stage: str) -> None:
        """Show that a stage begins, and stop where the user has asked for that."""
        interrupt.check()
        if self.status is not None:
            self.status.update(stage)
        else:
            self.output.print(f"{stage} ...")
            sys.stdout.flush()


@contextmanager
def progress(output: Console) -> Iterator[Progress]:
    """Yield what shows the running stage; it goes away on a terminal when all are done."""
    if not output.is_terminal:
        yield Progress(output, None)
        return
    with output.status("starting") as status:
        yield Progress(output, status)
