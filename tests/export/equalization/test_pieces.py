"""Networks that run piece by piece compute what they compute in one go."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, parser

from _edgeship.export.equalization import graph_pieces
from _edgeship.export.equalization.pieces import affordable, pieces_for
from _edgeship.export.runtimes.running import run_onnx

#: a = f(x), b = f(a), c = f(b, a), d = f(c, x): what each operator reads.
READS = [frozenset("x"), frozenset("a"), frozenset("ba"), frozenset("cx")]
WRITES = [frozenset(name) for name in "abcd"]


def test_a_piece_starts_with_what_was_looked_at() -> None:
    first, second, third = pieces_for(READS, WRITES, [["a"], ["c"], ["d"]])
    assert [(one.first, one.last) for one in (first, second, third)] == [(0, 1), (0, 3), (2, 4)]
    assert first.results == ["a"]
    assert second.reads == ["x"]
    assert second.keeps == ["a", "b"], "the third piece computes c again, of both"
    assert third.reads == ["a", "b", "x"]
    known = {name: np.zeros(1) for name in "xabc"}
    second.forget(known)
    assert set(known) == {"x", "a", "b"}, "c may be another the next time"


def test_samples_are_bounded_by_numbers_and_by_bytes() -> None:
    pieces = pieces_for(READS, WRITES, [["a"], ["c"], ["d"]])
    # 1 operator, then 3, then 2.
    assert affordable(pieces, [10] * 4, lambda _: 1, numbers=600) == 10
    # x, a and b are kept at most.
    assert affordable(pieces, [1] * 4, lambda _: 10**8, numbers=1e9) == 3


def graph() -> onnx.ModelProto:
    """One of whose nodes reads values of the graph around it, and one writes integers."""
    model = parser.parse_model(
        '<ir_version: 10, opset_import: ["": 18]> '
        "g (float[1, 4] x) => (float[1, 4] y, int64[1] i) {"
        "a = Mul(x, w) i = ArgMax <axis = 1, keepdims = 0> (a) t = Cast <to = 9> (i) "
        "b = If (t) <then_branch = t () => (float[1, 4] p) { p = Add(a, w) }, "
        "else_branch = e () => (float[1, 4] q) { q = Neg(x) }> "
        "c = Tanh(b) y = Sub(c, a) }"
    )
    weights = np.array([1, -2, 3, 0.5], np.float32)
    model.graph.initializer.append(numpy_helper.from_array(weights, "w"))
    return model


@pytest.mark.parametrize(
    "groups", [["a", "i", "b", "c", "y"], ["b", "y"], ["y"]], ids=["each", "two", "one"]
)
def test_a_graph_in_pieces(groups: list[str]) -> None:
    model, draw = graph(), np.random.default_rng(0)
    samples: Any = [{"x": draw.normal(size=(1, 4)).astype(np.float32)} for _ in range(5)]
    pieces = graph_pieces.pieces_of(model, [[name] for name in groups])
    values, found = [dict(one) for one in samples], {}
    for piece in pieces:
        found |= graph_pieces.run_piece(model, piece, values, lambda _, array: array)
    for name in groups:
        other = graph()
        del other.graph.output[:]
        other.graph.output.append(onnx.ValueInfoProto(name=name))
        whole = run_onnx(other.SerializeToString(), samples, plain=True)
        np.testing.assert_array_equal(found[name], np.stack([one[0] for one in whole]))
    assert found[groups[-1]].dtype == np.float32


def test_what_is_named_after_a_value_is_as_large() -> None:
    model = graph()
    pieces = graph_pieces.pieces_of(model, [["y"]])
    shapes = {"a": (1, 4), "b": (1, 4), "c": (1, 4), "y": (1, 4), "i": (1,), "t": (1,)}
    assert graph_pieces.affordable_samples(model, pieces, shapes, 180) == 10
    for node in model.graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                names[place] = f"{name}/exact" if name == "c" else name
    assert graph_pieces.affordable_samples(model, pieces, shapes, 180) == 10
