"""Recurrent layers: ``x`` is (sequence, batch, input), and states are (batch, hidden)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import Array
from _edgeship.export.coreml.evaluator.ops.activation import sigmoid
from _edgeship.export.coreml.evaluator.ops.arguments import demand_room, invalid, undocumented, wide
from _edgeship.export.coreml.evaluator.ops.registry import Call, computes

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
}


@computes("lstm")
def lstm(call: Call) -> tuple[Array, ...]:
    """Long short-term memory; its rows of weights are in the order i, f, o, z.

    In both directions, the second half of each vector is that of the direction from the end; the
    vectors of one moment stand together, as in the layer of PyTorch that coremltools' front end
    makes this operator of.
    """
    for name in ("peephole", "peephole_back", "clip"):
        if call.get(name, None) is not None:
            raise undocumented(call, f"how {name} enters the gates")
    direction = str(call.get("direction", "forward"))
    x, hidden, cell = (wide(call[name]) for name in ("x", "initial_h", "initial_c"))
    suffixes = {"forward": [""], "bidirectional": ["", "_back"]}.get(direction)
    if suffixes is None:
        raise undocumented(call, f"in which order the states of direction {direction} come")
    firsts = zip(
        np.split(hidden, len(suffixes), -1), np.split(cell, len(suffixes), -1), strict=True
    )
    parts = []
    for suffix, (h, c) in zip(suffixes, firsts, strict=True):
        found = _long_short(call, x[::-1] if suffix else x, h, c, suffix)
        parts.append((found[0][::-1] if suffix else found[0], *found[1:]))
    states, last, memory = (np.concatenate(some, axis=-1) for some in zip(*parts, strict=True))
    if not call.get("output_sequence", False):
        states = last[None]
    return states, last, memory


def _long_short(
    call: Call, x: Array, h: Array, c: Array, suffix: str
) -> tuple[Array, Array, Array]:
    """Return all states, the last one and the last memory, of one direction."""
    matrix, recurrent = (wide(call[f"{name}{suffix}"]) for name in ("weight_ih", "weight_hh"))
    bias = _bias(call, f"bias{suffix}", matrix)
    gate = _function(call, "recurrent_activation", "sigmoid")
    fresh = _function(call, "cell_activation", "tanh")
    shown = _function(call, "activation", "tanh")
    demand_room(call, [*x.shape[:2], matrix.shape[0]])
    states = []
    for now in x:
        i, f, o, z = np.split(now @ matrix.T + bias + h @ recurrent.T, 4, axis=-1)
        c = gate(f) * c + gate(i) * fresh(z)
        h = gate(o) * shown(c)
        states.append(h)
    return np.stack(states), h, c


@computes("rnn")
def rnn(call: Call) -> tuple[Array, Array]:
    """Each state is a function of a product with the input and one with the state before it."""
    direction = str(call.get("direction", "forward"))
    if direction != "forward":
        raise undocumented(call, f"in which order the states of direction {direction} come")
    x, h = wide(call["x"]), wide(call["initial_h"])
    matrix, recurrent = wide(call["weight_ih"]), wide(call["weight_hh"])
    bias, function = _bias(call, "bias", matrix), _function(call, "activation", "tanh")
    demand_room(call, [*x.shape[:2], matrix.shape[0]])
    states = []
    for now in x:
        h = function(now @ matrix.T + bias + h @ recurrent.T)
        states.append(h)
    return (np.stack(states) if call.get("output_sequence", False) else h[None]), h


def _bias(call: Call, name: str, matrix: Array) -> Array:
    bias = call.get(name, None)
    return np.zeros(len(matrix), np.float32) if bias is None else wide(bias)


def _function(call: Call, name: str, default: str) -> Callable[[Array], Array]:
    kind = str(call.get(name, default)).lower()
    if kind in ("hard_sigmoid", "sigmoid_hard", "scaled_tanh"):
        raise undocumented(call, f"which numbers {kind} has in a recurrent layer")
    if kind not in _ACTIVATIONS:
        raise invalid(call, f"{name} is {kind!r}")
    return _ACTIVATIONS[kind]
