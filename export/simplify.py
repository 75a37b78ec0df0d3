"""Clean-up of a prepared graph: what does nothing, is computed twice or is not read goes."""

from __future__ import annotations

import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.export.passes.drop_no_ops import drop_no_ops
from _edgeship.export.passes.fuse_pad import fuse_pad
from _edgeship.export.passes.join_moves import join_moves


def simplify(model: ir.Model) -> ir.Model:
    """Return the simplified graph; the one given is left as it is.

    Constants were folded when the graph was prepared, and batch norms are folded by the passes.
    """
    simplified = ir.from_proto(ir.to_proto(model))
    _forget_origins(simplified)
    while drop_no_ops(simplified) + join_moves(simplified):
        common.RemoveUnusedNodesPass()(simplified)  # what is gone can bring others together
    fuse_pad(simplified)
    common.CommonSubexpressionEliminationPass()(simplified)
    common.RemoveUnusedNodesPass()(simplified)
    return simplified


def _forget_origins(model: ir.Model) -> None:
    """Drop what exporters note beside nodes and values: calls, with paths of the user's machine."""
    graph = model.graph
    graph.doc_string = None
    graph.metadata_props.clear()
    for value in (*graph.inputs, *graph.initializers.values()):
        value.doc_string = None
        value.metadata_props.clear()
    for node in graph:
        node.doc_string = None
        node.metadata_props.clear()
        for output in node.outputs:
            output.doc_string = None
            output.metadata_props.clear()
