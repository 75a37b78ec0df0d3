"""Elementary functions that targets lack, in Exp, Log, Sqrt, Sin, Cos and polynomials.

Polynomials are from Abramowitz and Stegun, Handbook of Mathematical Functions: of 7.1.26 for erf
(error 1.5e-7), 4.4.46 for the arc sine (2e-8) and 4.4.49 for the arc tangent (2e-8).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes
from _edgeship.export.lowering.unsupported import Unsupported

_ERF_STEP = 0.3275911
_ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)

#: Below it, the series of erf: six terms leave 2e-8.
_ERF_SMALL = 0.5
_ERF_SERIES = tuple(
    2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(5, -1, -1)
)
_HYPERBOLIC_SINE = tuple(1 / math.factorial(power) for power in (9, 7, 5, 3, 1))
_ARC_COSINE = (
    -0.0012624911,
    0.0066700901,
    -0.0170881256,
    0.0308918810,
    -0.0501743046,
    0.0889789874,
    -0.2145988016,
    1.5707963050,
)
_ARC_TANGENT = (
    0.0028662257,
    -0.0161657367,
    0.0429096138,
    -0.0752896400,
    0.1065626393,
    -0.1420889944,
    0.1999355085,
    -0.3333314528,
    1.0,
)


@decomposes("Erf")
def erf(b: Builder, node: ir.Node) -> ir.Value:
    """sign(x) (1 - p(t) t e^-x²) for t = 1 / (1 + 0.33 |x|) and a polynomial p.

    Near zero, where that loses the digits of small results, the series x q(x²). Both keep to small
    ranges, which a ratio of polynomials does not: 8 bits can hold their steps.
    """
    x = attributes.source(node)
    far = b.op("Abs", x)
    t = b.op("Div", 1.0, b.op("Add", b.op("Mul", far, _ERF_STEP), 1.0))
    tail = b.op("Exp", b.op("Neg", b.op("Mul", x, x)))
    rest = b.op("Mul", b.op("Mul", polynomial(b, t, _ERF), t), tail)
    large = b.op("Mul", b.op("Sign", x), b.op("Sub", 1.0, rest))
    near = b.op("Min", b.op("Max", x, -_ERF_SMALL), _ERF_SMALL)
    small = b.op("Mul", near, polynomial(b, b.op("Mul", near, near), _ERF_SERIES))
    return b.op("Where", b.op("Less", far, _ERF_SMALL), small, large)


@decomposes("Tan")
def tan(b: Builder, node: ir.Node) -> ir.Value:
    """sin(x) / cos(x)."""
    x = attributes.source(node)
    return b.op("Div", b.op("Sin", x), b.op("Cos", x))


@decomposes("Asin", "Acos")
def arc_sine(b: Builder, node: ir.Node) -> ir.Value:
    """From acos(|x|) = sqrt(1 - |x|) p(|x|) for a polynomial p."""
    x = attributes.source(node)
    far = b.op("Abs", x)
    angle = b.op("Mul", b.op("Sqrt", b.op("Sub", 1.0, far)), polynomial(b, far, _ARC_COSINE))
    if node.op_type == "Asin":
        return b.op("Mul", b.op("Sign", x), b.op("Sub", math.pi / 2, angle))
    return b.op("Where", b.op("Less", x, 0.0), b.op("Sub", math.pi, angle), angle)


@decomposes("Atan")
def arc_tangent(b: Builder, node: ir.Node) -> ir.Value:
    """A polynomial up to 1; beyond it, atan(x) = pi / 2 - atan(1 / x)."""
    x = attributes.source(node)
    far = b.op("Abs", x)
    beyond = b.op("Greater", far, 1.0)
    near = b.op("Where", beyond, b.op("Div", 1.0, b.op("Max", far, 1.0)), far)
    angle = b.op("Mul", near, polynomial(b, b.op("Mul", near, near), _ARC_TANGENT))
    whole = b.op("Where", beyond, b.op("Sub", math.pi / 2, angle), angle)
    return b.op("Mul", b.op("Sign", x), whole)


@decomposes("Sinh", "Cosh")
def hyperbolic(b: Builder, node: ir.Node) -> ir.Value:
    """(e^x - e^-x) / 2, or the sum for the cosine; Taylor's series of the sine up to 1."""
    x = attributes.source(node)
    kind = "Sub" if node.op_type == "Sinh" else "Add"
    both = b.op(kind, b.op("Exp", x), b.op("Exp", b.op("Neg", x)))
    half = b.op("Mul", both, 0.5)
    if node.op_type == "Cosh":
        return half
    # The difference of two numbers next to 1 has no digits left.
    series = b.op("Mul", x, polynomial(b, b.op("Mul", x, x), _HYPERBOLIC_SINE))
    return b.op("Where", b.op("Less", b.op("Abs", x), 1.0), series, half)


@decomposes("Asinh")
def inverse_sinh(b: Builder, node: ir.Node) -> ir.Value:
    """sign(x) log(|x| + sqrt(x² + 1))."""
    x = attributes.source(node)
    far = b.op("Abs", x)
    root = b.op("Sqrt", b.op("Add", b.op("Mul", x, x), 1.0))
    return b.op("Mul", b.op("Sign", x), b.op("Log", b.op("Add", far, root)))


