from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from numpy.typing import NDArray

from _edgeship.errors import UnsupportedError
from _edgeship.export.coreml.activations import plan_rounding, quantize_activations
from _edgeship.export.coreml.compression import compress
from _edgeship.export.coreml.convert import Precision, convert
from _edgeship.export.coreml.evaluator import MilProgram, read_program, run
from _edgeship.export.coreml.format.package import package_of, size
from _edgeship.export.coreml.rounded_graph import round_weights, rounded_weights_parity
from _edgeship.export.coreml.schemes import OLDEST_IOS, SCHEMES
from _edgeship.export.coreml.weights import weights_of
from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.runtimes.running import run_onnx
from _edgeship.export.verification.metrics import compare
from tests.export.coreml.compressing import (
    COMPRESSED,
    SHAPES,
    converted,
    dense,
    network,
    package,
    stored,
)
from tests.export.coreml.ops.harness import lower_model, parse
from tests.export.tflite.ops.harness import inputs_of

pytestmark = pytest.mark.slow

Array = NDArray[Any]


def kinds(files: dict[str, bytes]) -> Counter[str]:
    return Counter(op.kind for op in read_program(files).operations)


def evaluate(files: dict[str, bytes], keep: tuple[str, ...] = ()) -> dict[str, Array]:
    return run(read_program(files), inputs_of(network()), keep)


def unpacked(files: dict[str, bytes]) -> dict[str, Array]:
    """Name of a weight in the network -> what its convolution or product in the package reads."""
    program = read_program(files)
    readers = [op for op in program.operations if "weight" in op.inputs]
    names = [one for op in readers if isinstance(one := op.inputs["weight"], tuple)]
    values = evaluate(files, tuple(name for (name,) in names))
    in_order = ("first", "pruned", "small", "upwards", "matrix")
    return {
        name: values[found].reshape(SHAPES[name])
        for name, (found,) in zip(in_order, names, strict=True)
    }


def compressed_ones(program: MilProgram) -> list[str]:
    return [op.kind for op in program.operations if op.kind.startswith("constexpr")]


@pytest.mark.parametrize("ios", [16, 18])
def test_int8_weights_are_rounded_to_a_127th_of_their_channels_largest(ios: int) -> None:
    weights = unpacked(package("int8-weights", ios))
    for name, axis in (("first", 0), ("upwards", 1), ("pruned", 0)):
        exact = stored(name).astype(np.float64)
        others = tuple(other for other in range(4) if other != axis)
        step = np.abs(exact).max(axis=others, keepdims=True) / 127
        # The scale is rounded to float16: by half a step at the ends of the range.
        assert (np.abs(weights[name] - exact) <= 0.6 * step).all(), name
        counts = np.rint(weights[name] / np.where(step == 0, 1, step))
        np.testing.assert_allclose(weights[name], counts * step, rtol=2e-3)


@pytest.mark.parametrize("ios", [16, 18])
@pytest.mark.parametrize("bits", [4, 6, 8])
def test_palettes_have_as_many_numbers_as_bits_can_tell_apart(bits: int, ios: int) -> None:
    for name, weight in unpacked(package(f"palette{bits}", ios)).items():
        different = len(set(weight.ravel().tolist()))
        if name in ("first", "upwards"):
            assert different == 2**bits
            noise = np.square(weight.astype(np.float64) - stored(name)).sum()
            # Bell-shaped weights: 6 dB for each bit, less a few for their tails.
            signal = np.square(stored(name).astype(np.float64)).sum()
            assert 10 * np.log10(signal / noise) > 6 * bits - 5


@pytest.mark.parametrize("scheme", COMPRESSED)
@pytest.mark.parametrize("ios", [16, 18])
def test_packages_compute_what_the_graph_computes_with_rounded_weights(
    scheme: str, ios: int
) -> None:
    model = network()
    [expected] = run_onnx(
        round_weights(infer_shapes(ir.from_proto(model)), scheme), [dict(inputs_of(model))]
    )
    found = evaluate(package(scheme, ios))
    assert compare([expected], [list(found.values())]).sqnr_db > 25


