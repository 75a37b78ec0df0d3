"""Activations of recurrent nodes, with the figures that their attributes give them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.lowering.unsupported import Unsupported

Activation = Callable[[Builder, ir.Value], ir.Value]

#: Activation -> the defaults of alpha and beta, where it has them.
_FIGURES = {
    "affine": (1.0, 0.0),
    "elu": (1.0, None),
    "hardsigmoid": (0.2, 0.5),
    "leakyrelu": (0.01, None),
    "relu": (None, None),
    "scaledtanh": (1.0, 1.0),
    "sigmoid": (None, None),
    "softplus": (None, None),
    "softsign": (None, None),
    "tanh": (None, None),
    "thresholdedrelu": (1.0, None),
}
_PLAIN = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
}


def activations(node: ir.Node, default: Sequence[str]) -> list[Activation]:
    """Return the activations of a node, in order.

    Each takes the next of activation_alpha and activation_beta, if it has such a figure.

    Raises:
        Unsupported: One of them is not known.
    """
    names = node.attributes.get("activations")
    alphas, betas = (
        iter(node.attributes[name].as_floats() if name in node.attributes else ())
        for name in ("activation_alpha", "activation_beta")
    )
    found = []
    for name in default if names is None else names.as_strings():
        key = name.lower()
        if key not in _FIGURES:
            raise Unsupported(f"its activation {name} is not known")
        alpha, beta = _FIGURES[key]
        alpha = None if alpha is None else next(alphas, alpha)
        beta = None if beta is None else next(betas, beta)
        found.append(_activation(key, alpha or 0.0, beta or 0.0))
    return found


def clipped(b: Builder, x: ir.Value, bound: float | None) -> ir.Value:
    """Return x between a bound and its negative."""
    return x if bound is None else b.op("Clip", x, -bound, bound)


def _activation(name: str, alpha: float, beta: float) -> Activation:
    def apply(b: Builder, x: ir.Value) -> ir.Value:
        if name in _PLAIN:
            return b.op(_PLAIN[name], x)
        if name == "affine":
            return b.op("Add", b.op("Mul", x, alpha), beta)
        if name == "scaledtanh":
            return b.op("Mul", b.op("Tanh", b.op("Mul", x, beta)), alpha)
        if name == "hardsigmoid":
            return b.op("HardSigmoid", x, alpha=alpha, beta=beta)
        kind = {"elu": "Elu", "leakyrelu": "LeakyRelu", "thresholdedrelu": "ThresholdedRelu"}
        return b.op(kind[name], x, alpha=alpha)

    return apply
