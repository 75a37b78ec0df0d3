"""What borders, slices and added elements cost."""

from __future__ import annotations

import math

import onnx_ir as ir

from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.tflite.borders.windows import WINDOWS, Growth, axes_of

#: Instructions on arm64 in float32, as measured: for each element of a PAD and of a SLICE, for each
#: product of a convolution, and for each element that another operator computes (a pool: and tap).
#: In int8 all of them are about a quarter.
_PAD, _SLICE, _PRODUCT, _ELEMENT = 1.3, 0.65, 0.3, 1.0
#: What one operator more costs, whatever it does.
_OPERATOR = 5e3

#: Operators that the convolution in front of them applies.
_FUSED = frozenset({"Clip", "Relu"})


def pad_cost(pool: ir.Node) -> float:
    """Return what the written border of a pool costs."""
    axes, shape = axes_of(pool) or [], shape_of(pool.inputs[0])
    image = math.prod(axis.extent + axis.before + axis.needed_after for axis in axes)
    return _OPERATOR + _PAD * math.prod(shape[:2]) * image


def slice_cost(value: ir.Value) -> float:
    """Return what cutting off the elements that were added to a value costs."""
    return _OPERATOR + _SLICE * math.prod(shape_of(value))


def added_work(node: ir.Node, growth: Growth) -> float:
    """Return what a node takes to compute results that have grown."""
    work = 0.0 if node.op_type in _FUSED else _ELEMENT
    if node.op_type in WINDOWS:
        work *= math.prod(axis.kernel for axis in axes_of(node) or [])
    if node.op_type == "Conv":
        work = _PRODUCT * math.prod(shape_of(node.inputs[1])[1:])
    total = 0.0
    for value in node.outputs:
        front, image = shape_of(value)[:2], shape_of(value)[2:]
        larger = math.prod(extent + added for extent, added in zip(image, growth, strict=True))
        total += work * math.prod(front) * (larger - math.prod(image))
    return total
