"""An ONNX graph run piece by piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.export.equalization.pieces import Piece, affordable, pieces_for
from _edgeship.export.runtimes.running import onnx_session, run_stored

if TYPE_CHECKING:
    import onnx

Array = NDArray[Any]


def pieces_of(model: onnx.ModelProto, groups: Sequence[Sequence[str]]) -> list[Piece[str]]:
    """Return one piece for each group of values that are looked at.

    Args:
        model: With its constants as initializers, and its nodes in an order in which they can run.
        groups: As for `pieces_for`.
    """
    constants = {one.name for one in model.graph.initializer}
    reads = [frozenset(_read_by(node)) - constants for node in model.graph.node]
    writes = [frozenset(filter(None, node.output)) for node in model.graph.node]
    return pieces_for(reads, writes, groups)


def affordable_samples(
    model: onnx.ModelProto,
    pieces: Sequence[Piece[str]],
    shapes: Mapping[str, Sequence[int]],
    numbers: float,
) -> int:
    """Return on how many samples pieces are run at most.

    Args:
        model: The graph.
        pieces: All of it.
        shapes: Of values. Others are taken to be as large as the value whose name theirs begins
            with, up to a slash: so are those named that are between a value and the rounded one.
        numbers: How many numbers all runs may compute.
    """

    def count(value: str) -> int:
        known = value if value in shapes else value.rpartition("/")[0]
        return math.prod(shapes.get(known, ()))

    sizes = [sum(count(value) for value in node.output) for node in model.graph.node]
    return affordable(pieces, sizes, lambda value: 4 * count(value), numbers)


def run_piece(
    model: onnx.ModelProto,
    piece: Piece[str],
    values: Sequence[dict[str, Array]],
    measure: Callable[[str, Array], Array],
) -> dict[str, Array]:
    """Run a piece, and return what is measured on the values that are looked at.

    Args:
        model: The graph.
        piece: The one after those that were run before.
        values: For each sample, what is known of it: name -> array. What later pieces read is
            added, and what none reads is taken out.
        measure: Name and array -> what is kept of it.

    Returns:
        Name -> what was measured, stacked by samples.

    Raises:
        VerificationError: ONNX Runtime refuses the piece.
    """
    session = onnx_session(_graph_of(model, piece, values[0]).SerializeToString(), plain=True)
    measured: dict[str, list[Array]] = {name: [] for name in piece.looks}
    for known in values:
        found = run_stored(session, {name: known[name] for name in piece.reads}, piece.results)
        known.update(zip(piece.results, found, strict=True))
        for name in piece.looks:
            measured[name].append(measure(name, known[name]))
        piece.forget(known)
    return {name: np.stack(each) for name, each in measured.items()}


def _read_by(node: onnx.NodeProto) -> Iterator[str]:
    """Yield what a node reads, the graphs inside it included."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            own = {one.name for one in (*graph.input, *graph.initializer)}
            own.update(name for inner in graph.node for name in inner.output)
            for inner in graph.node:
                yield from (name for name in _read_by(inner) if name not in own)
            # An inner graph can return what the outer one computes.
            yield from (one.name for one in graph.output if one.name not in own)


def _graph_of(
    model: onnx.ModelProto, piece: Piece[str], known: Mapping[str, Array]
) -> onnx.ModelProto:
    """Return a graph of a piece alone, with inputs of the types that their values have."""
    import onnx
    from onnx import helper

    own = onnx.ModelProto(ir_version=model.ir_version)
    own.opset_import.extend(model.opset_import)
    own.functions.extend(model.functions)
    nodes = model.graph.node[piece.first : piece.last]
    read = {name for node in nodes for name in _read_by(node)}
    own.graph.name = "piece"
    own.graph.node.extend(nodes)
    own.graph.initializer.extend(one for one in model.graph.initializer if one.name in read)
    for name in piece.reads:
        dtype = helper.np_dtype_to_tensor_dtype(known[name].dtype)
        own.graph.input.append(helper.make_tensor_value_info(name, dtype, known[name].shape))
    own.graph.output.extend(onnx.ValueInfoProto(name=name) for name in piece.results)
    return own
