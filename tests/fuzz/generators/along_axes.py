"""Nodes that compute along axes: softmaxes, reductions, running sums, the largest of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.fuzz.generators.registry import Value, axis_of, generates

if TYPE_CHECKING:
    from tests.fuzz.random_graphs import Builder


@generates("Softmax", "LogSoftmax", "Hardmax", "LpNormalization", ranks=range(1, 7))
def _along(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], axis=axis_of(b, x))


@generates(
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", ranks=range(1, 7)
)
def _reduce(b: Builder, x: Value, kind: str) -> object:
    count = int(b.rng.integers(1, x.rank + 1))
    axes = b.rng.permutation(x.rank)[: x.rank if b.rng.random() < 0.2 else count]
    if kind == "ReduceProd" and np.prod([x.shape[axis] for axis in axes]) > 8:
        return None  # a product next to zero differs among runtimes by as much as it is
    names = [x.name] if len(axes) == x.rank else [x.name, b.integers(axes)]
    return b.add(kind, names, keepdims=int(b.rng.integers(2)))


generates("ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", ranks=range(1, 7))(_reduce)


@generates("ArgMax", "ArgMin", ranks=range(1, 6))
def _arg(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], axis=axis_of(b, x), keepdims=int(b.rng.integers(2)))


@generates("CumSum", ranks=range(1, 6))
def _cumsum(b: Builder, x: Value, kind: str) -> object:
    axis = b.constant(np.array(axis_of(b, x), np.int64))
    return b.add(
        kind, [x.name, axis], reverse=int(b.rng.integers(2)), exclusive=int(b.rng.integers(2))
    )


@generates("TopK", ranks=range(1, 5))
def _topk(b: Builder, x: Value, kind: str) -> object:
    axis = axis_of(b, x)
    count = b.integers([int(b.rng.integers(1, x.shape[axis] + 1))])
    return b.add(kind, [x.name, count], outputs=2, axis=axis, largest=int(b.rng.integers(2)))
