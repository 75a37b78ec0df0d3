"""LSTM, GRU and RNN, step by step: the number of steps is fixed.

What the steps read of the input is one product for all of them. A direction holds its states as
(batch, hidden) from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from _edgeship.export.decompositions.builder import Builder
from _edgeship.export.decompositions.gates import Activation, activations, clipped
from _edgeship.export.decompositions.registry import decomposes
from _edgeship.export.lowering import attributes

#: From what a step reads of the input, (batch, gates * hidden), and the states before it (None:
#: all zeros) to the states after it.
Step = Callable[[ir.Value, "list[ir.Value | None]"], "list[ir.Value]"]


@dataclass(frozen=True)
class Cell:
    """One direction of a recurrent node.

    Attributes:
        weight: W of all gates, (inputs, gates * hidden).
        recurrence: R of all gates, (hidden, gates * hidden).
        bias: What is added to the input's product, (gates * hidden), or None.
        inner: The bias of the recurrence where that is not simply added, or None.
        peepholes: P, (3 * hidden), or None.
        functions: The activations.
        clip: Bound of what activations read, or None.
        hidden: Size of a state.
    """

    weight: ir.Value
    recurrence: ir.Value
    bias: ir.Value | None
    inner: ir.Value | None
    peepholes: ir.Value | None
    functions: Sequence[Activation]
    clip: float | None
    hidden: int


@decomposes("LSTM")
def lstm(b: Builder, node: ir.Node) -> Sequence[ir.Value | None]:
    """Input, output and forget gates of one product, then the cell and the hidden state."""
    coupled = bool(attributes.integer(node, "input_forget", 0))
    cells = _cells(b, node, 4, ["Sigmoid", "Tanh", "Tanh"], separate=False)
    steps = [_lstm_step(b, cell, coupled) for cell in cells]
    return _unrolled(b, node, cells, steps, states=2)


@decomposes("GRU")
def gru(b: Builder, node: ir.Node) -> Sequence[ir.Value | None]:
    """Update and reset gates of one product, then the hidden state."""
    separate = bool(attributes.integer(node, "linear_before_reset", 0))
    cells = _cells(b, node, 3, ["Sigmoid", "Tanh"], separate=separate)
    steps = [_gru_step(b, cell, separate) for cell in cells]
    return _unrolled(b, node, cells, steps, states=1)


@decomposes("RNN")
def rnn(b: Builder, node: ir.Node) -> Sequence[ir.Value | None]:
    """One product and one activation in each step."""
    cells = _cells(b, node, 1, ["Tanh"], separate=False)
    steps = [_rnn_step(b, cell) for cell in cells]
    return _unrolled(b, node, cells, steps, states=1)


def _lstm_step(b: Builder, cell: Cell, coupled: bool) -> Step:
    first, second, third = cell.functions
    size = cell.hidden

    def step(read: ir.Value, before: list[ir.Value | None]) -> list[ir.Value]:
        hidden, state = before
        if hidden is not None:
            read = b.op("Add", read, b.op("MatMul", hidden, cell.recurrence))
        if cell.peepholes is None and state is None:
            # Nothing is to be forgotten: outputs that nobody reads have no range to be rounded by.
            gates, new = b.slice(read, 1, 0, 2 * size), b.slice(read, 1, 3 * size, 4 * size)
            enter, leave = b.split(first(b, clipped(b, gates, cell.clip)), 1, [size] * 2)
            keep = enter
        elif cell.peepholes is None:
            gates, new = b.split(read, 1, [3 * size, size])
            enter, leave, keep = b.split(first(b, clipped(b, gates, cell.clip)), 1, [size] * 3)
        else:
            at_input, at_output, at_forget = b.split(cell.peepholes, 0, [size] * 3)
            enter, leave, keep, new = b.split(read, 1, [size] * 4)
            enter = first(b, clipped(b, _peeped(b, enter, at_input, state), cell.clip))
            keep = first(b, clipped(b, _peeped(b, keep, at_forget, state), cell.clip))
        if coupled and state is not None:
            keep = b.op("Sub", 1.0, enter)
        new = b.op("Mul", enter, second(b, clipped(b, new, cell.clip)))
        if state is not None:
            new = b.op("Add", b.op("Mul", keep, state), new)
        if cell.peepholes is not None:
            leave = first(b, clipped(b, _peeped(b, leave, at_output, new), cell.clip))
        return [b.op("Mul", leave, third(b, clipped(b, new, cell.clip))), new]

    return step


def _peeped(b: Builder, gate: ir.Value, weight: ir.Value, state: ir.Value | None) -> ir.Value:
    return gate if state is None else b.op("Add", gate, b.op("Mul", weight, state))


def _gru_step(b: Builder, cell: Cell, separate: bool) -> Step:
    first, second = cell.functions
    size = cell.hidden
    gates_matrix, new_matrix = b.split(cell.recurrence, 1, [2 * size, size])

    def _after_reset(b: Builder, reset: ir.Value, hidden: ir.Value | None) -> ir.Value:
        if not separate and hidden is not None:
            return b.op("MatMul", b.op("Mul", reset, hidden), new_matrix)
        inner = cell.inner
        if hidden is not None:
            product = b.op("MatMul", hidden, new_matrix)
            inner = product if inner is None else b.op("Add", product, inner)
        return b.op("Mul", reset, inner)

    def step(read: ir.Value, before: list[ir.Value | None]) -> list[ir.Value]:
        (hidden,) = before
        if hidden is None and not (separate and cell.inner is not None):
            # Nothing is to be reset.
            gates, new = b.slice(read, 1, 0, size), b.slice(read, 1, 2 * size, 3 * size)
            update = first(b, clipped(b, gates, cell.clip))
        else:
            gates, new = b.split(read, 1, [2 * size, size])
            if hidden is not None:
                gates = b.op("Add", gates, b.op("MatMul", hidden, gates_matrix))
            update, reset = b.split(first(b, clipped(b, gates, cell.clip)), 1, [size, size])
            new = b.op("Add", new, _after_reset(b, reset, hidden))
        new = second(b, clipped(b, new, cell.clip))
        if hidden is None:
            return [b.op("Sub", new, b.op("Mul", update, new))]
        return [b.op("Add", new, b.op("Mul", update, b.op("Sub", hidden, new)))]

    return step


def _rnn_step(b: Builder, cell: Cell) -> Step:
    (function,) = cell.functions

    def step(read: ir.Value, before: list[ir.Value | None]) -> list[ir.Value]:
        (hidden,) = before
        if hidden is not None:
            read = b.op("Add", read, b.op("MatMul", hidden, cell.recurrence))
        return [function(b, clipped(b, read, cell.clip))]

    return step


def _cells(b: Builder, node: ir.Node, gates: int, default: list[str], separate: bool) -> list[Cell]:
    """Return what each direction computes with.

    Args:
        b: The builder.
        node: LSTM, GRU or RNN.
        gates: Parts that the weights have.
        default: Its activations unless others are given.
        separate: Whether the bias of the last gate's recurrence is kept apart.
    """
    weights, recurrences = attributes.source(node, 1), attributes.source(node, 2)
    biases = attributes.optional_input(node, 3)
    peepholes = attributes.optional_input(node, 7)
    count, _, hidden = b.shape(recurrences)
    functions = activations(node, default * count)
    clip = node.attributes.get("clip")
    cells = []
    for number in range(count):
        bias, inner = _biases(b, biases, number, gates * hidden, hidden if separate else 0)
        cells.append(
            Cell(
                b.transpose(_picked(b, weights, number), [1, 0]),
                b.transpose(_picked(b, recurrences, number), [1, 0]),
                bias,
                inner,
                None if peepholes is None else _picked(b, peepholes, number),
                functions[number * len(default) : (number + 1) * len(default)],
                None if clip is None else clip.as_float(),
                hidden,
            )
        )
    return cells


def _biases(
    b: Builder, biases: ir.Value | None, number: int, size: int, apart: int
) -> tuple[ir.Value | None, ir.Value | None]:
    """Return the bias of the input's product, and the last part of the recurrence's if apart."""
    if biases is None:
        return None, None
    outer, inner = b.split(_picked(b, biases, number), 0, [size, size])
    if not apart:
        return b.op("Add", outer, inner), None
    common, kept = b.split(inner, 0, [size - apart, apart])
    zeros = b.constant(np.zeros(apart, b.dtype(inner)))
    return b.op("Add", outer, b.concat([common, zeros], 0)), kept


def _picked(b: Builder, value: ir.Value, number: int) -> ir.Value:
    """Return one entry of the first axis, without that axis."""
    shape = b.shape(value)
    return b.reshape(b.slice(value, 0, number, number + 1), shape[1:])


def _unrolled(
    b: Builder, node: ir.Node, cells: Sequence[Cell], steps: Sequence[Step], states: int
) -> list[ir.Value | None]:
    """Return Y, Y_h and, of an LSTM, Y_c."""
    x = attributes.source(node)
    batch_first = bool(attributes.integer(node, "layout", 0))
    if batch_first:
        x = b.transpose(x, [1, 0, 2])
    length, batch, _ = b.shape(x)
    masks = _masks(b, attributes.optional_input(node, 4), length, batch)
    direction = attributes.text(node, "direction", "forward")
    histories, last = [], []
    for number, (cell, step) in enumerate(zip(cells, steps, strict=True)):
        now = [_initial(b, node, 5 + each, number, batch_first) for each in range(states)]
        backward = direction == "reverse" or number == 1
        history, final = _run(b, _read(b, cell, x), step, now, masks, backward)
        hidden = cell.hidden
        histories.append(b.reshape(b.concat(history, 0), [length, 1, batch, hidden]))
        last.append([b.reshape(value, [1, batch, hidden]) for value in final])
    outputs = [b.concat(histories, 1), *(b.concat(each, 0) for each in zip(*last, strict=True))]
    if batch_first:
        return [
            b.transpose(outputs[0], [2, 0, 1, 3]),
            *(b.transpose(value, [1, 0, 2]) for value in outputs[1:]),
        ]
    return list(outputs)


def _read(b: Builder, cell: Cell, x: ir.Value) -> list[ir.Value]:
    """Return the input's product for each step, (batch, gates * hidden)."""
    length, batch, inputs = b.shape(x)
    flat = b.op("MatMul", b.reshape(x, [length * batch, inputs]), cell.weight)
    if cell.bias is not None:
        flat = b.op("Add", flat, cell.bias)
    return b.split(flat, 0, [batch] * length)


