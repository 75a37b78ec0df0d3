"""What preparation refuses, in words: operators that make shapes depend on the data, and others."""

from __future__ import annotations

import onnx_ir as ir

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.graph.flow import COUNTING
from _edgeship.export.graph.shapes import static_shape
from _edgeship.export.lowering.unsupported import UnsupportedNodes, values_behind
from _edgeship.export.preparation.knowledge import Knowledge, text_of

#: The domain of operators on blocks of channels.
NCHWC = "com.microsoft.nchwc"

#: What to do where the network cannot be cut around a node.
_WITHOUT = "export the network without it"

#: The inputs of other operators that shapes depend on. ONNX's own rules do not always say that
#: they lack one: some answer 0.
_SHAPING: dict[str, tuple[int, ...]] = {
    "AffineGrid": (1,),
    "BlackmanWindow": (0,),
    "CenterCropPad": (1,),
    "Col2Im": (1, 2),
    "ConstantOfShape": (0,),
    "DFT": (1, 2),
    "Expand": (1,),
    "HammingWindow": (0,),
    "HannWindow": (0,),
    "MaxUnpool": (2,),
    "MelWeightMatrix": (0, 1),
    "OneHot": (1,),
    "Pad": (1, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Resize": (2, 3),
    "STFT": (1, 3),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "SplitToSequence": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "TopK": (1,),
    "Unsqueeze": (1,),
    "Upsample": (1,),
}


def depends_on_data(node: ir.Node, knowledge: Knowledge) -> bool:
    """Return whether the shapes of a node's outputs depend on what the network is fed."""
    if node.domain or node.op_type in COUNTING:
        return node.op_type in COUNTING
    places = _SHAPING.get(node.op_type, (1,) if node.op_type.startswith("Reduce") else ())
    return any(
        node.inputs[place] is not None and knowledge.array(node.inputs[place]) is None
        for place in places
        if place < len(node.inputs)
    )


def data_dependent(node: ir.Node) -> UnsupportedError:
    """Return the error for a node whose output shapes are known only when the network runs."""
    return UnsupportedNodes(
        f"{node.op_type} makes shapes depend on the data.",
        values_behind(node),
        fixed=False,
        where=where(node),
        why=f"the shape of {node.outputs[0].name} is known only when the network runs, and the "
        "files of phones hold fixed shapes",
        todo=_WITHOUT,
    )


def unknown_operator(node: ir.Node, why: str) -> UnsupportedError:
    """Return the error for an operator of which nothing is known."""
    domain = f"{node.domain}." if node.domain else ""
    return UnsupportedNodes(
        f"The operator {domain}{node.op_type} is not supported.",
        values_behind(node),
        where=where(node),
        why=why,
        todo=_WITHOUT,
    )


def for_one_processor(node: ir.Node) -> UnsupportedError:
    """Return the error for a file in ONNX Runtime's own order of channels and weights."""
    return UnsupportedError(
        f"{node.op_type} of {NCHWC} holds its weights in the order of one kind of processor.",
        where=where(node),
        why="ONNX Runtime saved the file with all its optimizations, and does not say in blocks of "
        "how many channels",
        todo="give the file that ONNX Runtime read, or let it save with ORT_ENABLE_EXTENDED",
    )


def does_not_fit(node: ir.Node, why: str) -> InputError:
    """Return the error for a node that cannot be run on inputs of these shapes."""
    shapes = ", ".join(
        f"{value.name} ({text_of(static_shape(value) or ())})" for value in node.inputs if value
    )
    return InputError(
        f"{node.op_type} does not fit its inputs.",
        where=where(node),
        why=f"its inputs are {shapes}: {why}",
        todo="give the shape that the network was made for with --input",
    )


def not_a_tensor(node: ir.Node, value: ir.Value) -> UnsupportedError:
    """Return the error for a node that reads something else than a tensor."""
    return UnsupportedNodes(
        f"{node.op_type} reads {value.name}, which is no tensor of a known shape.",
        values_behind(node),
        where=where(node),
        why="sequences, maps and optional values are supported only where the file fixes what "
        "they hold",
        todo=_WITHOUT,
    )


def no_tensor_output(output: ir.Value) -> UnsupportedError:
    """Return the error for an output of the graph that is a sequence or an optional value."""
    node = output.producer()
    return UnsupportedNodes(
        f"The output {output.name} is not a tensor.",
        [output.name or ""],
        where=where(node) if node is not None else "",
        why="the files of phones give tensors only",
        todo="choose tensors with --outputs",
    )


def undecided(node: ir.Node, why: str) -> UnsupportedError:
    """Return the error for control flow that depends on what the network is fed."""
    return UnsupportedNodes(
        f"{node.op_type} cannot be unrolled.",
        values_behind(node),
        where=where(node),
        why=why,
        todo=_WITHOUT,
    )


def unread_output(node: ir.Node, output: ir.Value) -> UnsupportedError:
    """Return the error for an output that exists only in training or in another form."""
    return UnsupportedError(
        f"The output {output.name} of {node.op_type} is not supported.",
        where=where(node),
        why="only the first output of this operator is known outside of training",
        todo="export the network in evaluation mode",
    )


def too_large(node: ir.Node, output: ir.Value) -> InputError:
    """Return the error for a tensor that no target's files can describe."""
    return InputError(
        f"{node.op_type} gives a tensor of 2 GiB or more.",
        where=where(node),
        why=f"the shape of {output.name} is {text_of(static_shape(output) or ())}",
        todo="give smaller inputs with --input",
    )


def where(node: ir.Node) -> str:
    """Return how errors name a node."""
    return f"node {node.name or node.outputs[0].name}"
