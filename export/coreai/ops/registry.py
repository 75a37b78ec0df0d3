"""The table of lowerings: ONNX operator -> the function that writes it in Core AI's operators."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from _edgeship.export.coreai.building.context import Context
from _edgeship.export.lowering.registry import registering

Lowering = Callable[[Context, ir.Node], None]

LOWERINGS: dict[str, Lowering] = {}

lowers = registering(LOWERINGS)
