"""Indexing and expanding, folded: against ONNX Runtime on the graph before."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.lowering.empty import fold_empty
from _edgeship.export.passes import rewrite
from _edgeship.export.passes.bypass_expand import bypass_expand
from _edgeship.export.passes.plain_moves import plain_moves
from _edgeship.export.runtimes.running import run_onnx


def graph(text: str) -> ir.Model:
    model = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": 18]>\n{text}')
    return infer_shapes(ir.from_proto(model))


def outputs(model: ir.Model) -> np.ndarray:
    shapes = {value.name: tuple(map(int, value.shape)) for value in model.graph.inputs}
    rng = np.random.default_rng(0)
    sample = {n: rng.standard_normal(shape).astype(np.float32) for n, shape in shapes.items()}
    return run_onnx(serialize(model), [sample])[0][0]


INDEXING = """agraph (float[1,4,3,2] x) => (float[1,4,3,2] y)
    <int64[4,1] i = {3,0,2,1}> {
    a = Transpose <perm = [1,0,2,3]> (x) b = GatherND (a, i)
    y = Transpose <perm = [1,0,2,3]> (b) }"""
REPEATING = """agraph (float[2,3,4,5] x) => (float[2,6,4,5] y)
    <int64[4] s = {2,3,1,20}, int64[4] e = {1,1,2,1}, int64[4] t = {2,6,4,5}> {
    a = Reshape (x, s) b = Expand (a, e) y = Reshape (b, t) }"""
DOUBLING = """agraph (float[1,3,2,2] x) => (float[1,3,4,4] y)
    <int64[6] s = {1,3,2,1,2,1}, int64[6] e = {1,1,1,2,1,2}, int64[4] t = {1,3,4,4}> {
    a = Reshape (x, s) b = Expand (a, e) y = Reshape (b, t) }"""
ROWS = """agraph (float[3,4] x) => (float[2,4] y) <int64[2,1] i = {2,2}> { y = GatherND (x, i) }"""
ELEMENTS = """agraph (float[3,4] x) => (float[2] y) <int64[2,2] i = {2,2,0,1}> {
    y = GatherND (x, i) }"""


@pytest.mark.parametrize(
    ("text", "count"), [(INDEXING, 1), (REPEATING, 1), (DOUBLING, 0), (ROWS, 1), (ELEMENTS, 0)]
)
def test_chains_that_pick_along_one_axis(text: str, count: int) -> None:
    model = graph(text)
    expected = outputs(model)
    assert plain_moves(model) == count
    if count:
        assert operator_counts(model) == {"Gather": 1}
    np.testing.assert_array_equal(outputs(infer_shapes(model)), expected)


def test_a_value_inside_a_chain_that_another_node_reads() -> None:
    text = INDEXING.replace("(float[1,4,3,2] y)", "(float[1,4,3,2] y, float[4,1,3,2] b)")
    model = graph(text)
    expected = outputs(model)
    plain_moves(model)
    np.testing.assert_array_equal(outputs(infer_shapes(model)), expected)
    assert {value.name for value in model.graph.outputs} == {"y", "b"}


def test_an_expand_between_broadcasting_nodes() -> None:
    model = graph(
        """agraph (float[1,3,1,1] k, float[1,3,4,5] x) => (float[1,3,4,5] y)
        <int64[4] s = {1,3,4,5}> { e = Expand (k, s) a = Mul (e, x) y = Add (e, a) }"""
    )
    expected = outputs(model)
    assert bypass_expand(model) == 2
    assert not model.graph.node(0).outputs[0].uses()
    np.testing.assert_array_equal(outputs(model), expected)


def test_an_expand_that_gives_the_shape_stays() -> None:
    model = graph(
        """agraph (float[1,3,1,1] k) => (float[1,3,4,5] y)
        <int64[4] s = {1,3,4,5}> { e = Expand (k, s) y = Mul (e, e) }"""
    )
    # The first read may bypass it, since the second still has the shape; not both.
    expected = outputs(model)
    assert bypass_expand(model) == 1
    np.testing.assert_array_equal(outputs(model), expected)


def test_a_producer_gives_a_grouped_convolution_its_order() -> None:
    model = graph(
        """agraph (float[1,2,4,4] x) => (float[1,4,4,4] y)
        <float[4,2,1,1] w = {1,2,3,4,5,6,7,8}, float[4,2,1,1] g = {1,-1,2,-2,3,-3,4,-4},
         int64[4] i = {3,0,2,1}> {
        a = Conv (x, w) b = Relu (a) c = Gather <axis = 1> (b, i) y = Conv <group = 2> (c, g) }"""
    )
    expected = outputs(model)
    rewritten, changes = rewrite(model)
    assert changes == {"absorb_permutations": 1}
    assert operator_counts(rewritten) == {"Conv": 2, "Relu": 1}
    np.testing.assert_allclose(outputs(rewritten), expected, rtol=1e-6)


def test_values_without_elements() -> None:
    model = graph(
        """agraph (float[2,3] x) => (float[2,3] y)
        <int64[1] two = {2}, int64[1] one = {1}> {
        a = Slice (x, two, two, one) b = Relu (a) c = Concat <axis = 1> (b, x) y = Neg (c) }"""
    )
    expected = outputs(model)
    fold_empty(model.graph)
    assert operator_counts(model) == {"Concat": 1, "Neg": 1}
    np.testing.assert_array_equal(outputs(model), expected)
