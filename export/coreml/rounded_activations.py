"""Which activations are rounded to 8 bits, and which of them share a range."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from _edgeship.export.graph.disjoint_sets import DisjointSets

Bounds = tuple[float, float]

#: Operators that Core ML computes in integers -> the activations they read. These are the ones
#: around which coremltools puts ``quantize`` and ``dequantize``
#: (`coremltools.optimize.coreml.linear_quantize_activations`).
_INTEGER_OPERATORS = {
    "add": ("x", "y"),
    "avg_pool": ("x",),
    "conv": ("x",),
    "linear": ("x",),
    "max_pool": ("x",),
}

#: Operators that are computed with the one before them: nothing is rounded in between.
_ACTIVATIONS = {
    "clip",
    "elu",
    "gelu",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "sigmoid",
    "sigmoid_hard",
    "silu",
    "tanh",
}

#: Operators whose results are elements of what they read, or zeros -> the activation they read.
_MOVING = {
    "concat": "values",
    "depth_to_space": "x",
    "expand_dims": "x",
    "identity": "x",
    "max_pool": "x",
    "pad": "x",
    "pixel_shuffle": "x",
    "reshape": "x",
    "resize_nearest_neighbor": "x",
    "slice_by_index": "x",
    "slice_by_size": "x",
    "space_to_depth": "x",
    "split": "x",
    "squeeze": "x",
    "tile": "x",
    "transpose": "x",
    "upsample_nearest_neighbor": "x",
}

#: What a concat joins keeps its own range if the common one is this many times as wide or more: it
#: would lose two bits. Nothing is saved by that either, for it is rounded in its own range anyway
#: if others read it, and if the concat is at the end of the program, nothing rounds it again.
_TOO_WIDE = 4.0


#: Operators whose results jump where an operand crosses a threshold, or are read as places -> that
#: operand. Rounded to 8 bits, it would make indices and coordinates of others.
_STEPS = {
    "cast": "x",
    "ceil": "x",
    "floor": "x",
    "floor_div": "x",
    "gather": "indices",
    "gather_along_axis": "indices",
    "gather_nd": "indices",
    "mod": "x",
    "resample": "coordinates",
    "round": "x",
    "sign": "x",
}

#: Operators that make each result of a few numbers, so that what their results have to be exact in
#: their operands have to be, too. Sums over many elements forgive some rounding.
_OF_FEW = {
    *("abs", "add", "clip", "concat", "cos", "exp", "expand_dims", "gather", "identity", "log"),
    *("maximum", "minimum", "mul", "pad", "pow", "real_div", "relu", "reshape", "reverse"),
    *("select", "sigmoid", "sin", "slice_by_index", "split", "sqrt", "square", "squeeze", "stack"),
    *("sub", "tanh", "tile", "transpose"),
}


def rounded_variables(
    function: Any, bounds: Mapping[Any, Bounds], keep: Collection[Any] = ()
) -> list[Any]:
    """Return the activations that operators computed in integers read and write, in program order.

    Args:
        function: A function of an ML program.
        bounds: Activation -> its range. An operator with an operand that is not among them stays in
            floating point.
        keep: Activations whose operators stay in floating point anyway.
    """
    chosen: dict[Any, None] = {}
    exact = _leading_to_places(function)
    for op in function.operations:
        operands = [op.inputs[name] for name in _INTEGER_OPERATORS.get(op.op_type, ())]
        if any(output in keep for output in op.outputs):
            continue
        if not operands or not all(operand in bounds for operand in operands):
            continue
        if not exact.isdisjoint([*operands, *op.outputs]):
            continue
        chosen.update(dict.fromkeys(operands))
        result = _end(op)
        if result.child_ops and result in bounds:
            chosen[result] = None
    return list(chosen)


def exact_variables(function: Any, keep: Collection[Any]) -> set[Any]:
    """Return kept activations, and those that are made of them by moving elements.

    Args:
        function: A function of an ML program.
        keep: As for `rounded_variables`.
    """
    exact = set(keep)
    for op in function.operations:
        if moves(op) and not exact.isdisjoint(op.get_flattened_inputs()):
            exact.update(op.outputs)
    return exact


def moves(op: Any) -> bool:
    """Return whether the results of an operator are elements of what it reads."""
    return op.op_type in _MOVING and not _fills(op)


def _leading_to_places(function: Any) -> set[Any]:
    """Return the variables that indices, coordinates and whole numbers are made of."""
    exact: set[Any] = set()
    for op in reversed(list(function.operations)):
        if op.op_type in _STEPS and _makes_whole(op):
            exact.add(op.inputs[_STEPS[op.op_type]])
        if op.op_type in _OF_FEW and not exact.isdisjoint(op.outputs):
            for operand in op.get_flattened_inputs():
                if operand.val is None:
                    exact.add(operand)
    return exact


def _makes_whole(op: Any) -> bool:
    return bool(op.op_type != "cast" or op.inputs["dtype"].val == "int32")


def common_ranges(function: Any, measured: Mapping[Any, Bounds]) -> dict[Any, Bounds]:
    """Return ranges in which activations that are made of the same elements have a common one.

    Rounding a number to the same steps a second time then changes nothing.

    Args:
        function: A function of an ML program.
        measured: Floating point activation -> its range.

    Returns:
        Activation -> its range, for the measured ones and those that are made of their elements.
    """
    sets = DisjointSets[Any]()
    concats = []
    for op in function.operations:
        if op.op_type == "concat":
            concats.append(op)
        elif op.op_type in _MOVING and not _fills(op):
            for output in op.outputs:
                sets.join(op.inputs[_MOVING[op.op_type]], output)
    for op in concats:
        result = op.outputs[0]
        for operand in op.inputs["values"]:
            own, common = (_width(sets.members(v), measured) for v in (operand, result))
            if common < _TOO_WIDE * own:
                sets.join(operand, result)
    shared = dict(measured)
    for members in sets.all():
        known = [measured[variable] for variable in members if variable in measured]
        if known:
            widest = min(low for low, _ in known), max(high for _, high in known)
            shared.update((variable, widest) for variable in members if variable.val is None)
    return shared


def moved_along(function: Any, fixed: Mapping[Any, Bounds]) -> dict[Any, Bounds]:
    """Return ranges that are not to change, and those of what is made of the same elements.

    Args:
        function: A function of an ML program.
        fixed: Activation -> its range.
    """
    along = dict(fixed)
    for op in function.operations:
        if op.op_type in _MOVING and op.op_type != "concat" and not _fills(op):
            source = op.inputs[_MOVING[op.op_type]]
            if source in along:
                for output in op.outputs:
                    along.setdefault(output, along[source])
    return along


def _end(op: Any) -> Any:
    """Return the result of an operator, or that of the bias and activation computed with it."""
    result = op.outputs[0]
    if op.op_type == "linear":
        # coremltools makes one operator of both, if nothing is rounded in between.
        biased = [one for one in result.child_ops if one.op_type == "add"]
        if len(result.child_ops) == len(biased) == 1 and _adds_constant(biased[0]):
            result = biased[0].outputs[0]
    if len(result.child_ops) == 1:
        reader = result.child_ops[0]
        if reader.op_type in _ACTIVATIONS and reader.inputs["x"] is result:
            return reader.outputs[0]
    return result


def _adds_constant(op: Any) -> bool:
    return any(op.inputs[name].val is not None for name in ("x", "y"))


def _fills(op: Any) -> bool:
    """Return whether an operator pads with a number other than zero."""
    if op.op_type != "pad" or op.inputs["mode"].val != "constant":
        return False
    return bool(op.inputs["constant_val"].val != 0)


def _width(variables: Collection[Any], measured: Mapping[Any, Bounds]) -> float:
    """Return the width of the common range of some variables, which always holds zero."""
    known = [measured[variable] for variable in variables if variable in measured]
    if not known:
        return 0.0
    low, high = min(low for low, _ in known), max(high for _, high in known)
    return max(high, 0.0) - min(low, 0.0)
