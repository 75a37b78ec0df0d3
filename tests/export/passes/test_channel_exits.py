"""Outputs keep their order while shuffles in front of them go: exact against ONNX Runtime."""

from __future__ import annotations

import math

import numpy as np
import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.graph.shapes import shape_of
from _edgeship.export.passes import rewrite
from _edgeship.export.passes.absorb_permutations import absorb_permutations
from _edgeship.export.passes.channel_exits import Interleaved, Part, Run, interleaving
from tests.export.passes.test_absorb_permutations import Net, assert_same, stage, unit

pytestmark = pytest.mark.slow


def shuffled(model: ir.Model) -> int:
    """How many elements transposes move."""
    return sum(math.prod(shape_of(n.outputs[0])) for n in model.graph if n.op_type == "Transpose")


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("units", [1, 3, 7])
def test_a_stage_that_is_an_output_is_shuffled_at_the_output_alone(units, dims):
    net = Net(0, 3, dims=dims)
    x = stage(net, units)
    before = net.model(x, net.conv(net.depthwise(x), 10))
    after, changes = rewrite(before)
    assert changes == {"absorb_permutations": units + 1}
    # 16 channels of two shuffles or more: all 16 at once, then at most 4 of these, and so on.
    assert shuffled(after) <= 16 * 4**dims * 4 // 3
    assert shuffled(before) == 16 * 4**dims * (units + 1)
    assert_same(before, after, net)


@pytest.mark.parametrize("where", range(4))
def test_an_output_in_the_middle_of_a_stage(where):
    net = Net(1, 3)
    x, taken = stage(net, 1), []
    for number in range(4):
        x = unit(net, x)
        taken += [x] if number == where else []
    before = net.model(*taken, net.conv(x, 5))
    after, _ = rewrite(before)
    assert shuffled(after) < shuffled(before)
    assert_same(before, after, net)


def test_one_shuffle_in_front_of_an_output_stays_as_it_is():
    """Putting the output in order would shuffle as much."""
    net = Net(2, 4)
    y = net.shuffle(net.concat(net.conv("x", 4), net.conv("x", 4)), 2)
    before = net.model(y, net.conv(net.depthwise(y), 3))
    text = serialize(before)
    copy = ir.from_proto(ir.to_proto(before))
    assert absorb_permutations(copy) == 0
    assert serialize(copy) == text


def test_what_a_grouped_convolution_keeps_leaves_the_graph_as_it_was():
    """The output could be put in order, but its sources are not free: all is withdrawn."""
    net = Net(3, 12)
    x = net.conv("x", 12, groups=3)
    for _ in range(3):
        x = net.shuffle(net.concat(x, net.conv(x, 12, groups=3)), 2)
        x, _rest = net.split(x, [12, 12])
    before = net.model(x, net.conv(x, 12, groups=3))
    copy = ir.from_proto(ir.to_proto(before))
    absorb_permutations(copy)
    assert_same(before, infer_shapes(copy), net)


def places(parts: list[Part]) -> list[int]:
    """What the parts give, by what the docstrings say."""
    found: list[int] = []
    for part in parts:
        if isinstance(part, Run):
            found += part.positions
            continue
        inside = places(list(part.parts))
        assert len(inside) == part.width
        rows = np.array(inside).reshape(part.groups, -1)
        order = [0, 2, 1, 3] if part.groups == 4 else [0, 1]
        found += rows[order].T.reshape(-1).tolist()
    return found


@pytest.mark.parametrize("seed", range(30))
def test_parts_give_the_channels_in_order_whatever_these_are(seed):
    rng = np.random.default_rng(seed)
    sources = [ir.Value(name=f"s{index}") for index in range(int(rng.integers(1, 5)))]
    width = int(rng.integers(1, 70))
    channels = [(sources[int(rng.integers(len(sources)))], index) for index in range(width)]
    parts = interleaving(channels)
    assert places(parts) == list(range(width))
    flat = list(parts)
    while flat:
        part = flat.pop()
        if isinstance(part, Interleaved):
            flat += part.parts
        else:
            assert len({channels[position][0] for position in part.positions}) == 1


RANDOM_GRAPHS = 60


def random_stages(seed: int) -> tuple[Net, ir.Model]:
    """Units with and without sums and gates, of which some are outputs too."""
    rng = np.random.default_rng(seed)
    net = Net(seed, 3, size=3, dims=int(rng.integers(2, 4)))
    half, outputs = int(rng.integers(3, 12)), []
    left, right = (net.relu(net.conv("x", half)) for _ in range(2))
    x = net.shuffle(net.concat(left, right), 2)
    for _ in range(int(rng.integers(1, 7))):
        kept, used = net.split(x, [half, half])
        y = net.depthwise(used) if rng.random() < 0.5 else used
        y = net.conv(net.relu(net.conv(y, int(rng.integers(2, 9)))), half)
        if rng.random() < 0.4:
            gate = net.relu(net.conv(net.node("GlobalAveragePool", [y], half), 2))
            y = net.node("Mul", [y, net.node("Sigmoid", [net.conv(gate, half)], half)], half)
        if rng.random() < 0.2:
            y = net.node("Add", [y, used], half)
        x = net.shuffle(net.concat(kept, net.relu(y)), 2, int(rng.integers(3)))
        outputs += [x] if rng.random() < 0.4 else []
    tail = net.conv(net.depthwise(x), 4)
    return net, net.model(*outputs, *([] if x in outputs and rng.random() < 0.3 else [tail]))


@pytest.mark.parametrize("seed", range(RANDOM_GRAPHS))
def test_random_stages_compute_the_same(seed):
    net, before = random_stages(seed)
    if not before.graph.outputs:
        pytest.skip("nothing is an output")
    after, _ = rewrite(before)
    assert shuffled(after) <= shuffled(before)
    assert_same(before, after, net)


def test_many_random_stages_shuffle_less_though_they_have_outputs():
    """Else the test above would compare graphs with themselves."""
    fewer = 0
    for seed in range(RANDOM_GRAPHS):
        _, before = random_stages(seed)
        after, _ = rewrite(before)
        fewer += 0 < shuffled(after) < shuffled(before)
        assert "Gather" not in operator_counts(after)
    assert fewer >= 15
