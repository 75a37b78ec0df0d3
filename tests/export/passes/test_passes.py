"""The rewrites of the ONNX graph, each against ONNX Runtime on the graph before."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.passes import rewrite
from _edgeship.export.passes.fold_batch_norm import fold_batch_norm
from _edgeship.export.passes.fuse_hard_swish import fuse_hard_swish
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare


@pytest.fixture
def rng():
    """A generator of the test's own, so that its numbers do not depend on the tests before it."""
    return np.random.default_rng(0)


def graph(nodes, constants, outputs=("y",), opset=18):
    proto = helper.make_model(
        helper.make_graph(
            nodes,
            "test",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4, 6, 5))],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            [numpy_helper.from_array(data, name) for name, data in constants.items()],
        ),
        opset_imports=[helper.make_opsetid("", opset)],
    )
    proto.ir_version = 9
    return infer_shapes(ir.from_proto(proto))


def norm_constants(rng, channels):
    return {
        "gamma": rng.uniform(0.5, 2, channels).astype(np.float32),
        "beta": rng.normal(size=channels).astype(np.float32),
        "mean": rng.normal(size=channels).astype(np.float32),
        "variance": rng.uniform(0.1, 3, channels).astype(np.float32),
    }


NORM = helper.make_node(
    "BatchNormalization", ["c", "gamma", "beta", "mean", "variance"], ["y"], epsilon=1e-3
)


def assert_same(before, after):
    rng = np.random.default_rng(1)
    samples = [{"x": rng.normal(size=(1, 4, 6, 5)).astype(np.float32)} for _ in range(3)]
    parity = compare(run_onnx(serialize(before), samples), run_onnx(serialize(after), samples))
    assert parity.max_rel < 1e-6


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_batch_norm_is_folded_exactly(bias, groups, rng):
    constants = {"w": rng.normal(size=(8, 4 // groups, 3, 3)).astype(np.float32)}
    constants |= norm_constants(rng, 8)
    inputs = ["x", "w"]
    if bias:
        constants["b"] = rng.normal(size=8).astype(np.float32)
        inputs.append("b")
    conv = helper.make_node("Conv", inputs, ["c"], group=groups, pads=[1, 1, 1, 1])
    before = graph([conv, NORM], constants)
    after, changes = rewrite(before)
    assert changes == {"fold_batch_norm": 1}
    assert operator_counts(after) == {"Conv": 1}
    assert [value.name for value in after.graph.outputs] == ["y"]
    assert_same(before, after)


def test_weights_that_two_convolutions_share_are_not_changed_for_the_other(rng):
    constants = {"w": rng.normal(size=(8, 4, 1, 1)).astype(np.float32), **norm_constants(rng, 8)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        NORM,
        helper.make_node("Conv", ["x", "w"], ["other"]),
    ]
    before = graph(nodes, constants, outputs=("y", "other"))
    after, changes = rewrite(before)
    assert changes == {"fold_batch_norm": 1}
    assert_same(before, after)


@pytest.mark.parametrize("case", ["read elsewhere", "graph output"])
def test_batch_norm_stays_where_the_convolution_has_another_reader(case, rng):
    constants = {"w": rng.normal(size=(8, 4, 1, 1)).astype(np.float32), **norm_constants(rng, 8)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), NORM]
    outputs = ("y", "c")
    if case == "read elsewhere":
        nodes.append(helper.make_node("Relu", ["c"], ["z"]))
        outputs = ("y", "z")
    model = graph(nodes, constants, outputs)
    assert fold_batch_norm(model) == 0
    assert operator_counts(model)["BatchNormalization"] == 1


def gate(alpha=1 / 6, beta=0.5):
    return helper.make_node("HardSigmoid", ["x"], ["g"], alpha=alpha, beta=beta)


@pytest.mark.parametrize("order", [["x", "g"], ["g", "x"]])
def test_hard_swish_is_recognised(order):
    before = graph([gate(), helper.make_node("Mul", order, ["y"])], {})
    after, changes = rewrite(before)
    assert changes == {"fuse_hard_swish": 1}
    assert operator_counts(after) == {"HardSwish": 1}
    assert_same(before, after)


def test_hard_swish_keeps_a_gate_that_is_read_elsewhere():
    nodes = [gate(), helper.make_node("Mul", ["x", "g"], ["y"])]
    before = graph(nodes, {}, outputs=("y", "g"))
    after, _ = rewrite(before)
    assert operator_counts(after) == {"HardSigmoid": 1, "HardSwish": 1}
    assert_same(before, after)


@pytest.mark.parametrize(("alpha", "beta"), [(0.2, 0.5), (1 / 6, 0.4)])
def test_other_gates_are_no_hard_swish(alpha, beta):
    model = graph([gate(alpha, beta), helper.make_node("Mul", ["x", "g"], ["y"])], {})
    assert fuse_hard_swish(model) == 0


def test_hard_swish_needs_an_opset_that_has_it():
    before = graph([gate(), helper.make_node("Mul", ["x", "g"], ["y"])], {}, opset=13)
    after, changes = rewrite(before)
    assert changes == {}
    assert_same(before, after)


def test_rewriting_leaves_the_graph_it_was_given():
    before = graph([gate(), helper.make_node("Mul", ["x", "g"], ["y"])], {})
    text = serialize(before)
    rewrite(before)
    assert serialize(before) == text
