"""Pictures that are read at computed places."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: ONNX's modes, before and since opset 20 -> MIL's.
_MODES = {"linear": "bilinear", "bilinear": "bilinear", "nearest": "nearest"}


@lowers("GridSample")
def grid_sample(ctx: Context, node: ir.Node) -> None:
    """resample, of pictures.

    ONNX reflects at the outermost pixels' centres with align_corners, and at their edges without:
    what MIL calls reflection and symmetric.
    """
    x, y = attributes.source(node), node.outputs[0]
    mode = attributes.text(node, "mode", "linear")
    if len(ctx.shape(x)) != 4 or mode not in _MODES:
        raise Unsupported(f"GridSample with mode {mode} of {len(ctx.shape(x))} axes")
    aligned = bool(attributes.integer(node, "align_corners", 0))
    paddings = {
        "zeros": "constant",
        "border": "border",
        "reflection": "reflection" if aligned else "symmetric",
    }
    ctx.emit(
        "resample",
        y,
        x=ctx.read(x),
        coordinates=ctx.read(attributes.source(node, 1)),
        sampling_mode=_MODES[mode],
        padding_mode=paddings[attributes.text(node, "padding_mode", "zeros")],
        padding_value=np.float32(0),
        coordinates_mode="normalized_minus_one_to_one",
        align_corners=aligned,
    )
