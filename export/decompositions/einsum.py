"""Einsum as products of matrices.

Operands are taken one after the other: what only one of the two has and nobody else asks for is
summed first, what both have and nobody else asks for is contracted by a MatMul, and what both have
and somebody asks for is its batch.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported


@dataclass(frozen=True)
class _Term:
    """A value and the label of each of its axes."""

    value: ir.Value
    labels: str


@decomposes("Einsum")
def einsum(b: Builder, node: ir.Node) -> ir.Value:
    """Transposes, MatMuls and sums, operand by operand."""
    values = [attributes.source(node, number) for number in range(len(node.inputs))]
    ranks = [len(b.shape(value)) for value in values]
    inputs, output = parsed(attributes.text(node, "equation", ""), ranks)
    terms = [
        _diagonal(b, _Term(value, labels)) for value, labels in zip(values, inputs, strict=True)
    ]
    extents = _extents(b, terms)
    terms = [_without_ones(b, term, extents) for term in terms]
    total = terms[0]
    for number, term in enumerate(terms[1:], 1):
        asked = set(output).union(*(other.labels for other in terms[number + 1 :]))
        total = _product(b, _summed(b, total, asked | set(term.labels)), term, asked)
    return _ordered(b, _summed(b, total, set(output)), output, extents)


def parsed(equation: str, ranks: list[int]) -> tuple[list[str], str]:
    """Return a label for each axis of the operands and of the result.

    Axes under an ellipsis get upper-case Greek letters, counted from the last axis.

    Raises:
        Unsupported: The equation does not fit the operands.
    """
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    operands = left.split(",")
    if len(operands) != len(ranks):
        raise Unsupported(f"the equation {equation} has {len(operands)} operands")
    hidden = []
    for each, rank in zip(operands, ranks, strict=True):
        count = rank - len(each.replace("...", ""))
        if count < 0 or (count and "..." not in each):
            raise Unsupported(f"the equation {equation} does not fit operands of {ranks} axes")
        hidden.append(count)
    most = max(hidden)
    greek = "".join(chr(0x391 + number) for number in range(most))
    inputs = [
        each.replace("...", greek[most - count :])
        for each, count in zip(operands, hidden, strict=True)
    ]
    if arrow:
        return inputs, right.replace("...", greek)
    once = sorted(label for label in set(left) - set(".,") if left.count(label) == 1)
    return inputs, greek + "".join(once)


def _extents(b: Builder, terms: list[_Term]) -> dict[str, int]:
    extents: dict[str, int] = {}
    for term in terms:
        for label, extent in zip(term.labels, b.shape(term.value), strict=True):
            if 1 not in (extent, extents.get(label, 1)) and extents[label] != extent:
                raise Unsupported(f"{label} is both {extents[label]} and {extent}")
            extents[label] = max(extent, extents.get(label, 1))
    return extents


def _diagonal(b: Builder, term: _Term) -> _Term:
    """Keep of labels that are there twice what lies where their indices are equal."""
    while len(set(term.labels)) < len(term.labels):
        label = next(each for each in term.labels if term.labels.count(each) > 1)
        first = term.labels.index(label)
        second = term.labels.index(label, first + 1)
        shape = b.shape(term.value)
        order = [axis for axis in range(len(shape)) if axis not in (first, second)]
        extent = min(shape[first], shape[second])
        turned = b.transpose(term.value, [*order, first, second])
        rest = [shape[axis] for axis in order]
        flat = b.reshape(turned, [*rest, shape[first] * shape[second]])
        taken = b.gather(flat, np.arange(extent) * (shape[second] + 1), len(rest))
        labels = "".join(term.labels[axis] for axis in order) + label
        term = _Term(taken, labels)
    return term


def _without_ones(b: Builder, term: _Term, extents: dict[str, int]) -> _Term:
    """Drop axes of extent 1 that broadcast."""
    shape = b.shape(term.value)
    ones = [
        axis for axis, label in enumerate(term.labels) if shape[axis] == 1 and extents[label] > 1
    ]
    if not ones:
        return term
    kept = [axis for axis in range(len(shape)) if axis not in ones]
    value = b.reshape(term.value, [shape[axis] for axis in kept])
    return _Term(value, "".join(term.labels[axis] for axis in kept))


def _summed(b: Builder, term: _Term, asked: Collection[str]) -> _Term:
    """Sum over the axes that nobody asks for."""
    axes = [axis for axis, label in enumerate(term.labels) if label not in asked]
    value = b.reduce("ReduceSum", term.value, axes, keep=False)
    return _Term(value, "".join(label for label in term.labels if label in asked))


def _product(b: Builder, left: _Term, right: _Term, asked: Collection[str]) -> _Term:
    """Multiply two terms, and sum over what both have and nobody asks for."""
    right = _summed(b, right, set(asked) | set(left.labels))
    both = [label for label in left.labels if label in right.labels]
    summed = [label for label in both if label not in asked]
    batch = [label for label in both if label in asked]
    rows = [label for label in left.labels if label not in both]
    columns = [label for label in right.labels if label not in both]
    labels = "".join([*batch, *rows, *columns])
    if not summed:
        return _Term(_outer(b, left, right, labels), labels)
    sizes = dict(zip(left.labels, b.shape(left.value), strict=True))
    sizes |= dict(zip(right.labels, b.shape(right.value), strict=True))
    extent = {
        name: math.prod(sizes[label] for label in group)
        for name, group in (("b", batch), ("r", rows), ("s", summed), ("c", columns))
    }
    head = [extent["b"]] if batch else []
    one = b.reshape(_turned(b, left, [*batch, *rows, *summed]), [*head, extent["r"], extent["s"]])
    other = b.reshape(
        _turned(b, right, [*batch, *summed, *columns]), [*head, extent["s"], extent["c"]]
    )
    value = b.op("MatMul", one, other)
    return _Term(b.reshape(value, [sizes[label] for label in labels]), labels)


def _outer(b: Builder, left: _Term, right: _Term, labels: str) -> ir.Value:
    """Multiply two terms whose axes are brought beside one another."""
    spread = []
    for term in (left, right):
        order = [label for label in labels if label in term.labels]
        sizes = dict(zip(term.labels, b.shape(term.value), strict=True))
        turned = _turned(b, term, order)
        spread.append(b.reshape(turned, [sizes.get(label, 1) for label in labels]))
    return b.op("Mul", *spread)


def _turned(b: Builder, term: _Term, order: list[str]) -> ir.Value:
    return b.transpose(term.value, [term.labels.index(label) for label in order])


def _ordered(b: Builder, term: _Term, output: str, extents: dict[str, int]) -> ir.Value:
    value = _turned(b, term, [label for label in output if label in term.labels])
    missing = [label for label in output if label not in term.labels]
    if missing:
        # Every operand had it with extent 1, or it is an ellipsis that all but broadcasts.
        sizes = dict(zip(term.labels, b.shape(term.value), strict=True))
        value = b.reshape(value, [sizes.get(label, 1) for label in output])
        value = b.op("Expand", value, [extents[label] for label in output])
    return value
