"""Channel shuffles vanish into weights: exact against ONNX Runtime, on known and random graphs."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.passes import rewrite
from _edgeship.export.passes.absorb_permutations import absorb_permutations
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare

pytestmark = pytest.mark.slow


class Net:
    """Builds an ONNX graph node by node; every method returns the name of its result."""

    def __init__(self, seed: int, channels: int, size: int = 4, dims: int = 2) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list = []
        self.constants: dict[str, np.ndarray] = {}
        self.channels = {"x": channels}
        self.space = (size,) * dims
        self.input = channels

    def node(self, kind: str, inputs: list[str], channels: int, **attributes) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"n_{name}", **attributes))
        self.channels[name] = channels
        return name

    def const(self, data) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(data)
        return name

    def normal(self, *shape: int) -> str:
        scale = np.sqrt(np.prod(shape[1:]) if len(shape) > 1 else 1.0)
        return self.const((self.rng.normal(size=shape) / scale).astype(np.float32))

    def conv(self, x: str, out: int, groups: int = 1, kernel: int = 1) -> str:
        window = (kernel,) * len(self.space)
        weight = self.normal(out, self.channels[x] // groups, *window)
        pads = [kernel // 2] * 2 * len(self.space)
        return self.node("Conv", [x, weight, self.normal(out)], out, group=groups, pads=pads)

    def depthwise(self, x: str) -> str:
        return self.conv(x, self.channels[x], self.channels[x], 3)

    def relu(self, x: str) -> str:
        return self.node("Relu", [x], self.channels[x])

    def concat(self, *xs: str) -> str:
        return self.node("Concat", list(xs), sum(self.channels[x] for x in xs), axis=1)

    def split(self, x: str, sizes: list[int]) -> list[str]:
        names = [f"v{len(self.nodes)}_{i}" for i in range(len(sizes))]
        self.nodes.append(
            helper.make_node("Split", [x, self.const(np.array(sizes, np.int64))], names, axis=1)
        )
        self.channels.update(zip(names, sizes, strict=True))
        return names

    def slice(self, x: str, start: int, end: int, step: int = 1) -> str:
        ints = [self.const(np.array([n], np.int64)) for n in (start, end, 1, step)]
        return self.node("Slice", [x, *ints], len(range(start, end, step)))

    def gather(self, x: str, order: list[int]) -> str:
        return self.node("Gather", [x, self.const(np.array(order, np.int64))], len(order), axis=1)

    def shuffle(self, x: str, groups: int, spelling: int = 0) -> str:
        c, space = self.channels[x], self.space
        pixels = range(2, 2 + len(space))

        def reshape(value: str, shape: list[int]) -> str:
            return self.node("Reshape", [value, self.const(np.array(shape, np.int64))], c)

        if spelling == 0:
            value = reshape(x, [1, groups, c // groups, *space])
            value = self.node("Transpose", [value], c, perm=[0, 2, 1, *(i + 1 for i in pixels)])
        elif spelling == 1:  # as ONNX's light_shufflenet and megvii's code have it
            value = reshape(x, [groups, c // groups, math.prod(space)])
            value = self.node("Transpose", [value], c, perm=[1, 0, 2])
        else:  # by way of NHWC
            last = len(space) + 2
            value = self.node("Transpose", [x], c, perm=[0, *pixels, 1])
            value = reshape(value, [1, *space, groups, c // groups])
            value = self.node(
                "Transpose", [value], c, perm=[0, last, last - 1, *range(1, last - 1)]
            )
        return reshape(value, [1, c, *space])

    def model(self, *outputs: str) -> ir.Model:
        shape = (1, self.input, *self.space)
        proto = helper.make_model(
            helper.make_graph(
                self.nodes,
                "test",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
                [numpy_helper.from_array(data, name) for name, data in self.constants.items()],
            ),
            opset_imports=[helper.make_opsetid("", 18)],
        )
        proto.ir_version = 9
        return infer_shapes(ir.from_proto(proto))


def assert_same(before: ir.Model, after: ir.Model, net: Net) -> None:
    assert [v.name for v in before.graph.outputs] == [v.name for v in after.graph.outputs]
    shape = (1, net.input, *net.space)
    samples = [{"x": net.rng.normal(size=shape).astype(np.float32)} for _ in range(2)]
    parity = compare(run_onnx(serialize(before), samples), run_onnx(serialize(after), samples))
    assert parity.max_rel < 2e-6


def unit(net: Net, x: str, spelling: int = 0) -> str:
    """A ShuffleNet V2 unit of stride 1."""
    half = net.channels[x] // 2
    kept, used = net.split(x, [half, half])
    y = net.relu(net.conv(used, half))
    y = net.relu(net.conv(net.depthwise(y), half))
    return net.shuffle(net.concat(kept, y), 2, spelling)


def stage(net: Net, units: int, spelling: int = 0) -> str:
    x = net.relu(net.conv("x", 12))
    left = net.relu(net.conv(net.depthwise(x), 8))
    right = net.relu(net.conv(net.depthwise(net.relu(net.conv(x, 8))), 8))
    x = net.shuffle(net.concat(left, right), 2, spelling)
    for _ in range(units):
        x = unit(net, x, spelling)
    return x


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("spelling", [0, 1, 2])
@pytest.mark.parametrize("units", [1, 3, 7])
def test_a_shufflenet_v2_stage_keeps_no_shuffle_in_any_spelling(units, spelling, dims):
    net = Net(0, 3, dims=dims)
    before = net.model(net.conv(stage(net, units, spelling), 10))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": units + 1}
    counts = operator_counts(after)
    assert not {"Transpose", "Reshape", "Split", "Gather"} & counts.keys()
    assert counts["Concat"] == units + 1
    # Unit k reads from the k sources before it and the two of the entry, once each; so does the
    # exit. The published derivation has 2, 3, 4, ... pieces per unit.
    assert counts["Slice"] <= sum(range(2, units + 3))
    assert_same(before, after, net)


def test_the_exit_may_be_read_by_two_branches():
    net = Net(1, 3)
    x = stage(net, 2)
    before = net.model(net.conv(net.depthwise(x), 6), net.conv(x, 6))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 3}
    assert operator_counts(after)["Concat"] == 3
    assert_same(before, after, net)


def test_the_classifier_behind_a_mean_absorbs_as_well():
    net = Net(2, 3)
    x = stage(net, 2)
    mean = net.node("GlobalAveragePool", [x], net.channels[x])
    flat = net.node("Flatten", [mean], net.channels[x])
    weight, bias = net.normal(10, net.channels[x]), net.normal(10)
    before = net.model(net.node("Gemm", [flat, weight, bias], 10, transB=1))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 3}
    assert "Transpose" not in operator_counts(after)
    assert_same(before, after, net)


def test_squeeze_and_excite_goes_along():
    net = Net(3, 4)
    y = net.conv("x", 8)
    gate = net.node("GlobalAveragePool", [y], 8)
    gate = net.node("Sigmoid", [net.conv(net.relu(net.conv(gate, 2)), 8)], 8)
    y = net.node("Mul", [y, gate], 8)
    z = net.shuffle(net.concat(y, net.relu(net.conv("x", 8))), 2)
    a, b = net.split(z, [8, 8])
    before = net.model(net.conv(a, 3), net.conv(b, 3))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 1}
    assert_same(before, after, net)


def test_a_residual_over_a_shuffled_sum_goes_along():
    net = Net(4, 4)
    a = net.relu(net.conv("x", 8))
    shuffled = net.shuffle(net.concat(net.conv("x", 4), net.conv("x", 4)), 2)
    total = net.node("Add", [a, shuffled], 8)
    scaled = net.node("Mul", [total, net.normal(8, 1, 1)], 8)
    slope = net.normal(8, 1, 1)
    before = net.model(net.conv(net.node("PRelu", [scaled, slope], 8), 3))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 1}
    assert_same(before, after, net)


def test_grouped_convolutions_do_not_absorb_and_are_left_alone():
    """A ShuffleNet V1 unit: the shuffle stands between two grouped convolutions."""
    net = Net(5, 12)
    y = net.shuffle(net.relu(net.conv("x", 12, groups=3)), 3)
    before = net.model(net.conv(net.depthwise(y), 12, groups=3))
    text = serialize(before)
    after, changes = rewrite(before)
    assert changes == {}
    assert serialize(before) == text
    assert operator_counts(after) == operator_counts(before)


def test_one_pinned_region_does_not_spoil_another():
    net = Net(6, 12)
    pinned = net.conv(net.depthwise(net.shuffle(net.conv("x", 12, groups=3), 3)), 12, groups=3)
    free = net.relu(net.conv(pinned, 8))
    before = net.model(net.conv(net.shuffle(free, 2), 5))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 1}
    assert operator_counts(after)["Transpose"] == 1
    assert_same(before, after, net)


def test_a_shuffled_output_keeps_its_order():
    net = Net(7, 4)
    y = net.shuffle(net.relu(net.conv("x", 8)), 2)
    before = net.model(y, net.conv(y, 3))
    after, _ = rewrite(before)
    assert_same(before, after, net)


def test_a_shuffled_input_is_absorbed_by_its_reader_where_slices_are_few():
    net = Net(8, 4)
    order = [2, 3, 0, 1]
    before = net.model(net.conv(net.gather("x", order), 5))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 1}
    assert operator_counts(after) == {"Conv": 1}
    assert_same(before, after, net)


def test_joins_and_splits_without_a_shuffle_are_left_alone():
    net = Net(9, 4)
    a = net.relu(net.conv("x", 4))
    b = net.relu(net.conv(net.concat("x", a), 4))
    left, right = net.split(net.concat(a, b), [3, 5])
    before = net.model(net.conv(left, 2), net.conv(right, 2))
    _, changes = rewrite(before)
    assert changes == {}


def test_weights_that_others_share_are_not_changed_for_them():
    net = Net(10, 4)
    weight = net.normal(8, 4, 1, 1)
    a = net.node("Conv", ["x", weight], 8)
    b = net.node("Conv", ["x", weight], 8)
    mixed = net.gather(net.relu(a), list(net.rng.permutation(8)))
    left, right = net.split(mixed, [4, 4])
    before = net.model(net.conv(left, 3), net.conv(right, 3), b)
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": 1}
    assert_same(before, after, net)


def test_a_value_read_inside_of_a_spelled_out_shuffle_keeps_it():
    net = Net(11, 4)
    y = net.relu(net.conv("x", 8))
    y = net.shuffle(y, 2)
    inner = net.nodes[-2].output[0]
    before = net.model(net.conv(y, 3), net.node("Relu", [inner], 8))
    after, _ = rewrite(before)
    assert_same(before, after, net)


RANDOM_GRAPHS = 60


def random_graph(seed: int) -> tuple[Net, ir.Model]:
    """Forty random nodes of every kind the pass knows, and a few it does not."""
    net = Net(seed, int(np.random.default_rng(seed).integers(2, 9)))
    rng = net.rng
    values = ["x"]
    while len(net.nodes) < 40:
        x = values[-1] if rng.random() < 0.5 else values[int(rng.integers(len(values)))]
        c = net.channels[x]
        same = [v for v in values if net.channels[v] == c]
        choice = int(rng.integers(14))
        if choice == 0:
            values.append(net.relu(net.conv(x, 2 * int(rng.integers(1, 7)))))
        elif choice == 1:
            values.append(net.depthwise(x))
        elif choice == 2:
            values.append(net.node("Add", [x, same[int(rng.integers(len(same)))]], c))
        elif choice == 3:
            values.append(net.concat(x, values[int(rng.integers(len(values)))]))
        elif choice == 4 and c > 1:
            cut = int(rng.integers(1, c))
            values += net.split(x, [cut, c - cut])
        elif choice in (5, 6, 7) and c % 2 == 0 and c > 2:
            values.append(net.shuffle(x, 2, choice - 5))
        elif choice == 8:
            values.append(net.gather(x, list(rng.permutation(c))))
        elif choice == 9 and c > 2:
            values.append(net.slice(x, int(rng.integers(2)), c, int(rng.integers(1, 3))))
        elif choice == 10:
            parameters = [net.const(rng.uniform(0.5, 1, c).astype(np.float32)) for _ in range(4)]
            values.append(net.node("BatchNormalization", [x, *parameters], c))
        elif choice == 11:
            values.append(net.node("Mul", [x, net.normal(c, 1, 1)], c))
        elif choice == 12 and c % 2 == 0:
            values.append(net.conv(x, c, groups=2))
        elif choice == 13:
            gate = net.node("Sigmoid", [net.node("GlobalAveragePool", [x], c)], c)
            values.append(net.node("Mul", [x, gate], c))
        if net.channels[values[-1]] > 40:
            values.append(net.conv(values[-1], 8))
    used = {name for node in net.nodes for name in node.input}
    ends = [v for v in values if v not in used]
    return net, net.model(*[net.conv(v, 3) for v in ends], values[-1])


@pytest.mark.parametrize("seed", range(RANDOM_GRAPHS))
def test_random_graphs_compute_the_same(seed):
    net, before = random_graph(seed)
    copy = ir.from_proto(ir.to_proto(before))
    absorb_permutations(copy)
    assert_same(before, infer_shapes(copy), net)
    after, _ = rewrite(before)
    assert_same(before, after, net)


def test_most_random_graphs_have_something_to_absorb():
    """Else the test above would compare graphs with themselves."""
    absorbed = [absorb_permutations(random_graph(seed)[1]) for seed in range(RANDOM_GRAPHS)]
    assert sum(count > 0 for count in absorbed) >= 50


def test_an_output_that_is_a_constant_ties_no_channels():
    shuffle = [
        helper.make_node("Reshape", ["x", "parts"], ["a"]),
        helper.make_node("Transpose", ["a"], ["b"], perm=[0, 2, 1, 3, 4]),
        helper.make_node("Reshape", ["b", "whole"], ["y"]),
        helper.make_node("Identity", ["c"], ["z"]),
    ]
    constants = {
        "parts": np.array([1, 2, 2, 3, 3], np.int64),
        "whole": np.array([1, 4, 3, 3], np.int64),
        "c": np.arange(36, dtype=np.float32).reshape(1, 4, 3, 3),
    }
    graph = helper.make_graph(
        shuffle,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 4, 3, 3))],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, 4, 3, 3)) for n in ("y", "z")],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    model, _ = rewrite(infer_shapes(ir.from_proto(proto)))
    x = np.random.default_rng(0).standard_normal((1, 4, 3, 3)).astype(np.float32)
    for one, other in zip(
        *(run_onnx(data, [{"x": x}])[0] for data in (proto.SerializeToString(), serialize(model))),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def residual_unit(net: Net, x: str) -> str:
    """A unit of SE-ShuffleNet V2 164: what is convolved is added to what it was before."""
    half = net.channels[x] // 2
    kept, used = net.split(x, [half, half])
    y = net.conv(net.depthwise(net.relu(net.conv(used, half))), half)
    added = net.relu(net.node("Add", [y, used], half))
    return net.shuffle(net.concat(kept, added), 2)


@pytest.mark.parametrize(
    ("channels", "units", "shuffles"),
    [(16, 9, 3), (20, 6, 3), (64, 12, 4), (32, 4, 1), (12, 9, 4), (14, 9, 10)],
)
def test_of_three_units_that_add_what_they_read_one_shuffle_stays(channels, units, shuffles):
    """Of two, where 8 does not divide the channels; of none, where 4 does not."""
    net = Net(channels, 3)
    halves = [net.relu(net.conv("x", channels // 2)) for _ in range(2)]
    x = net.shuffle(net.concat(*halves), 2)
    for _ in range(units):
        x = residual_unit(net, x)
    before = net.model(net.conv(net.depthwise(x), 5), net.conv(x, 3))
    after, changes = rewrite(before)
    assert operator_counts(after)["Transpose"] == shuffles
    assert changes == ({"absorb_permutations": units + 1} if shuffles <= units else {})
    assert_same(before, after, net)
