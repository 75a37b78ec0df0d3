"""Damages valid ONNX files in the ways in which files are damaged, or are made by other tools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnx
from numpy.random import Generator
from onnx import AttributeProto, TensorProto, helper

Mutation = Callable[[onnx.ModelProto, Generator], None]

_NUMBERS = (
    *(-(2**63), -(2**31), -(2**31) - 1, -100, -3, -2, -1, 0, 1, 2, 3, 5, 7, 100, 1000),
    *(2**16, 10**6, 2**28, 2**31 - 1, 2**31, 2**32, 2**40, 2**62, 2**63 - 1),
)
_REALS = (float("nan"), float("inf"), -float("inf"), -1.0, 0.0, 1e-30, 0.5, 2.0, 1e30)
_WORDS = (b"", b"SAME_UPPER", b"VALID", b"NOTSET", b"linear", b"cubic", b"\xff\xfe", b"nonsense")
_PLACES = ("../../../etc/passwd", "/etc/passwd", "missing.bin", "", ".", "model.onnx", "a/../../b")


def mutated(model: onnx.ModelProto, rng: Generator) -> bytes:
    """Return the bytes of a file made of a valid model by one to three mutations.

    Args:
        model: Left as it is.
        rng: Decides everything.
    """
    damaged = onnx.ModelProto()
    damaged.CopyFrom(model)
    for _ in range(rng.integers(1, 4)):
        _pick(rng, MUTATIONS)(damaged, rng)
    data = damaged.SerializeToString()
    return _damaged_bytes(data, rng) if rng.random() < 0.1 else data


def _shape(model: onnx.ModelProto, rng: Generator) -> None:
    """Another extent, another rank, or no shape."""
    ports = [*model.graph.input, *model.graph.output, *model.graph.value_info]
    shape = _pick(rng, ports).type.tensor_type.shape if ports else None
    if shape is None:
        return
    way = rng.integers(4)
    if way == 0 or not shape.dim:
        shape.dim.add().dim_value = int(_pick(rng, _NUMBERS))
    elif way == 1:
        del shape.dim[int(rng.integers(len(shape.dim)))]
    elif way == 2:
        _pick(rng, shape.dim).dim_param = str(_pick(rng, ("N", "?", "", "unk__0", "-1", "p2o.D.0")))
    else:
        _pick(rng, shape.dim).dim_value = int(_pick(rng, _NUMBERS))


def _attribute(model: onnx.ModelProto, rng: Generator) -> None:
    """Another value, another type, one too many or one too few."""
    nodes = [node for node in model.graph.node if node.attribute]
    if not nodes:
        return
    node = _pick(rng, nodes)
    index = int(rng.integers(len(node.attribute)))
    attribute = node.attribute[index]
    way = rng.integers(6)
    if way == 0:
        del node.attribute[index]
    elif way == 1:
        attribute.name = str(_pick(rng, ("axis", "axes", "pads", "mode", "group", "nonsense")))
    elif way == 2:
        node.attribute[index].CopyFrom(
            helper.make_attribute(attribute.name, _pick(rng, (1, 0.5, "text", [1, 2], [0.5])))
        )
    else:
        _other_value(attribute, rng)


def _other_value(attribute: AttributeProto, rng: Generator) -> None:
    if attribute.type == AttributeProto.INT:
        attribute.i = int(_pick(rng, _NUMBERS))
    elif attribute.type == AttributeProto.FLOAT:
        attribute.f = float(_pick(rng, _REALS))
    elif attribute.type == AttributeProto.STRING:
        attribute.s = bytes(_pick(rng, _WORDS))
    elif attribute.type == AttributeProto.INTS:
        if attribute.ints and rng.random() < 0.7:
            attribute.ints[int(rng.integers(len(attribute.ints)))] = int(_pick(rng, _NUMBERS))
        elif attribute.ints and rng.random() < 0.5:
            del attribute.ints[-1]
        else:
            attribute.ints.append(int(_pick(rng, _NUMBERS)))
    elif attribute.type == AttributeProto.TENSOR:
        attribute.t.dims.append(int(_pick(rng, _NUMBERS)))


def _element_type(model: onnx.ModelProto, rng: Generator) -> None:
    number = int(rng.integers(0, 28))
    ports = [*model.graph.input, *model.graph.output]
    if model.graph.initializer and rng.random() < 0.5:
        _pick(rng, model.graph.initializer).data_type = number
    elif ports:
        _pick(rng, ports).type.tensor_type.elem_type = number


def _constant(model: onnx.ModelProto, rng: Generator) -> None:
    """A constant that is larger or smaller than its shape says, or of another shape."""
    if not model.graph.initializer:
        return
    tensor = _pick(rng, model.graph.initializer)
    way = rng.integers(5)
    if way == 0:
        tensor.raw_data = tensor.raw_data[: int(rng.integers(0, len(tensor.raw_data) + 1))]
    elif way == 1:
        tensor.dims.append(int(_pick(rng, _NUMBERS)))
    elif way == 2 and tensor.dims:
        tensor.dims[int(rng.integers(len(tensor.dims)))] = int(_pick(rng, _NUMBERS))
    elif way == 3 and tensor.dims:
        tensor.dims.insert(0, 1)
    else:
        tensor.raw_data += b"\0" * int(rng.integers(1, 9))


def _external(model: onnx.ModelProto, rng: Generator) -> None:
    """A constant that is said to lie in another file."""
    if not model.graph.initializer:
        return
    tensor = _pick(rng, model.graph.initializer)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    values = {
        "location": str(_pick(rng, _PLACES)),
        "offset": str(_pick(rng, (*_NUMBERS, "text"))),
        "length": str(_pick(rng, (*_NUMBERS, "text"))),
    }
    for key, value in values.items():
        if rng.random() < 0.8:
            tensor.external_data.add(key=key, value=value)


def _input_name(model: onnx.ModelProto, rng: Generator) -> None:
    """A node reads something else: nothing, what is not there, or what comes later (a cycle)."""
    nodes = [node for node in model.graph.node if node.input]
    if not nodes:
        return
    node = _pick(rng, nodes)
    made = [name for other in model.graph.node for name in other.output]
    names = [*made, *(port.name for port in model.graph.input), "", "missing"]
    node.input[int(rng.integers(len(node.input)))] = str(_pick(rng, names))


def _input_count(model: onnx.ModelProto, rng: Generator) -> None:
    nodes = [node for node in model.graph.node if node.input]
    if not nodes:
        return
    node = _pick(rng, nodes)
    if rng.random() < 0.5:
        del node.input[int(rng.integers(len(node.input)))]
    else:
        node.input.append(str(_pick(rng, list(node.input))))


def _output_name(model: onnx.ModelProto, rng: Generator) -> None:
    """Two values of one name, or one that nobody reads any more."""
    nodes = [node for node in model.graph.node if node.output]
    if not nodes:
        return
    node = _pick(rng, nodes)
    names = [name for other in model.graph.node for name in (*other.output, *other.input)]
    node.output[int(rng.integers(len(node.output)))] = str(_pick(rng, [*names, "", "renamed"]))


def _nodes(model: onnx.ModelProto, rng: Generator) -> None:
    """A node less, a node twice, nodes in another order."""
    nodes = list(model.graph.node)
    way = rng.integers(3)
    if not nodes:
        return
    if way == 0:
        del nodes[int(rng.integers(len(nodes)))]
    elif way == 1:
        nodes.append(_pick(rng, nodes))
    else:
        nodes = [nodes[int(index)] for index in rng.permutation(len(nodes))]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _operator(model: onnx.ModelProto, rng: Generator) -> None:
    if not model.graph.node:
        return
    node = _pick(rng, model.graph.node)
    if rng.random() < 0.2:
        node.domain = str(_pick(rng, ("com.microsoft", "ai.onnx.ml", "nonsense", "ai.onnx")))
    else:
        known = sorted({schema.name for schema in onnx.defs.get_all_schemas()})
        node.op_type = str(_pick(rng, [*known, "Nonsense", ""]))


def _ports(model: onnx.ModelProto, rng: Generator) -> None:
    """Inputs and outputs of the graph: none, one twice, one that nobody computes."""
    field = model.graph.input if rng.random() < 0.5 else model.graph.output
    way = rng.integers(4)
    if way == 0:
        del field[:]
    elif way == 1 and field:
        field.append(_pick(rng, field))
    elif way == 2 and field:
        _pick(rng, field).name = str(_pick(rng, ("", "missing", "x", "y")))
    else:
        field.append(helper.make_tensor_value_info("extra", TensorProto.FLOAT, [1, 2]))


def _versions(model: onnx.ModelProto, rng: Generator) -> None:
    if model.opset_import and rng.random() < 0.8:
        _pick(rng, model.opset_import).version = int(_pick(rng, (*range(31), -1, 2**31 - 1)))
    elif rng.random() < 0.5:
        del model.opset_import[:]
    else:
        model.ir_version = int(_pick(rng, (0, 1, 3, 4, 10, 14, 100, 2**31)))


def _extent(model: onnx.ModelProto, rng: Generator) -> None:
    """Another extent, of any size up to 2^31, wherever the same one is declared, or but once."""
    ports = [*model.graph.input, *model.graph.output]
    dims = [dim for port in ports for dim in port.type.tensor_type.shape.dim]
    if not dims:
        return
    chosen = _pick(rng, dims)
    old, new = chosen.dim_value, int(2 ** rng.uniform(0, 31))
    everywhere = rng.random() < 0.5
    for dim in dims:
        if dim is chosen or (everywhere and dim.dim_value == old):
            dim.dim_value = new


def _attribute_length(model: onnx.ModelProto, rng: Generator) -> None:
    """A list of numbers that is far too long, or empty."""
    lists = [a for node in model.graph.node for a in node.attribute if a.ints or a.floats]
    if not lists:
        return
    attribute = _pick(rng, lists)
    field = attribute.ints if attribute.ints else attribute.floats
    values = list(field) * int(_pick(rng, (0, 2, 3, 1000)))
    del field[:]
    field.extend(values)


def _contents(model: onnx.ModelProto, rng: Generator) -> None:
    """A constant that says how large something is to be, or where something lies, says other."""
    tensors = [*model.graph.initializer]
    tensors += [a.t for node in model.graph.node for a in node.attribute if a.HasField("t")]
    whole = [t for t in tensors if t.data_type == TensorProto.INT64]
    if not whole:
        return
    tensor = _pick(rng, whole)
    try:
        array = onnx.numpy_helper.to_array(tensor).copy()
    except Exception:  # another mutation has damaged it
        return
    if not array.size:
        return
    array.reshape(-1)[int(rng.integers(array.size))] = int(_pick(rng, _NUMBERS))
    tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))


def _depth(model: onnx.ModelProto, rng: Generator) -> None:
    """Branches in branches in branches."""
    body = onnx.GraphProto(name="leaf")
    body.output.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1]))
    body.node.append(helper.make_node("Constant", [], ["inner"], value_float=1.0))
    for _ in range(int(_pick(rng, (1, 3, 12, 26)))):  # protobuf ends at 100 messages deep
        around = onnx.GraphProto(name="around")
        around.output.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1]))
        constant = helper.make_tensor("truth", TensorProto.BOOL, [], [True])
        around.initializer.append(constant)
        branches = {"then_branch": body, "else_branch": body}
        if rng.random() < 0.9:  # twice as many each time otherwise
            leaf = onnx.GraphProto(name="other")
            leaf.output.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1]))
            leaf.node.append(helper.make_node("Constant", [], ["inner"], value_float=2.0))
            branches["else_branch"] = leaf
        elif len(body.SerializeToString()) > 2**16:
            break
        around.node.append(helper.make_node("If", ["truth"], ["inner"], **branches))
        body = around
    model.graph.initializer.extend(body.initializer)
    model.graph.node.extend(body.node)
    if rng.random() < 0.7:
        model.graph.output.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1]))


def _names(model: onnx.ModelProto, rng: Generator) -> None:
    """A name that is empty, very long, a path, or more than letters, wherever it is used."""
    names = [value.name for value in (*model.graph.input, *model.graph.output)]
    names += [name for node in model.graph.node for name in node.output]
    if not names:
        return
    old = str(_pick(rng, names))
    new = str(_pick(rng, ("", "x" * 5000, "../up", "a/b", "\x1b[31m", "<b>", "a\0b", "é☃", " ")))
    for value in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        value.name = new if value.name == old else value.name
    for node in model.graph.node:
        for field in (node.input, node.output):
            for index, name in enumerate(field):
                if name == old:
                    field[index] = new


MUTATIONS: tuple[Mutation, ...] = (
    _extent,
    _attribute_length,
    _contents,
    _depth,
    _names,
    _shape,
    _attribute,
    _element_type,
    _constant,
    _external,
    _input_name,
    _input_count,
    _output_name,
    _nodes,
    _operator,
    _ports,
    _versions,
)


def _damaged_bytes(data: bytes, rng: Generator) -> bytes:
    """Cut off, or with some bytes changed."""
    if rng.random() < 0.5:
        return data[: int(rng.integers(0, len(data) + 1))]
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        if changed:
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
    return bytes(changed)


def _pick(rng: Generator, items: Sequence[Any]) -> Any:
    return items[int(rng.integers(len(items)))]
