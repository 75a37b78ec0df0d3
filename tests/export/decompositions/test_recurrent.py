"""LSTM, GRU and RNN step by step, against ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.export.decompositions.harness import Array, Case, case, check, rand

LENGTH, BATCH, INPUTS, HIDDEN = 5, 2, 3, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def net(
    kind: str,
    *,
    bias: bool = True,
    lengths: Array | None = None,
    initial: bool = False,
    peepholes: bool = False,
    constants: tuple[int, ...] = (1, 2, 3, 4, 7),
    batch: int = BATCH,
    **more: Any,
) -> Case:
    """Return a recurrent node with random weights."""
    ways = 2 if more.get("direction") == "bidirectional" else 1
    size = GATES[kind] * HIDDEN
    first = bool(more.get("layout"))
    inputs: list[Array | None] = [
        rand(*((batch, LENGTH) if first else (LENGTH, batch)), INPUTS, seed=1),
        rand(ways, size, INPUTS, seed=2, low=-1, high=1),
        rand(ways, size, HIDDEN, seed=3, low=-1, high=1),
        rand(ways, 2 * size, seed=4, low=-1, high=1) if bias else None,
        lengths,
    ]
    shape = (batch, ways, HIDDEN) if first else (ways, batch, HIDDEN)
    states = 2 if kind == "LSTM" else 1
    inputs += [rand(*shape, seed=5 + n) if initial else None for n in range(states)]
    if peepholes:
        inputs.append(rand(ways, 3 * HIDDEN, seed=7))
    known = [n for n in constants if n < len(inputs) and inputs[n] is not None]
    outputs = 3 if kind == "LSTM" else 2
    return case(
        kind, *inputs, constants=known, outputs=outputs, hidden_size=HIDDEN, tolerance=2e-6, **more
    )


SHORT = np.array([3, 5], np.int32)
CASES = [
    *(
        net(kind, direction=direction, bias=bias, initial=not bias)
        for kind in GATES
        for direction in ("forward", "reverse", "bidirectional")
        for bias in (True, False)
    ),
    *(net(kind, lengths=SHORT) for kind in GATES),
    *(net(kind, lengths=SHORT, direction="bidirectional") for kind in GATES),
    *(net(kind, lengths=SHORT, initial=True, constants=(), direction="reverse") for kind in GATES),
    *(net(kind, batch=1, lengths=np.array([LENGTH], np.int32)) for kind in GATES),
    *(net(kind, clip=0.7) for kind in GATES),
    net("GRU", linear_before_reset=1),
    net("GRU", linear_before_reset=1, initial=True, bias=False),
    net("GRU", linear_before_reset=1, initial=True, constants=(), direction="bidirectional"),
    net("LSTM", peepholes=True),
    net("LSTM", peepholes=True, initial=True, direction="bidirectional"),
    net("LSTM", activations=["HardSigmoid", "Softsign", "Relu"], activation_alpha=[0.3],
        activation_beta=[0.4]),
    net("GRU", activations=["HardSigmoid", "LeakyRelu"], activation_alpha=[0.25, 0.1],
        activation_beta=[0.45]),
    net("RNN", activations=["Relu"]),
    net("RNN", activations=["Elu"], activation_alpha=[0.8]),
    net("RNN", activations=["ScaledTanh"], activation_alpha=[0.8], activation_beta=[1.3]),
    net("RNN", activations=["Affine"], activation_alpha=[0.3], activation_beta=[0.1]),
]  # fmt: skip

#: ONNX Runtime has neither of these.
OTHERS = [
    *(net(kind, layout=1, initial=True, reference=True) for kind in GATES),
]


@pytest.mark.parametrize("each", [*CASES, *OTHERS], ids=lambda each: each.op_type)
def test_recurrent_nodes(each: Case) -> None:
    check(each)
