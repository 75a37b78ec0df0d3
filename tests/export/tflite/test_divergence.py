import math

import pytest

from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.tflite.divergence import Divergence, first_divergence
from tests.export import two_convs
from tests.export.two_convs import IO, NHWC, TRACE

ONNX = two_convs.onnx_bytes(two_convs.weights())
[SAMPLE] = two_convs.samples(1)


def file_with_wrong_weight(layer: int, error: float = 0.5) -> bytes:
    wrong = two_convs.weights()
    (wrong.kernel1 if layer == 1 else wrong.kernel2)[2, 1, 0, 0] += error
    return two_convs.tflite_bytes(wrong)


def find(file: bytes, min_sqnr_db: float | None = None, io: FileIO = IO) -> Divergence | None:
    return first_divergence(ONNX, file, TRACE, SAMPLE, io, min_sqnr_db=min_sqnr_db)


def test_a_right_file_does_not_diverge() -> None:
    assert find(two_convs.tflite_bytes(two_convs.weights())) is None


@pytest.mark.parametrize("runtime", ["litert", "litert-reference"])
@pytest.mark.parametrize(("layer", "name"), [(1, "hidden"), (2, "features")])
def test_the_layer_with_the_wrong_weight_is_named(layer: int, name: str, runtime: str) -> None:
    found = first_divergence(
        ONNX, file_with_wrong_weight(layer), TRACE, SAMPLE, IO, runtime=runtime
    )
    assert found is not None
    assert found.tflite_name == f"file/{name}"
    assert found.onnx_name == name
    assert found.index == layer - 1
    assert found.op == "CONV_2D"
    assert found.max_rel > 1e-4
    assert 0.0 < found.max_abs < math.inf
    assert found.sqnr_db < 60.0


def test_a_tensor_that_is_not_traced_is_passed_over() -> None:
    trace = {"file/features": ("features", NHWC)}
    found = first_divergence(ONNX, file_with_wrong_weight(1), trace, SAMPLE, IO)
    assert found is not None
    assert found.index == 1


def test_a_value_the_graph_does_not_have_is_passed_over() -> None:
    trace = {**TRACE, "file/hidden": ("folded_away", NHWC)}
    found = first_divergence(ONNX, file_with_wrong_weight(1), trace, SAMPLE, IO)
    assert found is not None
    assert found.onnx_name == "features"
    nothing = {"file/hidden": ("folded_away", NHWC)}
    assert first_divergence(ONNX, file_with_wrong_weight(1), nothing, SAMPLE, IO) is None


def test_another_shape_is_a_divergence() -> None:
    trace = {"file/hidden": ("image", NHWC)}
    right = two_convs.tflite_bytes(two_convs.weights())
    found = first_divergence(ONNX, right, trace, SAMPLE, IO)
    assert found is not None
    assert found.max_abs == math.inf
    assert found.sqnr_db == -math.inf


def test_a_wrong_permutation_is_a_divergence() -> None:
    # Height and width differ, so the shapes do too; a right perm is needed, not just a rank.
    trace = {"file/hidden": ("hidden", (0, 3, 2, 1))}
    found = first_divergence(ONNX, two_convs.tflite_bytes(two_convs.weights()), trace, SAMPLE, IO)
    assert found is not None


@pytest.mark.parametrize("bits", [8, 16])
def test_quantized_files_are_judged_by_sqnr(bits: int) -> None:
    right = two_convs.quantized_bytes(two_convs.tflite_bytes(two_convs.weights()), bits)
    assert find(right, min_sqnr_db=20.0) is None
    assert find(right) is not None  # rounding is far beyond the tolerance for float
    wrong = two_convs.quantized_bytes(file_with_wrong_weight(1, error=5.0), bits)
    found = find(wrong, min_sqnr_db=20.0)
    assert found is not None
    assert found.tflite_name == "file/hidden"
    assert found.sqnr_db < 20.0


def test_a_folded_constant_is_not_read() -> None:
    # XNNPACK folds the widening of the kernels, and their tensors hold whatever was there.
    kernels = {"file/k1": ("k1", NHWC), "file/k2": ("k2", NHWC)}
    half = two_convs.tflite_bytes(two_convs.weights(), half_kernels=True)
    found = first_divergence(ONNX, half, {**kernels, **TRACE}, SAMPLE, IO, min_sqnr_db=60.0)
    assert found is None
