"""Comparing the weights of a compressed package, one by one, with those it was made from.

With few bits, a network's outputs are so far from the original ones that a wrong weight would not
show in them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import VerificationError
from _edgeship.export.contract.schemes import Scheme
from _edgeship.export.coreml.compression import is_compressed
from _edgeship.export.coreml.evaluator import Evaluator
from _edgeship.export.coreml.rounded_weights import rounded
from _edgeship.export.coreml.weights import FLOAT16
from _edgeship.export.verification.rounded_weights import steps_of

Array = NDArray[Any]

#: Operators that read a ``weight`` -> its axis of output channels.
_CHANNEL_AXES = {"conv": 0, "conv_transpose": 1, "linear": 0}

#: How much farther off than by the formula a weight may be, as a fraction of an int8 step: what
#: lies halfway between two steps may go to either, and products are rounded to float16.
_SLACK = 1 / 16

#: How much farther off a tiny weight may be: 127 steps, each rounded to float16, whose smallest
#: numbers are 6e-8 apart.
_TINY = 127 * 2.0**-25


def check_weights(
    plain: Evaluator,
    compressed: Evaluator,
    feeds: Mapping[str, Array],
    scheme: Scheme,
    keep: Collection[str] = (),
) -> int:
    """Demand that each weight is as close to the original as the scheme allows.

    Args:
        plain: The package before its weights were compressed.
        compressed: The same package with compressed weights.
        feeds: A sample for both: weights are read while the program runs.
        scheme: What was asked for; one that compresses nothing must change nothing.
        keep: As for `compress`.

    Returns:
        How many weights were compared.

    Raises:
        VerificationError: A weight is farther off, or the operators with weights are not the same.
    """
    before, after = (_weights(one, feeds) for one in (plain, compressed))
    if list(before) != list(after):
        raise VerificationError(
            "The compressed package does not have the operators that it was made from.",
            why=", ".join(sorted(set(before) ^ set(after))) or "their order differs",
        )
    for name, (weight, axis) in before.items():
        stored = after[name][0]
        kept = name.removesuffix(FLOAT16) in keep
        if kept:
            right = np.array_equal(stored, weight)
        else:
            right = stored.shape == weight.shape and _allowed(stored, weight, axis, scheme)
        if not right:
            raise VerificationError(
                "A weight of the compressed package is not what it was made from.",
                where=f"the weight of {name}",
                why=f"the scheme {scheme.name} stores it nearer to what it was",
                todo="report it, with the network",
            )
    return len(before)


def _allowed(stored: Array, weight: Array, axis: int, scheme: Scheme) -> bool:
    if not is_compressed(weight, scheme):
        return np.array_equal(stored, weight)
    # Float64, since differences of float16 numbers are rounded themselves.
    exact = weight.astype(np.float64)
    allowed = np.abs(rounded(weight, axis, scheme.name) - exact)
    allowed += _SLACK * steps_of(exact, axis) + _TINY
    return bool((np.abs(stored - exact) <= allowed).all())


def _weights(evaluator: Evaluator, feeds: Mapping[str, Array]) -> dict[str, tuple[Array, int]]:
    """Return name of an operator's result -> its weight, and the axis of its output channels."""
    sources = {}
    for operation in evaluator.program.operations:
        given = operation.inputs.get("weight")
        if operation.kind in _CHANNEL_AXES and isinstance(given, tuple):
            sources[operation.outputs[0].name] = given[0], _CHANNEL_AXES[operation.kind]
    values = evaluator.run(feeds, [name for name, _ in sources.values()])
    return {output: (values[name], axis) for output, (name, axis) in sources.items()}
