"""Sliding windows over extents that were grown behind by elements that do not matter."""

from __future__ import annotations

from collections.abc import Sequence

import onnx_ir as ir

from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.lowering.windows import Axis, given, resolved

#: How many elements each spatial axis of a value was grown by, behind its own.
Growth = tuple[int, ...]

#: Operators that slide a window.
WINDOWS = frozenset({"AveragePool", "Conv", "MaxPool"})


def axes_of(node: ir.Node) -> list[Axis] | None:
    """Return the windows of a node of `WINDOWS` with its pads, or None if they cannot be changed.

    That is so with more than two spatial axes, dilated or column-major pools, and whatever no
    target could express.
    """
    if node.op_type == "Conv":
        kernel = shape_of(node.inputs[1])[2:]
    else:
        kernel = tuple(attributes.integers(node, "kernel_shape", []))
        if attributes.integer(node, "storage_order", 0) or len(node.outputs) > 1:
            return None
    if len(kernel) not in (1, 2):
        return None
    try:
        found = given(node, kernel, *(shape_of(v)[2:] for v in (node.inputs[0], node.outputs[0])))
    except Unsupported:
        return None
    axes = [resolved(node, axis) for axis in found]
    if node.op_type != "Conv" and any(axis.dilation > 1 for axis in axes):
        return None
    return axes


def enlarged(axis: Axis, source: int, result: int) -> Axis | None:
    """Return the same windows over a grown extent, and more of them behind; None if that cannot be.

    It cannot where a window of the network's own reads the border of zeros behind, in the place of
    which it would read the added elements, or where the last added window would have none to read.

    Args:
        axis: As the network has it.
        source: Elements added to what is read.
        result: Elements added to the result.
    """
    if source and axis.needed_after:
        return None
    extent, count = axis.extent + source, axis.result + result
    last = (count - 1) * axis.stride - axis.before
    after = last + axis.reach - extent
    if after <= -axis.stride or last >= extent:
        return None
    return Axis(extent, count, axis.kernel, axis.stride, axis.dilation, axis.before, max(after, 0))


def all_enlarged(axes: Sequence[Axis], source: Growth, result: Growth) -> list[Axis] | None:
    """Return all axes of a window enlarged, or None if one cannot be."""
    found = [enlarged(*each) for each in zip(axes, source, result, strict=True)]
    whole = [axis for axis in found if axis is not None]
    return whole if len(whole) == len(found) else None


def needs_pad(axes: Sequence[Axis]) -> bool:
    """Return whether a border must be written: neither SAME nor VALID gives the windows."""
    return not (all(axis.is_valid for axis in axes) or all(axis.is_same for axis in axes))


def made_same(axes: Sequence[Axis]) -> tuple[Growth, Growth] | None:
    """Return the least growth of what is read, and of the result, with which SAME will do."""
    found = [_least(axis) for axis in axes]
    whole = [growth for growth in found if growth is not None]
    if len(whole) < len(found):
        return None
    return tuple(source for source, _ in whole), tuple(result for _, result in whole)


def least_result(axes: Sequence[Axis], source: Growth, *, free: bool) -> Growth | None:
    """Return by how much a result must grow where what is read has grown, None if it cannot be.

    Args:
        axes: The windows.
        source: Elements added to what is read.
        free: Whether it matters that no border need be written, if any growth does without.
    """
    choices = [
        [extra for extra in range(axis.stride + 1) if enlarged(axis, grown, extra) is not None]
        for axis, grown in zip(axes, source, strict=True)
    ]
    if not all(choices):
        return None
    if free and needs_pad(_taken(axes, source, tuple(each[0] for each in choices))):
        for growth in _combined(choices):
            if not needs_pad(_taken(axes, source, growth)):
                return growth
    return tuple(each[0] for each in choices)


def _taken(axes: Sequence[Axis], source: Growth, result: Growth) -> list[Axis]:
    found = all_enlarged(axes, source, result)
    if found is None:
        raise AssertionError("only possible growths are combined")
    return found


def _combined(choices: Sequence[Sequence[int]]) -> list[Growth]:
    combined: list[Growth] = [()]
    for each in choices:
        combined = [(*growth, extra) for growth in combined for extra in each]
    return sorted(combined, key=sum)


def _least(axis: Axis) -> tuple[int, int] | None:
    for source in range(axis.stride + 1):
        for result in range(axis.stride + 1):
            larger = enlarged(axis, source, result)
            if larger is not None and larger.is_same:
                return source, result
    return None
