"""Nodes that change nothing go, nodes that look like them stay, and names of outputs are kept."""

from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.network.source import load_network
from _edgeship.export.passes import rewrite
from _edgeship.export.preparation.prepare import prepare
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.simplify import simplify
from _edgeship.export.tflite.lowering import lower

#: Around the node in question, so that neither port of the graph is in its way.
NODES = {
    "Add": ("Add(a, zero)", "Add(a, one)"),
    "Add of a row": ("Add(zeros, a)", "Add(a, ones)"),
    "Cast": ("Cast<to = 1>(a)", None),
    "Clip": ("Clip(a)", "Clip(a, zero)"),
    "Concat": ("Concat<axis = 1>(a)", "Concat<axis = 1>(a, a)"),
    "Div": ("Div(a, one)", "Div(one, a)"),
    "Dropout": ("Dropout(a)", None),
    "Expand": ("Expand(a, shape)", None),
    "Flatten": ("Flatten(a)", None),
    "Identity": ("Identity(a)", None),
    "Max": ("Max(a)", "Max(a, zero)"),
    "Mul": ("Mul(one, a)", "Mul(a, zeros)"),
    "Pad": ("Pad(a, none)", "Pad(a, shift)"),
    "Pow": ("Pow(a, one)", "Pow(a, two)"),
    "Reshape": ("Reshape(a, shape)", "Reshape(a, other)"),
    "Slice": ("Slice(a, from, to, axis)", "Slice(a, last, before, axis, back)"),
    "Sub": ("Sub(a, zero)", "Sub(zero, a)"),
    "Tile": ("Tile(a, once)", "Tile(a, twice)"),
    "Transpose": ("Transpose<perm = [0, 1]>(a)", "Transpose<perm = [1, 0]>(a)"),
}
CONSTANTS = (
    "float zero = {0}, float one = {1}, float two = {2}, float[3] zeros = {0, 0, 0}, "
    "float[3] ones = {1, 1, 1}, int64[2] shape = {2, 3}, int64[2] other = {3, 2}, "
    "int64[4] none = {0, 0, 0, 0}, int64[4] shift = {0, -1, 0, 1}, int64[1] from = {0}, "
    "int64[1] to = {3}, int64[1] axis = {1}, int64[1] last = {2}, int64[1] before = {-9}, "
    "int64[1] back = {-1}, int64[2] once = {1, 1}, int64[2] twice = {2, 1}"
)
X = np.arange(1, 7, dtype=np.float32).reshape(2, 3)


