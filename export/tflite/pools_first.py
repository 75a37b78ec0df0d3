"""A max pool goes in front of what is computed element by element, which then has less to do.

The largest of f(x) is f of the largest x where f never falls: a leaky ReLU, a sigmoid, a constant
added to each channel. A pool of one point, which only picks, goes in front of any function. Borders
do not matter: pools of TFLite look at the map alone.
"""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import Array, Op, TfliteGraph

#: Functions of one number that never fall, and never fail.
_RISING = {"ELU", "EXP", "LOGISTIC", "RELU", "RELU6", "RELU_N1_TO_1", "TANH"}
#: Other functions of one number.
_FUNCTIONS = {"ABS", "COS", "GELU", "HARD_SWISH", "NEG", "SIN", "SQUARE"}
#: What a constant on either side does.
_ARITHMETIC = {"ADD", "MUL", "SUB"}


def pool_first(graph: TfliteGraph) -> None:
    """Move max pools that make a map smaller in front of rising functions, in place.

    A function stays where something else reads its result, or where the file gives it out.
    """
    moved = True
    while moved:
        moved = _pass(graph)


def _pass(graph: TfliteGraph) -> bool:
    readers = Counter(index for op in graph.ops for index in op.inputs)
    readers.update(graph.outputs)
    producers = {index: place for place, op in enumerate(graph.ops) for index in op.outputs}
    for place, pool in enumerate(graph.ops):
        before = producers.get(pool.inputs[0]) if _is_shrinking(graph, pool) else None
        if before is None or readers[pool.inputs[0]] > 1:
            continue
        function = graph.ops[before]
        side = _argument(graph, function, _is_pick(pool))
        if side is not None and _is_as_large(graph, function, side):
            _swap(graph, before, place, side)
            return True
    return False


def _is_shrinking(graph: TfliteGraph, op: Op) -> bool:
    if op.kind != "MAX_POOL_2D":
        return False
    plain = op.options.fusedActivationFunction == schema.ActivationFunctionType.NONE
    before, after = (graph.tensors[index].shape for index in (op.inputs[0], op.outputs[0]))
    return plain and math.prod(after) < math.prod(before)


def _is_pick(pool: Op) -> bool:
    return (pool.options.filterHeight, pool.options.filterWidth) == (1, 1)


def _is_as_large(graph: TfliteGraph, op: Op, side: int) -> bool:
    """Return whether a constant of the operator makes no more channels of an input."""
    return graph.tensors[op.inputs[side]].shape == graph.tensors[op.outputs[0]].shape


def _argument(graph: TfliteGraph, op: Op, any_function: bool) -> int | None:
    """Return which input of an operator it is a function of, None if a pool cannot go before it."""
    if op.kind in _RISING or (op.kind in _FUNCTIONS and any_function):
        return 0
    if op.kind == "LEAKY_RELU":
        return 0 if op.options.alpha >= 0 or any_function else None
    if op.kind == "PRELU":
        slopes = _per_channel(graph, op, 1)
        able = slopes is not None and (any_function or bool((slopes >= 0).all()))
        return 0 if able else None
    if op.kind not in _ARITHMETIC:
        return None
    for side in (0, 1):
        values = _per_channel(graph, op, 1 - side)
        if values is not None and graph.tensors[op.inputs[side]].data is None:
            return side if any_function or _is_rising(op.kind, side, values) else None
    return None


def _is_rising(kind: str, side: int, values: Array) -> bool:
    if kind == "MUL":
        return bool((values >= 0).all() and np.isfinite(values).all())
    return kind == "ADD" or side == 0


def _per_channel(graph: TfliteGraph, op: Op, side: int) -> Array | None:
    """Return an input of an operator if it is a constant with one value for each channel."""
    constant, result = graph.tensors[op.inputs[side]], graph.tensors[op.outputs[0]]
    if constant.data is None or len(result.shape) != 4:
        return None
    return constant.data if constant.data.size in (1, *constant.data.shape[-1:]) else None


def _swap(graph: TfliteGraph, before: int, place: int, side: int) -> None:
    """Let a pool read what a function reads, and the function what the pool gives."""
    function, pool = graph.ops[before], graph.ops[place]
    source, result = graph.tensors[function.inputs[side]], graph.tensors[pool.outputs[0]]
    pooled = graph.tensor(f"{source.name}/pooled", result.shape, source.dtype)
    first = Op(pool.kind, [function.inputs[side]], [pooled], pool.options)
    then = Op(function.kind, list(function.inputs), list(pool.outputs), function.options)
    then.inputs[side] = pooled
    graph.ops[before : place + 1] = [
        *graph.ops[before + 1 : place],
        first,
        then,
    ]
