"""Activations behind a Concat, against ONNX Runtime on the graph before."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.passes.activate_parts import activate_parts
from _edgeship.export.runtimes.running import run_onnx

HEADER = '<ir_version: 10, opset_import: ["": 18]>'
IMAGE = "float[1,4,6,6]"


def graph(text: str) -> ir.Model:
    return infer_shapes(ir.from_proto(onnx.parser.parse_model(f"{HEADER}\n{text}")))


def outputs(model: ir.Model) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    sample = {"x": 4 * rng.standard_normal((1, 4, 6, 6)).astype(np.float32)}
    return run_onnx(serialize(model), [sample])[0]


def moved(body: str, results: str = "float[1,C,6,6] y") -> tuple[ir.Model, int]:
    """The graph after the pass, which computes what the graph before it did."""
    model = graph(
        f"agraph ({IMAGE} x) => ({results})"
        f"<float[4,1,1,1] w = {{1, -1, 2, -2}}, float low = {{0}}, float high = {{6}}> {{ {body} }}"
    )
    expected = outputs(model)
    count = activate_parts(model)
    for before, after in zip(expected, outputs(infer_shapes(model)), strict=True):
        np.testing.assert_array_equal(before, after)
    return model, count


CONV = "Conv <group = 4> (x, w)"


@pytest.mark.parametrize(
    ("body", "count", "left"),
    [
        # What is never below zero needs nothing; the convolution applies its own.
        (f"a = Abs (x) b = {CONV} c = Concat <axis = 1> (a, b) y = Relu (c)", 1, 1),
        (f"a = {CONV} b = {CONV} c = Concat <axis = 1> (a, b) y = Relu (c)", 1, 2),
        (f"a = {CONV} b = {CONV} c = Concat <axis = 1> (a, b) y = Clip (c, low, high)", 1, 2),
        # One part that nobody applies them to is no more operators than the whole, and smaller.
        (f"a = Neg (x) b = {CONV} c = Concat <axis = 1> (a, b) y = Relu (c)", 1, 2),
        ("a = Neg (x) b = Sin (x) c = Concat <axis = 1> (a, b) y = Relu (c)", 0, 1),
        ("a = Neg (x) c = Concat <axis = 1> (a) y = Relu (c)", 0, 1),
        # A Concat in a Concat.
        (
            f"a = {CONV} b = {CONV} d = {CONV} c = Concat <axis = 1> (a, b)"
            " e = Concat <axis = 1> (c, d) y = Relu (e)",
            2,
            3,
        ),
        # The same part twice.
        (f"a = {CONV} b = {CONV} c = Concat <axis = 1> (a, b, b) y = Relu (c)", 0, 1),
        # Bounded by the same already.
        (
            f"d = Clip (x, low, high) b = {CONV} c = Concat <axis = 1> (d, b)"
            " y = Clip (c, low, high)",
            1,
            2,
        ),
    ],
)
def test_where_activations_go(body: str, count: int, left: int) -> None:
    model, found = moved(body)
    assert found == count
    kinds = operator_counts(model)
    assert kinds.get("Relu", 0) + kinds.get("Clip", 0) == left


@pytest.mark.parametrize("name", ["c", "b"])
def test_what_something_else_reads_stays(name: str) -> None:
    model, count = moved(
        f"a = Neg (x) b = {CONV} c = Concat <axis = 1> (a, b) y = Relu (c)",
        f"float[1,C,6,6] y, float[1,C,6,6] {name}",
    )
    assert count == 0
    assert [value.name for value in model.graph.outputs] == ["y", name]


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, lines = ["x"], []
    for number in range(12):
        one, other = rng.choice(values, 2)
        bounded = rng.choice(["Relu (j?)", "Clip (j?, low, high)"])
        line = rng.choice(
            [
                f"v? = Conv <group = 4> ({one}, w)",
                f"v? = Abs ({one})",
                f"v? = Neg ({one})",
                f"v? = MaxPool <kernel_shape = [3,3], pads = [1,1,1,1]> ({one})",
                f"v? = Add ({one}, {other})",
                f"j? = Concat <axis = 1> ({one}, {other}) r? = {bounded}"
                " v?, s? = Split <axis = 1, num_outputs = 2> (r?)",
            ]
        )
        lines.append(str(line).replace("?", str(number)))
        values.append(f"v{number}")
    moved(f"{' '.join(lines)} y = Concat <axis = 1> ({', '.join(values)})")
