"""Arithmetic on one element at a time, with NumPy's broadcasting, as MIL's documentation says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.activation import erf
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, whole, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, Computation, computes

_UNARY: dict[str, Callable[[Array], Array]] = {
    "abs": np.abs,
    "acos": np.arccos,
    "asin": np.arcsin,
    "atan": np.arctan,
    "atanh": np.arctanh,
    "ceil": np.ceil,
    "cos": np.cos,
    "cosh": np.cosh,
    "erf": erf,
    "exp": np.exp,
    "floor": np.floor,
    "logical_not": np.logical_not,
    "round": np.rint,  # halves go to the even neighbour: 0.5 becomes 0
    "sign": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
}

_BINARY: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "equal": np.equal,
    "floor_div": np.floor_divide,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,  # has the sign of the divisor, like Python's %
    "mul": np.multiply,
    "not_equal": np.not_equal,
    "pow": np.power,
    "sub": np.subtract,
}

# Operator -> (what it does to x + epsilon, the default of epsilon).
_WITH_EPSILON: dict[str, tuple[Callable[[Array], Array], float]] = {
    "inverse": (np.reciprocal, 1e-4),
    "log": (np.log, 1e-45),
    "rsqrt": (lambda x: 1 / np.sqrt(x), 1e-12),
}


def _unary(function: Callable[[Array], Array]) -> Computation:
    return lambda call: function(wide(call["x"]))


def _binary(function: Callable[[Array, Array], Array]) -> Computation:
    def compute(call: Call) -> Array:
        x, y = wide(call["x"]), wide(call["y"])
        demand_room(call, np.broadcast_shapes(x.shape, y.shape))
        return function(x, y)

    return compute


def _with_epsilon(function: Callable[[Array], Array], default: float) -> Computation:
    def compute(call: Call) -> Array:
        # The default has the type of x: in float16, the smaller ones are 0.
        epsilon = call.get("epsilon", np.asarray(default, call["x"].dtype))
        return function(wide(call["x"]) + wide(epsilon))

    return compute


for _kind, _function in _UNARY.items():
    computes(_kind)(_unary(_function))
for _kind, _function_of_2 in _BINARY.items():
    computes(_kind)(_binary(_function_of_2))
for _kind, (_function, _default) in _WITH_EPSILON.items():
    computes(_kind)(_with_epsilon(_function, _default))


@computes("real_div")
def real_div(call: Call) -> Array:
    """The quotient; integers must divide without remainder: the rounding is not documented."""
    x, y = wide(call["x"]), wide(call["y"])
    demand_room(call, np.broadcast_shapes(x.shape, y.shape))
    return whole(call, np.true_divide(x, y), x)


@computes("exp2")
def exp2(call: Call) -> Array:
    """2^x. Negative integers are refused: how the fraction is rounded is not documented."""
    x = wide(call["x"])
    return whole(call, np.exp2(x), x)


@computes("clip")
def clip(call: Call) -> Array:
    """The value in [alpha, beta] that is nearest to x."""
    x = wide(call["x"])
    return np.minimum(np.maximum(x, wide(call["alpha"])), wide(call["beta"]))


@computes("threshold")
def threshold(call: Call) -> Array:
    """The larger of x and alpha."""
    return np.maximum(wide(call["x"]), wide(call["alpha"]))


@computes("select")
def select(call: Call) -> Array:
    """The element of a where cond is true, and of b elsewhere."""
    parts = [np.asarray(call[name]) for name in ("cond", "a", "b")]
    demand_room(call, np.broadcast_shapes(*(part.shape for part in parts)))
    return np.where(*parts)
