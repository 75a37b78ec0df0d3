"""Sliding windows along one axis: what the attributes of a convolution or pooling node say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.values import Array


@dataclass(frozen=True)
class Axis:
    """A window along one spatial axis.

    Attributes:
        extent: Input elements.
        result: Output elements.
        kernel: Taps.
        stride: Step between windows.
        dilation: Step between taps.
        before: Pad in front, as the model asks.
        after: Pad behind, as the model asks; it may end before or behind the last window.
    """

    extent: int
    result: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def reach(self) -> int:
        """Elements from the first tap to the last."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def full(self) -> int:
        """Elements that a transposed convolution gives before its pads are cut off."""
        return (self.extent - 1) * self.stride + self.reach

    def padded(self, before: int, after: int) -> Axis:
        """Return the axis with other pads."""
        return replace(self, before=before, after=after)

    @property
    def needed_after(self) -> int:
        """Pad behind that the last window reads: less than ``after``, or more with ceil_mode."""
        return max((self.result - 1) * self.stride + self.reach - self.extent - self.before, 0)

    @property
    def is_valid(self) -> bool:
        """Whether TFLite's VALID gives these windows."""
        fits = (self.extent - self.reach) // self.stride + 1 == self.result
        return self.before == 0 and self.needed_after == 0 and fits

    @property
    def is_same(self) -> bool:
        """Whether TFLite's SAME gives these windows: it puts the odd pad behind."""
        if self.result != -(-self.extent // self.stride):
            return False
        total = max((self.result - 1) * self.stride + self.reach - self.extent, 0)
        return (total // 2, total - total // 2) == (self.before, self.needed_after)


def given(
    node: ir.Node, kernel: Sequence[int], extents: Sequence[int], results: Sequence[int]
) -> list[Axis]:
    """Return what the attributes of a node say of each of its spatial axes.

    Args:
        node: A convolution or a pooling node.
        kernel: Taps along each axis.
        extents: Input elements along each axis.
        results: Output elements along each axis.

    Raises:
        Unsupported: If pads are negative.
    """
    rank = len(kernel)
    strides = attributes.integers(node, "strides", [1] * rank)
    dilations = attributes.integers(node, "dilations", [1] * rank)
    pads = attributes.integers(node, "pads", [0] * 2 * rank)
    if min(pads) < 0:
        raise Unsupported(f"negative pads {pads}")
    return [
        Axis(extents[i], results[i], kernel[i], strides[i], dilations[i], pads[i], pads[i + rank])
        for i in range(rank)
    ]


def resolved(node: ir.Node, axis: Axis) -> Axis:
    """Return an axis of a convolution or pooling node with the pads that auto_pad stands for."""
    auto = attributes.text(node, "auto_pad", "NOTSET")
    if auto == "VALID":
        return axis.padded(0, 0)
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        return axis
    total = max((axis.result - 1) * axis.stride + axis.reach - axis.extent, 0)
    before = total // 2 if auto == "SAME_UPPER" else total - total // 2
    return axis.padded(before, total - before)


def transposed(node: ir.Node, axes: list[Axis]) -> list[Axis]:
    """Return the axes of a transposed convolution; their pads are what is cut off the full result.

    With ``auto_pad`` or ``output_shape``, half of what must go is cut off at either end, as the
    specification says; an odd element is cut off behind for SAME_UPPER, and in front otherwise.

    Args:
        node: A ConvTranspose.
        axes: What its attributes say; the axes that it lacks, such as the height in 1-D, come
            first.
    """
    auto = attributes.text(node, "auto_pad", "NOTSET")
    if auto == "NOTSET" and "output_shape" not in node.attributes:
        return axes
    padding = attributes.integers(node, "output_padding", [])
    found = []
    for axis, extra in zip(axes, [0] * (len(axes) - len(padding)) + padding, strict=True):
        total = 0 if auto == "VALID" else max(axis.full + extra - axis.result, 0)
        before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        found.append(axis.padded(before, total - before))
    return found


def counts(axis: Axis, include_pad: bool) -> Array:
    """Return how many elements each window's mean divides by, per the ONNX specification.

    The border the model asks for counts if ``include_pad``; what ceil_mode reads beyond does not.
    """
    first = -axis.before if include_pad else 0
    last = axis.extent + (axis.after if include_pad else 0)
    start = np.arange(axis.result) * axis.stride - axis.before
    return np.minimum(start + axis.kernel, last) - np.maximum(start, first)


def demand_poolable(axes: Sequence[Axis]) -> None:
    """Refuse windows of a pooling node that no target can express.

    Raises:
        Unsupported: They are dilated, or with ceil_mode the last one reads the border alone.
    """
    if any(axis.dilation != 1 for axis in axes):
        raise Unsupported("dilated pooling")
    if any((axis.result - 1) * axis.stride >= axis.before + axis.extent for axis in axes):
        raise Unsupported(
            "ceil_mode with a last window that reads the border alone: runtimes leave it out, but "
            "shape inference before opset 22 counts it"
        )
