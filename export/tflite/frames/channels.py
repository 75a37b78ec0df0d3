"""Joining, cutting, bordering and shuffling: operators that only move elements."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import Shape, shape_of
from _edgeship.export.passes.channel_moves import Move, constant, integers
from _edgeship.export.tflite.frames.folding import Clip, Folding, first_clip, folds, is_clip
from _edgeship.export.tflite.frames.timing import pick

_TIME = 2


@folds("Concat")
def concat(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Join frames, or images whose height is time."""
    values = [value for value in node.inputs if value is not None]
    shape, axis = shape_of(node.outputs[0]), integer(node, "axis", 1)
    if not is_clip(node.outputs[0]) or axis % len(shape) == 0:
        return None
    axis %= len(shape)
    clips = [folding.clip(value) for value in values]
    nodes = folding.nodes
    if axis == _TIME:
        image = nodes.concat([folding.over_time(clip) for clip in clips], _TIME)
        return [folding.from_over_time(image, (shape[3], shape[4]))]
    frames = nodes.concat([clip.frames for clip in clips], _frame_axis(axis))
    return [Clip(frames, shape)]


@folds("Split")
def split(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Cut frames, or choose frames."""
    clip = first_clip(folding, node)
    if clip is None or (axis := integer(node, "axis", 0) % len(clip.shape)) == 0:
        return None
    shapes = [shape_of(output) for output in node.outputs]
    if axis == _TIME:
        ends = [sum(shape[axis] for shape in shapes[: i + 1]) for i in range(len(shapes))]
        cuts = [range(end - shape[axis], end) for end, shape in zip(ends, shapes, strict=True)]
        return [_cut(folding, clip, {_TIME: cut}) for cut in cuts]
    inputs = [clip.frames, *node.inputs[1:]]
    sizes = [_folded(shape) for shape in shapes]
    parts = folding.nodes.copy(node, inputs, sizes, axis=_frame_axis(axis))
    return [Clip(part, shape) for part, shape in zip(parts, shapes, strict=True)]


@folds("Slice")
def slice_(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Cut channels and pixels by slices of frames, and time by choosing frames."""
    clip = first_clip(folding, node)
    starts, ends = integers(node, "starts", 1), integers(node, "ends", 2)
    if clip is None or starts is None or ends is None or not is_clip(node.outputs[0]):
        return None
    axes = integers(node, "axes", 3) or list(range(len(starts)))
    steps = integers(node, "steps", 4) or [1] * len(starts)
    cuts = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        axis %= len(clip.shape)
        cuts[axis] = range(clip.shape[axis])[start:end:step]
    if 0 in cuts or any(r.step < 1 for r in cuts.values()):
        return None
    if any(r.step != 1 for axis, r in cuts.items() if axis != _TIME):
        return None
    return [_cut(folding, clip, cuts)]


@folds("Gather")
def gather(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Gather channels of frames; evenly spaced frames are chosen by slices."""
    clip, picked = first_clip(folding, node), constant(node.inputs[1])
    if clip is None or picked is None or picked.ndim != 1:
        return None
    axis = integer(node, "axis", 0) % len(clip.shape)
    if axis == _TIME:
        indices = [int(index) % clip.depth for index in picked]
        step = indices[1] - indices[0] if len(indices) > 1 else 1
        if step < 1 or indices != list(range(indices[0], indices[-1] + 1, step)):
            return None
        return [pick(folding, clip, range(indices[0], indices[-1] + 1, step))]
    if axis == 0:
        return None
    shape = shape_of(node.outputs[0])
    inputs = [clip.frames, node.inputs[1]]
    name = f"{node.outputs[0].name}_frames"
    frames = folding.nodes.add("Gather", inputs, _folded(shape), name, axis=_frame_axis(axis))
    return [Clip(frames, shape)]


@folds("Pad")
def pad(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """Pad frames, and then images whose height is time."""
    clip, pads = first_clip(folding, node), integers(node, "pads", 1)
    if clip is None or pads is None or min(pads) < 0 or not is_clip(node.outputs[0]):
        return None
    rank, shape = len(clip.shape), shape_of(node.outputs[0])
    axes = integers(node, "axes", 3) or list(range(rank))
    borders = {a % rank: (pads[i], pads[i + len(axes)]) for i, a in enumerate(axes)}
    if borders.get(0, (0, 0)) != (0, 0):
        return None
    fill = node.inputs[2] if len(node.inputs) > 2 else None
    kept = {name: node.attributes.get(name) for name in ("mode", "value")}
    in_space = {_frame_axis(axis): b for axis, b in borders.items() if axis not in (0, _TIME)}
    frames = folding.nodes.pad(clip.frames, in_space, fill, **kept)
    clip = Clip(frames, (shape[0], shape[1], clip.depth, *shape[3:]))
    in_time = {_TIME: borders.get(_TIME, (0, 0))}
    image = folding.nodes.pad(folding.over_time(clip), in_time, fill, **kept)
    return [folding.from_over_time(image, (shape[3], shape[4]))]


def shuffle(folding: Folding, move: Move) -> Clip:
    """Permute channels: by reshapes and a transpose where that is possible, else by a Gather."""
    clip = folding.clip(move.inputs[0])
    order = [index for _, index in next(iter(move.outputs.values()))]
    if order == sorted(order):
        return clip
    nodes, name = folding.nodes, next(iter(move.outputs)).name
    batch, channels, *size = shape_of(clip.frames)
    groups = _groups(order)
    if groups is None:
        inputs = [clip.frames, nodes.ints(f"{name}_order", order)]
        frames = nodes.add("Gather", inputs, (batch, channels, *size), f"{name}_frames", axis=1)
        return Clip(frames, clip.shape)
    apart = nodes.reshape(clip.frames, (batch, groups, channels // groups, *size))
    turned = nodes.transpose(apart, (0, 2, 1, 3, 4))
    return Clip(nodes.reshape(turned, (batch, channels, *size)), clip.shape)


def _groups(order: list[int]) -> int | None:
    """Return the groups of the channel shuffle that gives this order, or None if none does."""
    size = order[1] if len(order) > 1 else 0
    if size < 1 or len(order) % size:
        return None
    shuffled = np.arange(len(order)).reshape(-1, size).T.reshape(-1)
    return len(order) // size if shuffled.tolist() == order else None


def _cut(folding: Folding, clip: Clip, cuts: dict[int, range]) -> Clip:
    """Return the part of a clip that lies in these ranges; only that of time has steps."""
    in_space = {_frame_axis(a): (r[0], r[-1] + 1) for a, r in cuts.items() if a != _TIME}
    frames = folding.nodes.slice(clip.frames, in_space)
    _, *size = shape_of(frames)
    clip = Clip(frames, (clip.count, size[0], clip.depth, *size[1:]))
    return pick(folding, clip, cuts[_TIME]) if _TIME in cuts else clip


def _frame_axis(axis: int) -> int:
    """Return the axis of frames (N * D, C, H, W) that is this one of clips, time aside."""
    return axis if axis < _TIME else axis - 1


def _folded(shape: Shape) -> Shape:
    return (shape[0] * shape[2], shape[1], *shape[3:])
