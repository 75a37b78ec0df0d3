"""`list`: the models that have names, and the operators that each target can express."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any

import typer

from _edgeship.errors import InputError
from _edgeship.terminal.console import add_row, console, print_json, table

#: Key in the JSON -> heading of the column.
_TARGETS = {"tflite": "in TFLite", "coreml": "in Core ML"}


def list_(
    pattern: Annotated[str, typer.Argument(help="Shell-style pattern, such as '*_x1_*'.")] = "*",
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
    shown = table("ONNX operator", *_TARGETS.values())
    for name in names:
        add_row(shown, name, *(found[target].get(name, "-") for target in _TARGETS))
    console().print(shown)


def operators(pattern: str = "*") -> dict[str, dict[str, str]]:
    """Return, for each target, the ONNX operators that have a lowering and what they become.

    Args:
        pattern: Shell-style pattern of their names.
    """
    from _edgeship.export.coreml.ops import LOWERINGS as COREML
    from _edgeship.export.tflite.ops import LOWERINGS as TFLITE

    tables: dict[str, Mapping[str, Any]] = {"tflite": TFLITE, "coreml": COREML}
    return {
        target: {
            name: _first_paragraph(lowerings[name].__doc__ or "")
            for name in sorted(lowerings)
            if fnmatchcase(name, pattern)
        }
        for target, lowerings in tables.items()
    }


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.strip().partition("\n\n")[0].split())
