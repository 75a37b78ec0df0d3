from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import NodeProto, helper

from _edgeship.export.graph.onnx_graph import infer_shapes, serialize
from _edgeship.export.graph.shapes import shape_of, static_shape
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.lowering import lower
from _edgeship.export.tflite.whole_tiles import fill_tiles
from tests.export.tflite.ops.harness import graph_model, inputs_of, kinds, rand, run_lowered


def conv(x: str, w: str, y: str, **attributes: object) -> NodeProto:
    return helper.make_node("Conv", [x, w], [y], **attributes)


def cut(x: str, y: str, start: str, end: str) -> NodeProto:
    return helper.make_node("Slice", [x, start, end, "one"], [y])


def number(value: int) -> np.ndarray:
    return np.array([value], np.int64)


def check(model: onnx.ModelProto) -> tuple[ir.Model, list[str], int]:
    """Assert that filling changes no output, in the graph or in the file that is made of it."""
    feeds = inputs_of(model)
    expected = run_onnx(model.SerializeToString(), [feeds])[0]
    before = infer_shapes(ir.from_proto(model))
    filled, count = fill_tiles(before)
    assert [value.name for value in filled.graph.outputs] == [o.name for o in model.graph.output]
    lowered = lower(filled)
    for found in (run_onnx(serialize(filled), [feeds])[0], run_lowered(lowered, feeds)):
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, rtol=0, atol=2e-6 * float(np.abs(b).max()))
    inferred = infer_shapes(ir.from_proto(ir.to_proto(filled)))
    ours = {value.name: static_shape(value) for node in filled.graph for value in node.outputs}
    for node in inferred.graph:
        assert ours[node.outputs[0].name] == shape_of(node.outputs[0])
    return filled, kinds(lowered), count


def widths(model: ir.Model) -> dict[str, int]:
    return {v.name or "": shape_of(v)[1] for node in model.graph for v in node.outputs}


def test_further_channels_ride_to_the_next_convolution() -> None:
    """As in the branches of ShuffleNet V2."""
    nodes = [
        conv("x", "w", "a"),
        helper.make_node("Relu", ["a"], ["r"]),
        conv("r", "d", "b", group=58, pads=[1, 1, 1, 1]),
        helper.make_node("MaxPool", ["b"], ["m"], kernel_shape=[2, 2]),
        conv("m", "v", "y"),
    ]
    weights = {"w": rand(58, 40, 1, 1), "d": rand(58, 1, 3, 3), "v": rand(16, 58, 1, 1)}
    model = graph_model(nodes, {"x": (1, 40, 8, 8), **weights})
    filled, found, count = check(model)
    assert count == 1
    assert widths(filled) == {"a": 64, "r": 64, "b": 64, "m": 64, "y": 16}
    assert found == ["CONV_2D", "DEPTHWISE_CONV_2D", "MAX_POOL_2D", "CONV_2D"]


def test_slices_pass_them_by() -> None:
    nodes = [
        conv("x", "w", "a"),
        cut("a", "left", "0", "30"),
        cut("a", "right", "30", "58"),
        helper.make_node("Concat", ["right", "left"], ["y"], axis=1),
    ]
    numbers = {str(n): number(n) for n in (0, 30, 58)} | {"one": number(1)}
    model = graph_model(nodes, {"x": (1, 40, 8, 8), "w": rand(58, 40, 1, 1), **numbers})
    filled, found, _ = check(model)
    assert widths(filled)["a"] == 64
    assert found == ["CONV_2D", "SLICE", "SLICE", "CONCATENATION"]


@pytest.mark.parametrize(
    ("start", "end", "taken"), [(30, 2**31, 28), (30, 64, 28), (-28, 58, 28), (0, -8, 50)]
)
def test_slices_that_count_from_the_end_pass_them_by(start: int, end: int, taken: int) -> None:
    nodes = [conv("x", "w", "a"), cut("a", "y", "start", "end")]
    numbers = {"start": number(start), "end": number(end), "one": number(1)}
    model = graph_model(nodes, {"x": (1, 40, 8, 8), "w": rand(58, 40, 1, 1), **numbers})
    filled, found, _ = check(model)
    assert widths(filled) == {"a": 64, "y": taken}
    assert found == ["CONV_2D", "SLICE"]


