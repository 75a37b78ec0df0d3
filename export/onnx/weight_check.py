"""Whether each weight of a file is the graph's, as near as its type allows.

Outputs tell little about one weight under the noise of 8 bits, so weights are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray
from onnx import numpy_helper

from _edgeship.errors import VerificationError

Array = NDArray[np.float64]

#: Spacing of float16 numbers next to 1; half of it is the largest relative error.
_HALF = float(np.finfo(np.float16).eps)

#: The smallest number that float16 has; smaller ones become this or zero.
_TINY = 2.0**-24

#: The largest number that float16 has; larger ones become this.
_LARGEST = float(np.finfo(np.float16).max)

#: For the rounding of scales to float32, in steps.
_ROUNDING = 1e-3


def check_weights(model: ir.Model, data: bytes) -> None:
    """Check the stored weights of a file.

    Args:
        model: The graph that it was made from.
        data: The file.

    Raises:
        VerificationError: A number is further from the graph's than rounding explains.
    """
    weights = {
        name: value.const_value.numpy().astype(np.float64)
        for name, value in model.graph.initializers.items()
        if value.const_value is not None and value.dtype == ir.DataType.FLOAT
    }
    for name, stored, allowed in _stored(onnx.load_model_from_string(data)):
        weight = weights.get(name)
        if weight is None:
            continue
        if weight.shape != stored.shape or not _near(weight, stored, allowed).all():
            raise VerificationError(
                f"The constant {name} is not stored as its type allows.",
                why="the numbers in the file are further from the network's than rounding explains",
                todo="report it, with the network",
            )


def _near(weight: Array, stored: Array, allowed: Array) -> NDArray[np.bool_]:
    """Return where a constant is as near as it must be, which a NaN never is."""
    cut = (np.abs(stored) == _LARGEST) & (stored * weight > 0) & (np.abs(weight) > _LARGEST)
    with np.errstate(invalid="ignore"):  # infinities
        near: NDArray[np.bool_] = (stored == weight) | (np.abs(stored - weight) <= allowed) | cut
    return near


def _stored(model: onnx.ModelProto) -> Iterator[tuple[str, Array, Array]]:
    """Yield the constants: name in the graph, what the file makes of it, the error to expect."""
    constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    for name, values in constants.items():
        if values.dtype in (np.float32, np.float16):
            exact = values.astype(np.float64)
            relative = _HALF if values.dtype == np.float16 else 0.0
            yield name, exact, np.abs(exact) * relative + (_TINY if relative else 0.0)
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants:
            values, scale, zero = (constants[name].astype(np.float64) for name in node.input)
            if scale.size > 1:
                axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
                along = [1] * values.ndim
                along[axis] = scale.size
                scale, zero = scale.reshape(along), zero.reshape(along)
            name = node.output[0].removesuffix("_DequantizeLinear_Output")
            exact = (values - zero) * scale
            yield name, exact, np.broadcast_to(scale * (0.5 + _ROUNDING), exact.shape)
