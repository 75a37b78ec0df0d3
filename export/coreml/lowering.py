"""From a rewritten ONNX graph to an ML program in float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx_ir as ir

from export.coreml.context import Context, mil_dtype
from export.coreml.io import PackageIO, PortSpec
from export.coreml.library import coremltools
from export.coreml.ops import LOWERINGS
from export.coreml.targets import deployment_target
from export.errors import UnsupportedError
from export.lowering.unsupported import UnknownShape, Unsupported
from export.lowering.values import dtype_of


@dataclass(frozen=True)
class Lowered:
    """An ML program and how it relates to the ONNX graph.

    Attributes:
        program: A ``coremltools.converters.mil.mil.Program`` with one function, ``main``.
        io: Its inputs and outputs.
        trace: Name of a variable -> name of the ONNX value it holds.
    """

    program: Any
    io: PackageIO
    trace: Mapping[str, str]


def lower(model: ir.Model, ios: int) -> Lowered:
    """Lower an ONNX graph with static shapes.

    Args:
        model: The rewritten graph.
        ios: The oldest iOS that the program is to run on, a key of `export.coreml.targets.OPSETS`.

    Raises:
        UnsupportedError: Naming every input, node and output that cannot be lowered.
    """
    coremltools()
    from coremltools.converters.mil import Builder
    from coremltools.converters.mil.mil import Function, Program

    ctx = Context(ios)
    values = [value for value in model.graph.inputs if not value.is_initializer()]
    inputs, problems = _inputs(ctx, values)
    _demand_none(problems)
    placeholders = {
        port.name: Builder.placeholder(port.shape, _builder_type(value))
        for port, value in zip(inputs, values, strict=True)
    }
    program = Program()
    with Function(placeholders, opset_version=deployment_target(ios)) as function:
        for port, value in zip(inputs, values, strict=True):
            ctx.bind(value, function.inputs[port.name])
        problems = _lower_nodes(ctx, model.graph)
        _demand_none(problems)
        outputs, variables, problems = _outputs(ctx, model.graph.outputs)
        _demand_none(problems)
        function.set_outputs(variables)
    program.add_function("main", function)
    trace = {
        str(variable.name): value.name
        for value, variable in ctx.variables.items()
        if value.name is not None
    }
    return Lowered(program, PackageIO(tuple(inputs), tuple(outputs)), trace)


def _inputs(ctx: Context, values: Sequence[ir.Value]) -> tuple[list[PortSpec], list[str]]:
    ports: list[PortSpec] = []
    problems: list[str] = []
    for value in values:
        try:
            ports.append(_port(ctx, value, ctx.unique(value.name or "input")))
        except Unsupported as problem:
            problems.append(f"input {value.name}: {problem}")
    return ports, problems


def _lower_nodes(ctx: Context, graph: ir.Graph) -> list[str]:
    """Lower all nodes; those that read what could not be made are passed over in silence.

    Unknown shapes are reported only where they are the only problem: an unknown operator may have
    kept them from being inferred.
    """
    problems: list[str] = []
    shapes: list[str] = []
    for node in graph:
        try:
            if node.domain not in ("", "ai.onnx") or node.op_type not in LOWERINGS:
                raise Unsupported("no Core ML lowering for this operator")
            if all(value is None or ctx.knows(value) for value in node.inputs):
                LOWERINGS[node.op_type](ctx, node)
                _check_outputs(ctx, node)
        except Unsupported as problem:
            found = shapes if isinstance(problem, UnknownShape) else problems
            found.append(f"{node.op_type} ({node.name or 'unnamed'}): {problem}")
    return problems or shapes


def _check_outputs(ctx: Context, node: ir.Node) -> None:
    for number, output in enumerate(node.outputs):
        if not ctx.knows(output) and (output.uses() or output.is_graph_output()):
            raise Unsupported(f"its output {number} ({output.name}) is used")


def _outputs(
    ctx: Context, values: Sequence[ir.Value]
) -> tuple[list[PortSpec], list[Any], list[str]]:
    """Return the ports and variables of the graph's outputs.

    An output that is an input, a constant or another output becomes an operator of its own: a
    program's outputs must be computed, each once.
    """
    ports: list[PortSpec] = []
    variables: list[Any] = []
    problems: list[str] = []
    taken = {id(variable) for value, variable in ctx.variables.items() if value.producer() is None}
    for value in values:
        try:
            operand = ctx.read(value)
            if ctx.constant(value) is not None or id(operand) in taken:
                operand = ctx.temporary("identity", value.name or "output", x=operand)
            ports.append(_port(ctx, value, str(operand.name)))
        except Unsupported as problem:
            problems.append(f"output {value.name}: {problem}")
            continue
        taken.add(id(operand))
        variables.append(operand)
    return ports, variables, problems


def _port(ctx: Context, value: ir.Value, name: str) -> PortSpec:
    return PortSpec(name, value.name or "", ctx.shape(value), _stored_dtype(value))


def _stored_dtype(value: ir.Value) -> str:
    kind = dtype_of(value).kind
    return {"f": "float32", "i": "int32", "b": "bool"}[kind]


def _builder_type(value: ir.Value) -> Any:
    from coremltools.converters.mil.mil import types

    return types.string_to_builtin(mil_dtype(value))


def _demand_none(problems: Sequence[str]) -> None:
    if problems:
        raise UnsupportedError(
            f"{len(problems)} parts of the network cannot be expressed in Core ML."
            if len(problems) > 1
            else "A part of the network cannot be expressed in Core ML.",
            where="lowering to Core ML",
            why="\n       ".join(problems),
            todo="replace these parts of the network; "
            "`python -m export list --ops` prints the operators that are supported",
        )
