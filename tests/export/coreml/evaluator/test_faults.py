"""A package in which one thing is wrong must not pass for the network."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from _edgeship.export.calibration.graph_ranges import graph_ranges
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import convert
from _edgeship.export.coreml.evaluator import read_program, run
from _edgeship.export.coreml.format.package import package_of
from _edgeship.export.coreml.lowering import lower
from _edgeship.export.coreml.rounded_graph import rounded_weights_parity
from _edgeship.export.coreml.schemes import SCHEMES
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.judge import judge
from _edgeship.export.verification.metrics import compare
from _edgeship.export.verification.yardstick import Yardstick, figures
from tests.export.coreml.evaluator.building import (
    WEIGHTS,
    Files,
    argument,
    block_of,
    changed,
    operator,
)
from tests.export.tflite.ops.harness import parse, rand, typed

pytestmark = pytest.mark.slow

SAMPLES = [{"x": rand(1, 3, 16, 16, seed=seed)} for seed in range(4)]


def network() -> onnx.ModelProto:
    """Two convolutions, a transpose between them, and a classifier."""
    model = parse(
        """agraph (float[1,3,16,16] x) => (float[1,10] y) {
            a = Conv <kernel_shape = [3,3], pads = [1,1,1,1], strides = [4,4]> (x, w1, b1)
            b = Relu(a)
            c = Transpose <perm = [0,1,3,2]> (b)
            d = Conv <kernel_shape = [3,3], pads = [0,0,1,1]> (c, w2, b2)
            e = Relu(d)
            f = GlobalAveragePool(e)
            g = Flatten(f)
            y = Gemm <transB = 1> (g, w3, b3)
        }"""
    )
    for name, *shape in (("w1", 16, 3, 3, 3), ("w2", 16, 16, 3, 3), ("w3", 10, 16)):
        weight = rand(*shape, seed=len(name)) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        model.graph.initializer.append(numpy_helper.from_array(weight, name))
        bias = rand(shape[0], seed=7) * np.float32(0.1)
        model.graph.initializer.append(numpy_helper.from_array(bias, name.replace("w", "b")))
    return typed(model)


MODEL = network()


def package(scheme: str, ios: int) -> Files:
    """The network's package, made as an export makes it."""
    precision = "float32" if scheme == "none" else "float16"
    lowered = lower(infer_shapes(ir.from_proto(MODEL)), ios)
    if SCHEMES[scheme].calibrated:
        ranges = graph_ranges(MODEL.SerializeToString(), SAMPLES)
        assert quantize_activations(
            lowered.program, plan_rounding(lowered.program, ranges, lowered.trace)
        )
    return package_of(compress(convert(lowered, ios, precision), SCHEMES[scheme]))


@pytest.fixture(scope="module")
def packages() -> dict[str, Files]:
    return {
        "float": package("none", 15),
        "fp16": package("fp16", 15),
        "int8-weights": package("int8-weights", 16),
        "palette6": package("palette6", 16),
        "palette6 of iOS 18": package("palette6", 18),
        "int8": package("int8", 17),
    }


EXPECTED = run_onnx(MODEL.SerializeToString(), SAMPLES)


#: What is left if nothing but the weights is rounded: what an export measures a package by.
YARDSTICKS = {
    scheme: Yardstick(
        figures(
            rounded_weights_parity(infer_shapes(ir.from_proto(MODEL)), SAMPLES, EXPECTED, scheme)
        )
    )
    for scheme in ("int8-weights", "int8", "palette6")
}


def verdict(files: Files, kind: str) -> str | None:
    """None if the package computes what ONNX Runtime does, as closely as the kind demands."""
    program = read_program(files)
    found = [[run(program, sample)["y"]] for sample in SAMPLES]
    return judge(compare(EXPECTED, found), kind, YARDSTICKS.get(kind))


def kind_of(name: str) -> str:
    return name.removesuffix(" of iOS 18")


@pytest.mark.parametrize(
    "name", ["float", "fp16", "int8-weights", "palette6", "palette6 of iOS 18", "int8"]
)
def test_what_is_right_passes(packages: dict[str, Files], name: str) -> None:
    assert verdict(packages[name], kind_of(name)) is None