@decomposes("Acosh")
def inverse_cosh(b: Builder, node: ir.Node) -> ir.Value:
    """log(x + sqrt(x² - 1))."""
    x = attributes.source(node)
    root = b.op("Sqrt", b.op("Sub", b.op("Mul", x, x), 1.0))
    return b.op("Log", b.op("Add", x, root))


@decomposes("Atanh")
def inverse_tanh(b: Builder, node: ir.Node) -> ir.Value:
    """log((1 + x) / (1 - x)) / 2."""
    x = attributes.source(node)
    ratio = b.op("Div", b.op("Add", x, 1.0), b.op("Sub", 1.0, x))
    return b.op("Mul", b.op("Log", ratio), 0.5)


@decomposes("Reciprocal")
def reciprocal(b: Builder, node: ir.Node) -> ir.Value:
    """1 / x."""
    return b.op("Div", 1.0, attributes.source(node))


@decomposes("Sign")
def sign(b: Builder, node: ir.Node) -> ir.Value:
    """1 above 0, less 1 below 0."""
    x = attributes.source(node)
    above = b.cast(b.op("Greater", x, 0), b.dtype(x))
    return b.op("Sub", above, b.cast(b.op("Less", x, 0), b.dtype(x)))


@decomposes("Mod")
def mod(b: Builder, node: ir.Node) -> ir.Value:
    """The remainder, with the sign of the divisor, or of the dividend where fmod says so."""
    x, divisor = attributes.source(node), attributes.source(node, 1)
    truncated = attributes.integer(node, "fmod", 0)
    if b.dtype(x).kind == "f":
        rest = _float_remainder(b, x, divisor)
    else:
        rest = b.op("Sub", x, b.op("Mul", b.op("Div", x, divisor), divisor))
    if truncated or b.dtype(x).kind == "u":
        return rest
    # The quotient is cut towards 0: where signs differ, the remainder lies on its other side.
    apart = b.op("Less", b.op("Mul", b.op("Sign", rest), b.op("Sign", divisor)), 0)
    return b.op("Where", apart, b.op("Add", rest, divisor), rest)


def _float_remainder(b: Builder, x: ir.Value, divisor: ir.Value) -> ir.Value:
    far, step = b.op("Abs", x), b.op("Abs", divisor)
    rest = b.op("Sub", far, b.op("Mul", b.op("Floor", b.op("Div", far, step)), step))
    # The quotient is rounded: it can have reached the next integer, or missed its own.
    rest = b.op("Where", b.op("Less", rest, 0.0), b.op("Add", rest, step), rest)
    rest = b.op("Where", b.op("GreaterOrEqual", rest, step), b.op("Sub", rest, step), rest)
    return b.op("Mul", b.op("Sign", x), rest)


@decomposes("Mean", "Sum", "Max", "Min")
def variadic(b: Builder, node: ir.Node) -> ir.Value:
    """Two operands at a time; a mean is the sum, divided."""
    kind = {"Mean": "Add", "Sum": "Add"}.get(node.op_type, node.op_type)
    values = [attributes.source(node, number) for number in range(len(node.inputs))]
    if node.op_type in ("Max", "Min") and len(values) < 3:
        raise Unsupported("it has two operands already")
    total = values[0]
    for value in values[1:]:
        total = b.op(kind, total, value)
    return b.op("Div", total, float(len(values))) if node.op_type == "Mean" else total


@decomposes("IsNaN")
def is_nan(b: Builder, node: ir.Node) -> ir.Value:
    """What is not equal to itself."""
    x = attributes.source(node)
    return b.op("Not", b.op("Equal", x, x))


@decomposes("IsInf")
def is_inf(b: Builder, node: ir.Node) -> ir.Value:
    """What is beyond the largest finite number, on the sides that are asked for."""
    x = attributes.source(node)
    most = float(np.finfo(b.dtype(x)).max)
    above, below = b.op("Greater", x, most), b.op("Less", x, -most)
    if not attributes.integer(node, "detect_negative", 1):
        return above
    if not attributes.integer(node, "detect_positive", 1):
        return below
    return b.op("Or", above, below)


@decomposes("Xor")
def exclusive_or(b: Builder, node: ir.Node) -> ir.Value:
    """Where the operands differ."""
    left, right = attributes.source(node), attributes.source(node, 1)
    return b.op("Not", b.op("Equal", b.cast(left, np.int32), b.cast(right, np.int32)))


@decomposes("GreaterOrEqual", "LessOrEqual")
def or_equal(b: Builder, node: ir.Node) -> ir.Value:
    """One comparison or the other."""
    left, right = attributes.source(node), attributes.source(node, 1)
    kind = node.op_type.removesuffix("OrEqual")
    return b.op("Or", b.op(kind, left, right), b.op("Equal", left, right))


def polynomial(b: Builder, x: ir.Value, coefficients: Sequence[float]) -> ir.Value:
    """Return a polynomial by Horner's rule; the coefficient of the highest power comes first."""
    highest, *others = coefficients
    result = b.op("Mul", x, highest)
    for coefficient in others[:-1]:
        result = b.op("Mul", b.op("Add", result, coefficient), x)
    return b.op("Add", result, others[-1])
