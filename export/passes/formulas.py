"""Reading arithmetic of a graph as formulas: products, and polynomials in one value."""

from __future__ import annotations

import math

import onnx_ir as ir

#: How far the numbers of a formula may be from those that it is known by: rounding to float32.
CLOSE = 2e-6

#: Formulas of higher degree are not looked for.
_HIGHEST = 4

Polynomial = dict[int, float]
"""Power of a value -> its coefficient."""


def is_close(number: float, wanted: float) -> bool:
    """Return whether a number is another, but for its rounding."""
    return math.isclose(number, wanted, rel_tol=CLOSE)


def scalar(value: ir.Value | None) -> float | None:
    """Return the number that a constant of one element holds, or None."""
    if value is None or value.const_value is None or value.const_value.size != 1:
        return None
    return float(value.const_value.numpy().reshape(()))


def made_by(value: ir.Value | None, *op_types: str) -> ir.Node | None:
    """Return the node that makes a value if it is of one of these operators."""
    node = None if value is None else value.producer()
    if node is None or node.domain not in ("", "ai.onnx") or node.op_type not in op_types:
        return None
    return node


def factors(value: ir.Value) -> tuple[float, list[ir.Value]]:
    """Return a value as a product: a number, and the values that are not products themselves."""
    node = made_by(value, "Mul", "Div")
    if node is None:
        return 1.0, [value]
    left, right = node.inputs
    if left is None or right is None:
        return 1.0, [value]
    number = scalar(right)
    if node.op_type == "Div":
        if not number:
            return 1.0, [value]
        share, parts = factors(left)
        return share / number, parts
    if number is not None:
        share, parts = factors(left)
        return share * number, parts
    number = scalar(left)
    if number is not None:
        share, parts = factors(right)
        return share * number, parts
    one, some = factors(left)
    other, more = factors(right)
    return one * other, some + more


def polynomial(value: ir.Value, x: ir.Value) -> Polynomial | None:
    """Return a value as a polynomial in another, or None if it is none."""
    if value is x:
        return {1: 1.0}
    number = scalar(value)
    if number is not None:
        return {0: number}
    node = made_by(value, "Add", "Sub", "Mul", "Div", "Pow")
    if node is None or node.inputs[0] is None or node.inputs[1] is None:
        return None
    left, right = polynomial(node.inputs[0], x), polynomial(node.inputs[1], x)
    if left is None or right is None:
        return None
    if node.op_type == "Add":
        return _sum(left, right, 1.0)
    if node.op_type == "Sub":
        return _sum(left, right, -1.0)
    if node.op_type == "Mul":
        return _product(left, right)
    if set(right) != {0}:
        return None
    if node.op_type == "Div":
        return {power: share / right[0] for power, share in left.items()} if right[0] else None
    return _power(left, right[0])


def _sum(left: Polynomial, right: Polynomial, sign: float) -> Polynomial:
    powers = left.keys() | right.keys()
    return {power: left.get(power, 0.0) + sign * right.get(power, 0.0) for power in powers}


def _product(left: Polynomial, right: Polynomial) -> Polynomial | None:
    if max(left) + max(right) > _HIGHEST:
        return None
    result: Polynomial = {}
    for power, share in left.items():
        for other, more in right.items():
            result[power + other] = result.get(power + other, 0.0) + share * more
    return result


def _power(base: Polynomial, exponent: float) -> Polynomial | None:
    if exponent not in (2.0, 3.0):
        return None
    result: Polynomial | None = base
    for _ in range(int(exponent) - 1):
        result = None if result is None else _product(result, base)
    return result


def is_polynomial(value: ir.Value, x: ir.Value, wanted: Polynomial) -> bool:
    """Return whether a value is this polynomial in another; zeros may be left out."""
    found = polynomial(value, x)
    if found is None:
        return False
    found = {power: share for power, share in found.items() if share}
    return found.keys() == wanted.keys() and all(
        is_close(found[power], share) for power, share in wanted.items()
    )
