"""Operators on tensors of many axes, computed on fewer: axes that stay together are merged.

Window attention, pixel shuffles and grouped networks split axes until there are six or seven, and
targets end at five. Hardly an operator tells neighbouring axes apart that it treats alike: what
lies side by side before and after can be one axis meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import Decomposition, Results
from _edgeship.export.graph.shapes import Shape
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.registry import registering
from _edgeship.export.lowering.unsupported import Unsupported

#: Of each group of neighbouring axes, the first and the one after the last.
Groups = list[tuple[int, int]]

_Merger = Callable[[Builder, ir.Node, int], Results]

_MERGERS: dict[str, _Merger] = {}

_merges = registering(_MERGERS)

_ELEMENTWISE = (
    *("Abs", "Acos", "Add", "And", "Asin", "Atan", "Cast", "Ceil", "Clip", "Cos", "Div", "Elu"),
    *("Equal", "Erf", "Exp", "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid"),
    *("HardSwish", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Min", "Mod", "Mul", "Neg"),
    *("Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin"),
    *("Softplus", "Sqrt", "Sub", "Sum", "Tanh", "Where", "Xor"),
)


def on_merged_axes(op_type: str, most: int) -> Decomposition | None:
    """Return what computes an operator on at most ``most`` axes, or None if nothing here does.

    It raises Unsupported for a node of which too many axes remain.
    """
    merger = _MERGERS.get(op_type)
    return None if merger is None else lambda builder, node: merger(builder, node, most)


def is_wide(node: ir.Node, most: int) -> bool:
    """Return whether a node reads or makes a tensor of more than ``most`` axes."""
    values = [value for value in (*node.inputs, *node.outputs) if value is not None]
    return any(value.shape is not None and len(value.shape) > most for value in values)


@_merges(*_ELEMENTWISE)
def _elementwise(builder: Builder, node: ir.Node, most: int) -> Results:
    shape = builder.shape(node.outputs[0])
    given = [value for value in node.inputs if value is not None]
    full = [_padded(builder.shape(value), len(shape)) for value in given]
    groups = _alike([_spans(one, shape) for one in full], shape, most)
    parts = {
        value: builder.reshape(value, _merged(one, groups))
        for value, one in zip(given, full, strict=True)
    }
    operands = [None if value is None else parts[value] for value in node.inputs]
    return builder.reshape(builder.op(node.op_type, *operands, **_kept(node)), shape)


@_merges("Transpose")
def _transpose(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape, rank = builder.shape(x), len(builder.shape(x))
    order = attributes.integers(node, "perm", list(reversed(range(rank))))
    # Where an axis of one element stands changes nothing.
    runs: list[list[int]] = []
    for axis in (axis for axis in order if shape[axis] != 1):
        between = range(runs[-1][-1] + 1, axis) if runs and axis > runs[-1][-1] else None
        if between is not None and all(shape[i] == 1 for i in between):
            runs[-1].append(axis)
        else:
            runs.append([axis])
    extents = [math.prod(shape[axis] for axis in run) for run in runs]
    places = sorted(range(len(runs)), key=lambda i: runs[i][0])
    moved = builder.reshape(x, [extents[i] for i in places] or [1])
    if len(runs) <= most:
        if runs:
            moved = builder.transpose(moved, [places.index(i) for i in range(len(runs))])
        return builder.reshape(moved, builder.shape(node.outputs[0]))
    for done in range(len(runs)):
        found = places.index(done)
        sizes = [extents[i] for i in places]
        cuts = [sizes[:done], sizes[done:found], sizes[found : found + 1], sizes[found + 1 :]]
        moved = builder.reshape(moved, [math.prod(cut) for cut in cuts])
        moved = builder.transpose(moved, (0, 2, 1, 3)) if found != done else moved
        places.insert(done, places.pop(found))
    return builder.reshape(moved, builder.shape(node.outputs[0]))


@_merges("Softmax", "LogSoftmax", "Hardmax")
def _along(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape = builder.shape(x)
    axis = attributes.integer(node, "axis", -1) % len(shape)
    groups = _apart(len(shape), {axis}, most)
    operand = builder.reshape(x, _merged(shape, groups))
    result = builder.op(node.op_type, operand, axis=groups.index((axis, axis + 1)))
    return builder.reshape(result, shape)


@_merges("Concat")
def _concat(builder: Builder, node: ir.Node, most: int) -> Results:
    shape = builder.shape(node.outputs[0])
    axis = attributes.integer(node, "axis", 0) % len(shape)
    groups = _apart(len(shape), {axis}, most)
    parts = [
        builder.reshape(value, _merged(builder.shape(value), groups))
        for value in node.inputs
        if value is not None
    ]
    return builder.reshape(builder.concat(parts, groups.index((axis, axis + 1))), shape)


@_merges("Split")
def _split(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape = builder.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    groups = _apart(len(shape), {axis}, most)
    results = [builder.shape(output) for output in node.outputs]
    operand = builder.reshape(x, _merged(shape, groups))
    place = groups.index((axis, axis + 1))
    parts = builder.split(operand, place, [result[axis] for result in results])
    return [builder.reshape(part, result) for part, result in zip(parts, results, strict=True)]


@_merges("Slice")
def _slice(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape = builder.shape(x)
    names = ("starts", "ends", "axes", "steps")
    given = [attributes.optional_input(node, i + 1) for i in range(4)]
    data = [
        None if value is None else builder.required_data(value, f"{name} of Slice")
        for name, value in zip(names, given, strict=True)
    ]
    starts, ends, axes, steps = data
    if starts is None or ends is None:
        raise ValueError(f"{node.name} lacks starts or ends")
    axes = np.arange(len(starts)) if axes is None else axes % len(shape)
    steps = np.ones_like(starts) if steps is None else steps
    groups = _apart(len(shape), {int(axis) for axis in axes}, most)
    places = [groups.index((int(axis), int(axis) + 1)) for axis in axes]
    operand = builder.reshape(x, _merged(shape, groups))
    result = builder.op("Slice", operand, starts, ends, places, steps)
    return builder.reshape(result, builder.shape(node.outputs[0]))


@_merges("ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum")
def _reduction(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape = builder.shape(x)
    given = attributes.optional_input(node, 1)
    axes = [] if given is None else list(builder.required_data(given, "the axes"))
    if not axes and attributes.integer(node, "noop_with_empty_axes", 0):
        return builder.op("Identity", x)
    reduced = {int(axis) % len(shape) for axis in axes} or set(range(len(shape)))
    groups = _alike([[axis in reduced for axis in range(len(shape))]], shape, most)
    operand = builder.reshape(x, _merged(shape, groups))
    # A group of single elements may stand with any other.
    over = [i for i, (a, b) in enumerate(groups) if _counts(shape, range(a, b), reduced)]
    result = builder.reduce(node.op_type, operand, over)
    return builder.reshape(result, builder.shape(node.outputs[0]))


@_merges("ArgMax", "ArgMin")
def _place(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape = builder.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    groups = _apart(len(shape), {axis}, most)
    last = attributes.integer(node, "select_last_index", 0)
    operand = builder.reshape(x, _merged(shape, groups))
    place = groups.index((axis, axis + 1))
    found = builder.op(node.op_type, operand, axis=place, select_last_index=last)
    return builder.reshape(found, builder.shape(node.outputs[0]))


@_merges("Gather")
def _gather(builder: Builder, node: ir.Node, most: int) -> Results:
    x, indices = attributes.source(node), attributes.source(node, 1)
    shape = builder.shape(x)
    axis = attributes.integer(node, "axis", 0) % len(shape)
    groups = _apart(len(shape), {axis}, most)
    operand = builder.reshape(x, _merged(shape, groups))
    flat = builder.reshape(indices, [math.prod(builder.shape(indices))])
    picked = builder.op("Gather", operand, flat, axis=groups.index((axis, axis + 1)))
    return builder.reshape(picked, builder.shape(node.outputs[0]))


@_merges("MatMul")
def _matmul(builder: Builder, node: ir.Node, most: int) -> Results:
    shape = builder.shape(node.outputs[0])
    values = [attributes.source(node, i) for i in range(2)]
    shapes = [builder.shape(value) for value in values]
    if min(len(one) for one in shapes) < 2:
        raise Unsupported("a product of a vector with matrices of many axes")
    batch = shape[:-2]
    full = [_padded(one, len(shape))[:-2] for one in shapes]
    groups = _alike([_spans(one, batch) for one in full], batch, most - 2)
    parts = [
        builder.reshape(value, [*_merged(kept, groups), *one[-2:]])
        for value, kept, one in zip(values, full, shapes, strict=True)
    ]
    return builder.reshape(builder.op("MatMul", *parts), shape)


@_merges("Expand")
def _expand(builder: Builder, node: ir.Node, most: int) -> Results:
    x, shape = attributes.source(node), builder.shape(node.outputs[0])
    full = _padded(builder.shape(x), len(shape))
    groups = _alike([_spans(full, shape)], shape, most)
    operand = builder.reshape(x, _merged(full, groups))
    wanted = np.array(_merged(shape, groups), np.int64)
    return builder.reshape(builder.op("Expand", operand, wanted), shape)


@_merges("Tile")
def _tile(builder: Builder, node: ir.Node, most: int) -> Results:
    x = attributes.source(node)
    shape = builder.shape(x)
    repeats = builder.required_data(attributes.source(node, 1), "the repeats of Tile")
    groups = _apart(len(shape), {i for i, count in enumerate(repeats) if count != 1}, most)
    operand = builder.reshape(x, _merged(shape, groups))
    counts = np.array([math.prod(repeats[a:b]) for a, b in groups], np.int64)
    return builder.reshape(builder.op("Tile", operand, counts), builder.shape(node.outputs[0]))


def _padded(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + tuple(shape)


def _spans(shape: Shape, whole: Shape) -> list[bool]:
    """Return for each axis whether it has all elements, and not one for all of them."""
    return [a == b for a, b in zip(shape, whole, strict=True)]


def _counts(shape: Shape, axes: Collection[int], chosen: Collection[int]) -> bool:
    """Return whether a group is among the chosen axes; those of one element say nothing."""
    telling = [axis for axis in axes if shape[axis] != 1]
    return any(axis in chosen for axis in telling)


def _alike(treatments: Sequence[Sequence[bool]], shape: Shape, most: int) -> Groups:
    """Return groups of neighbouring axes that are treated alike; axes of one element join any.

    Raises:
        Unsupported: There are more than ``most``.
    """
    groups: Groups = []
    last: tuple[bool, ...] | None = None
    for axis, extent in enumerate(shape):
        kind = None if extent == 1 else tuple(one[axis] for one in treatments)
        if groups and (kind is None or last is None or kind == last):
            groups[-1] = (groups[-1][0], axis + 1)
        else:
            groups.append((axis, axis + 1))
        last = kind if kind is not None else last
    return _few(groups, most)


def _apart(rank: int, alone: Collection[int], most: int) -> Groups:
    """Return groups of neighbouring axes, of which those in ``alone`` are a group each.

    Raises:
        Unsupported: There are more than ``most``.
    """
    groups: Groups = []
    for axis in range(rank):
        if groups and axis not in alone and axis - 1 not in alone:
            groups[-1] = (groups[-1][0], axis + 1)
        else:
            groups.append((axis, axis + 1))
    return _few(groups, most)


def _few(groups: Groups, most: int) -> Groups:
    if len(groups) > most:
        raise Unsupported(f"{len(groups)} axes remain when those are merged that can be")
    return groups


def _merged(shape: Shape, groups: Groups) -> tuple[int, ...]:
    return tuple(math.prod(shape[a:b]) for a, b in groups)


def _kept(node: ir.Node) -> dict[str, object]:
    """Return the attributes of a node that says nothing of axes."""
    return {name: attribute.value for name, attribute in node.attributes.items()}
