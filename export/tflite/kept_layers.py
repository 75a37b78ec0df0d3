"""From values of the ONNX graph that stay in float to the operators of a file that compute them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import onnx_ir as ir
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of, name_of

_B = schema.BuiltinOperator

#: Operators that move elements: they move 8 bits as well as 32, and stay with what they move.
_MOVES = {
    _B.CONCATENATION,
    _B.EXPAND_DIMS,
    _B.GATHER,
    _B.PACK,
    _B.PAD,
    _B.RESHAPE,
    _B.SLICE,
    _B.SPLIT,
    _B.SQUEEZE,
    _B.STRIDED_SLICE,
    _B.TRANSPOSE,
    _B.UNPACK,
}

#: What can be cut or turned before it is written, so that no operator writes it as it was.
_PIECES = {"Flatten", "Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"}


def kept_tensors(
    model: Any, graph: ir.Model, trace: Mapping[str, Any], keep: Collection[str]
) -> set[str]:
    """Return the names of the tensors whose operators are to stay in float.

    An operator of ONNX may have become several: all of them stay, from what the graph computes
    before it on. Of a convolution that writes pieces of its result, each stays.

    Args:
        model: The float file as the schema's ``ModelT``.
        graph: The ONNX graph that was lowered.
        trace: Name of a tensor -> (name of the value of a graph that it holds, its axis order).
        keep: Names of values of the graph.
    """
    if not keep:
        return set()
    kept: set[str] = set()
    for tensors, values in _layers(model, graph, trace):
        if values & set(keep):
            kept |= tensors
    return kept | _moved_on(model, kept) if kept else kept


def _moved_on(model: Any, kept: Collection[str]) -> set[str]:
    """Return the tensors that operators make of kept ones by moving their elements.

    In 8 bits they would round what the layers behind them are to get as it is.
    """
    graph = model.subgraphs[0]
    computed = {int(index) for op in graph.operators for index in op.outputs}
    moved: set[str] = set()
    for op in graph.operators:
        if kind_of(model, op) not in _MOVES:
            continue
        sources = {name_of(graph.tensors[k]) for k in op.inputs if int(k) in computed}
        if sources and sources <= moved.union(kept):
            moved |= {name_of(graph.tensors[k]) for k in op.outputs}
    return moved


def operators_of(model: Any, graph: ir.Model, trace: Mapping[str, Any]) -> dict[str, str]:
    """Return name of a value of a graph -> the kinds of the operators that compute it.

    Args:
        model: The float file as the schema's ``ModelT``.
        graph: The ONNX graph that was lowered.
        trace: As for `kept_tensors`.
    """
    names = {code: name for name, code in vars(_B).items() if not name.startswith("_")}
    makers = {
        name_of(model.subgraphs[0].tensors[index]): kind_of(model, op)
        for op in model.subgraphs[0].operators
        for index in op.outputs
    }
    found: dict[str, dict[str, None]] = {}
    for tensors, values in _layers(model, graph, trace):
        for value in values:
            kinds = found.setdefault(value, {})
            kinds |= {names[makers[tensor]]: None for tensor in sorted(tensors)}
    return {value: ", ".join(kinds) for value, kinds in found.items()}


def _layers(
    model: Any, graph: ir.Model, trace: Mapping[str, Any]
) -> Iterator[tuple[set[str], set[str]]]:
    """Yield names of tensors that are computed together, and the values that they are."""
    own = {str(v.name): v for node in graph.graph for v in node.outputs}
    tensors = model.subgraphs[0].tensors
    makers = {int(index): op for op in model.subgraphs[0].operators for index in op.outputs}

    def value(index: int) -> ir.Value | None:
        traced = trace.get(name_of(tensors[index]))
        return None if traced is None else own.get(traced[0])

    for index, op in makers.items():
        result = value(index)
        if result is None or kind_of(model, op) in _MOVES:
            continue
        inside = {name_of(tensors[k]) for k in op.outputs}
        waiting = [int(k) for k in op.inputs]
        while waiting:
            source = waiting.pop()
            before = makers.get(source)
            if before is None or value(source) is not None or name_of(tensors[source]) in inside:
                continue
            if kind_of(model, before) not in _MOVES:
                inside |= {name_of(tensors[k]) for k in before.outputs}
            waiting += [int(k) for k in before.inputs]
        computed = _computed(result)
        yield inside, {str(one.name) for one in computed}


def _computed(value: ir.Value) -> list[ir.Value]:
    """Return a value, and what it is a piece of."""
    found = [value]
    while (node := found[-1].producer()) is not None and node.op_type in _PIECES:
        source = node.inputs[0]
        if source is None:
            break
        found.append(source)
    return found
