"""`list`: the models known by name, and the operators that each target supports."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated

import typer

from _edgeship.errors import InputError
from _edgeship.export.pipeline import TARGETS
from _edgeship.terminal.console import add_row, console, print_json, table


def list_(
    pattern: Annotated[str, typer.Argument(help="Shell-style pattern, such as `*_x1_*`.")] = "*",
    ops: Annotated[
        bool, typer.Option("--ops", help="List the supported ONNX operators instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models that can be exported by name, with their published figures."""
    if not ops:
        from _edgeship.models.commands.cli import list_models

        list_models(pattern, as_json)
        return
    found = operators(pattern)
    names = sorted({name for described in found.values() for name in described})
    if not names:
        raise InputError(
            f"No supported operator's name matches {pattern!r}.",
            todo="`python -m export list --ops` prints every name",
        )
    if as_json:
        print_json(found)
        return
    shown = table("ONNX operator", *(f"in {target.title}" for target in TARGETS.values()))
    for name in names:
        add_row(shown, name, *(found[target].get(name, "-") for target in TARGETS))
    console().print(shown)


def operators(pattern: str = "*") -> dict[str, dict[str, str]]:
    """Return, for each target, the ONNX operators that have a lowering and what they become.

    Args:
        pattern: Shell-style pattern of their names.
    """
    return {
        name: {op: words for op, words in target.operators().items() if fnmatchcase(op, pattern)}
        for name, target in TARGETS.items()
    }
