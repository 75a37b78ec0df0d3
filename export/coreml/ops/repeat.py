"""Elements that are repeated along axes."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.export.coreml.building.context import Context
from _edgeship.export.coreml.ops.picking import Step, emit_steps
from _edgeship.export.coreml.ops.registry import lowers
from _edgeship.export.lowering import attributes


@lowers("Tile")
def tile(ctx: Context, node: ir.Node) -> None:
    """MIL's tile by constant repeats."""
    repeats = ctx.required_constant(attributes.source(node, 1), "the repeats of Tile")
    _tile(ctx, node, [], [int(count) for count in repeats])


@lowers("Expand")
def expand(ctx: Context, node: ir.Node) -> None:
    """expand_dims to the rank of the result, and tile along the axes that grow."""
    before, after = ctx.shape(attributes.source(node)), ctx.shape(node.outputs[0])
    missing = len(after) - len(before)
    steps: list[Step] = [("expand_dims", {"axes": list(range(missing))})] if missing else []
    before = (1,) * missing + before
    _tile(ctx, node, steps, [b // a for a, b in zip(before, after, strict=True)])


def _tile(ctx: Context, node: ir.Node, steps: list[Step], repeats: list[int]) -> None:
    """Append the steps, and a tile if anything is repeated."""
    x, y = attributes.source(node), node.outputs[0]
    if any(count != 1 for count in repeats):
        steps = [*steps, ("tile", {"reps": repeats})]
    if steps:
        emit_steps(ctx, ctx.read(x), y, steps)
    else:
        ctx.alias(y, x)
