"""How the commands of `python -m models` end when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from _edgeship.errors import EdgeshipError


@contextmanager
def errors_on_stderr() -> Iterator[None]:
    """Turn an error that the user can act on into one message and its exit code."""
    try:
        yield
    except EdgeshipError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
