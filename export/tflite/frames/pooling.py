"""3-D pooling as 2-D pooling of each frame, and then of the image whose height is time.

The maximum of maxima and the mean of means are exact: the elements that a window counts in an
average are a product over the axes, whether the border counts or not.
"""

from __future__ import annotations

from typing import Any

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.lowering.windows import Axis, given, resolved
from _edgeship.export.passes.channel_moves import integers
from _edgeship.export.tflite.frames.folding import Clip, Folding, first_clip, folds


@folds("AveragePool", "MaxPool")
def pool(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Pool in space, then in time, where the window is wider than an element."""
    clip = first_clip(folding, node)
    kernel = integers(node, "kernel_shape", len(node.inputs))
    if clip is None or kernel is None or any(output.uses() for output in node.outputs[1:]):
        return None
    results = shape_of(node.outputs[0])[2:]
    axes = given(node, kernel, clip.shape[2:], results)
    time, rows, columns = (resolved(node, axis) for axis in axes)
    if any(map(_does_something, (rows, columns))):
        frames = _pool2d(folding, node, clip.frames, rows, columns)
        clip = Clip(frames, (*clip.shape[:3], *results[1:]))
    if _does_something(time):
        pixels = results[1] * results[2]
        image = folding.over_time(clip)
        image = _pool2d(folding, node, image, time, Axis(pixels, pixels, 1, 1, 1, 0, 0))
        clip = folding.from_over_time(image, (results[1], results[2]))
    return [clip]


def _does_something(axis: Axis) -> bool:
    return axis.kernel > 1 or axis.stride > 1 or axis.before > 0 or axis.after > 0


def _pool2d(
    folding: Folding, node: ir.Node, image: ir.Value, rows: Axis, columns: Axis
) -> ir.Value:
    attributes: dict[str, Any] = {
        # Only where they say something: older operator sets do not have them.
        name: integer(node, name, 0) or None
        for name in ("ceil_mode", "count_include_pad")
    }
    if rows.dilation > 1 or columns.dilation > 1:
        attributes["dilations"] = [rows.dilation, columns.dilation]
    return folding.nodes.add(
        node.op_type,
        [image],
        (*shape_of(image)[:2], rows.result, columns.result),
        f"{node.outputs[0].name}_frames",
        kernel_shape=[rows.kernel, columns.kernel],
        strides=[rows.stride, columns.stride],
        pads=[rows.before, columns.before, rows.after, columns.after],
        **attributes,
    )
