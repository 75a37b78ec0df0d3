"""A file that runs piece by piece computes what it computes in one go."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.runtimes.tflite_session import TFLiteSession
from _edgeship.export.tflite.objects import name_of
from _edgeship.export.tflite.piecewise import affordable_samples, pieces_of, run_piece
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small


def branches() -> Small:
    """What is computed first is read first, and last of all."""
    small = Small(x=(1, 4, 4, 2))
    small.op("ABS", "x", "a", (1, 4, 4, 2))
    small.op("NEG", "a", "b", (1, 4, 4, 2))
    small.op("EXP", "b", "c", (1, 4, 4, 2))
    small.constant("k", np.full((2,), 0.5, np.float32))
    small.op("MUL", "c k", "d", (1, 4, 4, 2))
    small.op("SUB", "d a", "y", (1, 4, 4, 2))
    return small.out("y")


@pytest.mark.parametrize("looks", ["abcdy", "bdy", "y"])
def test_a_file_in_pieces(looks: str) -> None:
    small = branches()
    model = from_bytes(small.data())
    graph, samples = model.subgraphs[0], small.samples(3)
    names = [name_of(tensor) for tensor in graph.tensors]
    groups = [[op] for op in graph.operators if names[op.outputs[0]] in looks]
    values = [{int(graph.inputs[0]): sample["x"]} for sample in samples]
    found: dict[str, np.ndarray] = {}
    for piece in pieces_of(model, groups):
        made = run_piece(model, piece, values, lambda array: array)
        found |= {names[tensor]: array for tensor, array in made.items()}
    a = np.abs(np.stack([sample["x"] for sample in samples]))
    expected = {"a": a, "b": -a, "c": np.exp(-a), "d": np.exp(-a) / 2, "y": np.exp(-a) / 2 - a}
    assert set(found) == set(looks)
    for name, array in found.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-5, atol=1e-6)
    session = TFLiteSession(small.data(), small.io())
    whole = np.stack([session.run(sample)[0] for sample in samples])
    np.testing.assert_allclose(found["y"], whole, rtol=1e-6)


def test_samples_are_bounded() -> None:
    model = from_bytes(branches().data())
    groups = [[op] for op in model.subgraphs[0].operators]
    pieces = pieces_of(model, groups)
    # Five operators of 32 numbers, of which four run twice.
    assert affordable_samples(model, pieces, 2 * 9 * 32) == 2
