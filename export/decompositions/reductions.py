"""Reductions and norms in ReduceSum, ReduceMax and arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

#: A product is written as one Mul for each element that is reduced.
_MOST_FACTORS = 256


def absolute_sum(b: Builder, x: ir.Value, axes: list[int], keep: bool) -> ir.Value:
    """Return the sum of |x|."""
    return b.reduce("ReduceSum", b.op("Abs", x), axes, keep=keep)


def square_sum(b: Builder, x: ir.Value, axes: list[int], keep: bool) -> ir.Value:
    """Return the sum of x²."""
    return b.reduce("ReduceSum", b.op("Mul", x, x), axes, keep=keep)


def euclidean(b: Builder, x: ir.Value, axes: list[int], keep: bool) -> ir.Value:
    """Return the root of the sum of x²; integers are rooted as floats."""
    total = square_sum(b, x, axes, keep)
    return b.cast(b.op("Sqrt", b.cast(total, np.float32)), b.dtype(x))


def log_sum(b: Builder, x: ir.Value, axes: list[int], keep: bool) -> ir.Value:
    """Return the logarithm of the sum."""
    return b.op("Log", b.reduce("ReduceSum", x, axes, keep=keep))


def log_sum_exp(b: Builder, x: ir.Value, axes: list[int], keep: bool) -> ir.Value:
    """Return m + log(sum(e^(x - m))) for the maximum m."""
    if not axes:
        return x
    most = b.reduce("ReduceMax", x, axes)
    total = b.op("Log", b.reduce("ReduceSum", b.op("Exp", b.op("Sub", x, most)), axes))
    result = b.op("Add", most, total)
    return result if keep else b.op("Squeeze", result, axes)


def product(b: Builder, x: ir.Value, axes: list[int], keep: bool) -> ir.Value:
    """Return the product, a Mul for each element that is reduced."""
    shape = b.shape(x)
    if sum(shape[axis] for axis in axes) > _MOST_FACTORS:
        raise Unsupported(f"a product of more than {_MOST_FACTORS} elements")
    for axis in axes:
        factors = b.split(x, axis, [1] * shape[axis])
        x = factors[0]
        for factor in factors[1:]:
            x = b.op("Mul", x, factor)
    return x if keep or not axes else b.op("Squeeze", x, axes)


_KINDS: dict[str, Callable[[Builder, ir.Value, list[int], bool], ir.Value]] = {
    "ReduceL1": absolute_sum,
    "ReduceL2": euclidean,
    "ReduceLogSum": log_sum,
    "ReduceLogSumExp": log_sum_exp,
    "ReduceProd": product,
    "ReduceSumSquare": square_sum,
}


@decomposes(*_KINDS)
def reduction(b: Builder, node: ir.Node) -> ir.Value:
    """The sum of what is reduced, made so before or after it."""
    x = attributes.source(node)
    keep = attributes.integer(node, "keepdims", 1) == 1
    return _KINDS[node.op_type](b, x, reduced_axes(b, node), keep)


def reduced_axes(b: Builder, node: ir.Node) -> list[int]:
    """Return the axes that a reduction goes over, from 0.

    Raises:
        Unsupported: The graph computes the axes.
    """
    rank = len(b.shape(attributes.source(node)))
    given = attributes.optional_input(node, 1)
    axes = attributes.integers(node, "axes", [])  # as before opset 18
    if given is not None:
        axes = [int(axis) for axis in b.required_data(given, "the axes of a reduction").reshape(-1)]
    if not axes and not attributes.integer(node, "noop_with_empty_axes", 0):
        return list(range(rank))
    return sorted({axis % rank for axis in axes})


@decomposes("ReduceMean")
def mean(b: Builder, node: ir.Node) -> ir.Value:
    """The sum, divided by how many there are."""
    x = attributes.source(node)
    axes = reduced_axes(b, node)
    keep = attributes.integer(node, "keepdims", 1) == 1
    count = int(np.prod([b.shape(x)[axis] for axis in axes]))
    total = b.reduce("ReduceSum", x, axes, keep=keep)
    return b.op("Div", total, count)


@decomposes("LpNormalization")
def lp_normalization(b: Builder, node: ir.Node) -> ir.Value:
    """X by its norm along an axis; where that is 0, so is x."""
    x = attributes.source(node)
    axis = [attributes.integer(node, "axis", -1) % len(b.shape(x))]
    order = attributes.integer(node, "p", 2)
    if order not in (1, 2):
        raise Unsupported(f"a norm of order {order}")
    if b.shape(x)[axis[0]] == 1:
        # Exactly, as runtimes' roots of squares are not; a square that is too small is 0 here too.
        return b.op("Sign", x if order == 1 else b.op("Mul", x, b.op("Abs", x)))
    norm = (absolute_sum if order == 1 else euclidean)(b, x, axis, True)
    return b.op("Div", x, b.op("Max", norm, float(np.finfo(np.float32).tiny)))


@decomposes("GlobalLpPool")
def global_lp_pool(b: Builder, node: ir.Node) -> ir.Value:
    """The norm of each channel."""
    x = attributes.source(node)
    axes = list(range(2, len(b.shape(x))))
    return lp_norm(b, x, attributes.integer(node, "p", 2), lambda v: b.reduce("ReduceSum", v, axes))


def lp_norm(
    b: Builder, x: ir.Value, power: int, summed: Callable[[ir.Value], ir.Value]
) -> ir.Value:
    """Return the root of what ``summed`` makes of |x|^p."""
    if power < 1:
        raise Unsupported(f"a norm of order {power}")
    if power == 1:
        return summed(b.op("Abs", x))
    if power == 2:
        return b.op("Sqrt", summed(b.op("Mul", x, x)))
    total = summed(b.op("Pow", b.op("Abs", x), float(power)))
    return b.op("Pow", total, 1 / power)


@decomposes("GlobalAveragePool", "GlobalMaxPool")
def global_pool(b: Builder, node: ir.Node) -> ir.Value:
    """A reduction over all axes but the first two."""
    x = attributes.source(node)
    kind = "ReduceMean" if node.op_type == "GlobalAveragePool" else "ReduceMax"
    return b.reduce(kind, x, list(range(2, len(b.shape(x)))))
