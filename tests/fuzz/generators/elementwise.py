"""Nodes that compute every element by itself, from one operand or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import TensorProto

from tests.fuzz.generators.registry import Value, generates, second_operand

if TYPE_CHECKING:
    from tests.fuzz.random_graphs import Builder


@generates(
    "Abs", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "Identity"
)
def _one(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name])


generates("LeakyRelu", "Neg", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softplus")(_one)
generates("Softsign", "Tanh", "Mish", "Celu", "ThresholdedRelu", "Atan", "Sinh")(_one)


@generates("Log", "Sqrt", "Reciprocal")
def _positive(b: Builder, x: Value, kind: str) -> object:
    """Behind an absolute value and a constant, so that they are defined."""
    b.add("Abs", [x.name])
    b.add("Add", [b.values[-1].name, b.floats(low=0.3, high=1.0)])
    return b.add(kind, [b.values[-1].name])


@generates("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
def _two(b: Builder, x: Value, kind: str) -> object:
    pair = [x.name, second_operand(b, x)]
    return b.add(kind, pair if kind == "Div" or b.rng.random() < 0.6 else pair[::-1])


@generates("Pow")
def _pow(b: Builder, x: Value, kind: str) -> object:
    b.add("Abs", [x.name])
    return b.add(kind, [b.values[-1].name, b.floats(low=0.5, high=3.0)])


@generates("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal")
def _compare(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name, second_operand(b, x)])


@generates("And", "Or", "Xor", dtype="bool")
def _logic(b: Builder, x: Value, kind: str) -> object:
    others = [v for v in b.values if v.dtype == "bool" and v.shape == x.shape]
    return b.add(kind, [x.name, b.pick(others).name])


@generates("Not", dtype="bool")
def _not(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name])


@generates("Where", dtype="bool")
def _where(b: Builder, x: Value, kind: str) -> object:
    like = [v for v in b.values if v.dtype == "float32" and v.shape == x.shape]
    first = b.pick(like).name if like else b.floats(*x.shape)
    return b.add(kind, [x.name, first, b.floats()])


@generates("Cast", dtype="bool")
def _cast(b: Builder, x: Value, kind: str) -> object:
    return b.add(kind, [x.name], to=TensorProto.FLOAT)


@generates("Clip")
def _clip(b: Builder, x: Value, kind: str) -> object:
    low = b.floats(low=-1.0, high=0.0) if b.rng.random() < 0.8 else ""
    high = b.floats(low=0.1, high=6.0) if b.rng.random() < 0.8 else ""
    return b.add(kind, [x.name, low, high])


@generates("PRelu", ranks=range(2, 6))
def _prelu(b: Builder, x: Value, kind: str) -> object:
    shape = b.pick([(x.shape[1], *(1 for _ in x.shape[2:])), (1,), x.shape])
    return b.add(kind, [x.name, b.floats(*shape)])