def kinds(node: str) -> tuple[list[str], list[str]]:
    """Return the operators before and after, having compared what the two compute."""
    text = (
        f"g (float[2, 3] x) => (float[n, m] y) <{CONSTANTS}> {{ a = Neg(x) b = {node} y = Exp(b) }}"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    before = prepare(proto).model
    after = simplify(before)
    [[expected]], [[found]] = (run_onnx(serialize(g), [{"x": X}]) for g in (before, after))
    np.testing.assert_array_equal(found, expected)
    return [n.op_type for n in before.graph], [n.op_type for n in after.graph]


@pytest.mark.parametrize("name", list(NODES))
def test_what_changes_nothing_is_taken_out(name: str) -> None:
    neutral, changing = NODES[name]
    assert kinds(neutral)[1] == ["Neg", "Exp"]
    if changing is not None:
        before, after = kinds(changing)
        assert before == after
        assert len(after) == 3


def test_ports_keep_their_names() -> None:
    """An output that is an input, or another output, must still be computed."""
    text = (
        "g (float[2, 3] x) => (float[2, 3] y, float[2, 3] z, float[2, 3] w) "
        "{ y = Identity(x) a = Neg(x) z = Identity(a) w = Identity(z) }"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    after = simplify(prepare(proto).model)
    assert [value.name for value in after.graph.outputs] == ["y", "z", "w"]
    [found] = run_onnx(serialize(after), [{"x": X}])
    for array, expected in zip(found, (X, -X, -X), strict=True):
        np.testing.assert_array_equal(array, expected)
    assert sorted(n.op_type for n in after.graph) == ["Identity", "Identity", "Neg"]


def test_equal_nodes_become_one() -> None:
    text = "g (float[2, 3] x) => (float[2, 3] y) { a = Neg(x) b = Neg(x) y = Add(a, b) }"
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    assert [n.op_type for n in simplify(prepare(proto).model).graph] == ["Neg", "Add"]


def conv_behind(pad: str, conv: str = "") -> tuple[ir.Model, ir.Model]:
    text = (
        f"g (float[1, 2, 5, 4] x) => (float[n, c, h, w] y) <float[3, 2, 3, 3] k = {{{FILTER}}}, "
        "int64[8] all = {0, 0, 1, 0, 0, 0, 2, 1}, int64[4] some = {1, 2, 0, 1}, "
        "int64[2] axes = {2, -1}, float one = {1}, int64[8] deep = {0, 1, 0, 0, 0, 0, 0, 0}, "
        f"int64[8] crop = {{0, 0, -1, 0, 0, 0, 0, 0}}> {{ p = {pad} y = Conv{conv}(p, k) }}"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    before = prepare(proto).model
    return before, simplify(before)


FILTER = ", ".join(str(i % 7 - 3) for i in range(54))


@pytest.mark.parametrize(
    "conv", ["", "<pads = [1, 0, 1, 2], strides = [2, 1]>", '<auto_pad = "VALID">']
)
@pytest.mark.parametrize("pad", ["Pad(x, all)", "Pad(x, some, , axes)"])
def test_a_border_of_zeros_becomes_the_convolutions(pad: str, conv: str) -> None:
    before, after = conv_behind(pad, conv)
    assert [n.op_type for n in after.graph] == ["Conv"]
    x = np.random.default_rng(0).standard_normal((1, 2, 5, 4)).astype(np.float32)
    [[expected]], [[found]] = (run_onnx(serialize(g), [{"x": x}]) for g in (before, after))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("pad", "conv"),
    [
        ("Pad(x, all, one)", ""),
        ('Pad<mode = "edge">(x, all)', ""),
        ("Pad(x, crop)", ""),
        ("Pad(x, all)", '<auto_pad = "SAME_UPPER">'),
    ],
)
def test_other_borders_stay(pad: str, conv: str) -> None:
    _, after = conv_behind(pad, conv)
    assert [n.op_type for n in after.graph] == ["Pad", "Conv"]


@pytest.mark.parametrize(
    ("nodes", "after"),
    [
        ("a = Transpose(x) b = Transpose(a)", []),
        ("a = Transpose(x) b = Transpose<perm = [0, 1]>(a)", ["Transpose"]),
        ("a = Reshape(x, other) b = Reshape(a, flat)", ["Reshape"]),
        ("a = Unsqueeze(x, axis) b = Squeeze(a, axis)", []),
        (
            "a = Flatten<axis = 0>(x) t = Neg(a) b = Reshape(t, shape)",
            ["Flatten", "Neg", "Reshape"],
        ),
    ],
)
def test_moves_of_moves_become_one(nodes: str, after: list[str]) -> None:
    constants = "int64[2] shape = {2, 3}, int64[2] other = {3, 2}, int64[1] flat = {-1}, "
    text = (
        f"g (float[2, 3] x) => (float y) <{constants} int64[1] axis = {{1}}> "
        f"{{ {nodes} y = ReduceSum<keepdims = 0>(b) }}"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    before = prepare(proto).model
    found = simplify(before)
    assert [n.op_type for n in found.graph] == [*after, "ReduceSum"]
    [[expected]], [[got]] = (run_onnx(serialize(g), [{"x": X}]) for g in (before, found))
    np.testing.assert_array_equal(got, expected)


def test_a_turned_matrix_stays_turned() -> None:
    text = (
        "g (float[2, 3, 4] x) => (float[n, m, k] y) "
        "{ a = Transpose<perm = [2, 0, 1]>(x) y = Transpose<perm = [1, 0, 2]>(a) }"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    found = simplify(prepare(proto).model)
    assert [n.op_type for n in found.graph] == ["Transpose"]
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    [[got]] = run_onnx(serialize(found), [{"x": x}])
    np.testing.assert_array_equal(got, x.transpose(2, 0, 1).transpose(1, 0, 2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shufflenet_v1_g3_x0_5", "rexnet_x1_0", "se_resnet_50"])
def test_onnxsim_leaves_no_fewer_operators(name: str) -> None:
    import onnxsim

    network = load_network(name, shapes=[(1, 3, 64, 64)])
    captured = network.definition.capture(network.shapes)
    theirs, _ = onnxsim.simplify(ir.to_proto(captured))
    counts = [
        len(lower(rewrite(graph)[0]).graph.ops)
        for graph in (simplify(captured), infer_shapes(ir.from_proto(theirs)))
    ]
    assert counts[0] <= counts[1]


@pytest.mark.parametrize(
    ("pool", "fused"),
    [
        ("<kernel_shape = [3, 2], strides = [2, 1]>", True),
        ("<kernel_shape = [4, 3], pads = [1, 0, 1, 1], count_include_pad = 1>", True),
        ("<kernel_shape = [3, 2], pads = [1, 0, 1, 1], count_include_pad = 1>", False),
        ("<kernel_shape = [3, 2], pads = [1, 0, 1, 1]>", False),
        ("<kernel_shape = [3, 2], strides = [2, 2], ceil_mode = 1>", False),
    ],
)
def test_a_border_of_zeros_becomes_the_averages(pool: str, fused: bool) -> None:
    text = (
        "g (float[1, 2, 5, 4] x) => (float[n, c, h, w] y) "
        "<int64[8] all = {0, 0, 1, 0, 0, 0, 2, 1}> "
        f"{{ p = Pad(x, all) y = AveragePool{pool}(p) }}"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    before = prepare(proto).model
    after = simplify(before)
    expected_kinds = ["AveragePool"] if fused else ["Pad", "AveragePool"]
    assert [n.op_type for n in after.graph] == expected_kinds
    if not fused:
        return  # ONNX Runtime joins some of these itself, and then refuses them
    x = np.random.default_rng(0).standard_normal((1, 2, 5, 4)).astype(np.float32)
    [[expected]], [[found]] = (run_onnx(serialize(g), [{"x": x}]) for g in (before, after))
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "pool", "fused"),
    [
        ("Relu", "<kernel_shape = [3, 2], strides = [2, 1]>", True),
        ("Abs", "<kernel_shape = [4, 3], pads = [1, 0, 1, 1]>", True),
        ("Relu", "<kernel_shape = [2, 2]>", False),  # a window would lie in the border alone
        ("Relu", "<kernel_shape = [3, 2], strides = [2, 2], ceil_mode = 1>", False),
        ("Relu", "<kernel_shape = [3, 2], dilations = [1, 2]>", False),
        ("Neg", "<kernel_shape = [3, 2], strides = [2, 1]>", False),
    ],
)
def test_a_border_of_zeros_becomes_the_maximums(source: str, pool: str, fused: bool) -> None:
    text = (
        "g (float[1, 2, 5, 4] x) => (float[n, c, h, w] y) "
        "<int64[8] all = {0, 0, 1, 0, 0, 0, 2, 1}> "
        f"{{ r = {source}(x) p = Pad(r, all) y = MaxPool{pool}(p) }}"
    )
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    before = prepare(proto).model
    after = simplify(before)
    expected_kinds = [source, "MaxPool"] if fused else [source, "Pad", "MaxPool"]
    assert [n.op_type for n in after.graph] == expected_kinds
    if not fused:
        return  # as above
    x = np.random.default_rng(0).standard_normal((1, 2, 5, 4)).astype(np.float32)
    [[expected]], [[found]] = (run_onnx(serialize(g), [{"x": x}]) for g in (before, after))
    np.testing.assert_array_equal(found, expected)


def test_no_path_of_the_exporters_machine_is_kept() -> None:
    """Torch's exporter notes beside each node where in the network's code it was called."""
    text = "g (float[2, 3] x) => (float[2, 3] y) { y = Neg(x) }"
    proto = onnx.parser.parse_model('<ir_version: 10, opset_import: ["": 18]>\n' + text)
    path = "/home/somebody/net.py"
    for part in (proto.graph, proto.graph.node[0], proto.graph.input[0]):
        part.doc_string = path
        part.metadata_props.add(key="stack_trace", value=path)
    before = prepare(proto).model
    assert path.encode() in serialize(before)  # or this would show nothing
    assert path.encode() not in serialize(simplify(before))
