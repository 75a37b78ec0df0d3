"""The walk over a graph: what is taken apart, what stays, and what is said of it."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.decompositions import Decomposer, decompose, named, with_composed
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.lowering.unsupported import Unsupported
from tests.export.decompositions.harness import CORE, rand, run


def parse(text: str, opset: int = 18) -> ir.Model:
    """Return a model of which every value has a shape."""
    proto = onnx.parser.parse_model(f'<ir_version: 10, opset_import: ["": {opset}]> {text}')
    return infer_shapes(ir.from_proto(proto))


def kinds(model: ir.Model) -> list[str]:
    return [node.op_type for node in model.graph]


def test_native_operators_stay() -> None:
    model = parse("agraph (float[2,3] x) => (float[2,3] y) { t = Mish(x)  y = Softplus(t) }")
    assert decompose(model, named({"Mish", *CORE})) == 1
    assert kinds(model)[0] == "Mish"
    assert "Softplus" not in kinds(model)
    assert decompose(model, named(CORE)) == 2  # Mish, and the Softplus that is in it
    assert set(kinds(model)) <= CORE


def test_what_is_left_keeps_the_names_and_knows_its_shapes() -> None:
    model = parse("agraph (float[2,3] x) => (float[2,3] y) { t = Gelu(x)  y = Tanh(t) }", 20)
    decompose(model, named(CORE))
    names = {value.name for node in model.graph for value in node.outputs}
    assert {"t", "y"} <= names
    assert len(names) == len(model.graph)
    for node in model.graph:
        for value in node.outputs:
            assert value.shape is not None
            assert value.dtype == ir.DataType.FLOAT
    x = rand(2, 3)
    (found,) = run(ir.to_proto(model), {"x": x})
    (right,) = run(
        ir.to_proto(parse("a (float[2,3] x) => (float[2,3] y) { t=Gelu(x) y=Tanh(t) }", 20)),
        {"x": x},
    )
    np.testing.assert_allclose(found, right, atol=1e-6)


def test_an_operator_that_nobody_knows_stays() -> None:
    model = parse("agraph (float[2,3] x) => (float[2,3] y) { y = NonMaxSuppression(x, x) }")
    assert decompose(model, named(CORE)) == 0
    assert Decomposer(model.graph).replace(model.graph[0]) is None


def test_a_refusal_says_why_and_changes_nothing() -> None:
    model = parse(
        "agraph (float[2,3] x, bool[3] c) => (float[2,N] y) { y = Compress <axis = 1> (x, c) }"
    )
    with pytest.raises(Unsupported, match="the condition of Compress must be a constant"):
        Decomposer(model.graph).replace(model.graph[0])
    assert decompose(model, named(CORE)) == 0
    assert kinds(model) == ["Compress"]


def test_values_without_elements_are_refused() -> None:
    model = parse("agraph (float[2,0,4] x) => (float[2,0,4] y) { y = Mish(x) }")
    with pytest.raises(Unsupported, match="x has no elements"):
        Decomposer(model.graph).replace(model.graph[0])


def test_an_operator_without_a_decomposition_is_written_as_onnx_defines_it() -> None:
    model = parse(
        """agraph (float[2,5] x, int64[2] t) => (float y) {
            y = NegativeLogLikelihoodLoss <reduction = "mean"> (x, t)
        }"""
    )
    before = ir.to_proto(model)
    decompose(model, named(CORE))
    assert set(kinds(model)) <= CORE
    feeds = {"x": rand(2, 5), "t": np.array([3, 0])}
    np.testing.assert_allclose(run(ir.to_proto(model), feeds), run(before, feeds), rtol=1e-6)


def test_what_reads_constants_alone_becomes_one() -> None:
    model = parse(
        """agraph (float[3] x) => (float[3] y)
        <float start = {1.0}, float stop = {4.0}, float step = {1.0}>
        { r = Range(start, stop, step)  y = Add(x, r) }"""
    )
    assert decompose(model, named(CORE)) == 1
    assert kinds(model) == ["Identity", "Add"]
    (found,) = run(ir.to_proto(model), {"x": np.zeros(3, np.float32)})
    np.testing.assert_array_equal(found, [1, 2, 3])


def test_outputs_that_nobody_reads_may_be_left_out() -> None:
    model = parse(
        """agraph (float[2,3] x, float[3] s) => (float[2,3] y) {
            y, , = LayerNormalization(x, s)
        }"""
    )
    decompose(model, named(CORE))
    assert set(kinds(model)) <= CORE


def test_a_definition_that_goes_step_by_step_is_unrolled() -> None:
    text = """agraph (float[1,3,8] q, float[1,3,8] k, float[1,3,8] v) => (float[1,3,8] y) {
        y, = LinearAttention <q_num_heads = 2, kv_num_heads = 2, update_rule = "linear"> (q, k, v)
    }"""
    model = parse(text, 27)
    decompose(model, named(CORE))
    assert set(kinds(model)) <= CORE
    heads = [rand(1, 3, 8, seed=seed) for seed in range(3)]
    query, key, value = (each.reshape(3, 2, 4).transpose(1, 0, 2) for each in heads)
    # What was seen up to each step: the sum of k v', read by q / sqrt(4).
    seen = np.cumsum(key[..., :, None] * value[..., None, :], 1)
    right = (query[..., None, :] / 2 @ seen)[:, :, 0].transpose(1, 0, 2).reshape(1, 3, 8)
    model.opset_imports[""] = 23
    (found,) = run(ir.to_proto(model), dict(zip("qkv", heads, strict=True)))
    np.testing.assert_allclose(found, right, atol=1e-5)


def test_a_targets_own_lowerings_come_before_compositions() -> None:
    def native() -> None:
        """One operator."""

    described = with_composed({"Gelu": native, "Conv": native})
    assert described["Gelu"] == described["Conv"] == "One operator."
    assert described["Mish"].startswith("Composed: ")
    assert list(described) == sorted(described)