@pytest.mark.parametrize("scheme", COMPRESSED)
@pytest.mark.parametrize("ios", [16, 18])
def test_zeros_stay_zeros(scheme: str, ios: int) -> None:
    zeros = stored("pruned") == 0
    assert zeros.mean() > 0.4
    assert (unpacked(package(scheme, ios))["pruned"][zeros] == 0).all()


@pytest.mark.parametrize(("scheme", "share"), [("int8-weights", 0.6), ("palette4", 0.4)])
def test_packages_become_smaller(scheme: str, share: float) -> None:
    weights = "Data/com.apple.CoreML/weights/weight.bin"
    assert len(package(scheme, 16)[weights]) < share * len(dense(16)[weights])


def test_small_weights_are_left_alone_unless_they_meet_int8_activations() -> None:
    assert kinds(package("int8-weights", 16))["constexpr_affine_dequantize"] == 3
    assert kinds(package("int8", 17))["constexpr_affine_dequantize"] == 5
    assert kinds(package("palette8", 16))["constexpr_lut_to_dense"] == 3


@pytest.mark.parametrize(
    ("ios", "kind"), [(17, "constexpr_affine_dequantize"), (18, "constexpr_blockwise_shift_scale")]
)
def test_weights_of_8_bits_meet_activations_of_8_bits_in_the_package(ios: int, kind: str) -> None:
    lowered = lower_model(network(), ios)
    ranges = dict.fromkeys("xabcdefgh", (-4.0, 4.0))
    count = quantize_activations(
        lowered.program, plan_rounding(lowered.program, ranges, lowered.trace)
    )
    found = kinds(package_of(compress(convert(lowered, ios, "float16"), SCHEMES["int8"])))
    assert count >= 5
    assert found["quantize"] == count
    assert found["dequantize"] == count
    assert found[kind] + found["constexpr_sparse_to_dense"] == 5


@pytest.mark.parametrize(
    ("scheme", "precision"), [("none", "float32"), ("fp16", "float16")], ids=["none", "fp16"]
)
@pytest.mark.parametrize("ios", [16, 18])
def test_floats_with_many_zeros_are_stored_sparse_and_compute_the_same(
    scheme: str, precision: Precision, ios: int
) -> None:
    files = package(scheme, ios)
    assert kinds(files)["constexpr_sparse_to_dense"] == 1
    assert size(files) < size(dense(ios, precision))
    for name, expected in evaluate(dense(ios, precision)).items():
        np.testing.assert_array_equal(evaluate(files)[name], expected)


def test_ios_15_has_no_sparse_weights() -> None:
    model = converted(15)
    assert compress(model, SCHEMES["fp16"]) is model


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        ("int8-weights", "constexpr_sparse_blockwise_shift_scale"),
        ("palette6", "constexpr_lut_to_sparse"),
        ("palette4", "constexpr_lut_to_sparse"),
    ],
)
def test_ios_18_stores_compressed_weights_with_many_zeros_sparse(scheme: str, kind: str) -> None:
    found = compressed_ones(read_program(package(scheme, 18)))
    assert found.count(kind) == 1
    assert found.count("constexpr_sparse_to_dense") == 1
    assert kind not in compressed_ones(read_program(package(scheme, 16)))
    assert size(package(scheme, 18)) < size(package(scheme, 16))


def test_weights_without_zeros_are_not_stored_sparse() -> None:
    assert compressed_ones(read_program(package("fp16", 18))) == ["constexpr_sparse_to_dense"]


@pytest.mark.parametrize("scheme", ["palette4", "int8-weights"])
def test_biases_are_not_compressed(scheme: str) -> None:
    program = read_program(package(scheme, 16))
    [first] = [op for op in program.operations if op.kind == "conv" and "bias" in op.inputs]
    given = first.inputs["bias"]
    assert isinstance(given, tuple)
    [name] = given
    np.testing.assert_array_equal(
        evaluate(package(scheme, 16), (name,))[name], stored("bias"), strict=True
    )


