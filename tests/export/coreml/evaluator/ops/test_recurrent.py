"""Recurrent layers, against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from _edgeship.errors import InputError, UnsupportedError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

SEQUENCE, BATCH, INPUT, HIDDEN = 5, 2, 3, 4
X = rand(SEQUENCE, BATCH, INPUT)


def gates_of(parameter, order):
    """A parameter of PyTorch with its gates in MIL's order."""
    parts = np.split(parameter.detach().numpy(), len(order))
    return np.concatenate([parts[i] for i in order])


def parameters(layer, order, suffix="", mil_suffix=""):
    found = {
        name: gates_of(getattr(layer, f"{theirs}_l0{suffix}"), order)
        for name, theirs in (("weight_ih", "weight_ih"), ("weight_hh", "weight_hh"))
    }
    found["bias"] = sum(
        gates_of(getattr(layer, f"{theirs}_l0{suffix}"), order) for theirs in ("bias_ih", "bias_hh")
    )
    return {f"{name}{mil_suffix}": value for name, value in found.items()}


LSTM_ORDER = (0, 1, 3, 2)  # PyTorch has i, f, z, o


@pytest.mark.parametrize("both", [False, True])
def test_lstm(both):
    torch.manual_seed(0)
    layer = torch.nn.LSTM(INPUT, HIDDEN, bidirectional=both)
    directions = 2 if both else 1
    h, c = rand(directions, BATCH, HIDDEN), rand(directions, BATCH, HIDDEN, high=1.0)
    expected, (last, memory) = layer(torch.tensor(X), (torch.tensor(h), torch.tensor(c)))
    given = parameters(layer, LSTM_ORDER)
    if both:
        given |= parameters(layer, LSTM_ORDER, "_reverse", "_back")
    wide = BATCH, directions * HIDDEN
    found = compute(
        "lstm",
        x=X,
        initial_h=h.transpose(1, 0, 2).reshape(wide),
        initial_c=c.transpose(1, 0, 2).reshape(wide),
        direction="bidirectional" if both else "forward",
        output_sequence=True,
        **given,
    )
    near(found[0], expected.detach().numpy())
    for state, wanted in zip(found[1:], (last, memory), strict=True):
        near(state, wanted.detach().numpy().transpose(1, 0, 2).reshape(wide))


def test_lstm_gives_the_last_state_alone_by_default():
    torch.manual_seed(1)
    layer = torch.nn.LSTM(INPUT, HIDDEN)
    zeros = np.zeros((BATCH, HIDDEN), np.float32)
    expected, _ = layer(torch.tensor(X))
    given = parameters(layer, LSTM_ORDER)
    found = compute("lstm", x=X, initial_h=zeros, initial_c=zeros, **given)
    assert found[0].shape == (1, BATCH, HIDDEN)
    near(found[0][0], expected.detach().numpy()[-1])


@pytest.mark.parametrize("kind", ["tanh", "relu"])
def test_rnn(kind):
    torch.manual_seed(2)
    layer = torch.nn.RNN(INPUT, HIDDEN, nonlinearity=kind)
    h = rand(1, BATCH, HIDDEN)
    expected, last = layer(torch.tensor(X), torch.tensor(h))
    given = parameters(layer, (0,))
    found = compute("rnn", x=X, initial_h=h[0], output_sequence=True, activation=kind, **given)
    near(found[0], expected.detach().numpy())
    near(found[1], last.detach().numpy()[0])
    near(compute("rnn", x=X, initial_h=h[0], activation=kind, **given)[0][0], found[1])


def test_a_bias_may_be_left_out():
    layer = torch.nn.RNN(INPUT, HIDDEN, bias=False)
    expected, _ = layer(torch.tensor(X))
    found = compute(
        "rnn",
        x=X,
        initial_h=np.zeros((BATCH, HIDDEN), np.float32),
        weight_ih=layer.weight_ih_l0.detach().numpy(),
        weight_hh=layer.weight_hh_l0.detach().numpy(),
        output_sequence=True,
    )
    near(found[0], expected.detach().numpy())


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("lstm", {"clip": 1.0}),
        ("lstm", {"peephole": np.zeros(3 * HIDDEN, np.float32)}),
        ("lstm", {"direction": "reverse"}),
        ("lstm", {"recurrent_activation": "hard_sigmoid"}),
        ("rnn", {"direction": "reverse"}),
    ],
)
def test_what_the_documentation_leaves_open_is_refused(kind, arguments):
    rows = {"lstm": 4, "rnn": 1}[kind] * HIDDEN
    zeros = np.zeros((BATCH, HIDDEN), np.float32)
    given = {
        "x": X,
        "initial_h": zeros,
        "initial_c": zeros,
        "weight_ih": np.zeros((rows, INPUT), np.float32),
        "weight_hh": np.zeros((rows, HIDDEN), np.float32),
    }
    with pytest.raises(UnsupportedError, match="cannot be evaluated"):
        compute(kind, **{**given, **arguments})


def test_an_unknown_activation_is_refused():
    zeros = np.zeros((BATCH, HIDDEN), np.float32)
    with pytest.raises(InputError, match="cosine"):
        compute(
            "rnn",
            x=X,
            initial_h=zeros,
            weight_ih=np.zeros((HIDDEN, INPUT), np.float32),
            weight_hh=np.zeros((HIDDEN, HIDDEN), np.float32),
            activation="cosine",
        )
