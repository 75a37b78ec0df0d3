"""Pools of (N, C, L), (N, C, H, W) and (N, C, D, H, W) tensors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, invalid, undocumented
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes


@dataclass(frozen=True)
class _Axis:
    """The windows along one axis.

    Attributes:
        extent: Elements of the input.
        kernel: Elements of a window.
        stride: From one window to the next.
        before: Padding in front.
        after: Padding behind.
        beyond: How far the last window reaches past that, with ``ceil_mode``; negative where the
            windows leave elements over.
        windows: How many there are.
    """

    extent: int
    kernel: int
    stride: int
    before: int
    after: int
    beyond: int
    windows: int

    def elements(self, first: int, last: int) -> Array:
        """Return how many elements with first <= index < last each window holds."""
        start = np.arange(self.windows) * self.stride - self.before
        held = np.minimum(start + self.kernel, last) - np.maximum(start, first)
        result: Array = np.maximum(held, 0)
        return result


@computes("max_pool")
def max_pool(call: Call) -> Array:
    """The largest element of each window; padding does not count."""
    axes = _axes(call)
    _demand_elements(call, axes)
    return _pooled(call.tensor("x"), axes, "max", -math.inf)


@computes("avg_pool")
def avg_pool(call: Call) -> Array:
    """The mean of each window.

    Padding counts as zeros unless ``exclude_padding_from_average``. What ``ceil_mode`` adds behind
    the padding never counts, as in PyTorch, to which MIL's documentation refers.
    """
    axes = _axes(call)
    excludes = bool(call.get("exclude_padding_from_average", False))
    if excludes:
        _demand_elements(call, axes)
    counts = [
        axis.elements(0, axis.extent)
        if excludes
        else axis.elements(-axis.before, axis.extent + axis.after)
        for axis in axes
    ]
    return _sums(call.tensor("x"), axes) / reduce(np.multiply.outer, counts).astype(np.float32)


@computes("l2_pool")
def l2_pool(call: Call) -> Array:
    """The square root of the sum of squares of each window."""
    return np.sqrt(_sums(call.tensor("x").square(), _axes(call)))


def _sums(x: torch.Tensor, axes: list[_Axis]) -> Array:
    """Return the sum of each window, padded with zeros."""
    result: Array = _pooled(x, axes, "avg", 0) * np.float32(math.prod(axis.kernel for axis in axes))
    return result


def _pooled(x: torch.Tensor, axes: list[_Axis], kind: str, padding: float) -> Array:
    pads = [pad for axis in reversed(axes) for pad in (axis.before, axis.after + axis.beyond)]
    padded = functional.pad(x, pads, value=padding)
    pool: Callable[..., Any] = getattr(functional, f"{kind}_pool{len(axes)}d")
    result: Array = pool(
        padded,
        tuple(axis.kernel for axis in axes),
        tuple(axis.stride for axis in axes),
    ).numpy()
    return result


def _axes(call: Call) -> list[_Axis]:
    extents = np.shape(call["x"])[2:]
    rank = len(extents)
    kernels = call.integers("kernel_sizes")
    strides = call.integers("strides", [1] * rank)
    pad_type = call["pad_type"]
    if pad_type not in ("valid", "same", "same_lower", "custom"):
        raise invalid(call, f"pad_type is {pad_type!r}")
    pads = call.integers("pad", [0] * 2 * rank) if pad_type == "custom" else [0] * 2 * rank
    if not (1 <= rank <= 3 and len(kernels) == len(strides) == rank and len(pads) == 2 * rank):
        raise invalid(call, f"kernel {kernels}, strides {strides}, pad {pads} for {rank} axes")
    if min(kernels + strides) < 1 or min(pads) < 0:
        raise invalid(call, f"kernel {kernels}, strides {strides}, pad {pads}")
    axes = []
    for i, (extent, kernel, stride) in enumerate(zip(extents, kernels, strides, strict=True)):
        before, after = pads[2 * i : 2 * i + 2]
        if pad_type.startswith("same"):
            before, after = _same(extent, kernel, stride, lower=pad_type == "same_lower")
        ceil = bool(call.get("ceil_mode", False))
        axes.append(_axis(call, extent, kernel, stride, before, after, ceil))
    padded = [axis.extent + axis.before + axis.after + axis.beyond for axis in axes]
    demand_room(call, [*np.shape(call["x"])[:2], *padded])
    return axes


def _same(extent: int, kernel: int, stride: int, lower: bool) -> tuple[int, int]:
    """Return pads that give ceil(extent / stride) windows.

    The larger half of an odd total goes behind, or in front if ``lower``.
    """
    total = max((math.ceil(extent / stride) - 1) * stride + kernel - extent, 0)
    less, more = total // 2, total - total // 2
    return (more, less) if lower else (less, more)


def _axis(
    call: Call, extent: int, kernel: int, stride: int, before: int, after: int, ceil: bool
) -> _Axis:
    room = extent + before + after - kernel
    if room < 0:
        raise invalid(call, f"a window of {kernel} in {extent} elements with {before + after} more")
    windows = (math.ceil(room / stride) if ceil else room // stride) + 1
    if ceil and (windows - 1) * stride >= extent + before and before + after > 0:
        windows -= 1
    beyond = (windows - 1) * stride + kernel - (extent + before + after)
    return _Axis(extent, kernel, stride, before, after, beyond, windows)


def _demand_elements(call: Call, axes: list[_Axis]) -> None:
    """Demand that each window holds an element of the input.

    Raises:
        UnsupportedError: If one holds only padding.
    """
    if any(axis.elements(0, axis.extent).min() < 1 for axis in axes):
        raise undocumented(call, "what a window that holds only padding results in")
