"""Reads the steps of an ONNX graph with static shapes."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence

import onnx_ir as ir

from _edgeship.errors import InputError
from _edgeship.export.advice.steps import Convolution, Kind, NetworkSteps, Step, mark_fused

_KINDS: dict[Kind, tuple[str, ...]] = {
    "layer": ("Conv", "ConvTranspose", "Gemm", "MatMul"),
    "element-wise": (
        *("Abs", "Add", "BatchNormalization", "Clip", "Div", "Elu", "Erf", "Exp", "Gelu"),
        *("HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Max", "Mean", "Min", "Mish", "Mul"),
        *("Neg", "PRelu", "Pow", "Relu", "Selu", "Sigmoid", "Softplus", "Sqrt", "Sub", "Sum"),
        "Tanh",
    ),
    "pooling": (
        *("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "MaxPool"),
        *("ReduceMax", "ReduceMean", "ReduceSum"),
    ),
    "movement": (
        *("Concat", "DepthToSpace", "Expand", "Gather", "Pad", "Slice", "SpaceToDepth"),
        *("Split", "Tile", "Transpose"),
    ),
    "view": ("Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"),
}

_SCOPES = "pkg.torch.onnx.name_scopes"

_KIND_OF = {op: kind for kind, ops in _KINDS.items() for op in ops}


def read_onnx_steps(model: ir.Model, name: str) -> NetworkSteps:
    """Return the steps of a graph; batch norms behind convolutions count as folded.

    Args:
        model: The graph, with inferred shapes and constants as initializers. It is changed:
            batch norms are folded.
        name: The network's name.

    Raises:
        InputError: A shape that a count needs is not known.
    """
    from _edgeship.export.passes.fold_batch_norm import fold_batch_norm
    from _edgeship.export.passes.fuse_hard_swish import fuse_hard_swish

    # Folding gives the weights new names.
    names = {
        id(node): _layer_name(node) for node in model.graph if node.op_type in ("Conv", "Gemm")
    }
    fold_batch_norm(model)
    fuse_hard_swish(model)
    computed = {value for value in model.graph.inputs if not value.is_initializer()}
    steps = []
    for node in model.graph:
        inputs = [value for value in node.inputs if value is not None and value in computed]
        # What depends on shapes alone is arithmetic of the exporter, not of the network.
        if not inputs or node.op_type in ("Shape", "Size"):
            continue
        computed.update(node.outputs)
        steps.append(_step(node, inputs, names.get(id(node)) or _node_name(node)))
    return NetworkSteps(name, mark_fused(steps))


def _step(node: ir.Node, inputs: Sequence[ir.Value], name: str) -> Step:
    kind = _KIND_OF.get(node.op_type, "other")
    written = sum(
        _size(value, name) for value in node.outputs if value.uses() or value.is_graph_output()
    )
    read = sum(_size(value, name) for value in inputs)
    convolution, mult_adds = None, 0
    if kind == "layer":
        weight = node.inputs[1]
        if weight not in inputs:
            read += _size(weight, name)
        if node.op_type in ("Conv", "ConvTranspose"):
            convolution = _convolution(node, name)
            mult_adds = convolution.mult_adds
        else:
            mult_adds = _product(node, name)
    return Step(
        name=name,
        op=node.op_type,
        kind=kind,
        inputs=tuple(value.name or "" for value in inputs),
        outputs=tuple(value.name or "" for value in node.outputs),
        read=read,
        written=written,
        mult_adds=mult_adds,
        convolution=convolution,
        clamp=_is_clamp(node),
        rows=_rows(node, name),
    )


def _rows(node: ir.Node, name: str) -> int:
    """Return how many places the first result has, whose channels are its second axis."""
    used = [value for value in node.outputs if value.uses() or value.is_graph_output()]
    shape = _shape(used[0], name) if used else (1,)
    return math.prod(shape) // shape[1] if len(shape) > 2 else math.prod(shape[:-1])


def _convolution(node: ir.Node, name: str) -> Convolution:
    x, weight, y = (_shape(value, name) for value in (*node.inputs[:2], node.outputs[0]))
    spatial = len(weight) - 2
    groups = node.attributes["group"].as_int() if "group" in node.attributes else 1
    return Convolution(
        in_channels=x[1],
        out_channels=y[1],
        groups=groups,
        kernel=weight[2:],
        strides=_extents(node, "strides", spatial),
        dilations=_extents(node, "dilations", spatial),
        places_in=math.prod(x) // x[1],
        places_out=math.prod(y) // y[1],
        transposed=node.op_type == "ConvTranspose",
    )


def _product(node: ir.Node, name: str) -> int:
    """Return the mult-adds of a matrix product: one per term of each result's sum."""
    transposed = node.op_type == "Gemm" and "transA" in node.attributes
    axis = 0 if transposed and node.attributes["transA"].as_int() else -1
    return _size(node.outputs[0], name) * _shape(node.inputs[0], name)[axis]


def _extents(node: ir.Node, attribute: str, spatial: int) -> tuple[int, ...]:
    if attribute not in node.attributes:
        return (1,) * spatial
    return tuple(node.attributes[attribute].as_ints())


def _is_clamp(node: ir.Node) -> bool:
    """Return whether a node is a ReLU or ReLU6."""
    if node.op_type == "Relu":
        return True
    if node.op_type != "Clip":
        return False
    bounds = [
        value.const_value.numpy().item()
        for value in node.inputs[1:3]
        if value is not None and value.const_value is not None
    ]
    return bounds in ([0], [0, 6])


def _layer_name(node: ir.Node) -> str:
    """Return the module's dotted name from that of its weight, as PyTorch's exporter writes it."""
    weight = node.inputs[1]
    name = weight.name if weight is not None else None
    return name.removesuffix(".weight") if name and name.endswith(".weight") else ""


def _node_name(node: ir.Node) -> str:
    """Return the dotted name of the module around a node, as PyTorch's exporter notes it."""
    try:
        *modules, own = ast.literal_eval(node.metadata_props.get(_SCOPES, "[]"))
        if modules and modules[-1]:
            return f"{modules[-1]} {own}"
    except (ValueError, SyntaxError, TypeError):
        pass  # another program wrote the note, or none is there: the node's own name has to do
    return node.name or node.outputs[0].name or node.op_type


def _size(value: ir.Value | None, name: str) -> int:
    return math.prod(_shape(value, name))


def _shape(value: ir.Value | None, name: str) -> tuple[int, ...]:
    extents = None if value is None or value.shape is None else tuple(value.shape)
    if extents is None or not all(isinstance(extent, int) for extent in extents):
        raise InputError(
            "The shape of a value is not known.",
            where=f"{name}, {'' if value is None else value.name}",
            why="it depends on what the network computes, or the file leaves it open",
            todo="fix the shapes of the inputs, for example --input 1,3,224,224",
        )
    return tuple(int(str(extent)) for extent in extents)