def ints(value: Any) -> Any:
    return value.immediateValue.tensor.ints.values


def stride(model: Any) -> None:
    """5 instead of 4, which gives as many windows along an axis."""
    strides = ints(argument(model, operator(model, "conv"), "strides"))
    assert list(strides) == [4, 4]
    strides[1] = 5


def pad(model: Any) -> None:
    """The window moves by one element."""
    pads = ints(argument(model, operator(model, "conv", 1), "pad"))
    assert list(pads) == [0, 1, 0, 1]
    pads[:] = [1, 0, 0, 1]


def permutation(model: Any) -> None:
    """Rows and columns are no longer exchanged."""
    ints(argument(model, operator(model, "transpose"), "perm"))[:] = [0, 1, 2, 3]


def activation(model: Any) -> None:
    """Negative numbers are let through."""
    operator(model, "relu").type = "identity"


def source(model: Any) -> None:
    """The second convolution reads what the transpose reads."""
    untransposed = operator(model, "transpose").inputs["x"].arguments[0].name
    operator(model, "conv", 1).inputs["x"].arguments[0].name = untransposed


@pytest.mark.parametrize("name", ["float", "fp16", "int8-weights", "palette6", "int8"])
@pytest.mark.parametrize("fault", [stride, pad, permutation, activation, source])
def test_a_fault_in_the_program(
    packages: dict[str, Files], name: str, fault: Callable[[Any], None]
) -> None:
    broken = changed(packages[name], fault)
    if (fault, name) == (activation, "int8"):
        # No fault: what is quantized from zero on has no negative numbers anyway.
        assert verdict(broken, name) is None
    else:
        assert verdict(broken, kind_of(name)) is not None


def activation_scale(model: Any) -> None:
    """An activation comes back from int8 at half its size."""
    scale = argument(model, operator(model, "dequantize", 1), "scale")
    half = np.frombuffer(scale.immediateValue.tensor.bytes.values, np.float16) / 2
    scale.immediateValue.tensor.bytes.values = half.astype(np.float16).tobytes()


def activation_zero_point(model: Any) -> None:
    """An activation comes back shifted by a sixteenth of its range."""
    zero = argument(model, operator(model, "dequantize"), "zero_point")
    (stored,) = np.frombuffer(zero.immediateValue.tensor.bytes.values, np.int8)
    zero.immediateValue.tensor.bytes.values = np.int8(stored + 16).tobytes()


@pytest.mark.parametrize("fault", [activation_scale, activation_zero_point])
def test_a_fault_in_the_activations(
    packages: dict[str, Files], fault: Callable[[Any], None]
) -> None:
    assert verdict(changed(packages["int8"], fault), "int8") is not None


def blob(files: Files, kind: str, parameter: str, number: int = 0) -> tuple[int, int]:
    """Where the data of a constant lies in the file of weights: offset and size."""
    place = 0

    def look(model: Any) -> None:
        nonlocal place
        place = argument(model, operator(model, kind, number), parameter).blobFileValue.offset

    changed(files, look)
    size, offset = struct.unpack_from("<QQ", files[WEIGHTS], place + 8)
    return offset, size


def rewritten(files: Files, place: tuple[int, int], change: Callable[[bytearray], bytes]) -> Files:
    """The package with the data of one constant changed."""
    offset, size = place
    data = bytearray(files[WEIGHTS])
    new = change(data[offset : offset + size])
    assert len(new) == size
    assert new != data[offset : offset + size]
    data[offset : offset + size] = new
    return {**files, WEIGHTS: bytes(data)}


def with_array(dtype: type[np.generic], change: Callable[[np.ndarray], np.ndarray]) -> Any:
    return lambda data: change(np.frombuffer(data, dtype).copy()).astype(dtype).tobytes()


