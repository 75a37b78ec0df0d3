"""The graph that all .onnx files of the target are made from, and how their bytes are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx_ir as ir
from onnx_ir.passes import common

from _edgeship.export.graph.onnx_graph import integer

if TYPE_CHECKING:
    import onnx

#: The first version of the file format in which constants need not be inputs as well.
_CONSTANTS_ARE_NO_INPUTS = 4


def deployable(graph: ir.Model) -> ir.Model:
    """Return a copy of a graph in the operators that mobile runtimes know best, each with a name.

    A mean over all positions becomes GlobalAveragePool: ONNX Runtime has an integer kernel that it
    uses for that, and none that it uses for ReduceMean.

    Args:
        graph: With static shapes, and its constants as initializers.
    """
    model = ir.from_proto(ir.to_proto(graph))
    for node in list(model.graph):
        if node.op_type == "ReduceMean" and _over_all_positions(node):
            _pool(model.graph, node)
    common.RemoveUnusedNodesPass()(model)
    for index, node in enumerate(model.graph):
        node.name = f"{node.op_type}_{index}"
    return model


def _over_all_positions(node: ir.Node) -> bool:
    """Return whether a mean is taken over all axes but those of the batch and the channels."""
    shape = node.inputs[0].shape if node.inputs[0] is not None else None
    axes = node.inputs[1] if len(node.inputs) > 1 else None
    if shape is None or len(shape) < 3 or axes is None or axes.const_value is None:
        return False
    found = {int(axis) % len(shape) for axis in axes.const_value.numpy().reshape(-1)}
    return found == set(range(2, len(shape)))


def _pool(graph: ir.Graph, node: ir.Node) -> None:
    """Put a GlobalAveragePool in the place of a mean."""
    source, result = node.inputs[0], node.outputs[0]
    if source is None or source.shape is None:
        raise ValueError(f"{node.name} has an input without a shape")
    pool = ir.node("GlobalAveragePool", [source])
    pooled = pool.outputs[0]
    pooled.name, pooled.type = f"{result.name}_pooled", result.type
    pooled.shape = ir.Shape([*source.shape[:2], *(1 for _ in source.shape[2:])])
    last, added = pooled, [pool]
    if not integer(node, "keepdims", 1):
        flatten = ir.node("Flatten", [pooled], {"axis": 1})
        last, added = flatten.outputs[0], [pool, flatten]
    name = result.name
    graph.insert_before(node, added)
    ir.convenience.replace_all_uses_with(result, last, replace_graph_outputs=True)
    graph.remove(node, safe=True)
    last.name, last.type, last.shape = name, result.type, result.shape


def to_bytes(model: onnx.ModelProto) -> bytes:
    """Return a file's bytes: nodes in order, and nothing that a runtime has no use for.

    Equal graphs give equal bytes: of edgeship there is the name and no version. The version of the
    format is the oldest that has the operators, so that old runtimes load the file. Shapes of
    inner values, which runtimes infer, and remarks of the tools that made the graph are left out.

    Args:
        model: Not changed.
    """
    from onnx import helper

    ordered = ir.from_proto(model)
    ordered.graph.sort()
    made = ir.to_proto(ordered)
    used = {node.domain for node in made.graph.node}
    opsets = [(one.domain, one.version) for one in made.opset_import if one.domain in used | {""}]
    del made.opset_import[:]
    made.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in opsets)
    oldest = helper.find_min_ir_version_for(made.opset_import, ignore_unknown=True)
    made.ir_version = max(oldest, _CONSTANTS_ARE_NO_INPUTS)
    made.producer_name, made.producer_version = "edgeship", ""
    for part in (made, made.graph, *made.graph.node, *made.graph.input, *made.graph.output):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    made.graph.ClearField("value_info")
    made.graph.ClearField("quantization_annotation")
    return bytes(made.SerializeToString(deterministic=True))
