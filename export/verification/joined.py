"""Which value each element of a graph's outputs comes from, where a graph joins several.

The operators at the end of a graph that only move elements are run on the numbers of their
sources in place of their values: what comes out says where each element comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.runtimes.values import Outputs
from _edgeship.export.verification.choices import choices
from _edgeship.export.verification.parts import Joined, Part, parts_of

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

#: Operators that move the elements of their first input, or of all in the case of Concat.
MOVING = (
    "Concat",
    "Flatten",
    "Gather",
    "Reshape",
    "Slice",
    "Split",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
)

#: Operators of one value, or of one and a constant, whose elements stay where they are.
_ARITHMETIC = ("Add", "Clip", "Div", "Mul", "Sub")
_ELEMENTWISE = (*_ARITHMETIC, "Cast", "Identity", "Relu")

#: Operators whose results are whole numbers.
_ROUNDING = ("Ceil", "Floor", "Round", "Sign")

#: Float32 counts exactly so far.
_MOST_SOURCES = 1000


def output_parts(graph: ir.Model, reference: Outputs) -> list[Part]:
    """Return what of a graph's outputs is to be compared one by one.

    Args:
        graph: With static shapes, and its constants as initializers.
        reference: What the network computes.
    """
    names = [str(value.name) for value in graph.graph.outputs]
    return parts_of(reference, names, joined_outputs(graph), choices(graph))


def joined_outputs(graph: ir.Model) -> dict[str, Joined]:
    """Return output -> where its elements come from, for outputs that are joined or moved.

    Args:
        graph: With static shapes, and its constants as initializers.
    """
    found = {}
    for value in graph.graph.outputs:
        joined = _joined(graph, value)
        if joined is not None and value.name is not None:
            found[value.name] = joined
    return found


def _joined(graph: ir.Model, output: ir.Value) -> Joined | None:
    """Return the sources of one output, or None if a shape is missing or there are too many."""
    nodes, sources = _tail(output)
    if len(sources) > _MOST_SOURCES or any(_shape(source) is None for source in sources):
        return None
    names = tuple(source.name or "" for source in sources)
    sigmoids = frozenset(
        source.name or ""
        for source, unchanged in sources.items()
        if unchanged and _is_sigmoid(source)
    )
    steps = frozenset(source.name or "" for source in sources if _in_steps(source))
    shape = _shape(output)
    if nodes:
        return Joined(_moved(graph, output, nodes, list(sources)), names, sigmoids, steps)
    return None if shape is None else Joined(np.zeros(shape, np.int32), names, sigmoids, steps)


def _is_sigmoid(value: ir.Value) -> bool:
    node = value.producer()
    return node is not None and node.op_type == "Sigmoid"


def _in_steps(value: ir.Value) -> bool:
    """Return whether a value is rounded to whole numbers, or made of integers or truth values."""
    node = value.producer()
    if node is not None and node.op_type in _ROUNDING:
        return True
    return value.dtype is not None and (value.dtype.is_integer() or value.dtype.name == "BOOL")


def _tail(output: ir.Value) -> tuple[list[ir.Node], dict[ir.Value, bool]]:
    """Return the nodes behind which elements only move, and the values that they move.

    Returns:
        The nodes, and value -> whether it is moved and not changed.
    """
    nodes: dict[ir.Node, None] = {}
    sources: dict[ir.Value, bool] = {}
    waiting = [(output, True)]
    while waiting:
        value, unchanged = waiting.pop()
        node = value.producer()
        if node is None or not _moves(node):
            sources[value] = unchanged and sources.get(value, True)
        elif node not in nodes:
            nodes[node] = None
            unchanged = unchanged and node.op_type not in _ARITHMETIC
            waiting += [(moved, unchanged) for moved in reversed(list(_moved_by(node)))]
    return list(nodes), sources


def _moves(node: ir.Node) -> bool:
    moved = list(_moved_by(node))
    if node.domain or not moved:
        return False
    if node.op_type in MOVING:
        return all(v is None or v.const_value is not None for v in node.inputs[len(moved) :])
    return (
        node.op_type in _ELEMENTWISE
        and len(moved) == 1
        and _shape(moved[0]) is not None
        and _shape(moved[0]) == _shape(node.outputs[0])
    )


def _moved_by(node: ir.Node) -> Iterator[ir.Value]:
    """Yield what a node moves, which may be the constants of a Concat."""
    if node.op_type == "Concat":
        yield from (value for value in node.inputs if value is not None)
    elif node.op_type in MOVING:
        yield from (value for value in node.inputs[:1] if value is not None)
    else:
        yield from (v for v in node.inputs if v is not None and v.const_value is None)


def _moved(
    graph: ir.Model, output: ir.Value, nodes: list[ir.Node], sources: list[ir.Value]
) -> NDArray[np.int32]:
    """Return the number of the source that each element of the output comes from."""
    import onnx_ir as ir
    from onnx import TensorProto, helper, numpy_helper

    made: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[Any]] = {}
    for node in reversed(nodes):
        if node.op_type in MOVING:
            made.append(ir.to_proto(node))
            constants.update(
                (str(value.name), value.const_value.numpy())
                for value in node.inputs[1:]
                if value is not None and value.const_value is not None and value not in sources
            )
        else:
            [moved] = _moved_by(node)
            made.append(
                helper.make_node("Identity", [str(moved.name)], [str(node.outputs[0].name)])
            )
    fed = {
        str(source.name): np.full(_shape(source) or (), number, np.float32)
        for number, source in enumerate(sources)
    }
    proto = helper.make_model(
        helper.make_graph(
            made,
            "tail",
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)
                for name, array in fed.items()
            ],
            [helper.make_tensor_value_info(str(output.name), TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", graph.opset_imports[""])],
        ir_version=10,
    )
    ordered = ir.from_proto(proto)
    ordered.graph.sort()
    [[labels]] = run_onnx(ir.to_proto(ordered).SerializeToString(), [fed])
    return labels.astype(np.int32)


def _shape(value: ir.Value) -> tuple[int, ...] | None:
    """Return a static shape, or None."""
    if value.shape is None or not value.shape.is_static():
        return None
    return tuple(int(str(extent)) for extent in value.shape)
