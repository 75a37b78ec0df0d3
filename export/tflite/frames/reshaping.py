"""Ways out of clips and into them: reductions over time and space, reshapes of single frames."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import Shape, shape_of, static_shape
from _edgeship.export.passes.channel_moves import integers
from _edgeship.export.tflite.frames.folding import RANK, Clip, Folding, first_clip, folds

_TIME, _ROWS, _COLUMNS = 2, 3, 4


@folds("GlobalAveragePool", "GlobalMaxPool")
def global_pool(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Pool the image in which all frames of a clip stand below each other."""
    clip = first_clip(folding, node)
    if clip is None:
        return None
    pixel = (*clip.shape[:2], 1, 1)
    (frames,) = folding.nodes.copy(node, [folding.tall(clip)], [pixel])
    return [Clip(frames, (*pixel, 1))]


@folds("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum")
def reduction(folding: Folding, node: ir.Node) -> list[Clip | ir.Value] | None:
    """Reduce frames, images whose height is time, or tall images of all frames."""
    clip, axes = first_clip(folding, node), integers(node, "axes", 1)
    if clip is None or not axes:
        return None
    reduced = {axis % RANK for axis in axes}
    kept: Shape = tuple(1 if axis in reduced else e for axis, e in enumerate(clip.shape))
    if reduced <= {_ROWS, _COLUMNS}:
        images = (kept[0] * kept[2], kept[1], *kept[3:])
        image_axes = sorted(axis - 1 for axis in reduced)
        frames = _reduce(folding, node, clip.frames, image_axes, images)
    elif reduced == {_TIME}:
        pixels = kept[3] * kept[4]
        image = _reduce(folding, node, folding.over_time(clip), [2], (*kept[:2], 1, pixels))
        frames = folding.from_over_time(image, (kept[3], kept[4])).frames
    elif {_TIME, _ROWS} <= reduced <= {_TIME, _ROWS, _COLUMNS}:
        image_axes = [2, 3] if _COLUMNS in reduced else [2]
        frames = _reduce(folding, node, folding.tall(clip), image_axes, (*kept[:2], *kept[3:]))
    else:
        return None
    result = Clip(frames, kept)
    if integer(node, "keepdims", 1):
        return [result]
    shape = shape_of(node.outputs[0])
    if result.depth == 1:
        return [folding.nodes.reshape(frames, shape)]
    return [folding.nodes.reshape(folding.leave(result), shape)]


def _reduce(
    folding: Folding, node: ir.Node, image: ir.Value, axes: list[int], shape: Shape
) -> ir.Value:
    inputs: list[ir.Value | None] = [image]
    changed: dict[str, object] = {"keepdims": 1}
    if "axes" in node.attributes:
        changed["axes"] = axes
    else:
        inputs.append(folding.nodes.ints(f"{node.outputs[0].name}_axes", axes))
    (result,) = folding.nodes.copy(node, inputs, [shape], **changed)
    return result


@folds("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def reshape(folding: Folding, node: ir.Node) -> list[Clip | ir.Value] | None:
    """Reshape the frame of clips that have a single one: it lies in memory as the clip does."""
    value, shape = node.inputs[0], static_shape(node.outputs[0])
    if value is None or shape is None or 0 in shape or value.const_value is not None:
        return None
    clip = first_clip(folding, node)
    if clip is not None and clip.depth == 1:
        value = clip.frames
    elif clip is not None:
        return None
    else:
        value = folding.plain(value)
    if len(shape) == RANK and shape[_TIME] == 1:
        image = (*shape[:2], *shape[3:])
        return [Clip(folding.nodes.reshape(value, image), shape)]
    return [folding.nodes.reshape(value, shape)] if clip is not None else None
