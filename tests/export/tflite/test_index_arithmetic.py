from __future__ import annotations

from _edgeship.export.tflite.index_arithmetic import index_arithmetic
from _edgeship.export.tflite.writer import from_bytes, to_bytes, to_model
from tests.export.tflite.ops.harness import lower_model, parse


def found(text: str) -> set[str]:
    lowered = lower_model(parse(text))
    return index_arithmetic(from_bytes(to_bytes(to_model(lowered.graph, lowered.io, "test"))))


def test_positions_and_what_is_left_of_them() -> None:
    """The neighbours of a position along a table, weighted by where it lies between them."""
    names = found(
        """agraph (float[5,2] p, float[9,4] t) => (float[5,4] y)
        <float[2,1] w = {1, 2}, float s = {4.0}, float one = {1.0}> {
        c = MatMul(p, w) q = Mul(c, s) f = Floor(q) r = Sub(q, f) v = Sub(one, r)
        i = Cast<to=7>(f) k = Squeeze(i) g = Gather(t, k) y = Mul(g, v) }"""
    )
    assert names == {"q", "f", "r", "v"}


def test_rounding_that_no_index_comes_from() -> None:
    assert not found("agraph (float[5] x) => (float[5] y) { f = Floor(x) y = Sub(x, f) }")


def test_indices_of_integers() -> None:
    assert not found(
        "agraph (int64[5] i, float[9,4] t) => (float[5,4] y) { j = Add(i, i) y = Gather(t, j) }"
    )


def test_classes_are_no_positions() -> None:
    text = "agraph (float[5,3] x, float[3,4] t) => (float[5,4] y) "
    assert not found(text + "{ r = Relu(x) a = ArgMax<axis=1, keepdims=0>(r) y = Gather(t, a) }")
