"""From a rewritten ONNX graph to a TFLite graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import onnx_ir as ir

from export.errors import UnsupportedError
from export.tflite import layout
from export.tflite.context import Context, Unsupported, dtype_of
from export.tflite.graph import TfliteGraph, options
from export.tflite.io import FileIO, PortSpec
from export.tflite.layout import Perm
from export.tflite.ops import LOWERINGS
from export.tflite.peephole import optimize

IoLayout = Literal["nhwc", "nchw"]


@dataclass(frozen=True)
class Lowered:
    """A TFLite graph and how it relates to the ONNX graph.

    Attributes:
        graph: The TFLite graph.
        io: Its inputs and outputs.
        trace: TFLite tensor name -> (ONNX value name, stored order), for comparing inside.
    """

    graph: TfliteGraph
    io: FileIO
    trace: Mapping[str, tuple[str, Perm]]


def lower(model: ir.Model, io_layout: IoLayout = "nhwc") -> Lowered:
    """Lower an ONNX graph with static shapes.

    Args:
        model: The rewritten graph.
        io_layout: Axis order of 4-D (and higher) inputs and outputs of the file.

    Raises:
        UnsupportedError: Naming every node that cannot be lowered.
    """
    graph = TfliteGraph()
    ctx = Context(graph)
    inputs = [value for value in model.graph.inputs if not value.is_initializer()]
    input_perms = [_input_order(ctx, value, io_layout) for value in inputs]
    for value, perm in zip(inputs, input_perms, strict=True):
        shape = layout.permuted(ctx.shape(value), perm)
        tensor = graph.tensor(value.name or "input", shape, dtype_of(value))
        graph.inputs.append(tensor)
        ctx.bind(value, tensor, perm)
    _lower_nodes(ctx, model.graph)
    output_perms = [_output_order(ctx, value, io_layout) for value in model.graph.outputs]
    for value, perm in zip(model.graph.outputs, output_perms, strict=True):
        graph.outputs.append(_output(ctx, value, perm))
    trace = _trace(ctx)  # before tensors are renumbered
    optimize(graph)
    return Lowered(
        graph,
        FileIO(
            tuple(_port(ctx, v, p) for v, p in zip(inputs, input_perms, strict=True)),
            tuple(_port(ctx, v, p) for v, p in zip(model.graph.outputs, output_perms, strict=True)),
        ),
        trace,
    )


def _lower_nodes(ctx: Context, graph: ir.Graph) -> None:
    problems: list[str] = []
    for node in graph:
        try:
            if node.domain not in ("", "ai.onnx") or node.op_type not in LOWERINGS:
                raise Unsupported("no TFLite lowering for this operator")
            LOWERINGS[node.op_type](ctx, node)
        except Unsupported as problem:
            problems.append(f"{node.op_type} ({node.name or 'unnamed'}): {problem}")
            _stand_in(ctx, node)
    if problems:
        raise UnsupportedError(
            f"{len(problems)} of the network's nodes cannot be expressed in TFLite.",
            where="lowering to TFLite",
            why="\n       ".join(problems),
            todo="replace these operators in the network; "
            "`python -m export list --ops` prints those that are supported",
        )


def _stand_in(ctx: Context, node: ir.Node) -> None:
    """Give a node that failed outputs, so that the ones behind it can be tried as well."""
    for output in node.outputs:
        try:
            shape = ctx.shape(output)
        except Unsupported:
            output.shape = ir.Shape(())
            shape = ()
        tensor = ctx.graph.tensor(output.name or "missing", shape)
        ctx.bind(output, tensor, layout.identity(len(shape)))


def _input_order(ctx: Context, value: ir.Value, io_layout: IoLayout) -> Perm:
    rank = len(ctx.shape(value))
    last = layout.channels_last(rank)
    uses = value.uses()
    turned = [
        use.node
        for use in uses
        if use.node.op_type == "Transpose"
        and tuple(use.node.attributes["perm"].as_ints()) == layout.inverse(last)
    ]
    # A graph that begins by turning NHWC into NCHW takes NHWC already.
    already = rank >= 4 and uses and len(turned) == len(uses)
    return layout.identity(rank) if io_layout == "nchw" or already else last


def _output_order(ctx: Context, value: ir.Value, io_layout: IoLayout) -> Perm:
    rank = len(ctx.shape(value))
    last = layout.channels_last(rank)
    node = value.producer()
    already = (
        rank >= 4
        and node is not None
        and node.op_type == "Transpose"
        and tuple(node.attributes["perm"].as_ints()) == last
    )
    return layout.identity(rank) if io_layout == "nchw" or already else last


def _output(ctx: Context, value: ir.Value, perm: Perm) -> int:
    tensor = ctx.read(value, perm)
    taken = tensor in ctx.graph.outputs or tensor in ctx.graph.inputs
    if taken or ctx.graph.tensors[tensor].data is not None:
        # A file's output must be the result of an operator, and its own.
        shape = ctx.graph.tensors[tensor].shape
        opts = options("ReshapeOptions", newShape=list(shape))
        inputs = [tensor, ctx.ints("shape", shape)]
        tensor = ctx.temporary("RESHAPE", inputs, shape, value.name or "output", opts)
    return tensor


def _port(ctx: Context, value: ir.Value, perm: Perm) -> PortSpec:
    return PortSpec(value.name or "", layout.permuted(ctx.shape(value), perm), perm)


def _trace(ctx: Context) -> dict[str, tuple[str, Perm]]:
    trace: dict[str, tuple[str, Perm]] = {}
    for value, stored in ctx.stored.items():
        name = ctx.graph.tensors[stored.tensor].name
        if stored.columns is None and value.name and name not in trace:
            trace[name] = (value.name, stored.perm)
    return trace
