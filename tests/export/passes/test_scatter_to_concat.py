"""Writes into slices, as torch exports them, against ONNX Runtime on the graph before."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from torch import Tensor, nn

from _edgeship.export.graph.onnx_graph import operator_counts, serialize
from _edgeship.export.network.capture import capture_module
from _edgeship.export.network.definition import LiveModule
from _edgeship.export.passes.scatter_to_concat import scatter_to_concat
from _edgeship.export.preparation.prepare import prepare_captured
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.simplify import simplify

pytestmark = pytest.mark.slow

SHAPE = (1, 6, 4, 4)


class Write(nn.Module):
    """Adds 1 to rows ``start`` to ``end`` of an axis in place."""

    def __init__(self, axis: int, start: int, end: int, step: int = 1) -> None:
        super().__init__()
        self.cut = tuple([slice(None)] * axis + [slice(start, end, step)])

    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        y[self.cut] += x[self.cut] + 1
        return y


def captured(module: nn.Module) -> ir.Model:
    return simplify(prepare_captured(capture_module(module.eval(), (SHAPE,))[0]))


def sample() -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)}


@pytest.mark.parametrize(
    ("axis", "start", "end"), [(1, 0, 4), (1, 2, 6), (1, 1, 5), (2, 1, 3), (3, 0, 1)]
)
def test_a_write_becomes_one_concat(axis: int, start: int, end: int) -> None:
    module = Write(axis, start, end)
    model = captured(module)
    expected = LiveModule(module).run([sample()])
    assert scatter_to_concat(model) > 0
    counts = operator_counts(model)
    assert "ScatterND" not in counts
    assert counts["Concat"] == 1
    found = run_onnx(serialize(model), [sample()])
    np.testing.assert_allclose(found[0][0], expected[0][0], rtol=1e-6)


def test_a_write_back_of_the_same_rows_vanishes() -> None:
    model = captured(Write(1, 0, 4))
    assert operator_counts(model)["ScatterND"] == 2
    scatter_to_concat(model)
    assert operator_counts(model)["Concat"] == 1


def test_rows_with_gaps_are_left_alone() -> None:
    model = captured(Write(1, 0, 6, 2))
    before = operator_counts(model)["ScatterND"]
    assert scatter_to_concat(model) == 0
    assert operator_counts(model)["ScatterND"] == before


def test_updates_of_other_rows_are_not_taken_for_a_write_back() -> None:
    class Shift(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y = x * 2
            y[:, 0:3] = y[:, 1:4].clone()
            return y

    model = captured(Shift())
    expected = LiveModule(Shift()).run([sample()])
    assert scatter_to_concat(model) >= 1
    np.testing.assert_allclose(run_onnx(serialize(model), [sample()])[0][0], expected[0][0])
