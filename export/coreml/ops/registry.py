"""The table of lowerings: ONNX operator -> the function that writes it in MIL."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from export.coreml.context import Context

Lowering = Callable[[Context, ir.Node], None]

LOWERINGS: dict[str, Lowering] = {}


def lowers(*op_types: str) -> Callable[[Lowering], Lowering]:
    """Register a function as the lowering of these ONNX operators."""

    def register(function: Lowering) -> Lowering:
        for op_type in op_types:
            LOWERINGS[op_type] = function
        return function

    return register
