"""A file that stores and computes in float16, and takes and returns float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir

if TYPE_CHECKING:
    import onnx


def to_float16(model: ir.Model) -> onnx.ModelProto:
    """Return a graph in float16, with Cast where it takes and returns float32.

    ONNX Runtime's own converter leaves the operators in float32 that have no kernel for float16.
    A number too large for float16 becomes the largest that it has.

    Args:
        model: In float32, with its constants as initializers; not changed.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16

    made: onnx.ModelProto = convert_float_to_float16(ir.to_proto(model), keep_io_types=True)
    return made
