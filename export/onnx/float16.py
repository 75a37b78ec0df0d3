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

    proto = ir.to_proto(model)
    # The converter infers these itself. Where they name constants, it takes those for float16.
    proto.graph.ClearField("value_info")
    made: onnx.ModelProto = convert_float_to_float16(proto, keep_io_types=True)
    # It converts a value once for each operator left in float32 that reads it, under one name.
    nodes = {tuple(node.output): node for node in made.graph.node}
    del made.graph.node[:]
    made.graph.node.extend(nodes.values())
    return made
