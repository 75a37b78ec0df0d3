"""`python -m models`: list the models and show one, published figures beside computed ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from export.errors import EdgeshipError, InputError
from models.registry import create, names, spec
from models.spec import ModelSpec

if TYPE_CHECKING:
    from models.complexity import Complexity

app = typer.Typer(
    help="The models that can be exported by name.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("list")
def list_models(
    pattern: Annotated[str, typer.Argument(help="Shell-style pattern, such as '*_x1_*'.")] = "*",
    as_json: AsJson = False,
) -> None:
    """List the models whose name matches PATTERN, with their published figures."""
    with _errors_on_stderr():
        found = [spec(name) for name in names(pattern)]
        if not found:
            raise InputError(
                f"No model's name matches {pattern!r}.",
                todo="`python -m models list` prints every name.",
            )
        if as_json:
            typer.echo(json.dumps([_as_dict(entry) for entry in found], indent=2))
        else:
            Console().print(_list_table(found))


@app.command("info")
def show_model(
    name: Annotated[str, typer.Argument(help="A name that `list` prints.")],
    as_json: AsJson = False,
) -> None:
    """Build the model NAME and show its computed figures beside the published ones."""
    with _errors_on_stderr():
        entry = spec(name)
        computed = _count(entry)
        if as_json:
            figures = {"computed": {"mult_adds": computed.mult_adds, "params": computed.params}}
            typer.echo(json.dumps(_as_dict(entry) | figures, indent=2))
        else:
            _print_info(entry, computed)


@contextmanager
def _errors_on_stderr() -> Iterator[None]:
    """Turn an error that the user can act on into one message and its exit code."""
    try:
        yield
    except EdgeshipError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error


def _count(entry: ModelSpec) -> Complexity:
    """Count one image at the published input size."""
    from models.complexity import count

    module = create(entry.name, in_channels=entry.input_size[0])
    return count(module, (1, *entry.input_size))


def _as_dict(entry: ModelSpec) -> dict[str, Any]:
    """Return what JSON shows of an entry; mult-adds and parameters are plain numbers."""
    return {
        "name": entry.name,
        "alias_of": entry.alias_of,
        "family": entry.family,
        "paper": entry.paper,
        "year": entry.year,
        "input_size": list(entry.input_size),
        "mean": list(entry.mean),
        "std": list(entry.std),
        "published": {
            "mult_adds": entry.mult_adds,
            "params": entry.params,
            "top1_error": entry.top1_error,
        },
    }


def _list_table(entries: list[ModelSpec]) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        caption="Figures as published for one image; - where there is none.",
        caption_justify="left",
    )
    table.add_column("name", no_wrap=True)
    table.add_column("input")
    for column in ("mult-adds", "params", "top-1 error"):
        table.add_column(column, justify="right")
    for entry in entries:
        table.add_row(
            f"{entry.name} = {entry.alias_of}" if entry.alias_of else entry.name,
            _shape(entry.input_size),
            _millions(entry.mult_adds, 0),
            _millions(entry.params, 1),
            _percent(entry.top1_error),
        )
    return table


def _print_info(entry: ModelSpec, computed: Complexity) -> None:
    note = f", same as {entry.alias_of}" if entry.alias_of else ""
    typer.echo(f"{entry.name}: {entry.paper}, {entry.year}{note}")
    typer.echo(f"input {_shape(entry.input_size)} (channels x height x width)")
    typer.echo(f"mean {entry.mean}, std {entry.std}")
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("published", justify="right")
    table.add_column("computed", justify="right")
    table.add_row("mult-adds", _millions(entry.mult_adds, 0), _millions(computed.mult_adds, 1))
    table.add_row("params", _millions(entry.params, 1), _millions(computed.params, 3))
    table.add_row("top-1 error", _percent(entry.top1_error), "-")
    Console().print(table)


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _millions(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value / 1e6:.{digits}f} M"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} %"
