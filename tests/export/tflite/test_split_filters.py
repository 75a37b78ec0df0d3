"""Convolutions that write pieces: exact, on graphs of every kind and on random ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import serialize
from _edgeship.export.passes import rewrite
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.integer_layout import integer_layout
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.movement_costs import FLOAT16, INT8, Kernels
from _edgeship.export.tflite.nested_joints import nest_joints
from _edgeship.export.tflite.open_batch import open_batch
from _edgeship.export.tflite.split_filters import split_filters, with_split_filters
from _edgeship.export.tflite.writer import from_bytes
from _edgeship.export.verification.metrics import compare
from tests.export.passes.test_absorb_permutations import Net, random_graph
from tests.export.tflite.ops.harness import run_lowered
from tests.export.tflite.small_graphs import Small, kinds

#: Kernels for which every output is a tile: whatever can be split, is.
ONE_BY_ONE = Kernels(1, 1, 0.0, 1e-3)

SIZE = 9


def convolution(outputs: int, inputs: int = 8, groups: int = 1) -> Small:
    """A 1x1 convolution of x to y."""
    rng = np.random.default_rng(outputs)
    small = Small(x=(1, SIZE, SIZE, inputs))
    weights = rng.normal(size=(outputs, 1, 1, inputs // groups)).astype(np.float32)
    small.constant("w", weights).constant("b", rng.normal(size=outputs).astype(np.float32))
    return small.op("CONV_2D", "x w b", "y", (1, SIZE, SIZE, outputs), opts=conv_options())


def conv_options() -> Any:
    fields = dict.fromkeys(("strideH", "strideW", "dilationHFactor", "dilationWFactor"), 1)
    return options("Conv2DOptions", fusedActivationFunction=1, **fields)


def sliced(small: Small, *spans: tuple[int, int], axis: int = 3) -> Small:
    """Slices s0, s1, ... of y."""
    for number, (start, end) in enumerate(spans):
        begin = [0, 0, 0, 0]
        size = list(next(t for t in small.graph.tensors if t.name == "y").shape)
        begin[axis], size[axis] = start, end - start
        for name, data in ((f"begin{number}", begin), (f"size{number}", size)):
            small.constant(name, np.array(data, np.int32))
        inputs = f"y begin{number} size{number}"
        small.op("SLICE", inputs, f"s{number}", tuple(size), opts=options("SliceOptions"))
    return small.out(" ".join(f"s{number}" for number in range(len(spans))))


def split(small: Small, *kernels: Kernels) -> list[str]:
    """Split, demand the same outputs, and return the kinds of the operators."""
    [sample] = small.samples(1)
    expected = small.run(small.data(), sample)
    split_filters(small.graph, kernels)
    for found, wanted in zip(small.run(small.data(), sample), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    return [op.kind for op in small.graph.ops]


def test_a_convolution_writes_the_pieces() -> None:
    small = sliced(convolution(48), (0, 16), (16, 48))
    assert split(small, INT8) == ["CONV_2D", "CONV_2D"]


def test_pieces_that_do_not_pay_stay_together() -> None:
    """116 outputs are 8 tiles of 16; so are 58, 29, 15 and 14, but not the last one in parts."""
    spans = [(0, 58), (58, 87), (87, 102), (102, 109), (109, 113), (113, 116)]
    small = sliced(convolution(116, inputs=116), *spans)
    names = split_filters(small.graph, (INT8,))
    assert list(names.values()) == ["y"]
    ops = [op.kind for op in small.graph.ops]
    tiles = [-(-small.graph.tensors[op.outputs[0]].shape[3] // 16) for op in small.graph.ops]
    assert sum(n for n, kind in zip(tiles, ops, strict=True) if kind == "CONV_2D") == 8
    assert ops.count("CONV_2D") == 4
    assert ops.count("SLICE") == 3


def test_each_type_has_a_layout_of_its_own() -> None:
    """Two halves of 24 take a fourth tile of 32 inputs: it costs 100 in half precision, 81 in int8.

    That is at each place, where both slices take 80 and 75 and a little for each operator.
    """
    small = sliced(convolution(48, inputs=32), (0, 24), (24, 48))
    before = small.data()
    found = [with_split_filters(small.graph, each) for each in (FLOAT16, INT8)]
    assert [[op.kind for op in graph.ops] for graph in found] == [
        ["CONV_2D", "SLICE", "SLICE"],
        ["CONV_2D", "CONV_2D"],
    ]
    assert small.data() == before


def test_a_convolution_that_computes_a_border_stays_whole() -> None:
    """Two could not: XNNPACK would write the border by an operator of its own."""
    small = Small(x=(1, SIZE, SIZE, 8))
    small.constant("border", np.array([(0, 0), (1, 0), (1, 0), (0, 0)], np.int32))
    small.op("PAD", "x border", "p", (1, SIZE + 1, SIZE + 1, 8), opts=options("PadOptions"))
    small.constant("w", np.ones((48, 2, 2, 8), np.float32)).constant("b", np.zeros(48, np.float32))
    opts = conv_options()
    opts.padding = 1  # VALID
    small.op("CONV_2D", "p w b", "y", (1, SIZE, SIZE, 48), opts=opts)
    assert split(sliced(small, (0, 16), (16, 48)), INT8) == ["PAD", "CONV_2D", "SLICE", "SLICE"]


def test_channels_that_nobody_reads_go() -> None:
    small = sliced(convolution(48), (16, 32), (0, 16))
    assert split(small, INT8) == ["CONV_2D", "CONV_2D"]
    assert {small.graph.tensors[op.outputs[0]].shape[3] for op in small.graph.ops} == {16}


def test_the_parts_of_a_split() -> None:
    small = convolution(48)
    small.constant("axis", np.array(3, np.int32))
    shapes = [(1, SIZE, SIZE, 16)] * 3
    opts = options("SplitOptions", numSplits=3)
    small.op("SPLIT", "axis y", "s0 s1 s2", *shapes, opts=opts).out("s0 s2 s1")
    assert split(small, INT8) == ["CONV_2D"] * 3


def test_what_else_reads_a_convolution_keeps_it() -> None:
    small = sliced(convolution(48), (0, 16), (16, 48))
    small.op("RELU", "y", "z", (1, SIZE, SIZE, 48)).out("s0 s1 z")
    assert split(small, INT8).count("CONV_2D") == 1


def test_a_convolution_that_is_an_output_stays() -> None:
    assert split(sliced(convolution(48), (0, 16), (16, 48)).out("y s0 s1"), INT8)[0] == "CONV_2D"


@pytest.mark.parametrize(
    ("case", "spans", "axis"),
    [
        ({"outputs": 48, "groups": 2}, [(0, 16), (16, 48)], 3),
        ({"outputs": 48}, [(0, 32), (16, 48)], 3),
        ({"outputs": 48}, [(0, 16), (0, 16), (16, 48)], 3),
        ({"outputs": 48}, [(0, 4), (4, 9)], 2),
        ({"outputs": 48}, [(0, 48)], 3),
    ],
)
def test_what_is_left_alone(case: dict[str, int], spans: list[Any], axis: int) -> None:
    small = sliced(convolution(**case), *spans, axis=axis)
    assert split(small, ONE_BY_ONE) == ["CONV_2D", *["SLICE"] * len(spans)]


def test_many_pieces_are_considered_in_time() -> None:
    spans = [(at * 16, at * 16 + 16) for at in range(40)]
    ops = split(sliced(convolution(640), *spans), INT8)
    assert ops.count("CONV_2D") == 11  # the ten widest, and one for the rest


def test_a_batch_that_is_open_stays_open() -> None:
    small = sliced(convolution(116, inputs=116), (0, 64), (64, 112), (112, 114), (114, 116))
    open_batch(small.graph, small.graph.inputs)
    split_filters(small.graph, (INT8,))
    assert "SLICE" in [op.kind for op in small.graph.ops]
    for op in small.graph.ops:
        signature = small.graph.tensors[op.outputs[0]].signature
        assert signature is not None
        assert signature[0] == -1
        size = small.graph.tensors[op.inputs[2]].data
        assert size is not None
        assert op.kind != "SLICE" or size[0] == -1


def test_the_float_graph_stays_and_its_ranges_serve() -> None:
    """In integers a piece has the scale of its own numbers, or that of what it was cut from."""
    small = sliced(convolution(116, inputs=116), (0, 64), (64, 112), (112, 114), (114, 116))
    before = small.data()
    layout = integer_layout(small.graph, small.io(), "pieces")
    assert small.data() == before
    assert kinds(layout.data).count("CONV_2D") == 3
    [(new, old)] = layout.names.items()
    assert old == "y"
    assert layout.ranges({"y": (0.0, 5.0)}) == {"y": (0.0, 5.0), new: (0.0, 5.0)}
    assert new in {t.name.decode() for t in from_bytes(layout.data).subgraphs[0].tensors}


SEEDS = 25


def cut_graph(seed: int) -> tuple[Net, ir.Model]:
    """Convolutions whose outputs are cut into pieces, which are joined, shuffled and cut again."""
    net = Net(seed, int(np.random.default_rng(seed).integers(2, 20)))
    rng = net.rng
    pieces = ["x"]
    while len(net.nodes) < 30:
        some = [pieces[int(at)] for at in rng.integers(len(pieces), size=int(rng.integers(1, 9)))]
        x = net.concat(*some) if len(some) > 1 else some[0]
        if rng.random() < 0.3 and net.channels[x] % 2 == 0 and net.channels[x] > 2:
            x = net.shuffle(x, 2, int(rng.integers(3)))
        if rng.random() < 0.3:
            x = net.depthwise(x)
        outputs = int(rng.integers(2, 80))
        y = net.conv(x, outputs, kernel=int(rng.choice([1, 3])))
        y = net.relu(y) if rng.random() < 0.7 else y
        ends = sorted({0, outputs, *(int(at) for at in rng.integers(1, outputs, size=4))})
        if rng.random() < 0.5:
            pieces += net.split(y, [b - a for a, b in itertools.pairwise(ends)])
        else:  # some channels are read by nobody
            pieces += [net.slice(y, a, b) for a, b in itertools.pairwise(ends) if b - a > 1]
    used = {name for node in net.nodes for name in node.input}
    return net, net.model(*(net.conv(one, 3) for one in pieces if one not in used), pieces[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "kernels"),
    [
        (cut_graph, (INT8,)),
        (cut_graph, (FLOAT16,)),
        (cut_graph, (ONE_BY_ONE,)),
        (random_graph, (ONE_BY_ONE,)),
    ],
)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_graphs_compute_the_same(
    seed: int, make: Callable[[int], tuple[Net, ir.Model]], kernels: tuple[Kernels, ...]
) -> None:
    net, model = make(seed)
    lowered = lower(rewrite(model)[0])
    split_filters(lowered.graph, kernels)
    nest_joints(lowered.graph)
    shape = (1, net.input, *net.space)
    sample = {"x": net.rng.normal(size=shape).astype(np.float32)}
    expected = run_onnx(serialize(model), [sample])
    assert compare(expected, [run_lowered(lowered, sample)]).max_rel < 5e-5


@pytest.mark.slow
def test_most_random_graphs_are_split() -> None:
    """Else the test above would say nothing."""
    count = 0
    for seed in range(SEEDS):
        graph = lower(rewrite(cut_graph(seed)[1])[0]).graph
        before = sum(op.kind == "CONV_2D" for op in graph.ops)
        split_filters(graph, (ONE_BY_ONE,))
        count += sum(op.kind == "CONV_2D" for op in graph.ops) > before
    assert count >= SEEDS // 2
