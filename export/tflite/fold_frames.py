"""Networks on clips become networks on images: every frame of a clip is an image of the batch.

TFLite's 3-D convolution has no integer kernel, no groups, and no delegate that takes it, and no
delegate takes tensors of rank 5. So a value (N, C, D, H, W) is held as N * D images, and 2-D
operators do the work; `export.tflite.frames` says how, for each kind of operator. Operators that
are not in its table still get a value of rank 5.

The result is an ONNX graph again, exact up to the order of summation. Its transposes only name the
order in which TFLite stores images anyway, and so cost nothing.
"""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.passes.channel_moves import Move, find_moves
from _edgeship.export.tflite.frames import REWRITES
from _edgeship.export.tflite.frames.channels import shuffle
from _edgeship.export.tflite.frames.folding import Clip, Folding, is_clip

#: A network that has one of these on clips is one on clips; a tensor of five axes alone may be half
#: of a channel shuffle.
_WINDOWS = {"AveragePool", "Conv", "MaxPool"}


def fold_frames(model: ir.Model) -> tuple[ir.Model, int]:
    """Fold the frames of clips into the batch, in a copy of the graph.

    Args:
        model: A graph with static shapes.

    Returns:
        The graph, the same one if it has no windows over clips, and the number of nodes that work
        on frames now.
    """
    if not any(node.op_type in _WINDOWS and is_clip(node.inputs[0]) for node in model.graph):
        return model, 0
    if any(_has_body(node) for node in model.graph):
        return model, 0  # a body of If or Loop may read any value
    model = ir.from_proto(ir.to_proto(model))
    graph = model.graph
    folding = Folding(graph)
    shuffles = {
        move.nodes[-1]: move
        for move in find_moves(graph)
        if len(move.nodes) > 1 and is_clip(move.inputs[0])
    }
    inside = {node for move in shuffles.values() for node in move.nodes[:-1]}
    folded = 0
    for node in list(graph):
        if node not in inside:
            folded += _fold(folding, node, shuffles.get(node))
    _keep_outputs(folding, graph)
    common.RemoveUnusedNodesPass()(model)
    graph.sort()
    return infer_shapes(model), folded


def _has_body(node: ir.Node) -> bool:
    return any(attribute.type == ir.AttributeType.GRAPH for attribute in node.attributes.values())


def _fold(folding: Folding, node: ir.Node, move: Move | None) -> bool:
    """Do a node's work on frames, or give it the inputs of rank 5 that it needs."""
    found = [shuffle(folding, move)] if move is not None else _rewritten(folding, node)
    if found is None:
        for index, value in enumerate(node.inputs):
            if value is not None:
                node.replace_input_with(index, folding.plain(value))
        return False
    for old, new in zip(node.outputs, found, strict=False):
        if isinstance(new, Clip):
            folding.clips[old] = new
        else:
            folding.replaced[old] = new
    return True


def _rewritten(folding: Folding, node: ir.Node) -> list[Clip | ir.Value] | None:
    rewrite = REWRITES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    if rewrite is None:
        return None
    try:
        found = rewrite(folding, node)
    except Unsupported:
        return None  # lowering the node as it is says why
    return None if found is None else list(found)


def _keep_outputs(folding: Folding, graph: ir.Graph) -> None:
    """Let the outputs of the graph have their names and shapes."""
    for index, old in enumerate(graph.outputs):
        new = folding.plain(old)
        if new is old:
            continue
        # An Identity carries the name, since ``new`` may be another output as well.
        node = ir.node("Identity", [new])
        copy = node.outputs[0]
        copy.shape, copy.type = old.shape, old.type
        graph.append(node)
        graph.outputs[index] = copy
        old.name, copy.name = None, old.name
