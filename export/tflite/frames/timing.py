"""Choosing frames of clips by their position in time, with slices of rank 4 only.

Frames lie one behind the other, so the frames start, start + step, ... are found without a strided
slice: the clip is seen as groups of ``step`` frames, which stand below each other as one tall
image, and one SLICE takes the same rows out of every group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from _edgeship.export.tflite.frames.folding import Clip, Folding
from _edgeship.export.tflite.frames.nodes import Nodes

#: XNNPACK joins at most four quantized tensors.
_MOST_JOINED = 4


@dataclass(frozen=True)
class Picks:
    """Runs of evenly spaced frames.

    Attributes:
        starts: The first frame of each run; those before the first frame of the clip and behind
            its last are zero.
        step: From one frame of a run to the next.
        count: Frames of each run.
    """

    starts: Sequence[int]
    step: int
    count: int

    def is_whole(self, start: int, depth: int) -> bool:
        """Return whether a run is all frames of a clip."""
        return (start, self.step, self.count) == (0, 1, depth)


def stacks(
    folding: Folding, clip: Clip, picks: Picks, groups: Sequence[Sequence[int]]
) -> list[Clip]:
    """Return a clip for each group of starts, the K runs of the group with their rows interleaved.

    Row h of run k is row h * K + k of the result. Rows are interleaved, and not channels, because
    longer pieces of memory are copied faster and a convolution in groups keeps its channels.
    """
    nodes = folding.nodes
    clips, channels, depth, height, width = clip.shape
    rows = nodes.reshape(nodes.to_rows(clip.frames), (clips, depth, height, width * channels))
    runs = _runs(nodes, rows, picks)
    found = []
    for group in groups:
        joined = _join(nodes, [runs[start] for start in group])
        tall = height * len(group)
        frames = nodes.reshape(joined, (clips * picks.count, tall, width, channels))
        shape = (clips, channels, picks.count, tall, width)
        found.append(Clip(nodes.to_image(frames), shape))
    return found


def pick(folding: Folding, clip: Clip, frames: range) -> Clip:
    """Return some of a clip's frames, evenly spaced."""
    picks = Picks([frames[0]], frames.step, len(frames))
    (picked,) = stacks(folding, clip, picks, [picks.starts])
    return picked


def _runs(nodes: Nodes, rows: ir.Value, picks: Picks) -> dict[int, ir.Value]:
    """Return the run that begins at each start, (N, count, H, W * C) as ``rows`` with D for count.

    All are cut from one padded copy, except a run of all frames, which is ``rows`` itself.
    """
    clips, depth, height, pixels = (int(str(extent)) for extent in rows.shape or ())
    runs = {start: rows for start in picks.starts if picks.is_whole(start, depth)}
    if len(runs) == len(set(picks.starts)):
        return runs
    before = max(0, -min(picks.starts))
    last = max(picks.starts) + (picks.count - 1) * picks.step
    groups = -(-(before + max(depth, last + 1)) // picks.step)
    padded = nodes.pad(rows, {1: (before, groups * picks.step - before - depth)})
    grouped = nodes.reshape(padded, (clips, groups, picks.step * height, pixels))
    for start in picks.starts:
        group, frame = divmod(start + before, picks.step)
        cuts = {1: (group, group + picks.count), 2: (frame * height, (frame + 1) * height)}
        if start not in runs:
            runs[start] = nodes.slice(grouped, cuts)
    return runs


def _join(nodes: Nodes, runs: list[ir.Value]) -> ir.Value:
    """Join runs along the last axis, a few at a time."""
    while len(runs) > 1:
        few = [runs[i : i + _MOST_JOINED] for i in range(0, len(runs), _MOST_JOINED)]
        runs = [nodes.concat(group, 3) for group in few]
    return runs[0]
