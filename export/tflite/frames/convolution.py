"""3-D convolutions as 2-D ones.

A convolution that is 1 wide in time works on each frame by itself, and one that is 1 wide in space
works on an image whose height is time. Any other works on frames whose rows are interleaved with
those of the frames around them: its kernel is as many times as high. Everything is summed in one
accumulator, so nothing is lost in integers.

A depthwise convolution becomes a sum of several, each of no more taps than XNNPACK has depthwise
kernels for. With all 27 taps of the 3x3x3 ones at once, ShuffleNet V2 3-D takes twice the time in
int8 and 1.3 times in float32 (x86-64). Each sum of integers costs accuracy: with random weights,
int8 reaches 18.8 dB with 27 taps at once, 17.5 dB with 18 + 9, and 16.8 dB with 9 + 9 + 9, which is
no faster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.export.graph.onnx_graph import integer
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.lowering.windows import Axis, given, resolved
from _edgeship.export.passes.channel_moves import constant
from _edgeship.export.tflite.frames.folding import Clip, Folding, first_clip, folds
from _edgeship.export.tflite.frames.timing import Picks, stacks

#: Taps of the largest depthwise kernel of XNNPACK.
_MOST_TAPS = 25


@dataclass(frozen=True)
class _Filters:
    """What a convolution multiplies with.

    Attributes:
        weight: (O, I / groups, taps in time, kernel height, kernel width).
        bias: The value of shape (O,), or None.
        groups: Groups of channels.
        name: Name of the node's result.
    """

    weight: NDArray[np.generic]
    bias: ir.Value | None
    groups: int
    name: str


@folds("Conv")
def convolution(folding: Folding, node: ir.Node) -> list[Clip] | None:
    """2-D convolutions, in one of the ways described above."""
    clip, weight = first_clip(folding, node), constant(node.inputs[1])
    if clip is None or weight is None:
        return None
    y = node.outputs[0]
    extents, results = clip.shape[2:], shape_of(y)[2:]
    axes = given(node, weight.shape[2:], extents, results)
    time, *space = (resolved(node, axis) for axis in axes)
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    filters = _Filters(weight, bias, integer(node, "group", 1), y.name or "conv")
    live = _live_taps(time)
    step = time.stride if time.result > 1 else 1
    picks = Picks([_start(time, tap) for tap in live], step, time.result)
    if len(live) == 1 and picks.is_whole(picks.starts[0], clip.depth):
        return [_convolve(folding, clip, filters, live, space)]
    if all(_is_pointwise(axis) for axis in space):
        return [_over_time(folding, clip, filters, time)]
    groups = _groups(live, filters, clip, space, picks)
    starts = [[_start(time, tap) for tap in group] for group in groups]
    stacked = stacks(folding, clip, picks, starts)
    return [_sum(folding, stacked, filters, groups, space)]


def _start(time: Axis, tap: int) -> int:
    """Return the frame that a tap of the first window meets."""
    return tap * time.dilation - time.before


def _live_taps(time: Axis) -> list[int]:
    """Return the taps in time that meet a frame and not the border alone."""
    live = []
    for tap in range(time.kernel):
        first = _start(time, tap)
        frames = range(first, first + time.result * time.stride, time.stride)
        if any(0 <= frame < time.extent for frame in frames):
            live.append(tap)
    return live or [0]


def _is_pointwise(axis: Axis) -> bool:
    return axis.kernel == axis.stride == 1 and axis.before == axis.after == 0


def _groups(
    taps: list[int], filters: _Filters, clip: Clip, space: list[Axis], picks: Picks
) -> list[list[int]]:
    """Return which taps in time to sum in one accumulator."""
    if not filters.groups == clip.shape[1] > 1:
        return [taps]
    size = max(1, _MOST_TAPS // (space[0].reach * space[1].kernel))
    # The last group may hold a single tap: best the one that reads the clip as it is.
    whole = [picks.is_whole(start, clip.depth) for start in picks.starts]
    taps = [tap for _, tap in sorted(zip(whole, taps, strict=True))]
    return [taps[i : i + size] for i in range(0, len(taps), size)]


def _over_time(folding: Folding, clip: Clip, filters: _Filters, time: Axis) -> Clip:
    """Convolve the image whose height is time."""
    size = (clip.shape[3], clip.shape[4])
    pixels = size[0] * size[1]
    columns = Axis(pixels, pixels, 1, 1, 1, 0, 0)
    image = folding.over_time(clip)
    image = _conv2d(folding, image, filters, filters.weight[..., 0], [time, columns])
    return folding.from_over_time(image, size)


def _sum(
    folding: Folding,
    stacked: list[Clip],
    filters: _Filters,
    groups: list[list[int]],
    space: list[Axis],
) -> Clip:
    """Add up the convolutions of the groups of taps; the first one adds the bias."""
    parts = []
    for clip, taps in zip(stacked, groups, strict=True):
        parts.append(_convolve(folding, clip, filters, taps, space))
        filters = replace(filters, bias=None)
    total = parts[0].frames
    for part in parts[1:]:
        inputs = [total, part.frames]
        total = folding.nodes.add("Add", inputs, shape_of(total), f"{filters.name}_sum")
    return Clip(total, parts[0].shape)


def _convolve(
    folding: Folding, clip: Clip, filters: _Filters, taps: list[int], space: list[Axis]
) -> Clip:
    """Convolve frames that hold, row by row, the frames that these taps in time meet."""
    rows, columns = space
    outputs, inputs, _, _, width = filters.weight.shape
    # Interleaved rows cannot be skipped by a dilation; a single tap has none to interleave.
    dilation, height = (rows.dilation, rows.kernel) if len(taps) == 1 else (1, rows.reach)
    weight = np.zeros((outputs, inputs, height, len(taps), width), filters.weight.dtype)
    chosen = filters.weight[:, :, taps].transpose(0, 1, 3, 2, 4)
    weight[:, :, :: rows.dilation // dilation] = chosen
    weight = weight.reshape(outputs, inputs, height * len(taps), width)
    high = Axis(
        rows.extent * len(taps),
        rows.result,
        height * len(taps),
        rows.stride * len(taps),
        dilation,
        rows.before * len(taps),
        rows.after * len(taps),
    )
    frames = _conv2d(folding, clip.frames, filters, weight, [high, columns])
    return Clip(frames, (clip.count, outputs, clip.depth, rows.result, columns.result))


def _conv2d(
    folding: Folding,
    image: ir.Value,
    filters: _Filters,
    weight: NDArray[np.generic],
    space: list[Axis],
) -> ir.Value:
    shape = (shape_of(image)[0], weight.shape[0], *(axis.result for axis in space))
    inputs = [image, folding.nodes.constant(f"{filters.name}_weight", weight)]
    if filters.bias is not None:
        inputs.append(filters.bias)
    return folding.nodes.add(
        "Conv",
        inputs,
        shape,
        f"{filters.name}_frames",
        kernel_shape=weight.shape[2:],
        strides=[axis.stride for axis in space],
        dilations=[axis.dilation for axis in space],
        pads=[*(axis.before for axis in space), *(axis.after for axis in space)],
        group=filters.groups,
    )
