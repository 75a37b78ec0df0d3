"""One more row and column that nobody needs, where a max pool then needs no written border.

A max pool of 3 x 3 with a stride of 2 and a pad of 1 reads an even extent with a border in front
only, which TFLite's SAME cannot say: SAME puts an odd element of a border behind. Of an odd extent
it puts one on either side. So whoever computes what the pool reads computes one row and column
more, and the pool gives one more than asked for. No window of the network's own reads them: what
they hold does not matter, and the outputs are the same to the bit.

They must come from somewhere, and go again:

- *Back*, a convolution can slide further, over a larger border behind: XNNPACK takes that border
  into the convolution. Operators that work on every place by itself pass the wish on.
- *Forth*, operators that work on every place by itself carry them along. A window drops them, if
  the network's own do not reach the end: with a stride of 2 the last one of an even extent ends
  before the border. One that does reach the end would read them where it is to read zeros, so in
  front of it a Slice cuts them off; likewise in front of all other operators and of outputs.

The PAD in front of a pool is an operator of its own on every delegate. That of ShuffleNet V2 took
5.1 % of the instructions of the int8 network on arm64, and 1.9 % in float; the Slice in front of a
ResNet's blocks moves a quarter of the elements.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.lowering.windows import Axis
from _edgeship.export.passes.new_values import NewValues
from _edgeship.export.tflite.borders.plan import Plan, plan
from _edgeship.export.tflite.borders.windows import Growth


def grow_borders(model: ir.Model) -> tuple[ir.Model, dict[str, Growth]]:
    """Grow what pools read, in a copy of the graph.

    Args:
        model: A graph with static shapes.

    Returns:
        The graph, the same one if nothing grows, and the names of the values that have grown, with
        what each of their spatial axes was grown by.
    """
    if not plan(model.graph).grown:
        return model, {}
    model = ir.from_proto(ir.to_proto(model))
    found = plan(model.graph)
    for node, axes in found.windows.items():
        _slide(node, axes)
    _cut(model.graph, found)
    for value, growth in found.grown.items():
        value.shape = ir.Shape(_grown(shape_of(value), growth))
    return model, {value.name or "": growth for value, growth in found.grown.items()}


def _grown(shape: Sequence[int], growth: Growth) -> list[int]:
    image = (extent + added for extent, added in zip(shape[2:], growth, strict=True))
    return [*shape[:2], *image]


def _slide(node: ir.Node, axes: Sequence[Axis]) -> None:
    """Give a node other windows."""
    pads = [*(axis.before for axis in axes), *(axis.after for axis in axes)]
    for name in ("auto_pad", "ceil_mode"):
        node.attributes.pop(name, None)
    node.attributes["pads"] = ir.AttrInt64s("pads", pads)


def _cut(graph: ir.Graph, found: Plan) -> None:
    """Let those who must not see the elements that were added read what was there before."""
    new = NewValues(graph)
    for value, readers in found.cut.items():
        node = value.producer()
        shape = shape_of(value)
        axes = range(2, len(shape))
        bounds = {"starts": [0 for _ in axes], "ends": [shape[a] for a in axes], "axes": [*axes]}
        inputs = [
            new.constant(f"{value.name}/{name}", np.array(data, np.int64))
            for name, data in bounds.items()
        ]
        cut = ir.node("Slice", [value, *inputs], name=f"{value.name}/cut")
        if node is None:
            raise AssertionError("an input of the graph never grows")
        graph.insert_after(node, cut)
        (output,) = cut.outputs
        output.shape, output.type = ir.Shape(shape), value.type
        output.name = new.name(f"{value.name}/cut")
        for reader in readers:
            for index, read in enumerate(reader.inputs):
                if read is value:
                    reader.replace_input_with(index, output)
        for index, result in enumerate(graph.outputs):
            if result is value:
                graph.outputs[index] = output
                value.name, output.name = new.name(f"{value.name}/grown"), value.name
