"""How a table of lowerings is filled: by a decorator that names the ONNX operators."""

from __future__ import annotations

from collections.abc import Callable
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
