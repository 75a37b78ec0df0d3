"""Rewrites of the ONNX graph that serve every target, one per file, in one ordered list."""

from __future__ import annotations

from collections.abc import Callable

import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.passes.absorb_offset import absorb_offset
from _edgeship.export.passes.absorb_permutations import absorb_permutations
from _edgeship.export.passes.absorb_scale import absorb_scale
from _edgeship.export.passes.activate_parts import activate_parts
from _edgeship.export.passes.bypass_expand import bypass_expand
from _edgeship.export.passes.fold_batch_norm import fold_batch_norm
from _edgeship.export.passes.fuse_activations import fuse_activations
from _edgeship.export.passes.fuse_hard_swish import fuse_hard_swish
from _edgeship.export.passes.fuse_layer_norm import fuse_layer_norm
from _edgeship.export.passes.plain_moves import plain_moves
from _edgeship.export.passes.scatter_to_concat import scatter_to_concat
from _edgeship.export.passes.sink_shuffles import sink_shuffles

Pass = Callable[[ir.Model], int]

#: Each returns how many places it changed. Batch norms go first: what they leave behind can stand
#: between the nodes that later passes look for, and is itself what `absorb_offset` takes.
#: What `fuse_activations` makes is what `fuse_hard_swish` looks for. Only the shuffles that
#: `absorb_permutations` leaves are worth moving.
PASSES: tuple[Pass, ...] = (
    fold_batch_norm,
    absorb_scale,
    absorb_offset,
    scatter_to_concat,
    fuse_activations,
    fuse_hard_swish,
    fuse_layer_norm,
    bypass_expand,
    activate_parts,
    plain_moves,
    absorb_permutations,
    sink_shuffles,
)


def rewrite(model: ir.Model) -> tuple[ir.Model, dict[str, int]]:
    """Apply all passes to a copy of the graph.

    Returns:
        The rewritten graph, and pass name -> number of places changed (only those above zero).
    """
    model = ir.from_proto(ir.to_proto(model))
    changes = {function.__name__: function(model) for function in PASSES}
    common.RemoveUnusedNodesPass()(model)
    return infer_shapes(model), {name: count for name, count in changes.items() if count}
