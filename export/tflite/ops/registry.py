"""The table of lowerings: ONNX operator -> the function that writes it in TFLite."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir

from export.lowering.registry import registering
from export.tflite.context import Context

Lowering = Callable[[Context, ir.Node], None]

LOWERINGS: dict[str, Lowering] = {}

lowers = registering(LOWERINGS)
