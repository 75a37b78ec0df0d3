"""Operators that exchange spatial extent for channels or samples, block by block."""

from __future__ import annotations

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@computes("depth_to_space")
def depth_to_space(call: Call) -> Array:
    """(N, C * b^2, H, W) to (N, C, H * b, W * b), channels ordered (b, b, C) as in TensorFlow."""
    x, (block,) = np.asarray(call["x"]), call.integers("block_size")
    n, c, h, w = x.shape
    return _moved(
        x,
        (n, block, block, c // block**2, h, w),
        (0, 3, 4, 1, 5, 2),
        (n, c // block**2, h * block, w * block),
    )


@computes("space_to_depth")
def space_to_depth(call: Call) -> Array:
    """(N, C, H * b, W * b) to (N, C * b^2, H, W), channels ordered (b, b, C) as in TensorFlow."""
    x, (block,) = np.asarray(call["x"]), call.integers("block_size")
    n, c, h, w = x.shape
    return _moved(
        x,
        (n, c, h // block, block, w // block, block),
        (0, 3, 5, 1, 2, 4),
        (n, c * block**2, h // block, w // block),
    )


@computes("pixel_shuffle")
def pixel_shuffle(call: Call) -> Array:
    """(N, C * f^2, H, W) to (N, C, H * f, W * f), channels ordered (C, f, f) as in PyTorch."""
    x, (factor,) = np.asarray(call["x"]), call.integers("upscale_factor")
    n, c, h, w = x.shape
    return _moved(
        x,
        (n, c // factor**2, factor, factor, h, w),
        (0, 1, 4, 2, 5, 3),
        (n, c // factor**2, h * factor, w * factor),
    )


@computes("pixel_unshuffle")
def pixel_unshuffle(call: Call) -> Array:
    """(N, C, H * f, W * f) to (N, C * f^2, H, W), channels ordered (C, f, f) as in PyTorch."""
    x, (factor,) = np.asarray(call["x"]), call.integers("downscale_factor")
    n, c, h, w = x.shape
    return _moved(
        x,
        (n, c, h // factor, factor, w // factor, factor),
        (0, 1, 3, 5, 2, 4),
        (n, c * factor**2, h // factor, w // factor),
    )


@computes("space_to_batch")
def space_to_batch(call: Call) -> Array:
    """(N, C, H, W), padded with zeros, to (b0 * b1 * N, C, H / b0, W / b1)."""
    rows, columns = call.integers("block_shape")
    paddings = np.asarray(call["paddings"]).reshape(2, 2)
    x = np.asarray(call["x"])
    demand_room(call, [*x.shape[:2], *(x.shape[2:] + paddings.sum(axis=1)).tolist()])
    x = np.pad(x, [(0, 0), (0, 0), *paddings.tolist()])
    n, c, h, w = x.shape
    return _moved(
        x,
        (n, c, h // rows, rows, w // columns, columns),
        (3, 5, 0, 1, 2, 4),
        (-1, c, h // rows, w // columns),
    )


@computes("batch_to_space")
def batch_to_space(call: Call) -> Array:
    """(b0 * b1 * N, C, H, W) to (N, C, H * b0, W * b1), less the ``crops``."""
    rows, columns = call.integers("block_shape")
    (top, bottom), (left, right) = np.asarray(call["crops"]).reshape(2, 2).tolist()
    x = np.asarray(call["x"])
    n, c, h, w = x.shape
    split = (rows, columns, n // (rows * columns), c, h, w)
    whole = _moved(x, split, (2, 3, 4, 0, 5, 1), (-1, c, h * rows, w * columns))
    return whole[:, :, top : h * rows - bottom, left : w * columns - right]


def _moved(
    x: Array, split: tuple[int, ...], order: tuple[int, ...], merged: tuple[int, ...]
) -> Array:
    """Split axes, put the parts in another order, and merge them."""
    result: Array = x.reshape(split).transpose(order).reshape(merged)
    return result