def _initial(
    b: Builder, node: ir.Node, index: int, number: int, batch_first: bool
) -> ir.Value | None:
    """Return the state of a direction before the first step; None is zeros."""
    value = attributes.optional_input(node, index)
    data = b.data(value)
    if value is None or (data is not None and not data.any()):
        return None
    return _picked(b, b.transpose(value, [1, 0, 2]) if batch_first else value, number)


def _masks(b: Builder, lengths: ir.Value | None, length: int, batch: int) -> list[ir.Value | None]:
    """Return which samples each step is part of, (batch, 1); None where it is of all."""
    if lengths is None:
        return [None] * length
    column = b.reshape(lengths, [batch, 1])
    masks: list[ir.Value | None] = []
    for time in range(length):
        mask = b.op("Greater", column, time)
        data = b.data(mask)
        masks.append(None if data is not None and data.all() else mask)
    return masks


def _run(
    b: Builder,
    read: Sequence[ir.Value],
    step: Step,
    now: list[ir.Value | None],
    masks: Sequence[ir.Value | None],
    backward: bool,
) -> tuple[list[ir.Value], list[ir.Value]]:
    """Return the hidden state after each step, in order of time, and the states after the last."""
    order = range(len(read))
    history: dict[int, ir.Value] = {}
    for time in reversed(order) if backward else order:
        new = step(read[time], now)
        mask = masks[time]
        shown = new[0]
        if mask is not None:
            # A sample that has ended (or, backwards, not begun) keeps its states and gives zeros.
            shown = b.op("Where", mask, shown, 0.0)
            new = [
                b.op("Where", mask, value, 0.0 if old is None else old)
                for value, old in zip(new, now, strict=True)
            ]
        history[time] = shown
        now = list(new)
    return [history[time] for time in order], [value for value in now if value is not None]