def test_a_slice_with_steps_reads_a_cut() -> None:
    steps = helper.make_node("Slice", ["a", "0", "end", "one", "two"], ["y"])
    numbers = {"0": number(0), "end": number(60), "one": number(1), "two": number(2)}
    nodes = [conv("x", "w", "a"), steps]
    model = graph_model(nodes, {"x": (1, 40, 8, 8), "w": rand(58, 40, 1, 1), **numbers})
    filled, _, _ = check(model)
    assert widths(filled) == {"a": 64, "a_cut": 58, "y": 29}


def squeezed(*, read_twice: bool = False) -> onnx.ModelProto:
    """A convolution whose output is multiplied by what two others make of its mean."""
    nodes = [
        conv("x", "w", "a"),
        helper.make_node("GlobalAveragePool", ["a"], ["m"]),
        conv("m", "down", "s"),
        helper.make_node("Relu", ["s"], ["t"]),
        helper.make_node("Conv", ["t", "up", "b"], ["u"]),
        helper.make_node("Sigmoid", ["u"], ["gate"]),
        helper.make_node("Mul", ["a", "gate"], ["g"]),
        conv("g", "v", "y"),
    ]
    if read_twice:
        nodes.append(helper.make_node("Softplus", ["u"], ["z"]))
    weights = {"w": rand(58, 40, 1, 1), "down": rand(8, 58, 1, 1), "up": rand(58, 8, 1, 1)}
    weights |= {"b": rand(58), "v": rand(16, 58, 1, 1)}
    outputs = ("y", "z") if read_twice else ("y",)
    return graph_model(nodes, {"x": (1, 40, 8, 8), **weights}, outputs)


def test_the_factors_of_squeeze_and_excitation_get_further_channels_as_well() -> None:
    filled, found, count = check(squeezed())
    assert count == 1
    assert {key: value for key, value in widths(filled).items() if key in "augy"} == {
        "a": 64,
        "u": 64,
        "g": 64,
        "y": 16,
    }
    assert "SLICE" not in found


def test_factors_that_somebody_else_reads_stay() -> None:
    filled, found, _ = check(squeezed(read_twice=True))
    assert widths(filled)["u"] == 58
    assert "SLICE" in found


def test_a_slice_of_places_carries_them_along() -> None:
    nodes = [
        conv("x", "w", "a"),
        helper.make_node("Slice", ["a", "0", "30", "two"], ["b"]),
        conv("b", "v", "y"),
    ]
    numbers = {"0": number(0), "30": number(7), "two": number(2)}
    weights = {"w": rand(58, 40, 1, 1), "v": rand(16, 58, 1, 1)}
    filled, found, _ = check(graph_model(nodes, {"x": (1, 40, 8, 8), **weights, **numbers}))
    assert widths(filled) == {"a": 64, "b": 64, "y": 16}
    assert found == ["CONV_2D", "SLICE", "CONV_2D"]


def test_outputs_of_the_network_keep_their_names_and_channels() -> None:
    nodes = [conv("x", "w", "a"), helper.make_node("Relu", ["a"], ["y"])]
    model = graph_model(nodes, {"x": (1, 40, 8, 8), "w": rand(58, 40, 1, 1)})
    filled, found, count = check(model)
    assert (count, found) == (1, ["CONV_2D", "SLICE"])
    assert [value.name for value in filled.graph.outputs] == ["y"]


