"""Graphs that normalise pictures themselves, against ONNX Runtime on what they are to normalise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from numpy.typing import NDArray

from _edgeship.export.calibration.preprocess import Preprocess, normalize
from _edgeship.export.graph.onnx_graph import infer_shapes, operator_counts, serialize
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.tflite.byte_input import take_bytes
from _edgeship.export.tflite.byte_scale import byte_scale, pixels_of

HEADER = '<ir_version: 10, opset_import: ["": 18]>'
IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BGR = Preprocess((0.406, 0.456, 0.485), (0.225, 0.224, 0.229), bgr=True)
HALVES = Preprocess((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
WHOLE = Preprocess((127 / 255,) * 3, (128 / 255,) * 3)
PREPROCESSES = {"imagenet": IMAGENET, "bgr": BGR, "halves": HALVES, "whole": WHOLE}
GREY = Preprocess((0.1307,), (0.3081,))


@dataclass(frozen=True)
class Case:
    """A graph in ONNX's text form, and what pictures go through.

    Attributes:
        body: What is computed from ``x``; ``w`` are the weights of its convolutions.
        weights: Their shape.
        shape: Of ``x``.
        axis: Its channels.
    """

    body: str
    weights: tuple[int, ...] = (8, 3, 3, 3)
    shape: tuple[int, ...] = (1, 3, 9, 11)
    axis: int = 1

    def model(self, seed: int) -> ir.Model:
        rng = np.random.default_rng(seed)
        model = onnx.parser.parse_model(
            f"{HEADER} agraph (float[{','.join(map(str, self.shape))}] x) => (float y)"
            f"<int64[8] edges = {{0,0,1,2,0,0,0,1}}, int64[3] turned = {{2,1,0}}> {{ {self.body} }}"
        )
        del model.graph.output[0].type.tensor_type.shape.dim[:]
        model.graph.output[0].type.tensor_type.ClearField("shape")
        for name, shape in (("w", self.weights), ("b", self.weights[:1])):
            data = rng.standard_normal(shape).astype(np.float32)
            model.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
        return infer_shapes(ir.from_proto(model))


CASES = {
    "no border": Case("y = Conv (x, w, b)"),
    "border": Case("y = Conv <pads = [1, 1, 1, 1]> (x, w, b)"),
    "no bias": Case("y = Conv <pads = [1, 1, 1, 1]> (x, w)"),
    "uneven border": Case("y = Conv <pads = [2, 0, 1, 3], strides = [2, 3]> (x, w, b)"),
    "stride": Case("y = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w, b)"),
    "dilated": Case("y = Conv <pads = [2, 2, 2, 2], dilations = [2, 2]> (x, w, b)"),
    "same": Case('y = Conv <auto_pad = "SAME_UPPER", strides = [2, 2]> (x, w, b)'),
    "depthwise": Case("y = Conv <pads = [1, 1, 1, 1], group = 3> (x, w, b)", (6, 1, 3, 3)),
    "depthwise, no border": Case("y = Conv <group = 3> (x, w, b)", (3, 1, 3, 3)),
    "pad first": Case("p = Pad (x, edges) y = Conv (p, w, b)"),
    "pad, then border": Case("p = Pad (x, edges) y = Conv <pads = [1, 0, 0, 1]> (p, w, b)"),
    "mirrored": Case('p = Pad <mode = "reflect"> (x, edges) y = Conv (p, w, b)'),
    "NHWC": Case(
        "t = Transpose <perm = [0, 3, 1, 2]> (x) y = Conv <pads = [1, 1, 1, 1]> (t, w, b)",
        shape=(1, 9, 11, 3),
        axis=3,
    ),
    "turned round": Case("g = Gather <axis = 1> (x, turned) y = Conv <pads = [1, 1, 1, 1]> (g, w)"),
    "pool first": Case("p = MaxPool <kernel_shape = [2, 2]> (x) y = Conv (p, w, b)"),
    "two borders": Case(
        "c = Conv <pads = [1, 1, 1, 1]> (x, w, b) d = Conv <pads = [2, 2, 0, 0]> (x, w) "
        "y = Add (c, d)"
    ),
    "border and none": Case(
        "c = Conv <pads = [1, 1, 1, 1]> (x, w, b) d = Conv (x, w) f = Flatten (c) g = Flatten (d) "
        "y = Concat <axis = 1> (f, g)"
    ),
    "a convolution and a sum": Case(
        "c = Conv <pads = [1, 1, 1, 1]> (x, w, b) y = Add (c, x)", (3, 3, 3, 3)
    ),
    "batch": Case("y = Conv <pads = [1, 1, 1, 1]> (x, w, b)", shape=(2, 3, 9, 11)),
    "clip": Case(
        "y = Conv <pads = [1, 1, 1, 1, 1, 1]> (x, w, b)", (8, 3, 3, 3, 3), (1, 3, 4, 9, 11)
    ),
    "the picture itself": Case("y = Identity (x)"),
}
#: Those of which all is done in weights, whatever mean and std are.
FOLDED = {
    *("no border", "border", "no bias", "uneven border", "stride", "dilated", "two borders"),
    *("border and none", "batch"),
}


def picture(shape: tuple[int, ...], axis: int, seed: int) -> NDArray[np.uint8]:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    np.moveaxis(pixels, axis, 0)[0] //= 3  # so that it matters which colour is which
    return pixels


def check(
    case: Case, preprocess: Preprocess, fixed_batch: bool = True, seed: int = 0
) -> tuple[ir.Model, str]:
    """The graph after the change, which makes of bytes what it made of the normalised picture."""
    model = case.model(seed)
    pixels = picture(case.shape, case.axis, seed)
    # The network's input, made as pictures are made into inputs everywhere.
    first = np.moveaxis(pixels, case.axis, 0)
    network = normalize(first[::-1] if preprocess.bgr else first, preprocess)
    given = np.ascontiguousarray(np.moveaxis(network, 0, case.axis))
    [[expected]] = run_onnx(serialize(model), [{"x": given}])
    scale = byte_scale(preprocess)
    where = take_bytes(
        model.graph, model.graph.inputs[0], scale, case.axis, fixed_batch=fixed_batch
    )
    [[found]] = run_onnx(serialize(model), [{"x": scale.centred(pixels)}])
    assert np.abs(found - expected).max() < 2e-5 * max(1.0, float(np.abs(expected).max()))
    # And the way back, which samples go.
    np.testing.assert_array_equal(pixels_of(given, preprocess, case.axis), pixels)
    return model, where


@pytest.mark.parametrize("preprocess", PREPROCESSES)
@pytest.mark.parametrize("name", CASES)
def test_bytes_give_what_the_normalised_picture_gave(name: str, preprocess: str) -> None:
    for fixed_batch in (True, False):
        check(CASES[name], PREPROCESSES[preprocess], fixed_batch)


@pytest.mark.parametrize("name", sorted(FOLDED))
def test_weights_and_constant_borders_do_all_of_it(name: str) -> None:
    before = operator_counts(CASES[name].model(0))
    after, where = check(CASES[name], BGR)
    assert operator_counts(after).keys() - before.keys() <= {"Concat"}
    assert "in the weights" in where


def test_one_border_serves_all_that_pad_alike() -> None:
    twice = Case(
        "c = Conv <pads = [1, 1, 1, 1]> (x, w, b) d = Conv <pads = [1, 1, 1, 1]> (x, w) "
        "y = Add (c, d)"
    )
    assert operator_counts(check(twice, IMAGENET)[0])["Concat"] == 2


def test_an_open_batch_has_no_constant_border() -> None:
    model, where = check(CASES["border"], IMAGENET, fixed_batch=False)
    assert operator_counts(model) == {"Sub": 1, "Conv": 1}
    assert "behind a subtraction" in where


def test_one_whole_mean_needs_no_operator() -> None:
    """The scale of the input says it all, and a border of zeros is one of that grey."""
    for name, case in CASES.items():
        before = serialize(case.model(0))
        model, where = check(case, WHOLE)
        assert serialize(model) == before, name
        assert where == "in the scale of the input"


@pytest.mark.parametrize("seed", range(40))
def test_random_first_layers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels = int(rng.choice([1, 3]))
    group = int(rng.choice([1, channels]))
    kernel = rng.integers(1, 5, 2)
    pads = rng.integers(0, 4, 4)
    attributes = {
        "pads": pads.tolist(),
        "strides": rng.integers(1, 4, 2).tolist(),
        "dilations": rng.integers(1, 3, 2).tolist(),
        "group": group,
    }
    words = ", ".join(f"{name} = {value}" for name, value in attributes.items())
    case = Case(
        f"c = Conv <{words}> (x, w{', b' if rng.random() < 0.5 else ''}) y = Relu (c)",
        (group * int(rng.integers(1, 5)), channels // group, *kernel.tolist()),
        (1, channels, *rng.integers(9, 14, 2).tolist()),
    )
    mean, std = rng.uniform(0.05, 0.95, channels), rng.uniform(0.05, 0.6, channels)
    bgr = channels == 3 and bool(rng.random() < 0.5)
    preprocess = Preprocess(tuple(mean.tolist()), tuple(std.tolist()), bgr=bgr)
    check(case, preprocess, fixed_batch=bool(rng.random() < 0.7), seed=seed)


def test_grey_pictures() -> None:
    case = Case("y = Conv <pads = [1, 1, 1, 1]> (x, w, b)", (8, 1, 3, 3), (1, 1, 9, 11))
    assert "constant border" in check(case, GREY)[1]


def test_weights_that_are_computed_are_left_alone() -> None:
    case = Case("v = Mul (w, w) y = Conv <pads = [1, 1, 1, 1]> (x, v, b)")
    assert check(case, BGR)[1] == "by operators in front"


def test_a_scale_is_near_to_one_over_the_deviation_and_zero_to_the_mean() -> None:
    scale = byte_scale(IMAGENET)
    assert scale.zero_point == 114  # of 123.7, 116.3 and 103.5
    assert scale.scale == pytest.approx(1 / (255 * 0.226), rel=1e-3)
    assert byte_scale(BGR).offset == scale.offset
    assert byte_scale(WHOLE).whole
    assert not byte_scale(HALVES).whole  # 127.5 is no byte
