"""How large a network may be: said in numbers, and looked at before memory or time is taken.

A file of a few bytes can declare tensors of any size. What is beyond these numbers runs on no
phone, and would fill the memory of the computer that compiles it: samples are kept, and so are the
outputs of several runs of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import onnx_ir as ir

from _edgeship.errors import InputError
from _edgeship.export.graph.cost import node_mult_adds
from _edgeship.export.graph.shapes import Shape, static_shape
from _edgeship.export.preparation.knowledge import bytes_of, text_of

#: All inputs of a network, and likewise its outputs; 4096x4096 pixels in three colours: 192 MiB.
MOST_PORT_BYTES = 2**28

#: What one operator reads and writes, but for constants.
MOST_NODE_BYTES = 2**31

#: Multiply-accumulates of a run; a ResNet-50 on 4096x4096 pixels has 1.4e12.
MOST_MULT_ADDS = 10**13

#: What the operators of a network write, all together.
MOST_WRITTEN_BYTES = 2**36

#: Numbers along an axis that cubic interpolation makes: ONNX Runtime keeps a table of these, and
#: takes 0.4 us for each of a row of ten thousand, and 2 for each of a hundred thousand.
MOST_CUBIC = 2**14

#: What operators write, where all of it is kept, twice: to find the first value that a file
#: computes wrong.
MOST_KEPT_BYTES = 2**30

_SMALLER = "give smaller inputs with --input"


def check_ports(side: str, shapes: Mapping[str, Shape], itemsize: int = 4) -> None:
    """Check how large the inputs or the outputs of a network are, all together.

    Args:
        side: ``input`` or ``output``.
        shapes: Name -> shape.
        itemsize: Bytes of an element.

    Raises:
        InputError: They are larger than `MOST_PORT_BYTES`.
    """
    size = itemsize * sum(math.prod(shape) for shape in shapes.values())
    if size > MOST_PORT_BYTES:
        named = ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
        raise InputError(
            f"The {side}s of the network take {_size(size)}; {_size(MOST_PORT_BYTES)} is the most.",
            why=f"the {side}s are {named}"[:300],
            todo=_SMALLER,
        )


def check_fed(shapes: Mapping[str, Shape]) -> None:
    """Check that samples can be made for the inputs of a file that is run as it is.

    Args:
        shapes: Name -> shape, as the file says.

    Raises:
        InputError: One is a scalar or without elements, or all are too large together.
    """
    for name, shape in shapes.items():
        if not shape or min(shape) < 1:
            text = "x".join(map(str, shape)) or "that of a scalar"
            raise InputError(
                f"No samples can be made for the input {name}.",
                why=f"its shape is {text}, and samples have a batch axis and elements",
                todo="compare the file with its graph: --reference FILE.onnx",
            )
    check_ports("input", shapes)


def check_budget(graph: ir.Graph) -> None:
    """Check how much memory and how much time a prepared graph takes.

    Raises:
        InputError: Its outputs, an operator, or all of them together are beyond a budget.
    """
    check_ports("output", {v.name or "": static_shape(v) or () for v in graph.outputs})
    mult_adds = written = 0
    for node in graph:
        read = _bytes(v for v in node.inputs if v is not None and not v.is_initializer())
        wrote = _bytes(node.outputs)
        if read + wrote > MOST_NODE_BYTES:
            raise _beyond(node, f"reads and writes {_size(read + wrote)}", _size(MOST_NODE_BYTES))
        made = static_shape(node.outputs[0]) if _is_cubic(node) else None
        if made and max(made) > MOST_CUBIC:
            does = f"makes {text_of(made)} by cubic interpolation"
            raise _beyond(node, does, f"{MOST_CUBIC} an axis")
        written += wrote
        mult_adds += node_mult_adds(node) or 0
        if mult_adds > MOST_MULT_ADDS:
            count = f"{mult_adds:.1e} multiply-accumulates"
            raise _beyond(node, f"brings the network to {count}", f"{MOST_MULT_ADDS:.0e}")
        if written > MOST_WRITTEN_BYTES:
            raise _beyond(
                node, f"brings what is written to {_size(written)}", _size(MOST_WRITTEN_BYTES)
            )


def too_large_to_keep(graph: ir.Graph) -> str:
    """Return that the inner values of a network are beyond a budget, or ""."""
    written = sum(_bytes(node.outputs) for node in graph)
    if written <= MOST_KEPT_BYTES:
        return ""
    return (
        f"The inner values take {_size(written)}, too much to compare them one by one: smaller "
        "inputs (--input) may tell which is the first out of tolerance."
    )


def _is_cubic(node: ir.Node) -> bool:
    mode = node.attributes.get("mode")
    return node.op_type == "Resize" and mode is not None and mode.as_string() == "cubic"


def _bytes(values: Iterable[ir.Value]) -> int:
    return sum(bytes_of(value) or 0 for value in set(values) if value.name)


def _beyond(node: ir.Node, does: str, most: str) -> InputError:
    return InputError(
        "The network is too large.",
        where=f"node {node.name or node.outputs[0].name}",
        why=f"its {node.op_type} {does}; {most} is the most",
        todo=_SMALLER,
    )


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
