"""`python -m models`: list the models and show one, published figures beside counted ones."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from _edgeship.errors import InputError
from _edgeship.models.catalog.registry import names, spec
from _edgeship.models.catalog.spec import ModelSpec
from _edgeship.models.commands.training import evaluate_model, train_model
from _edgeship.terminal.command_group import EVERYWHERE_HELP, HELP, CommandGroup
from _edgeship.terminal.invocation import current
from _edgeship.terminal.version import VersionOption

if TYPE_CHECKING:
    from _edgeship.models.counting import Counted

PROGRAM = "python -m models"

app = typer.Typer(
    cls=CommandGroup,
    epilog=EVERYWHERE_HELP,
    context_settings=HELP,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback()
def _about(version: VersionOption = False) -> None:
    """List the networks that can be exported by name; show, train and evaluate one."""


def starting_names(incomplete: str) -> list[str]:
    """Return the names of networks that a word may become, for shell completion."""
    return [name for name in names() if name.startswith(incomplete)]


@app.command("list")
def list_models(
    pattern: Annotated[str, typer.Argument(help="Shell-style pattern, such as `*_x1_*`.")] = "*",
    as_json: AsJson = False,
    markdown: Annotated[
        bool,
        typer.Option(
            "--markdown", help="Count every model and print a Markdown table of the differences."
        ),
    ] = False,
) -> None:
    """List the models whose name matches PATTERN, with their published figures."""
    if as_json and markdown:
        raise InputError("--json and --markdown exclude each other.", todo="Leave one out.")
    found = [spec(name) for name in names(pattern)]
    if not found:
        raise InputError(
            f"No model's name matches {pattern!r}.",
            todo="`python -m models list` prints every name.",
        )
    if markdown:
        typer.echo(_markdown(found))
    elif as_json:
        from _edgeship.models.commands.plain import as_json_text, entry_values

        typer.echo(as_json_text([entry_values(entry) for entry in found]))
    else:
        from _edgeship.models.commands.tables import LIST_CAPTION, list_table
        from _edgeship.terminal.console import console

        console().print(list_table(found))
        typer.echo(LIST_CAPTION)


@app.command("info")
def show_model(
    name: Annotated[
        str, typer.Argument(help="A name that `list` prints.", autocompletion=starting_names)
    ],
    layers: Annotated[bool, typer.Option("--layers", help="Print a row for each layer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count the model NAME and show its figures beside the published ones."""
    entry = spec(name)

    from _edgeship.models.counting import count_entry

    counted = count_entry(entry)
    if as_json:
        from _edgeship.models.commands.plain import as_json_text, info_values

        typer.echo(as_json_text(info_values(entry, counted)))
    else:
        _print_info(entry, counted, layers=layers)


def _markdown(entries: list[ModelSpec]) -> str:
    """Count every entry, with a bar on stderr if that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    from _edgeship.models.commands.markdown import comparison
    from _edgeship.models.counting import count_entries

    progress = track(
        entries,
        "counting",
        console=Console(stderr=True),
        transient=True,
        disable=current().quiet or not sys.stderr.isatty(),
    )
    return comparison(entries, count_entries(progress))


def _print_info(entry: ModelSpec, counted: Counted, *, layers: bool) -> None:
    from _edgeship.models.commands.tables import figures_table, heading, layers_table
    from _edgeship.terminal.console import console

    typer.echo(f"{heading(entry)}\n")
    console().print(figures_table(entry, counted.complexity))
    for paragraph in (entry.note, "\n".join(entry.guidelines)):
        if paragraph:
            typer.echo(f"\n{paragraph}")
    if layers:
        typer.echo()
        console().print(layers_table(counted.layers))


app.command("train")(train_model)
app.command("evaluate")(evaluate_model)
