"""`list`: the models that have names, and the operators that can be lowered."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

import typer

from export.commands.terminal import add_row, console, print_json, table
from export.errors import InputError


def list_(
    pattern: Annotated[str, typer.Argument(help="Shell-style pattern, such as '*_x1_*'.")] = "*",
    ops: Annotated[
        bool, typer.Option("--ops", help="List the supported ONNX operators instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models that can be exported by name, with their published figures."""
    if not ops:
        from models.cli import list_models

        list_models(pattern, as_json)
        return
    found = operators(pattern)
    if not found:
        raise InputError(
            f"No supported operator's name matches {pattern!r}.",
            todo="`python -m export list --ops` prints every name",
        )
    if as_json:
        print_json({"tflite": found})
        return
    shown = table("ONNX operator", "in TFLite")
    for name, description in found.items():
        add_row(shown, name, description)
    console().print(shown)


def operators(pattern: str = "*") -> dict[str, str]:
    """Return the ONNX operators with a TFLite lowering, each with what it becomes.

    Args:
        pattern: Shell-style pattern of their names.
    """
    from export.tflite.ops import LOWERINGS

    return {
        name: _first_paragraph(LOWERINGS[name].__doc__ or "")
        for name in sorted(LOWERINGS)
        if fnmatchcase(name, pattern)
    }


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.strip().partition("\n\n")[0].split())
