"""From a rewritten ONNX graph to a TFLite graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import onnx_ir as ir

from _edgeship.export.decompositions import Decomposer, decompose, named
from _edgeship.export.decompositions.merged_axes import is_wide, on_merged_axes
from _edgeship.export.lowering.empty import fold_empty
from _edgeship.export.lowering.nodes import demand_none, lower_nodes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.passes.fuse_gelu import fuse_gelu
from _edgeship.export.runtimes.tflite_ports import FileIO, PortSpec
from _edgeship.export.tflite.building import layout
from _edgeship.export.tflite.building.context import Context
from _edgeship.export.tflite.building.graph import TfliteGraph, options
from _edgeship.export.tflite.building.layout import Perm
from _edgeship.export.tflite.building.types import dtype_of
from _edgeship.export.tflite.ops import LOWERINGS
from _edgeship.export.tflite.peephole import optimize

IoLayout = Literal["nhwc", "nchw"]

#: What all kernels take.
MOST_AXES = 5

#: For messages.
TARGET = "TFLite"


@dataclass(frozen=True)
class Lowered:
    """A TFLite graph and how it relates to the ONNX graph.

    Attributes:
        graph: The TFLite graph.
        io: Its inputs and outputs.
        trace: TFLite tensor name -> (ONNX value name, stored order), to compare values inside.
    """

    graph: TfliteGraph
    io: FileIO
    trace: Mapping[str, tuple[str, Perm]]


def lower(model: ir.Model, io_layout: IoLayout = "nhwc", nhwc: Collection[str] = ()) -> Lowered:
    """Lower an ONNX graph with static shapes.

    Args:
        model: The rewritten graph.
        io_layout: Axis order of 4-D (and higher) inputs and outputs of the file.
        nhwc: Inputs of the graph that take pictures with their channels at the end. They stay as
            they are, and so do outputs that lie as the graph has them.

    Raises:
        UnsupportedError: Naming every input, node and output that cannot be lowered.
    """
    model = model.clone()  # decompositions change the graph
    fuse_gelu(model)
    decompose(model, named(LOWERINGS))
    fold_empty(model.graph)
    ctx = Context(TfliteGraph())
    inputs = [value for value in model.graph.inputs if not value.is_initializer()]
    problems = _lower_inputs(ctx, inputs, io_layout, nhwc)
    problems += lower_nodes(
        ctx, model.graph, LOWERINGS, TARGET, _stand_in, partial(_simpler, Decomposer(model.graph))
    )
    if not problems:
        problems += _lower_outputs(ctx, model.graph.outputs, io_layout, nhwc)
    demand_none(problems, TARGET)
    io = FileIO(
        tuple(_port(ctx, value, _input_order(ctx, value, io_layout, nhwc)) for value in inputs),
        tuple(
            _port(ctx, value, _output_order(ctx, value, io_layout, nhwc))
            for value in model.graph.outputs
        ),
    )
    trace = _trace(ctx)  # before tensors are renumbered
    optimize(ctx.graph)
    return Lowered(ctx.graph, io, trace)


def _simpler(decomposer: Decomposer, node: ir.Node) -> list[ir.Node] | None:
    """Return what takes the place of a node: simpler operators, or the same on fewer axes."""
    wide = is_wide(node, MOST_AXES)
    return decomposer.replace(node, on_merged_axes(node.op_type, MOST_AXES) if wide else None)


def _lower_inputs(
    ctx: Context, values: Sequence[ir.Value], io_layout: IoLayout, nhwc: Collection[str]
) -> list[str]:
    problems: list[str] = []
    for value in values:
        try:
            dtype = dtype_of(value)
            perm = _input_order(ctx, value, io_layout, nhwc)
            shape = layout.permuted(ctx.shape(value), perm)
            tensor = ctx.graph.tensor(value.name or "input", shape, dtype)
        except Unsupported as problem:
            problems.append(f"input {value.name}: {problem}")
            continue
        ctx.graph.inputs.append(tensor)
        ctx.bind(value, tensor, perm)
        if _is_taken_apart(value):
            # Only in this order is it free to see frames as joined with their neighbours.
            last = layout.channels_last(len(shape))
            ctx.bind(value, ctx.read(value, last), last)
    return problems


def _stand_in(ctx: Context, output: ir.Value) -> None:
    shape = ctx.shape(output)
    tensor = ctx.graph.tensor(output.name or "missing", shape, dtype_of(output))
    ctx.bind(output, tensor, layout.identity(len(shape)))


def _lower_outputs(
    ctx: Context, values: Sequence[ir.Value], io_layout: IoLayout, nhwc: Collection[str]
) -> list[str]:
    problems: list[str] = []
    for number, value in enumerate(values):
        try:
            if value in values[:number]:
                raise Unsupported("it is an output already")
            order = _output_order(ctx, value, io_layout, nhwc)
            ctx.graph.outputs.append(_output(ctx, value, order))
        except Unsupported as problem:
            problems.append(f"output {value.name}: {problem}")
    return problems


def _input_order(ctx: Context, value: ir.Value, io_layout: IoLayout, nhwc: Collection[str]) -> Perm:
    rank = len(ctx.shape(value))
    if value.name in nhwc:
        return layout.identity(rank)
    last = layout.channels_last(rank)
    # A graph that begins by turning NHWC into NCHW takes NHWC already.
    uses = value.uses()
    already = uses and all(_is_transpose(use.node, layout.inverse(last)) for use in uses)
    return layout.identity(rank) if io_layout == "nchw" or already else last


def _output_order(
    ctx: Context, value: ir.Value, io_layout: IoLayout, nhwc: Collection[str]
) -> Perm:
    rank = len(ctx.shape(value))
    if nhwc and ctx.perm(value) == layout.identity(rank):
        return layout.identity(rank)
    last = layout.channels_last(rank)
    already = _is_transpose(value.producer(), last)
    return layout.identity(rank) if io_layout == "nchw" or already else last


def _is_taken_apart(value: ir.Value) -> bool:
    """Return whether all that happens to a clip (N, C, D, H, W) is to become N * D frames."""
    uses = value.uses()
    return bool(uses) and all(_is_transpose(use.node, (0, 2, 1, 3, 4)) for use in uses)


def _is_transpose(node: ir.Node | None, perm: Perm) -> bool:
    if node is None or node.op_type != "Transpose" or "perm" not in node.attributes:
        return False
    return tuple(node.attributes["perm"].as_ints()) == perm


def _output(ctx: Context, value: ir.Value, perm: Perm) -> int:
    tensor = ctx.read(value, perm)
    taken = tensor in ctx.graph.outputs or tensor in ctx.graph.inputs
    if taken or ctx.graph.tensors[tensor].data is not None:
        # An output of the file must be the result of an operator, and no other output.
        shape = ctx.graph.tensors[tensor].shape
        opts = options("ReshapeOptions", newShape=list(shape))
        inputs = [tensor, ctx.ints("shape", shape)]
        tensor = ctx.temporary("RESHAPE", inputs, shape, value.name or "output", opts)
    return tensor


def _port(ctx: Context, value: ir.Value, perm: Perm) -> PortSpec:
    return PortSpec(value.name or "", layout.permuted(ctx.shape(value), perm), perm)


def _trace(ctx: Context) -> dict[str, tuple[str, Perm]]:
    trace: dict[str, tuple[str, Perm]] = {}
    for value, stored in ctx.places.items():
        name = ctx.graph.tensors[stored.tensor].name
        if stored.columns is None and value.name and name not in trace:
            trace[name] = (value.name, stored.perm)
    return trace
