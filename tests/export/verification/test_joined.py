from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from onnx import parser

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.joined import joined_outputs, output_parts
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.parts import Joined


def graph(body: str, inputs: str, output: str) -> ir.Model:
    text = f'<ir_version: 10, opset_import: ["": 18]> g ({inputs}) => ({output}) {{ {body} }}'
    return infer_shapes(ir.from_proto(parser.parse_model(text)))


def sources(body: str, inputs: str, output: str) -> Joined:
    return joined_outputs(graph(body, inputs, output))["y"]


def test_the_operands_of_a_concat_are_told_apart() -> None:
    found = sources(
        "b = Relu(a) s = Sigmoid(c) y = Concat <axis = 1> (b, s)",
        "float[1, 4, 8] a, float[1, 2, 8] c",
        "float[1, 6, 8] y",
    )
    assert found.names == ("a", "s")  # a Relu keeps the elements where they are
    assert found.sigmoids == {"s"}
    np.testing.assert_array_equal(found.sources[0, :, 0], [0, 0, 0, 0, 1, 1])


def test_they_are_followed_through_what_moves_them() -> None:
    """Compared with what ONNX Runtime makes of operands that hold their own numbers."""
    model = graph(
        "p = Concat <axis = 2> (a, b) q = Concat <axis = 1> (p, c)"
        " t = Transpose <perm = [0, 2, 1]> (q) f = Flatten <axis = 1> (t)"
        " s = Constant <value_ints = [1, 5, 6]> () r = Reshape (f, s)"
        " from = Constant <value_ints = [1]> () to = Constant <value_ints = [5]> ()"
        " axis = Constant <value_ints = [1]> () y = Slice (r, from, to, axis)",
        "float[1, 4, 2] a, float[1, 4, 3] b, float[1, 2, 5] c",
        "float[1, 4, 6] y",
    )
    found = joined_outputs(model)["y"]
    shapes = {"a": (1, 4, 2), "b": (1, 4, 3), "c": (1, 2, 5)}
    fed = {name: np.full(shapes[name], found.names.index(name), np.float32) for name in shapes}
    [[expected]] = run_onnx(ir.to_proto(model).SerializeToString(), [fed])
    np.testing.assert_array_equal(found.sources, expected)
    assert set(np.unique(found.sources)) == {0, 1, 2}


def test_a_constant_factor_moves_nothing_and_is_no_sigmoid_any_more() -> None:
    body = (
        "s = Sigmoid(a) k = Constant <value_float = 40.0> () t = Mul(s, k)"
        " y = Concat <axis = 1> (t, b)"
    )
    found = sources(body, "float[1, 4, 8] a, float[1, 2, 8] b", "float[1, 6, 8] y")
    assert found.names == ("s", "b")
    assert not found.sigmoids


def test_a_value_is_followed_to_where_it_is_computed() -> None:
    body = (
        "s = Sigmoid(a) h, t = Split <axis = 1, num_outputs = 2> (s) y = Concat <axis = 1> (t, h)"
    )
    found = sources(body, "float[1, 4, 8] a", "float[1, 4, 8] y")
    assert (found.names, found.sigmoids) == (("s",), {"s"})


def test_computed_indices_move_nothing_that_is_known() -> None:
    body = "y = Gather <axis = 1> (a, i)"
    found = sources(body, "float[1, 4, 8] a, int64[2] i", "float[1, 2, 8] y")
    assert found.names == ("y",)


@pytest.mark.parametrize(
    ("scale", "expected"),
    [(300.0, ["y", "y, channels 0..3", "y, channels 4..5"]), (1.0, ["y"])],
)
def test_the_parts_of_a_graphs_outputs(scale: float, expected: list[str]) -> None:
    model = graph(
        "y = Concat <axis = 1> (a, b)", "float[1, 4, 2] a, float[1, 2, 2] b", "float[1, 6, 2] y"
    )
    rng = np.random.default_rng(0)
    values = rng.standard_normal((1, 6, 2)).astype(np.float32)
    values[:, :4] *= scale
    assert [part.name for part in output_parts(model, [[values]])] == expected


def test_whole_numbers_are_known_through_what_scales_and_moves_them() -> None:
    body = (
        "r = Ceil(a) k = Constant <value_float = 0.5> () s = Mul(r, k)"
        " i = ArgMax <axis = 1> (a) f = Cast <to = 1> (i) y = Concat <axis = 1> (s, f, a)"
    )
    found = sources(body, "float[1, 4, 8] a", "float[1, 9, 8] y")
    assert found.names == ("r", "i", "a")
    assert found.steps == {"r", "i"}


def test_one_step_of_many_is_forgiven_and_many_are_not() -> None:
    model = graph("y = Ceil(x)", "float[1, 4, 64] x", "float[1, 4, 64] y")
    reference = [[np.ceil(np.random.default_rng(0).normal(0, 4, (1, 4, 64))).astype(np.float32)]]
    parts = output_parts(model, reference)

    def verdict(count: int) -> str | None:
        other = reference[0][0].copy()
        other.reshape(-1)[:count] += 1
        return judge(compare(reference, [[other]], parts=parts), "fp16")

    assert verdict(1) is None
    sentence = verdict(16)
    assert sentence == "Only 93.8% of the elements are equal; fp16 needs 98.0%."
