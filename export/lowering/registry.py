"""How a table of lowerings is filled: by a decorator that names the ONNX operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

Lowering = TypeVar("Lowering")


def registering(table: dict[str, Lowering]) -> Callable[..., Callable[[Lowering], Lowering]]:
    """Return a decorator for a table: ``lowers("Conv")`` enters a function under these names."""

    def lowers(*op_types: str) -> Callable[[Lowering], Lowering]:
        def register(function: Lowering) -> Lowering:
            table.update(dict.fromkeys(op_types, function))
            return function

        return register

    return lowers


def phrases(table: Mapping[str, object]) -> dict[str, str]:
    """Return ONNX operator -> the first paragraph of the docstring of its lowering, in one line."""
    return {name: _first_paragraph(table[name].__doc__ or "") for name in sorted(table)}


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.strip().partition("\n\n")[0].split())
