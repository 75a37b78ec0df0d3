"""Writing into a slice (``x[:, :n] += y`` in PyTorch) becomes slicing and joining.

torch exports such a statement as a ScatterND of consecutive rows, with the axis brought to the
front, and often once more for the write-back of the slice to itself.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from _edgeship.export.passes.new_values import NewValues


def scatter_to_concat(model: ir.Model) -> int:
    """Replace every ScatterND that writes consecutive rows of the first axis, in place.

    ``ScatterND(data, rows k..k+n-1, updates)`` is
    ``Concat(data[:k], updates, data[k+n:])``, or ``data`` itself where the updates are these rows.

    Returns:
        The number of nodes replaced.
    """
    replaced = 0
    for node in list(model.graph):
        rows = _rows(node) if node.op_type == "ScatterND" and node.domain == "" else None
        if rows is not None:
            _replace(model.graph, node, rows)
            replaced += 1
    return replaced


def _rows(node: ir.Node) -> range | None:
    """Return the rows that a ScatterND writes, or None if they are not known or have gaps."""
    reduction = node.attributes.get("reduction")
    if reduction is not None and reduction.as_string() != "none":
        return None
    indices = node.inputs[1]
    if indices is None or indices.const_value is None:
        return None
    rows = indices.const_value.numpy()
    if rows.ndim != 2 or rows.shape[1] != 1 or rows.size == 0 or rows[0, 0] < 0:
        return None
    start = int(rows[0, 0])
    found = range(start, start + len(rows))
    return found if np.array_equal(rows[:, 0], found) else None


def _replace(graph: ir.Graph, node: ir.Node, rows: range) -> None:
    data, _, updates = node.inputs
    if data is None or data.shape is None or updates is None:
        raise ValueError(f"{node.name} lacks an input or its shape")
    old = node.outputs[0]
    if _is_slice_of(updates, data, rows):
        old.replace_all_uses_with(data, replace_graph_outputs=True)
        graph.remove(node, safe=True)
        return
    extent = int(str(data.shape[0]))
    name = old.name or node.name or "scatter"
    before = _slice(graph, data, range(rows.start), f"{name}_before")
    behind = _slice(graph, data, range(rows.stop, extent), f"{name}_behind")
    parts = [*before, updates, *behind]
    joined = ir.node("Concat", parts, attributes={"axis": 0}, name=node.name)
    nodes = [part.producer() for part in (*before, *behind)]
    ir.convenience.replace_nodes_and_values(
        graph, node, [node], [*(n for n in nodes if n), joined], [old], joined.outputs
    )


def _slice(graph: ir.Graph, data: ir.Value, rows: range, name: str) -> list[ir.Value]:
    """Return the value that holds the rows, in a list; an empty list if there are no rows."""
    if not rows:
        return []
    new = NewValues(graph)
    inputs = [
        new.constant(f"{name}_{key}", np.array([number], np.int64))
        for key, number in (("start", rows.start), ("end", rows.stop), ("axis", 0))
    ]
    node = ir.node("Slice", [data, *inputs], name=name)
    node.outputs[0].name = name
    return list(node.outputs)


def _is_slice_of(updates: ir.Value, data: ir.Value, rows: range) -> bool:
    """Return whether ``updates`` are these rows of ``data``, sliced under another axis order."""
    axes = list(range(len(data.shape or ())))
    sliced, after = _before_transpose(updates, axes)
    node = sliced.producer()
    source = node.inputs[0] if node is not None and node.op_type == "Slice" else None
    if node is None or source is None:
        return False
    turned, before = _before_transpose(source, axes)
    cuts = [None if value is None else value.const_value for value in node.inputs[1:]]
    bounds = [None if cut is None else cut.numpy().tolist() for cut in cuts]
    expected = [[rows.start], [rows.stop], [before.index(0)], [1]]
    same = turned is data and [before[axis] for axis in after] == axes
    return same and len(bounds) >= 3 and bounds == expected[: len(bounds)]


def _before_transpose(value: ir.Value, axes: list[int]) -> tuple[ir.Value, list[int]]:
    """Return what a Transpose turned and how, or the value itself."""
    node = value.producer()
    if node is None or node.op_type != "Transpose" or node.inputs[0] is None:
        return value, axes
    order = node.attributes.get("perm")
    return node.inputs[0], axes[::-1] if order is None else list(order.as_ints())