def one_larger(weights: np.ndarray) -> np.ndarray:
    """One weight of thousands, increased by the largest of them."""
    weights[len(weights) // 2] += np.abs(weights).max()
    return weights


def exchanged(weights: np.ndarray) -> np.ndarray:
    """Input and output channels exchanged, which leaves the shape as it is."""
    return weights.reshape(16, 16, 3, 3).swapaxes(0, 1).copy()


def turned(weights: np.ndarray) -> np.ndarray:
    """Rows and columns of each filter exchanged."""
    return weights.reshape(16, 16, 3, 3).swapaxes(2, 3).copy()


@pytest.mark.parametrize("fault", [one_larger, exchanged, turned])
@pytest.mark.parametrize(("name", "dtype"), [("float", np.float32), ("fp16", np.float16)])
def test_a_fault_in_the_weights(
    packages: dict[str, Files], name: str, dtype: type[np.generic], fault: Any
) -> None:
    files = packages[name]
    broken = rewritten(files, blob(files, "conv", "weight", 1), with_array(dtype, fault))
    assert verdict(broken, name) is not None


def test_a_scale(packages: dict[str, Files]) -> None:
    """Two of the sixteen channels of a convolution have each other's scales."""

    def change(scales: np.ndarray) -> np.ndarray:
        first, last = scales.argmin(), scales.argmax()
        scales[[first, last]] = scales[[last, first]]
        return scales

    files = packages["int8-weights"]
    place = blob(files, "constexpr_affine_dequantize", "scale", 1)
    broken = rewritten(files, place, with_array(np.float16, change))
    assert verdict(broken, "int8-weights") is not None


def test_a_zero_point(packages: dict[str, Files]) -> None:
    files = packages["int8-weights"]
    place = blob(files, "constexpr_affine_dequantize", "zero_point", 1)
    broken = rewritten(files, place, with_array(np.int8, lambda zeros: zeros + 16))
    assert verdict(broken, "int8-weights") is not None


def test_an_int8_weight(packages: dict[str, Files]) -> None:
    files = packages["int8-weights"]
    place = blob(files, "constexpr_affine_dequantize", "quantized_data", 1)
    broken = rewritten(files, place, with_array(np.int8, lambda data: np.roll(data, 1)))
    assert verdict(broken, "int8-weights") is not None


@pytest.mark.parametrize("name", ["palette6", "palette6 of iOS 18"])
def test_palette_indices(packages: dict[str, Files], name: str) -> None:
    """Indices that begin one bit too early."""

    def change(data: bytearray) -> bytes:
        bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
        return np.packbits(np.roll(bits, 1), bitorder="little").tobytes()

    files = packages[name]
    place = blob(files, "constexpr_lut_to_dense", "indices", 1)
    assert verdict(rewritten(files, place, change), "palette6") is not None


@pytest.mark.parametrize("name", ["palette6", "palette6 of iOS 18"])
def test_one_palette_index(packages: dict[str, Files], name: str) -> None:
    """One weight of 2304 gets the value that is 32 of 64 entries away in the palette."""

    def change(data: bytearray) -> bytes:
        data[0] ^= 0b100000
        return bytes(data)

    files = packages[name]
    place = blob(files, "constexpr_lut_to_dense", "indices", 1)
    assert verdict(rewritten(files, place, change), "palette6") is not None


def test_a_palette(packages: dict[str, Files]) -> None:
    files = packages["palette6"]
    place = blob(files, "constexpr_lut_to_dense", "lut", 1)
    broken = rewritten(files, place, with_array(np.float16, lambda lut: np.roll(lut, 8)))
    assert verdict(broken, "palette6") is not None


def test_two_exchanged_operands() -> None:
    """The program subtracts the other way round."""
    model = parse("agraph (float[1,4] x, float[1,4] z) => (float[1,4] y) { y = Sub(x, z) }")
    lowered = lower(infer_shapes(ir.from_proto(model)), 15)
    files = package_of(convert(lowered, 15, "float32"))
    sample = {"x": rand(1, 4), "z": rand(1, 4, seed=1)}
    expected = run_onnx(model.SerializeToString(), [sample])

    def exchange(program: Any) -> None:
        (one,) = [one for one in block_of(program).operations if one.type == "sub"]
        first, second = one.inputs["x"].arguments[0], one.inputs["y"].arguments[0]
        first.name, second.name = second.name, first.name

    for package_, passes in ((files, True), (changed(files, exchange), False)):
        found = run(read_program(package_), sample)["y"]
        assert (judge(compare(expected, [[found]]), "float") is None) is passes
