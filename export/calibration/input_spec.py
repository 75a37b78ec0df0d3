"""What an input of a network takes: how large, of which type, and where a picture's colours lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.calibration.preprocess import COLOR_MODES
from _edgeship.export.graph.shapes import Shape, shape_of, static_shape

if TYPE_CHECKING:
    import onnx_ir as ir

Layout = Literal["nchw", "nhwc"]
"""Where the channels of pictures and clips lie: behind the batch axis, or at the end."""

_FLOAT32 = np.dtype(np.float32)

#: Operators that pass an index on, or change it by less than what is at stake here.
_PASS_INDICES = {"Cast", "Flatten", "Identity", "Reshape", "Slice", "Squeeze", "Unsqueeze"}
_PASS_INDICES |= {"Concat", "Expand", "Split", "Tile", "Transpose"}

#: What a picture goes through, element by element, before a graph moves its channels.
_ELEMENTWISE = {"Add", "Cast", "Clip", "Div", "Identity", "Mul", "Neg", "Sub"}

#: Operators that read a picture with its channels behind the batch axis.
_CHANNELS_FIRST = {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "BatchNormalization"}
_CHANNELS_FIRST |= {"InstanceNormalization", "GlobalAveragePool", "DepthToSpace", "SpaceToDepth"}


@dataclass(frozen=True)
class InputSpec:
    """What an input takes.

    Attributes:
        shape: Its static shape, batch first.
        dtype: float32, an integer type, or bool.
        layout: Where the channels lie, if it takes pictures.
        high: Integers lie below it, and are not negative.
        inner: Whether it is a tensor in the middle of a network, which is no picture.
        own_name: What the network itself calls it, where files call it otherwise; else "".
    """

    shape: Shape
    dtype: np.dtype[Any] = _FLOAT32
    layout: Layout = "nchw"
    high: int = 2
    inner: bool = False
    own_name: str = ""

    @property
    def picture(self) -> Shape | None:
        """Shape of one picture, (C, H, W), or clip, (C, T, H, W); None if pictures do not fit."""
        if self.inner or len(self.shape) not in (4, 5):
            return None
        if self.dtype not in (np.float32, np.uint8):
            return None
        one = self.shape[1:]
        first = one if self.layout == "nchw" else (one[-1], *one[:-1])
        return first if first[0] in COLOR_MODES else None

    @property
    def channel_axis(self) -> int:
        """The axis of the channels in one sample, which has no batch axis."""
        return 0 if self.layout == "nchw" else -1

    def placed(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return a picture or clip whose channels come first as this input takes it.

        Args:
            picture: (C, H, W) or (C, T, H, W), on the scale of the input.
        """
        moved = np.moveaxis(picture, 0, self.channel_axis)
        if self.dtype == np.uint8:
            moved = np.clip(np.rint(moved), 0, 255)
        return np.ascontiguousarray(moved, dtype=self.dtype)


def input_specs(
    model: ir.Model,
    layout: Layout | None = None,
    inner: bool = False,
    own_names: Mapping[str, str] | None = None,
) -> dict[str, InputSpec]:
    """Return name -> what it takes, for the inputs of a graph with static shapes, in order.

    Args:
        model: The graph.
        layout: Where the channels of pictures lie; None to find out.
        inner: Whether the graph is a part that begins in the middle of a network.
        own_names: Name of an input -> what the network itself calls it.
    """
    own = own_names or {}
    return {
        value.name or "": InputSpec(
            shape=shape_of(value),
            dtype=_dtype(value),
            layout=layout or layout_of(value),
            high=_high(value),
            inner=inner,
            own_name=own.get(value.name or "", ""),
        )
        for value in model.graph.inputs
        if not value.is_initializer()
    }


def specs_of(shapes: Mapping[str, Shape]) -> dict[str, InputSpec]:
    """Return what inputs take of which nothing but the shapes is known: float32, channels first."""
    return {name: InputSpec(shape) for name, shape in shapes.items()}


def layout_of(value: ir.Value) -> Layout:
    """Return where the channels of an input lie, as its shape and its readers tell.

    Files from TensorFlow and Keras take (N, H, W, C). Where both ends have 1 or 3 elements, what
    the graph does first decides: a Transpose to the front, or a convolution.
    """
    shape = shape_of(value)
    if len(shape) not in (4, 5) or shape[-1] not in COLOR_MODES:
        return "nchw"
    if shape[1] not in COLOR_MODES:
        # A map of width 1 or 3 that convolutions read is no picture with its colours at the end.
        return "nchw" if _first_reader(value) == "nchw" else "nhwc"
    return _first_reader(value) or "nchw"


def _dtype(value: ir.Value) -> np.dtype[Any]:
    return _FLOAT32 if value.dtype is None else np.dtype(value.dtype.numpy())


def _first_reader(value: ir.Value) -> Layout | None:
    """Return the layout that the first operator demands which does not work element by element."""
    waiting, seen = [value], {value}
    while waiting:
        current = waiting.pop()
        for node, index in current.uses():
            rank = len(static_shape(current) or ())
            if node.op_type == "Transpose" and "perm" in node.attributes:
                perm = tuple(node.attributes["perm"].as_ints())
                return "nhwc" if perm == (0, rank - 1, *range(1, rank - 1)) else "nchw"
            if node.op_type in _CHANNELS_FIRST and index == 0:
                return "nchw"
            if node.op_type in _ELEMENTWISE:
                waiting += [out for out in node.outputs if out not in seen]
                seen.update(node.outputs)
    return None


def _high(value: ir.Value) -> int:
    """Return the bound of the integers that an input takes: they may be indices of a table."""
    if _dtype(value) == np.uint8:
        return 256
    waiting, seen = [value], {value}
    bounds: list[int] = []
    while waiting:
        for node, index in waiting.pop().uses():
            table = static_shape(node.inputs[0]) if node.inputs else None
            if node.op_type in ("Gather", "GatherElements") and index == 1 and table:
                attribute = node.attributes.get("axis")
                bounds.append(table[0 if attribute is None else attribute.as_int()])
            elif node.op_type == "GatherND" and index == 1 and table:
                bounds.append(min(table))
            elif node.op_type == "OneHot" and index == 0:
                depth = node.inputs[1].const_value if node.inputs[1] is not None else None
                bounds += [] if depth is None else [int(depth.numpy().item())]
            elif node.op_type in _PASS_INDICES and index == 0:
                waiting += [out for out in node.outputs if out not in seen]
                seen.update(node.outputs)
    return max(1, min(bounds, default=2))
