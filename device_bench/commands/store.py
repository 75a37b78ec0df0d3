"""`store`: what keeps the results, moved as a whole."""

from __future__ import annotations

from typing import Annotated

import typer

from _edgeship.device_bench.store.place import place_of
from _edgeship.errors import InputError
from _edgeship.terminal.command_group import HELP
from _edgeship.terminal.console import console, print_error, printable

#: How many sessions are copied between two lines of progress.
_TOLD = 100

store_commands = typer.Typer(context_settings=HELP, rich_markup_mode="markdown")


@store_commands.callback(invoke_without_command=True)
def _about(context: typer.Context) -> None:
    """Copy the results from a file to a database, back, or from one to another."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@store_commands.command("copy")
def copy_store(
    from_: Annotated[
        str, typer.Argument(metavar="FROM", help="A store: a file, or the URL of a database.")
    ],
    to: Annotated[
        str, typer.Argument(metavar="TO", help="Another one, which is made if it is missing.")
    ],
) -> None:
    """Copy what one store has and the other has not.

    Nothing that TO has is changed, and its baselines stay. Records are copied as they were
    written. A copy that was cut short is finished by the next one.
    """
    from _edgeship.device_bench.store.copying import copy
    from _edgeship.device_bench.store.database import Database

    source, target = place_of(from_), place_of(to)
    if source == target:
        raise InputError(f"{source} is named twice.", todo="name another store to copy to")
    if not source.exists:
        raise InputError(f"There is no store at {source}.", todo="check the path")

    def tell(done: int, count: int) -> None:
        if done % _TOLD == 0:
            print_error(f"{done} of {count} sessions")

    opened = Database(source, create=False)
    try:
        other = Database(target)
        try:
            found = copy(opened, other, tell)
        finally:
            other.close()
    finally:
        opened.close()
    known = f"; {found.known} were there" if found.known else ""
    text = f"{_count(found.sessions, 'session')} with {_count(found.rounds, 'round')}"
    marked = f", {_count(found.baselines, 'baseline')}" if found.baselines else ""
    console().print(printable(f"{target}: {text}{marked} copied{known}."), soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
