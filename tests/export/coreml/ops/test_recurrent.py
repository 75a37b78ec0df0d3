from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from tests.export.coreml.ops.harness import check, check_all, node_model, rand

SEQUENCE, BATCH, INPUT, HIDDEN = 5, 2, 3, 4
OUTPUTS = {"LSTM": ["y", "h", "c"], "RNN": ["y", "h"]}
GATES = {"LSTM": 4, "RNN": 1}


def layer(
    op_type: str,
    direction: str = "forward",
    *,
    bias: bool = True,
    states: str = "none",
    **attributes: Any,
) -> onnx.ModelProto:
    """A recurrent layer with seeded weights; its first states are none, constant or computed."""
    directions = 2 if direction == "bidirectional" else 1
    rows = GATES[op_type] * HIDDEN
    inputs: dict[str, Any] = {
        "x": (SEQUENCE, BATCH, INPUT),
        "w": rand(directions, rows, INPUT) * 0.5,
        "r": rand(directions, rows, HIDDEN, seed=1) * 0.5,
        "b": rand(directions, 2 * rows, seed=2) if bias else None,
        "lengths": None,
    }
    shape = (directions, BATCH, HIDDEN)
    for number, name in enumerate(OUTPUTS[op_type][1:]):
        given = {"none": None, "constant": rand(*shape, seed=3 + number), "computed": shape}
        inputs[f"first_{name}"] = given[states]
    return node_model(
        op_type,
        inputs,
        outputs=OUTPUTS[op_type],
        hidden_size=HIDDEN,
        direction=direction,
        **attributes,
    )


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_lstm(direction: str) -> None:
    models = [
        layer("LSTM", direction, states=states, bias=states != "none")
        for states in ("none", "constant", "computed")
    ]
    kinds = check_all(models)
    assert kinds.count("lstm") == 3
    assert kinds.count("reverse") == (6 if direction == "reverse" else 0)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_rnn(direction: str) -> None:
    models = [
        layer("RNN", direction, states=states, activations=[activation])
        for states, activation in (("none", "Tanh"), ("constant", "Relu"), ("computed", "Sigmoid"))
    ]
    assert check_all(models).count("rnn") == 3


@pytest.mark.parametrize("ios", [15, 17])
def test_in_float16(ios: int) -> None:
    """Up to iOS 16, MIL's layers compute in float32 whatever is around them."""
    check(layer("LSTM", "bidirectional"), ios, "float16", tolerance=2e-3)
    check(layer("RNN"), ios, "float16", tolerance=2e-3)


def test_only_the_last_state() -> None:
    model = layer("LSTM")
    del model.graph.output[2], model.graph.output[0]
    assert check(model).count("lstm") == 1


def test_sequences_of_the_full_length() -> None:
    model = layer("LSTM")
    model.graph.node[0].input[4] = "lengths"
    lengths = np.full(BATCH, SEQUENCE, np.int32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(lengths, "lengths"))
    assert "lstm" in check(model)


@pytest.mark.parametrize(
    ("op_type", "attributes"),
    [
        ("LSTM", {"clip": 0.5}),
        ("LSTM", {"input_forget": 1}),
        ("LSTM", {"activations": ["HardSigmoid", "Tanh", "Tanh"]}),
        ("RNN", {"direction": "bidirectional"}),
    ],
)
def test_what_mil_has_not_is_unrolled(op_type: str, attributes: dict[str, Any]) -> None:
    kinds = check(layer(op_type, **attributes))
    assert "lstm" not in kinds
    assert "rnn" not in kinds
