from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import VerificationError
from _edgeship.export.tflite.building.graph import Array, options
from _edgeship.export.tflite.inspection import inspect
from _edgeship.export.tflite.objects import constant, name_of
from _edgeship.export.tflite.quantization import quantize
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, kinds, ranges_of, run_plain, sqnr_db, types

NHWC = (1, 8, 8, 6)
SCHEMES = ["fp16", "dynamic", "int8", "int16x8"]
#: SQNR in dB that one layer must keep.
FLOORS = {"fp16": 60, "dynamic": 32, "int8": 32, "int16x8": 38}


def rand(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def conv(filters: int = 12, groups: int = 1, dilation: int = 1) -> Small:
    small = (
        Small(x=NHWC).constant("w", rand(filters, 3, 3, 6 // groups)).constant("b", rand(filters))
    )
    opts = options(
        "Conv2DOptions", strideH=1, strideW=1, dilationHFactor=dilation, dilationWFactor=dilation
    )
    return small.op("CONV_2D", "x w b", "y", (1, 8, 8, filters), opts=opts).out("y")


def depthwise(multiplier: int = 1, dilation: int = 1) -> Small:
    small = Small(x=NHWC).constant("w", rand(1, 3, 3, 6 * multiplier))
    opts = options(
        "DepthwiseConv2DOptions",
        strideH=1,
        strideW=1,
        depthMultiplier=multiplier,
        dilationHFactor=dilation,
        dilationWFactor=dilation,
    )
    small.constant("b", rand(6 * multiplier))
    shape = (1, 8, 8, 6 * multiplier)
    return small.op("DEPTHWISE_CONV_2D", "x w b", "y", shape, opts=opts).out("y")


def transposed() -> Small:
    """Twice the size, by a kernel as large as the stride."""
    small = Small(x=NHWC).constant("shape", np.array([1, 16, 16, 12], np.int32))
    small.constant("w", rand(12, 2, 2, 6)).constant("b", rand(12))
    opts = options("TransposeConvOptions", strideH=2, strideW=2)
    return small.op("TRANSPOSE_CONV", "shape w x b", "y", (1, 16, 16, 12), opts=opts).out("y")


def dense() -> Small:
    small = Small(x=(1, 32)).constant("w", rand(10, 32)).constant("b", rand(10))
    opts = options("FullyConnectedOptions")
    return small.op("FULLY_CONNECTED", "x w b", "y", (1, 10), opts=opts).out("y")


def product() -> Small:
    small = Small(a=(1, 2, 8, 4), b=(1, 2, 4, 8))
    opts = options("BatchMatMulOptions")
    return small.op("BATCH_MATMUL", "a b", "y", (1, 2, 8, 8), opts=opts).out("y")


def with_matrix(side: str, *shape: int) -> Small:
    """A product with a constant whose columns and rows are of many sizes."""
    sizes = np.geomspace(0.3, 3, shape[-1]) * np.geomspace(0.5, 2, shape[-2])[:, None]
    small = Small(x=(1, 3, 8, 8)).constant("m", rand(*shape) * sizes.astype(np.float32))
    inputs, extents = ("m x", (shape[-2], 8)) if side == "left" else ("x m", (8, shape[-1]))
    opts = options("BatchMatMulOptions")
    return small.op("BATCH_MATMUL", inputs, "y", (1, 3, *extents), opts=opts).out("y")


def class_token() -> Small:
    """A constant that is joined with activations of more axes than one."""
    small = Small(x=(1, 8, 6)).constant("token", rand(1, 1, 6))
    opts = options("ConcatenationOptions", axis=1)
    return small.op("CONCATENATION", "token x", "y", (1, 9, 6), opts=opts).out("y")


def mean() -> Small:
    """The mean of 64 values of one sign is far from the ends of their range."""
    small = Small(x=NHWC).op("ABS", "x", "a", NHWC, opts=options("AbsOptions"))
    small.constant("space", np.array([1, 2], np.int32))
    keep = options("ReducerOptions", keepDims=True)
    return small.op("MEAN", "a space", "y", (1, 1, 1, 6), opts=keep).out("y")


def excited() -> Small:
    """An image scaled by a gate per channel."""
    small = Small(x=NHWC, g=(1, 1, 1, 6)).op("LOGISTIC", "g", "gate", (1, 1, 1, 6))
    return small.op("MUL", "x gate", "y", NHWC, opts=options("MulOptions")).out("y")


LAYERS = {
    "conv": conv(),
    "dilated conv": conv(dilation=2),
    "grouped conv": conv(groups=3),
    "conv of 1 channel per group": conv(filters=18, groups=6),
    "depthwise": depthwise(),
    "depthwise, two filters a channel": depthwise(multiplier=2),
    "dilated depthwise": depthwise(dilation=2),
    "transposed conv": transposed(),
    "fully connected": dense(),
    "batch matmul": product(),
    "matrix times activations": with_matrix("left", 9, 8),
    "matrices times activations": with_matrix("left", 3, 9, 8),
    "activations times matrices": with_matrix("right", 3, 8, 9),
    "class token": class_token(),
    "global mean": mean(),
    "squeeze-and-excite": excited(),
}


def in_scheme(small: Small, scheme: str) -> bytes:
    return quantize(small.data(), scheme, ranges_of(small))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("layer", LAYERS)
def test_xnnpack_and_the_plain_kernels_run_every_layer(layer: str, scheme: str) -> None:
    small = LAYERS[layer]
    data = in_scheme(small, scheme)
    for sample in small.samples(3):
        (reference,) = small.run(small.data(), sample)
        assert sqnr_db(reference, small.run(data, sample)[0]) > FLOORS[scheme]
        assert sqnr_db(reference, run_plain(data, list(sample.values()))[0]) > FLOORS[scheme]


@pytest.mark.parametrize("layer", [name for name in LAYERS if "conv" in name or "wise" in name])
def test_what_the_schemes_store(layer: str) -> None:
    small = LAYERS[layer]
    found = {scheme: types(in_scheme(small, scheme)) for scheme in SCHEMES}
    assert found["fp16"]["w"] == "float16"
    assert found["dynamic"]["w"] == found["int8"]["w"] == found["int16x8"]["w"] == "int8"
    assert [found[scheme]["b"] for scheme in SCHEMES] == ["float32", "float32", "int32", "int64"]
    assert [found[s]["y"] for s in SCHEMES] == ["float32", "float32", "int8", "int16"]


@pytest.mark.parametrize("scheme", ["dynamic", "int8", "int16x8"])
@pytest.mark.parametrize(("layer", "axis"), [("conv", 0), ("depthwise", 3), ("fully connected", 0)])
def test_weights_are_symmetric_per_channel_within_127(layer: str, axis: int, scheme: str) -> None:
    small = LAYERS[layer]
    model = from_bytes(in_scheme(small, scheme))
    (tensor,) = (t for t in model.subgraphs[0].tensors if name_of(t) == "w")
    stored = constant(model, tensor)
    assert stored is not None
    original = np.moveaxis(small.graph.tensors[1].data, axis, 0)  # type: ignore[arg-type]
    scale = np.abs(original).reshape(len(original), -1).max(1) / 127
    np.testing.assert_allclose(tensor.quantization.scale, scale, rtol=1e-6)
    assert not np.any(tensor.quantization.zeroPoint)
    assert tensor.quantization.quantizedDimension == axis
    expected = np.rint(original / scale.reshape(-1, *[1] * (original.ndim - 1)))
    assert np.abs(np.moveaxis(stored, axis, 0) - expected).max() <= 1


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_ports_have_the_type_asked_for(dtype: str) -> None:
    small = conv()
    data = small.quantized("int8", dtype)
    found = inspect(data)
    assert [port.dtype for port in (*found.inputs, *found.outputs)] == [dtype, dtype]
    # Conversions stand at the edges only, and int8 needs none.
    expected = {
        "float32": ["QUANTIZE", "CONV_2D", "DEQUANTIZE"],
        "int8": ["CONV_2D"],
        "uint8": ["QUANTIZE", "CONV_2D", "QUANTIZE"],
    }
    assert kinds(data) == expected[dtype]
    assert types(data)["w"] == "int8"
    (sample,) = small.samples(1)
    (reference,) = small.run(small.data(), sample)
    assert sqnr_db(reference, small.run(data, sample)[0]) > FLOORS["int8"]


def test_uint8_and_int8_differ_by_128_and_nothing_else() -> None:
    small = conv()
    signed, unsigned = (inspect(small.quantized("int8", dtype)) for dtype in ("int8", "uint8"))
    for a, b in zip(
        signed.inputs + signed.outputs, unsigned.inputs + unsigned.outputs, strict=True
    ):
        assert a.scale == b.scale
        assert a.zero_point is not None
        assert b.zero_point == a.zero_point + 128


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_integer_ports_around_a_fixed_range(dtype: str) -> None:
    small = Small(x=NHWC).op("LOGISTIC", "x", "y", NHWC).out("y")
    data = small.quantized("int8", dtype)
    (port,) = inspect(data).outputs
    assert port.scale == 1 / 256
    assert port.zero_point == (-128 if dtype == "int8" else 0)
    (sample,) = small.samples(1)
    (reference,) = small.run(small.data(), sample)
    assert sqnr_db(reference, small.run(data, sample)[0]) > 40


def test_no_scheme_is_the_file_itself() -> None:
    data = conv().data()
    assert quantize(data, "none") is data


def test_ranges_are_demanded_where_needed() -> None:
    with pytest.raises(ValueError, match="ranges"):
        quantize(conv().data(), "int8")


def test_a_port_of_another_type_is_refused() -> None:
    """Dynamic files compute floats between their operators, whatever was asked for."""
    with pytest.raises(VerificationError, match="float32 port where int8 was asked for"):
        quantize(conv().data(), "dynamic", None, "int8")


def test_fp16_asks_for_half_precision_and_the_others_do_not() -> None:
    small = conv()
    asking = {
        s: "reduced_precision_support" in inspect(in_scheme(small, s)).metadata for s in SCHEMES
    }
    assert asking == {"fp16": True, "dynamic": False, "int8": False, "int16x8": False}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_same_input_same_bytes(scheme: str) -> None:
    small = conv()
    assert in_scheme(small, scheme) == in_scheme(conv(), scheme)


def test_large_weights_are_inside_of_the_flatbuffer() -> None:
    """The quantizer puts them behind it, where runtimes from before 2024 do not look."""
    small = Small(x=(1, 512)).constant("w", rand(600, 512)).constant("b", rand(600))
    small.op("FULLY_CONNECTED", "x w b", "y", (1, 600), opts=options("FullyConnectedOptions"))
    for scheme in SCHEMES:
        model = from_bytes(in_scheme(small.out("y"), scheme))
        assert all(not buffer.offset for buffer in model.buffers)


def test_the_border_of_a_max_pool_never_wins_over_negative_values() -> None:
    small = Small(x=(1, 4, 4, 2)).constant("lowest", np.float32(np.finfo(np.float32).min))
    small.constant("pads", np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    opts = options("PadV2Options")
    small.op("PADV2", "x pads lowest", "border", (1, 6, 6, 2), opts=opts)
    pool = options("Pool2DOptions", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    small.op("MAX_POOL_2D", "border", "y", (1, 3, 3, 2), opts=pool).out("y")
    for scheme in ("int8", "int16x8"):
        data = small.quantized(scheme, low=-5.0, high=-4.0)
        (sample,) = small.samples(1, low=-5.0, high=-4.0)
        (reference,) = small.run(small.data(), sample)
        (values,) = small.run(data, sample)
        assert np.abs(values - reference).max() < 5 / 255


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_tensors_of_two_ranks_with_one_range_need_no_conversion(scheme: str) -> None:
    small = Small(x=(1, 2, 3, 4))
    small.constant("shape", np.array([6, 4], np.int32))
    small.op("RESHAPE", "x shape", "rows", (6, 4), opts=options("ReshapeOptions", newShape=[6, 4]))
    join = options("ConcatenationOptions", axis=1)
    small.op("CONCATENATION", "rows rows", "twice", (6, 8), opts=join)
    small.op("ABS", "twice", "y", (6, 8)).out("y")
    found = kinds(small.quantized(scheme))
    assert found == ["QUANTIZE", "RESHAPE", "CONCATENATION", "ABS", "DEQUANTIZE"]
