"""A .tflite file run piece by piece."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from _edgeship.export.equalization.pieces import Piece, affordable, pieces_for
from _edgeship.export.runtimes.interpreters import open_interpreter
from _edgeship.export.tflite.building.graph import TENSOR_TYPES
from _edgeship.export.tflite.objects import shape_of
from _edgeship.export.tflite.writer import to_bytes

Array = NDArray[Any]

_BYTES = {number: np.dtype(dtype).itemsize for dtype, number in TENSOR_TYPES.items()}


def pieces_of(model: Any, groups: Sequence[Sequence[Any]]) -> list[Piece[int]]:
    """Return one piece for each group of operators; values are indices of tensors.

    Args:
        model: The file as the schema's ``ModelT``, with one graph.
        groups: Operators of it, in their order; each is looked at by its first result.
    """
    graph = model.subgraphs[0]
    constants = {i for i, tensor in enumerate(graph.tensors) if _stored(model, tensor)}
    reads = [_indices(op.inputs) - constants for op in graph.operators]
    writes = [_indices(op.outputs) for op in graph.operators]
    looks = [[int(op.outputs[0]) for op in group] for group in groups]
    return pieces_for(reads, writes, looks)


def affordable_samples(model: Any, pieces: Sequence[Piece[int]], numbers: float) -> int:
    """Return on how many samples pieces are run at most, if they may compute so many numbers."""
    graph = model.subgraphs[0]
    counts = [math.prod(shape_of(tensor)) for tensor in graph.tensors]
    sizes = [sum(counts[i] for i in op.outputs) for op in graph.operators]
    return affordable(pieces, sizes, lambda i: counts[i] * _BYTES[graph.tensors[i].type], numbers)


def run_piece(
    model: Any,
    piece: Piece[int],
    values: Sequence[dict[int, Array]],
    measure: Callable[[Array], Array],
) -> dict[int, Array]:
    """Run a piece, and return what is measured on the results that are looked at.

    Args:
        model: The file.
        piece: The one after those that were run before.
        values: For each sample, what is known of it: tensor -> stored values. What later pieces
            read is added, and what none reads is taken out.
        measure: Stored values -> what is kept of them.

    Returns:
        Tensor -> what was measured, stacked by samples.

    Raises:
        VerificationError: LiteRT refuses the piece.
    """
    interpreter = open_interpreter(_file_of(model, piece))
    sources = [one["index"] for one in interpreter.get_input_details()]
    targets = [one["index"] for one in interpreter.get_output_details()]
    measured: dict[int, list[Array]] = {tensor: [] for tensor in piece.looks}
    for known in values:
        for tensor, port in zip(piece.reads, sources, strict=True):
            interpreter.set_tensor(port, known[tensor])
        interpreter.invoke()
        for tensor, port in zip(piece.results, targets, strict=True):
            known[tensor] = interpreter.get_tensor(port)
        for tensor in piece.looks:
            measured[tensor].append(measure(known[tensor]))
        piece.forget(known)
    return {tensor: np.stack(each) for tensor, each in measured.items()}


def _stored(model: Any, tensor: Any) -> bool:
    """Return whether a tensor is a constant."""
    data = model.buffers[tensor.buffer].data
    return data is not None and len(data) > 0


def _indices(tensors: Any) -> frozenset[int]:
    """Return the indices of an operator's inputs or outputs; those left out are -1."""
    return frozenset(int(i) for i in tensors if i >= 0)


def _file_of(model: Any, piece: Piece[int]) -> bytes:
    """Return a file of a piece alone; the other one stays as it is."""
    graph = model.subgraphs[0]
    own = schema.SubGraphT()
    operators = graph.operators[piece.first : piece.last]
    used = [*piece.reads, *(int(i) for op in operators for i in (*op.inputs, *op.outputs))]
    new = {old: place for place, old in enumerate(dict.fromkeys(i for i in used if i >= 0))}
    own.tensors = [copy.copy(graph.tensors[old]) for old in new]
    own.operators = [_moved(op, new) for op in operators]
    own.inputs = [new[i] for i in piece.reads]
    own.outputs = [new[i] for i in piece.results]
    file = schema.ModelT()
    file.version, file.operatorCodes = model.version, model.operatorCodes
    file.subgraphs, file.buffers = [own], [model.buffers[0]]
    for tensor in own.tensors:
        if tensor.buffer:
            file.buffers.append(model.buffers[tensor.buffer])
            tensor.buffer = len(file.buffers) - 1
    return to_bytes(file)


def _moved(op: Any, new: Mapping[int, int]) -> Any:
    """Return an operator with other indices of tensors."""
    own = copy.copy(op)
    own.inputs = [new.get(int(i), -1) for i in op.inputs]
    own.outputs = [new[int(i)] for i in op.outputs]
    return own
