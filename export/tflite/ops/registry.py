"""The table of lowerings: ONNX operator -> the function that writes it in TFLite."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from _edgeship.export.lowering.registry import registering
from _edgeship.export.tflite.building.context import Context

Lowering = Callable[[Context, ir.Node], None]

LOWERINGS: dict[str, Lowering] = {}

lowers = registering(LOWERINGS)
