"""Matrix products, and conversions between element types."""

from __future__ import annotations

import numpy as np
import torch

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.dtypes import NUMPY
from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("linear")
def linear(call: Call) -> Array:
    """``x @ weight.T + bias``."""
    if _integers(call, "x"):
        product = np.matmul(call["x"], np.asarray(call["weight"]).T)
        return np.asarray(product + call["bias"] if "bias" in call.arguments else product)
    bias = call.tensor("bias") if "bias" in call.arguments else None
    y = torch.nn.functional.linear(call.tensor("x"), call.tensor("weight"), bias)
    return np.asarray(y.numpy())


@computes("matmul")
def matmul(call: Call) -> Array:
    """Matrix product with NumPy's broadcasting; either operand may be transposed first.

    A vector is a row on the left and a column on the right, and is never transposed.
    """
    if _integers(call, "x") and _integers(call, "y"):
        x, y = np.asarray(call["x"]), np.asarray(call["y"])
        if call.get("transpose_x", False) and x.ndim > 1:
            x = x.swapaxes(-1, -2)
        if call.get("transpose_y", False) and y.ndim > 1:
            y = y.swapaxes(-1, -2)
        return np.asarray(np.matmul(x, y))
    left, right = call.tensor("x"), call.tensor("y")
    if call.get("transpose_x", False) and left.ndim > 1:
        left = left.transpose(-1, -2)
    if call.get("transpose_y", False) and right.ndim > 1:
        right = right.transpose(-1, -2)
    return np.asarray(torch.matmul(left, right).numpy())


@computes("einsum")
def einsum(call: Call) -> Array:
    """Products over one axis of two tensors of rank 3 or 4; axes of one element are broadcast.

    MIL has two equations, whose letters may be others: ``nchw,nwhu->nchu`` and ``chw,whr->chr``.
    """
    x, y = (np.asarray(value, np.float32) for value in call["values"])
    equation = str(call["equation"]).replace(" ", "")
    pattern = _pattern(equation)
    if pattern not in ("abcd,adce->abce", "abc,cbd->abd"):
        raise UnsupportedError(f"The equation {equation!r} is not known.")
    common = "ac" if pattern.startswith("abcd") else "b"
    letters = pattern.split("->")[0].split(",")
    sizes = [dict(zip(letters[i], array.shape, strict=True)) for i, array in enumerate((x, y))]
    # The operand with one element along a common axis is repeated along it.
    wide = {axis: max(sizes[0][axis], sizes[1][axis]) for axis in common}
    x = np.broadcast_to(x, tuple((sizes[0] | wide).values()))
    y = np.broadcast_to(y, tuple((sizes[1] | wide).values()))
    return np.asarray(np.einsum(pattern, x, y, optimize=True), np.float32)


def _pattern(equation: str) -> str:
    """Return an equation with its letters renamed to a, b, c, ... in order of appearance."""
    names: dict[str, str] = {}
    for letter in equation:
        if letter.isalpha():
            names.setdefault(letter, "abcdefghijklmnopqrstuvwxyz"[len(names) % 26])
    return "".join(names.get(letter, letter) for letter in equation)


@computes("cast")
def cast(call: Call) -> Array:
    """Another element type: fractions are cut off, and whatever is not zero becomes true.

    Values that an integer type cannot hold are refused: what becomes of them is not documented.
    """
    x, name = np.asarray(call["x"]), str(call["dtype"])
    if name not in NUMPY:
        raise UnsupportedError(f"A cast to {name!r} is not known.")
    dtype = NUMPY[name]
    if dtype.kind in "iu" and x.size:
        limits = np.iinfo(dtype)
        whole = np.trunc(x.astype(np.float64))
        if not (whole.min() >= limits.min and whole.max() <= limits.max):
            raise InputError(f"Values from {x.min()} to {x.max()} do not fit into {name}.")
    return x.astype(dtype)


def _integers(call: Call, name: str) -> bool:
    return np.asarray(call[name]).dtype.kind in "iu"
