"""Values (N, C, D, H, W) held as frames folded into the batch, and the table of rewrites on them.

TFLite stores images channels last, so frames (N * D, C, H, W) lie in memory as N, D, H, W, C. Any
of these axes may be seen as joined with its neighbour at no cost, and two such views make 2-D
operators work along time: (N, C, D, H * W), in which D is the height of an image, and
(N, C, D * H, W), in which all frames of a clip stand below each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import Shape, shape_of, static_shape
from _edgeship.export.lowering.registry import registering
from _edgeship.export.passes.channel_moves import constant
from _edgeship.export.tflite.frames.nodes import Nodes

RANK = 5
_SWAP = (0, 2, 1, 3, 4)


@dataclass(frozen=True)
class Clip:
    """A value of rank 5 as frames.

    Attributes:
        frames: (N * D, C, H, W): frame d of clip n is image n * D + d.
        shape: (N, C, D, H, W).
    """

    frames: ir.Value
    shape: Shape

    @property
    def count(self) -> int:
        """Clips in the batch, N."""
        return self.shape[0]

    @property
    def depth(self) -> int:
        """Frames of a clip, D."""
        return self.shape[2]


class Folding:
    """The graph being rewritten.

    Attributes:
        nodes: What adds nodes to it.
        clips: Which of its values are held as frames.
        replaced: What stands for values of other ranks that nodes on frames compute now.
    """

    def __init__(self, graph: ir.Graph) -> None:
        self.nodes = Nodes(graph)
        self.clips: dict[ir.Value, Clip] = {}
        self.replaced: dict[ir.Value, ir.Value] = {}

    def clip(self, value: ir.Value) -> Clip:
        """Return a value of rank 5 as frames; the first time, nodes are added that make them."""
        if value not in self.clips:
            self.clips[value] = self._enter(value)
        return self.clips[value]

    def plain(self, value: ir.Value) -> ir.Value:
        """Return a value in its own rank, for a node that is not done on frames."""
        clip = self.clips.get(value)
        return self.replaced.get(value, value) if clip is None else self.leave(clip)

    def leave(self, clip: Clip) -> ir.Value:
        """Return the value (N, C, D, H, W) of a clip."""
        count, channels, depth, height, width = clip.shape
        apart = self.nodes.reshape(clip.frames, (count, depth, channels, height, width))
        return self.nodes.transpose(apart, _SWAP)

    def over_time(self, clip: Clip) -> ir.Value:
        """Return the image (N, C, D, H * W)."""
        count, channels, depth, height, width = clip.shape
        return self.nodes.image_view(clip.frames, (count, channels, depth, height * width))

    def from_over_time(self, image: ir.Value, size: tuple[int, int]) -> Clip:
        """Return the clip of an image (N, C, D, H * W), ``size`` being H and W."""
        count, channels, depth, _ = shape_of(image)
        frames = self.nodes.image_view(image, (count * depth, channels, *size))
        return Clip(frames, (count, channels, depth, *size))

    def tall(self, clip: Clip) -> ir.Value:
        """Return the image (N, C, D * H, W)."""
        count, channels, depth, height, width = clip.shape
        return self.nodes.image_view(clip.frames, (count, channels, depth * height, width))

    def _enter(self, value: ir.Value) -> Clip:
        shape = shape_of(value)
        count, channels, depth, height, width = shape
        folded = (count * depth, channels, height, width)
        data = constant(value)
        if data is not None:
            frames = data.transpose(_SWAP).reshape(folded)
            return Clip(self.nodes.constant(f"{value.name}_frames", frames), shape)
        apart = self.nodes.transpose(value, _SWAP)
        return Clip(self.nodes.reshape(apart, folded), shape)


#: Does the work of a node on frames. It returns what stands for each output, a clip or a value of
#: another rank, or None if the node is to stay as it is.
Rewrite = Callable[[Folding, ir.Node], Sequence[Clip | ir.Value] | None]

REWRITES: dict[str, Rewrite] = {}

folds = registering(REWRITES)


def is_clip(value: ir.Value | None) -> bool:
    """Return whether a value has five axes, of fixed extents of at least 1."""
    shape = static_shape(value)
    return shape is not None and len(shape) == RANK and min(shape) > 0


def first_clip(folding: Folding, node: ir.Node) -> Clip | None:
    """Return the first input as frames, or None if it is not a clip."""
    value = node.inputs[0] if node.inputs else None
    return folding.clip(value) if value is not None and is_clip(value) else None


def broadcast_constant(folding: Folding, value: ir.Value, count: int) -> ir.Value | None:
    """Return a constant operand so that it broadcasts to frames as it did to clips.

    Args:
        folding: The graph.
        value: A constant of rank 5 or less.
        count: Clips in the batch.

    Returns:
        The constant, or None if frames of several clips would need copies of it.
    """
    data = constant(value)
    if data is None or data.ndim > RANK:
        return None
    if data.size == 1 and data.ndim <= 4:
        return value
    full = data.reshape((1,) * (RANK - data.ndim) + data.shape).transpose(_SWAP)
    clips, depth = full.shape[:2]
    if clips > 1 or (depth > 1 and count > 1):
        return None
    name = f"{value.name}_frames"
    return folding.nodes.constant(name, np.ascontiguousarray(full[0]).reshape(full.shape[1:]))
