"""The one look at an ONNX file before any stage trusts what it says.

ONNX's own checker looks at less: it takes sizes of any number, and ends the process on some files.
What depends on shapes is looked at where these are known, in `walk`; how large a network may be is
in `budgets`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import onnx
from onnx import AttributeProto, TensorProto

from _edgeship.export.preparation.soundness import MOST_BYTES, check_texts, unsound

#: Graphs in nodes of graphs in nodes: what people write has three or four.
DEEPEST = 16

#: Nodes of all graphs; a network of a gigabyte has some ten thousand.
MOST_NODES = 500_000

#: An axis that is longer is counted in no runtime on phones.
_LONGEST = 2**31 - 1

#: Kind of attribute -> the field that holds its value.
_FIELDS = {
    AttributeProto.FLOAT: "f",
    AttributeProto.INT: "i",
    AttributeProto.STRING: "s",
    AttributeProto.TENSOR: "t",
    AttributeProto.GRAPH: "g",
    AttributeProto.SPARSE_TENSOR: "sparse_tensor",
    AttributeProto.TYPE_PROTO: "tp",
    AttributeProto.FLOATS: "floats",
    AttributeProto.INTS: "ints",
    AttributeProto.STRINGS: "strings",
    AttributeProto.TENSORS: "tensors",
    AttributeProto.GRAPHS: "graphs",
    AttributeProto.SPARSE_TENSORS: "sparse_tensors",
    AttributeProto.TYPE_PROTOS: "type_protos",
}


def validate(model: onnx.ModelProto) -> None:
    """Check a file as it was read.

    Raises:
        InputError: A text is no UTF-8; a name is given twice or to nothing; an attribute is not of
            its type; a constant does not have the bytes that its shape takes; the file names no
            version of its operators; or graphs are too deep or too many.
    """
    check_texts(model)
    # What joins two graphs lists the operators of both, which are the same ones.
    versions = {(entry.domain, entry.version) for entry in model.opset_import}
    for domain, count in Counter(domain for domain, _ in versions).items():
        if count > 1:
            raise unsound(f"it names two versions of the operators {domain or 'ai.onnx'}")
    for entry in model.opset_import:
        if not 0 < entry.version <= _LONGEST:
            raise unsound(f"its version {entry.version} of operators is none")
    count = 0
    for graph, depth in _graphs(model):
        count += len(graph.node)
        if depth > DEEPEST:
            raise unsound(f"its graphs lie {depth} deep in one another; {DEEPEST} is the most")
        if count > MOST_NODES:
            raise unsound(f"it has more than {MOST_NODES} nodes")
        _check_ports(graph)
        for tensor in graph.initializer:
            _check_constant(tensor, tensor.name)
        for node in graph.node:
            _check_attributes(node)
    for function in model.functions:
        for node in function.node:
            _check_attributes(node)


def _graphs(model: onnx.ModelProto) -> Iterator[tuple[onnx.GraphProto, int]]:
    """Yield all graphs and how deep they lie, without calling itself: they may be very deep."""
    waiting = [(model.graph, 1)]
    nodes = [node for function in model.functions for node in function.node]
    waiting += [(body, 2) for node in nodes for body in _bodies(node)]
    while waiting:
        graph, depth = waiting.pop()
        yield graph, depth
        waiting += [(body, depth + 1) for node in graph.node for body in _bodies(node)]


def _bodies(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _check_ports(graph: onnx.GraphProto) -> None:
    for side, values in (("input", graph.input), ("output", graph.output)):
        for name, count in Counter(value.name for value in values).items():
            if not name:
                raise unsound(f"an {side} of it has no name")
            if count > 1:
                raise unsound(f"it has two {side}s called {name}")
    for name, count in Counter(tensor.name for tensor in graph.initializer).items():
        if count > 1:
            raise unsound(f"it has two constants called {name}")


def _check_attributes(node: onnx.NodeProto) -> None:
    called = f"{node.op_type} {node.name or next(iter(node.output), '')}".strip()
    for name, count in Counter(attribute.name for attribute in node.attribute).items():
        if count > 1:
            raise unsound(f"{called} has two attributes called {name}")
    for attribute in node.attribute:
        own = _FIELDS.get(attribute.type)
        if own is None:
            continue  # as the oldest files have it: the field tells
        filled = {field.name for field, _ in attribute.ListFields()} & set(_FIELDS.values())
        if filled - {own}:
            raise unsound(f"the attribute {attribute.name} of {called} is of two types")
        for tensor in (attribute.t, *attribute.tensors):
            if attribute.HasField("t") or attribute.tensors:
                _check_constant(tensor, f"{attribute.name} of {called}")


def _check_constant(tensor: onnx.TensorProto, name: str) -> None:
    """Check the shape of a constant against its bytes, where it lies in the file."""
    if any(not 0 <= extent <= _LONGEST for extent in tensor.dims):
        raise unsound(f"the tensor {name} has the shape {list(tensor.dims)}")
    if tensor.data_type not in onnx.helper.get_all_tensor_dtypes():
        return  # it is said later, of the node that reads it
    if tensor.data_type in (TensorProto.STRING, TensorProto.UNDEFINED):
        return
    elements = math.prod(tensor.dims)
    if elements >= MOST_BYTES:
        raise unsound(f"the tensor {name} has the shape {list(tensor.dims)}")
