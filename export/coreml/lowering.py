"""From a rewritten ONNX graph to an ML program in float32."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import onnx_ir as ir

from _edgeship.export.coreml.building.context import MOST_AXES, Context, demand_axes, mil_dtype
from _edgeship.export.coreml.building.ports import PackageIO, PortSpec
from _edgeship.export.coreml.format.library import coremltools, deployment_target
from _edgeship.export.coreml.format.unchecked import empty_program
from _edgeship.export.coreml.ops import LOWERINGS
from _edgeship.export.coreml.schemes import check_ios
from _edgeship.export.decompositions import Decomposer, decompose, named
from _edgeship.export.decompositions.merged_axes import is_wide, on_merged_axes
from _edgeship.export.lowering.nodes import demand_none, lower_nodes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.passes.fuse_gelu import fuse_gelu

#: What messages call it.
TARGET = "Core ML"


@dataclass(frozen=True)
class Lowered:
    """An ML program and how it relates to the ONNX graph.

    Attributes:
        program: A ``coremltools.converters.mil.mil.Program`` with one function, ``main``, which
            `convert` changes in place.
        io: Its inputs and outputs.
        trace: Name of a variable -> name of the ONNX value it holds.
        shapes: Name of an input that takes several shapes -> these, as coremltools wants them.
    """

    program: Any
    io: PackageIO
    trace: Mapping[str, str]
    shapes: Mapping[str, Any] = field(default_factory=dict)


def lower(model: ir.Model, ios: int, batches: Sequence[int] = ()) -> Lowered:
    """Lower an ONNX graph with static shapes.

    Args:
        model: The rewritten graph.
        ios: The oldest iOS that the program is to run on, one of `export.coreml.schemes.IOS`.
        batches: The sizes of batches that it is to take, the usual one first; none for that of
            the graph alone. The graph's must be 1 then.

    Raises:
        InputError: Packages cannot be written for this iOS.
        UnsupportedError: Naming every input, node and output that cannot be lowered.
    """
    check_ios(ios)
    original = {value.name for value in model.graph.inputs}
    original |= {value.name for node in model.graph for value in node.outputs}
    model = model.clone()  # decompositions change the graph
    fuse_gelu(model)
    decompose(model, named(LOWERINGS))
    ct = coremltools()
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import Function

    # coremltools numbers the constants that it names itself through the whole process, and starts
    # again after a conversion only. Its passes go on from the same counts, so a count of our own
    # would not do: equal graphs are to give equal packages, whatever was built or read before.
    Builder.name_count.clear()
    ctx = Context(ios)
    values = [value for value in model.graph.inputs if not value.is_initializer()]
    inputs, problems = _inputs(ctx, values)
    demand_none(problems, TARGET)
    shapes = {port.name: _enumerated(ct, port, batches) for port in inputs} if batches else {}
    placeholders = {
        port.name: Builder.placeholder(
            tuple(shapes[port.name].symbolic_shape) if shapes else port.shape, _builder_type(port)
        )
        for port in inputs
    }
    program = empty_program()
    with Function(placeholders, opset_version=deployment_target(ios)) as function:
        ctx.function = function
        for port, value in zip(inputs, values, strict=True):
            ctx.bind(value, _input(ctx, value, function.inputs[port.name]))
        pieces = partial(_simpler, Decomposer(model.graph))
        problems = lower_nodes(ctx, model.graph, LOWERINGS, TARGET, _stand_in, pieces)
        demand_none(problems, TARGET)
        fed = [function.inputs[port.name] for port in inputs]
        outputs, variables, problems = _outputs(ctx, fed, model.graph.outputs)
        demand_none(problems, TARGET)
        function.set_outputs(variables)
    program.add_function("main", function)
    trace = {
        str(variable.name): value.name
        for value, variable in ctx.places.items()
        if value.name is not None and value.name in original and not ctx.is_unshaped(value)
    }
    return Lowered(program, PackageIO(tuple(inputs), tuple(outputs)), trace, shapes)


def _enumerated(ct: Any, port: PortSpec, batches: Sequence[int]) -> Any:
    """Return the shapes of an input for batches of several sizes, the first one by default."""
    first, *more = [(size, *port.shape[1:]) for size in batches]
    return ct.EnumeratedShapes(shapes=[first, *more], default=first)


def _simpler(decomposer: Decomposer, node: ir.Node) -> list[ir.Node] | None:
    """Return what takes the place of a node: simpler operators, or the same on fewer axes."""
    wide = is_wide(node, MOST_AXES)
    return decomposer.replace(node, on_merged_axes(node.op_type, MOST_AXES) if wide else None)


def _inputs(ctx: Context, values: Sequence[ir.Value]) -> tuple[list[PortSpec], list[str]]:
    ports: list[PortSpec] = []
    problems: list[str] = []
    for value in values:
        try:
            port = _port(ctx, value, ctx.unique(value.name or "input"))
            ports.append(replace(port, shape=port.shape or (1,)))
        except Unsupported as problem:
            problems.append(f"input {value.name}: {problem}")
    return ports, problems


def _stand_in(ctx: Context, output: ir.Value) -> None:
    """Bind random numbers to the output of a node that cannot be lowered, so that the rest can be.

    coremltools does not compute random numbers while the program is built.
    """
    shape, dtype = ctx.shape(output), mil_dtype(output)
    if shape:
        numbers = ctx.temporary("random_normal", "missing", shape=shape)
        ctx.bind(output, ctx.temporary("cast", "missing", x=numbers, dtype=dtype))


def _input(ctx: Context, value: ir.Value, variable: Any) -> Any:
    """Return an input in the type and shape that the graph reads.

    Packages take booleans as int32, and a scalar as a vector of one element.
    """
    if mil_dtype(value) == "bool":
        variable = ctx.temporary("cast", f"{value.name}/bool", x=variable, dtype="bool")
    if not ctx.shape(value):
        variable = ctx.temporary("squeeze", f"{value.name}/scalar", x=variable, axes=[0])
    return variable


def _outputs(
    ctx: Context, inputs: Collection[Any], values: Sequence[ir.Value]
) -> tuple[list[PortSpec], list[Any], list[str]]:
    """Return the ports and variables of the graph's outputs, and what is wrong with the others.

    The variables get the outputs' names. An output that is an input, a constant or another output
    becomes an operator of its own: a program's outputs must be computed, each once.
    """
    ports: list[PortSpec] = []
    variables: list[Any] = []
    problems: list[str] = []
    for number, value in enumerate(values):
        name = value.name or "output"
        try:
            if value in values[:number]:
                raise Unsupported("it is an output already")
            operand = ctx.read(value)
            if mil_dtype(value) == "bool":
                operand = ctx.temporary("cast", name, x=operand, dtype="int32")
            elif ctx.constant(value) is not None or any(
                operand is one for one in (*inputs, *variables)
            ):
                operand = ctx.temporary("identity", name, x=operand)
            ctx.rename(operand, name)
            ports.append(_port(ctx, value, str(operand.name)))
        except Unsupported as problem:
            problems.append(f"output {value.name}: {problem}")
            continue
        variables.append(operand)
    return ports, variables, problems


def _port(ctx: Context, value: ir.Value, name: str) -> PortSpec:
    shape = ctx.shape(value)
    demand_axes(len(shape))
    dtype = "float32" if mil_dtype(value) == "fp32" else "int32"
    return PortSpec(name, value.name or "", shape, dtype)


def _builder_type(port: PortSpec) -> Any:
    from coremltools.converters.mil.mil import types

    return {"float32": types.fp32, "int32": types.int32}[port.dtype]
