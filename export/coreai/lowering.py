"""From a rewritten ONNX graph to a Core AI program."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import onnx_ir as ir

from _edgeship.errors import UnsupportedError
from _edgeship.export.coreai.building.context import Context, Operand
from _edgeship.export.coreai.building.ports import PortSpec, ProgramIO, unique_name
from _edgeship.export.coreai.building.storage import Storage, as_it_is
from _edgeship.export.coreai.format.library import authoring
from _edgeship.export.coreai.ops import LOWERINGS
from _edgeship.export.decompositions import Decomposer, decompose, named
from _edgeship.export.lowering.nodes import demand_none, lower_nodes
from _edgeship.export.lowering.unsupported import Unsupported
from _edgeship.export.passes.fuse_gelu import fuse_gelu

#: What messages call it.
TARGET = "Core AI"

#: The function of a program that apps call.
FUNCTION = "main"


@dataclass(frozen=True)
class Lowered:
    """A Core AI program and how it relates to the ONNX graph.

    Attributes:
        program: A ``coreai.authoring.AIProgram`` with one function, ``main``.
        io: Its inputs and outputs.
        operators: Name of a value of the graph -> the operator of the program that computes it.
    """

    program: Any
    io: ProgramIO
    operators: Mapping[str, str]


def lower(
    model: ir.Model,
    real: type[np.floating[Any]] = np.float32,
    storage: Storage = as_it_is,
    also: Collection[str] = (),
) -> Lowered:
    """Lower an ONNX graph with static shapes.

    Args:
        model: The rewritten graph.
        real: The type in which floating point numbers are computed; inputs and outputs of these
            stay float32.
        storage: How weights are stored.
        also: Names of inner values that become further outputs, to be looked at.

    Raises:
        InputError: coreai-core is not installed.
        UnsupportedError: Naming every input, node and output that cannot be lowered.
    """
    library = authoring()
    model = model.clone()  # decompositions change the graph
    fuse_gelu(model)
    decompose(model, named(LOWERINGS))
    context = Context(library, real, storage)
    values = [value for value in model.graph.inputs if not value.is_initializer()]
    io = _ports(context, values, [*model.graph.outputs, *_inner(model.graph, also)])
    kinds: dict[str, str] = {}

    def body(*arguments: Any) -> Any:
        for value, argument in zip(values, arguments, strict=True):
            context.places[value] = context.cast(argument, context.dtype(value))
        problems = lower_nodes(
            context,
            model.graph,
            LOWERINGS,
            TARGET,
            _stand_in,
            Decomposer(model.graph).replace,
        )
        demand_none(problems, TARGET)
        kinds.update(_kinds(context))
        ends = [*model.graph.outputs, *_inner(model.graph, also)]
        made = [_output(context, end, port) for end, port in zip(ends, io.outputs, strict=True)]
        return made[0] if len(made) == 1 else tuple(made)

    module = library.Module.create()
    try:
        with module:
            library.graph(_typed(library, body, io), provided_name=FUNCTION)
        module.verify()
    except RuntimeError as error:  # what the compiler raises
        raise UnsupportedError(
            "Core AI's compiler refuses the program.",
            why=" ".join(str(error).split())[:500],
            todo="report it, with the network and the version of coreai-core",
        ) from error
    return Lowered(library.AIProgram(module), io, kinds)


def _inner(graph: ir.Graph, names: Collection[str]) -> Iterator[ir.Value]:
    """Yield the values of these names that are no outputs of the graph."""
    for node in graph:
        for value in node.outputs:
            if value.name in names and not value.is_graph_output():
                yield value


def _ports(context: Context, inputs: Sequence[ir.Value], outputs: Sequence[ir.Value]) -> ProgramIO:
    """Return the inputs and outputs of the program.

    Raises:
        UnsupportedError: Naming those whose shape or type Core AI cannot have.
    """
    problems: list[str] = []
    taken: set[str] = set()
    made: list[list[PortSpec]] = []
    for side, values in (("input", inputs), ("output", outputs)):
        ports = []
        for value in values:
            try:
                ports.append(_port(context, value, unique_name(value.name or side, taken)))
            except Unsupported as problem:
                problems.append(f"{side} {value.name}: {problem}")
        made.append(ports)
    demand_none(problems, TARGET)
    return ProgramIO(tuple(made[0]), tuple(made[1]))


def _port(context: Context, value: ir.Value, name: str) -> PortSpec:
    dtype = context.dtype(value)
    kind = "float32" if dtype.kind == "f" else dtype.name
    return PortSpec(name, value.name or "", context.shape(value), kind)


def _typed(library: Any, body: Callable[..., Any], io: ProgramIO) -> Callable[..., Any]:
    """Return a function with the signature that ``coreai.authoring.graph`` reads types from."""

    def function(*arguments: Any) -> Any:
        return body(*arguments)

    # The file says where the function stands: equal exports say the same, whatever changes here.
    code = function.__code__
    function.__code__ = code.replace(co_filename="edgeship", co_firstlineno=1)

    def annotated(port: PortSpec, **options: str) -> Any:
        kind = library.TensorType(port.shape, np.dtype(port.dtype).type, **options)
        return Annotated[library.Value, kind]

    results = tuple(annotated(port, name=port.name) for port in io.outputs)
    function.__annotations__ = {port.name: annotated(port) for port in io.inputs}
    function.__annotations__["return"] = _together(results)
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(port.name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for port in io.inputs
        ]
    )
    return function


def _together(kinds: tuple[Any, ...]) -> Any:
    return kinds[0] if len(kinds) == 1 else types.GenericAlias(tuple, kinds)


def _output(context: Context, value: ir.Value, port: PortSpec) -> Operand:
    """Return a graph's output in its port's type; a constant becomes a value."""
    operand = context.cast(context.variable(context.read(value)), port.dtype)
    return context.reshape(operand, port.shape)


def _stand_in(context: Context, output: ir.Value) -> None:
    """Bind zeros to the output of a node that cannot be lowered, so that the rest can be."""
    zero = context.number(output, 0)
    shape = np.asarray(context.shape(output), np.uint32)
    context.places[output] = context.temporary("broadcast_to", zero, shape)


def _kinds(context: Context) -> dict[str, str]:
    """Return name of an ONNX value -> the program's operator that computes it."""
    found = {}
    for value, place in context.places.items():
        operator = place.defining_op
        if value.name and operator is not None:
            found[value.name] = str(operator.name).rpartition(".")[2]
    return found