@pytest.mark.parametrize(
    ("outputs", "inputs", "rows", "gains"),
    [
        (58, 58, 8, True),
        (116, 116, 8, True),
        (20, 80, 8, True),
        (64, 58, 8, False),  # whole already
        (63, 58, 8, False),  # tiles of 2 would compute as many for nothing
        (900, 58, 8, False),  # less than 1 % for nothing
        (10, 80, 8, False),  # five small tiles are as good as two
        (58, 4, 8, False),  # a Slice would take what is saved
        (58, 58, 1, False),  # no whole tile of rows, as behind a global mean
    ],
)
def test_which_gain(outputs: int, inputs: int, rows: int, gains: bool) -> None:
    nodes = [conv("x", "w", "a"), helper.make_node("Relu", ["a"], ["y"])]
    model = graph_model(nodes, {"x": (1, inputs, rows, 1), "w": rand(outputs, inputs, 1, 1)})
    assert check(model)[2] == gains


@pytest.mark.parametrize(
    ("weight", "attributes"),
    [((58, 40, 3, 3), {}), ((58, 20, 1, 1), {"group": 2}), ((58, 40, 1, 1), {"pads": [1] * 4})],
)
def test_other_convolutions_stay(weight: tuple[int, ...], attributes: dict[str, object]) -> None:
    model = graph_model(
        [conv("x", "w", "y", **attributes)], {"x": (1, 40, 8, 8), "w": rand(*weight)}
    )
    assert check(model)[2] == 0


@pytest.mark.parametrize("seed", range(24))
def test_random_graphs(seed: int) -> None:
    """Values of 60 channels, of what rides, what cuts and what picks."""
    rng = np.random.default_rng(seed)
    channels, images = 60, ["x"]
    constants = {
        "p": rand(1, channels, 1, 1),
        "d": rand(channels, 1, 3, 3),
        **{str(n): number(n) for n in (0, 1, 30, channels)},
        "one": number(1),
        "axes": np.array([2, 3], np.int64),
    }
    nodes = []
    for step in range(10):
        one, other = rng.choice(images, 2)
        y, weight = f"v{step}", f"w{step}"
        words = "conv conv depth relu sigmoid add mul scale pad gate excite halves group exp"
        kind = rng.choice(words.split())
        match kind:
            case "conv":
                constants[weight] = rand(channels, channels, 1, 1) / 8
                nodes.append(conv(one, weight, y))
            case "depth":
                nodes.append(conv(one, "d", y, group=channels, pads=[1, 1, 1, 1]))
            case "relu" | "sigmoid" | "exp":
                op = {"relu": "Relu", "sigmoid": "Sigmoid", "exp": "Softplus"}[kind]
                nodes.append(helper.make_node(op, [one], [y]))
            case "add" | "mul":
                op = {"add": "Add", "mul": "Mul"}[kind]
                nodes.append(helper.make_node(op, [one, other], [y]))
            case "scale":
                nodes.append(helper.make_node("Mul", [one, "p"], [y]))
            case "pad":
                pool = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
                nodes.append(helper.make_node("AveragePool", [one], [y], **pool))
            case "gate":
                mean = helper.make_node("ReduceMean", [one, "axes"], [f"m{step}"])
                nodes += [mean, helper.make_node("Mul", [other, f"m{step}"], [y])]
            case "excite":
                constants[weight] = rand(channels, channels, 1, 1) / 8
                nodes += [
                    helper.make_node("ReduceMean", [one, "axes"], [f"m{step}"]),
                    conv(f"m{step}", weight, f"u{step}"),
                    helper.make_node("Sigmoid", [f"u{step}"], [f"s{step}"]),
                    helper.make_node("Mul", [other, f"s{step}"], [y]),
                ]
            case "halves":
                nodes += [
                    cut(one, f"l{step}", "0", "30"),
                    cut(other, f"r{step}", "30", str(channels)),
                    helper.make_node("Concat", [f"r{step}", f"l{step}"], [y], axis=1),
                ]
            case _:
                constants[weight] = rand(channels, channels // 4, 1, 1) / 4
                nodes.append(conv(one, weight, y, group=4))
        images.append(y)
    outputs = tuple(dict.fromkeys(["v9", str(rng.choice(images[1:]))]))
    check(graph_model(nodes, {"x": (1, channels, 4, 4), **constants}, outputs))