@pytest.mark.parametrize("scheme", ["none", "int8", *COMPRESSED])
def test_the_same_network_gives_the_same_bytes(scheme: str) -> None:
    ios = OLDEST_IOS[scheme]
    precision: Precision = "float32" if scheme == "none" else "float16"
    again = convert(lower_model(network(), ios), ios, precision)
    assert package_of(compress(again, SCHEMES[scheme])) == package(scheme, ios)


def test_weights_without_end_cannot_be_compressed() -> None:
    model = network()
    matrix = next(one for one in model.graph.initializer if one.name == "first")
    array = onnx.numpy_helper.to_array(matrix).copy()
    array[0, 0, 0, 0] = np.inf
    matrix.CopyFrom(onnx.numpy_helper.from_array(array, "first"))
    ready = convert(lower_model(model, 16), 16, "float16")
    with pytest.raises(UnsupportedError, match="--quant palette4"):
        compress(ready, SCHEMES["palette4"])


def test_nothing_is_printed_and_nothing_warned_of(capfd: pytest.CaptureFixture[str]) -> None:
    model = converted(18)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for scheme in ("fp16", *COMPRESSED):
            compress(model, SCHEMES[scheme])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("scheme", ["fp16", "int8-weights", "palette6"])
def test_a_network_without_weights_is_returned_as_it_is(scheme: str) -> None:
    model = parse("g (float[1, 3, 4, 4] x) => (float[1, 3, 4, 4] y) { y = Relu(x) }")
    ready = convert(lower_model(model, 18), 18, "float16")
    assert compress(ready, SCHEMES[scheme]) is ready


@pytest.mark.parametrize("scheme", ["fp16", "int8-weights", "palette6"])
def test_pictures_and_labels_are_kept(scheme: str) -> None:
    lowered = lower_model(network(), 18)
    labels = [f"class {number}" for number in range(5)]
    [output] = lowered.io.outputs
    model = convert(
        lowered, 18, "float16", images={"x": "BGR"}, labels=labels, probabilities=output.name
    )
    program = read_program(package_of(compress(model, SCHEMES[scheme])))
    assert program.inputs[0].image is not None
    assert program.inputs[0].image.color == "BGR"
    assert program.labels == tuple(labels)
    assert compressed_ones(program)


def test_the_yardstick_rounds_weights_and_nothing_else() -> None:
    model = network()
    graph = infer_shapes(ir.from_proto(model))
    samples = [dict(inputs_of(model))]
    reference = run_onnx(model.SerializeToString(), samples)
    found = [
        rounded_weights_parity(graph, samples, reference, scheme).sqnr_db for scheme in COMPRESSED
    ]
    int8, *palettes = found
    assert palettes == sorted(palettes, reverse=True)
    assert 30 < int8 < 60
    # The graph itself stays as it was.
    assert run_onnx(ir.to_proto(graph).SerializeToString(), samples)[0][0] == pytest.approx(
        reference[0][0]
    )


def test_the_yardstick_of_a_network_without_weights() -> None:
    model = parse("g (float[1, 3, 4, 4] x) => (float[1, 3, 4, 4] y) { y = Relu(x) }")
    samples = [dict(inputs_of(model))]
    reference = run_onnx(model.SerializeToString(), samples)
    graph = infer_shapes(ir.from_proto(model))
    assert rounded_weights_parity(graph, samples, reference, "palette4").sqnr_db == np.inf


@pytest.mark.parametrize("scheme", ["fp16", "int8-weights", "palette4", "int8"])
def test_constants_in_lists_are_no_weights(scheme: str) -> None:
    """A class token is joined with what is computed: an operator that reads a list of values."""
    model = parse(
        "g (float[1, 4, 32] x) => (float[1, 5, 32] y) "
        "{ a = Concat<axis=1>(token, x) y = MatMul(a, w) }"
    )
    rng = np.random.default_rng(0)
    for name, shape in {"token": (1, 1, 32), "w": (32, 32)}.items():
        data = rng.standard_normal(shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(data, name))
    ready = convert(lower_model(model, 18), 18, "float16")
    [weight] = weights_of(ready).values()
    assert weight.shape == (32, 32)
    program = read_program(package_of(compress(ready, SCHEMES[scheme])))
    assert len(compressed_ones(program)) == (scheme != "fp16")
