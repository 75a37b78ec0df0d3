"""The option --version."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated

import typer


def _print(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"edgeship {metadata.version('edgeship')}")
        except metadata.PackageNotFoundError:
            typer.echo("edgeship, from a checkout that is not installed")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_print, is_eager=True, help="Print the version.")
]
