"""What the nodes of an ONNX graph are called in reports on delegates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir


def node_names(model: ir.Model) -> dict[str, str]:
    """Return the name of every value that a node computes -> that node's kind and name."""
    return {
        value.name: f"{node.op_type} {node.name or ''}".strip()
        for node in model.graph
        for value in node.outputs
        if value.name
    }
