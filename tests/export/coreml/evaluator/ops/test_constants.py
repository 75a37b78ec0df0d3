from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.coreml.evaluator import Evaluator, read_program
from _edgeship.export.coreml.format.library import coremltools, deployment_target, quiet
from _edgeship.export.coreml.format.package import package_of
from tests.export.coreml.evaluator.calling import compute

A, B = [10.0, 11.0, 12.0], [20.0, 21.0, 22.0]


def test_affine_by_tensor_and_along_an_axis() -> None:
    data = np.array([[-128, 0], [1, 127]], np.int8)
    found = compute(
        "constexpr_affine_dequantize",
        quantized_data=data,
        zero_point=np.int8(-128),
        scale=np.float32(0.5),
        axis=0,
    )
    np.testing.assert_array_equal(found, [[0, 64], [64.5, 127.5]])
    found = compute(
        "constexpr_affine_dequantize",
        quantized_data=data,
        zero_point=np.array([0, 1], np.int8),
        scale=np.array([1, 2], np.float16),
        axis=-1,
    )
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, [[-128, -2], [1, 252]])


def test_scales_by_block() -> None:
    """scale[i0, j0] * (data[i, j] - offset[i0, j0]) with i0 = i / 2 and j0 = j / 3."""
    data = np.arange(24).reshape(4, 6).astype(np.int8)
    scale = np.array([[1, 10], [100, 1000]], np.float32)
    offset = np.array([[0, 1], [2, 3]], np.int8)
    found = compute("constexpr_blockwise_shift_scale", data=data, scale=scale, offset=offset)
    for i, j in np.ndindex(4, 6):
        place = i // 2, j // 3
        assert found[i, j] == scale[place] * (int(data[i, j]) - int(offset[place]))


def test_a_palette_of_ios_16() -> None:
    """The example of the documentation: indices 0, 3, 2, 1, 3 in two bits each."""
    lut = np.array([5.0, 6.0, 7.0, 8.0], np.float32)
    found = compute(
        "constexpr_lut_to_dense",
        indices=np.array([0b01101100, 0b11], np.uint8),
        lut=lut,
        shape=np.array([5], np.uint32),
    )
    np.testing.assert_array_equal(found, [5, 8, 7, 6, 8])


def test_a_sparse_constant_of_ios_16() -> None:
    """The example of the documentation: i2 and i3 of five elements."""
    found = compute(
        "constexpr_sparse_to_dense",
        nonzero_data=np.array([3.0, 4.0], np.float16),
        mask=np.array([0b01100], np.uint8),
        shape=np.array([5], np.uint32),
    )
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, [0, 0, 3, 4, 0])


def test_palettes_by_group() -> None:
    """Case 1 of the documentation of iOS 18."""
    indices = np.array([2, 3, 3, 0, 1, 0, 3, 0, 2, 1, 0, 3], np.uint8).reshape(6, 2)
    lut = np.array([1, 5, 9, 13, 2, 10, 18, 26], np.float16).reshape(2, 1, 4, 1)
    found = compute("constexpr_lut_to_dense", indices=indices, lut=lut, opset=18)
    np.testing.assert_array_equal(found, [[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]])


@pytest.mark.parametrize("axis", [1, 2])
def test_palettes_of_vectors(axis: int) -> None:
    """Case 2 of the documentation of iOS 18."""
    indices = np.array([[[0, 0], [1, 0]], [[1, 1], [0, 0]]], np.uint8)
    lut = np.array([A, B], np.float32).reshape(1, 1, 1, 2, 3)
    found = compute("constexpr_lut_to_dense", indices=indices, lut=lut, vector_axis=axis, opset=18)
    vectors = np.array([[[A, A], [B, A]], [[B, B], [A, A]]])
    # A vector fills the elements that stand in place of its index along one axis.
    in_place = vectors.transpose(0, 1, 3, 2).reshape(2, 6, 2) if axis == 1 else vectors
    np.testing.assert_array_equal(found, in_place.reshape(found.shape))
    assert found.shape == ((2, 6, 2) if axis == 1 else (2, 2, 6))


def test_a_palette_of_what_is_not_zero() -> None:
    """The examples of the documentation of `constexpr_lut_to_sparse`."""
    mask = np.array(
        [[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 0, 1], [0, 1, 1, 0, 1, 0], [0, 0, 0, 1, 0, 0]], np.uint8
    )
    indices = np.array([0, 1, 1, 0, 1, 1, 0, 0, 1], np.uint8)
    arguments: dict[str, Any] = {"indices_mask": mask, "indices_nonzero_data": indices, "opset": 18}
    lut = np.array([2, 3], np.float16)
    found_mask, elements = compute(
        "constexpr_lut_to_sparse", lut=lut.reshape(1, 1, 2, 1), **arguments
    )
    np.testing.assert_array_equal(found_mask, mask)
    np.testing.assert_array_equal(elements, [2, 3, 3, 2, 3, 3, 2, 2, 3])

    lut = np.array([[2, 2], [3, 3]], np.float16).reshape(1, 1, 2, 2)
    found_mask, elements = compute("constexpr_lut_to_sparse", lut=lut, vector_axis=0, **arguments)
    assert found_mask.shape == (8, 6)
    np.testing.assert_array_equal(found_mask[::2], mask)
    np.testing.assert_array_equal(found_mask[1::2], mask)
    dense = compute("constexpr_sparse_to_dense", nonzero_data=elements, mask=found_mask, opset=18)
    once = [[2, 3, 0, 0, 0, 0], [3, 2, 0, 0, 0, 3], [0, 3, 2, 0, 2, 0], [0, 0, 0, 3, 0, 0]]
    np.testing.assert_array_equal(dense, np.repeat(once, 2, axis=0))


def test_scales_of_what_is_not_zero() -> None:
    """The layout of the example in the documentation; its first column is not what it says."""
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0]], np.uint8)
    found_mask, elements = compute(
        "constexpr_sparse_blockwise_shift_scale",
        data_mask=mask,
        nonzero_data=np.array([10, 11, 3, 4, 5, 6, 7, 8, 9], np.int8),
        scale=np.array([[0.1, 0.2, 0.3, 0.4]], np.float32),
        offset=np.array([[1, 2, 3, 4]], np.int8),
        opset=18,
    )
    np.testing.assert_array_equal(found_mask, mask)
    np.testing.assert_allclose(elements, [0.9, 1.8, 0.2, 0.4, 0.6, 0.9, 1.2, 0.7, 1.4], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "arguments", "why"),
    [
        (
            "constexpr_lut_to_dense",
            {
                "indices": np.zeros(1, np.uint8),
                "lut": np.zeros(4, np.float32),
                "shape": np.array([10**9], np.uint32),
            },
            "indices has 1 uint8; 2000000000 bits are needed",
        ),
        (
            "constexpr_lut_to_dense",
            {
                "indices": np.zeros(1, np.uint8),
                "lut": np.zeros(3, np.float32),
                "shape": np.array([2], np.uint32),
            },
            "palette has 3 entries",
        ),
        (
            "constexpr_lut_to_dense",
            {"indices": np.full(4, 2, np.uint8), "lut": np.zeros((1, 2, 1), np.float32)},
            "reaches behind the 2 entries",
        ),
        (
            "constexpr_lut_to_dense",
            {"indices": np.zeros(4, np.uint8), "lut": np.zeros((3, 2, 1), np.float32)},
            r"\[3\] palettes do not divide \[4\]",
        ),
        (
            "constexpr_sparse_to_dense",
            {
                "nonzero_data": np.zeros(2, np.float32),
                "mask": np.array([1], np.uint8),
                "shape": np.array([8], np.uint32),
            },
            "mask leaves 1 elements; 2 are stored",
        ),
        (
            "constexpr_blockwise_shift_scale",
            {"data": np.zeros((4, 4), np.int8), "scale": np.ones((3, 1), np.float32)},
            r"\[3, 1\] blocks do not divide",
        ),
        (
            "constexpr_affine_dequantize",
            {
                "quantized_data": np.zeros((4, 4), np.int8),
                "scale": np.ones(4, np.float32),
                "zero_point": np.int8(0),
                "axis": 2,
            },
            "do not lie along axis 2",
        ),
    ],
)
def test_constants_that_do_not_fit(kind: str, arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        compute(kind, **arguments)


# What coremltools writes. Compression loses nothing of these weights, so exactly they must be read
# back.

SHAPE = (8, 6, 3, 3)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def few_values(number: int) -> np.ndarray:
    values = np.arange(number) / 16 + 0.25
    weight = rng().choice(values, SHAPE)
    weight.flat[:number] = values
    return weight


def on_a_grid(largest: int) -> np.ndarray:
    """Integers times a scale per output channel, with the largest integer in each."""
    weight = rng().integers(-largest, largest + 1, SHAPE).astype(np.float64)
    weight[:, 0, 0, 0] = largest
    return weight * (2.0 ** -np.arange(8)).reshape(-1, 1, 1, 1)


def in_blocks() -> np.ndarray:
    """Integers of four bits, with a scale for each channel and three input channels."""
    weight = rng().integers(-7, 8, (8, 2, 3, 3, 3)).astype(np.float64)
    weight[:, :, 0, 0, 0] = 7
    scales = 2.0 ** -rng().integers(0, 6, (8, 2, 1, 1, 1))
    return (weight * scales).reshape(SHAPE)


def in_pairs() -> np.ndarray:
    """Neighbours along the output channels are one of four pairs."""
    pairs = np.array([[1, 2], [3, 5], [8, 4], [-1, -2]]) / 4
    chosen = pairs[rng().integers(0, 4, (4, 6, 3, 3))]
    return np.moveaxis(chosen, -1, 1).reshape(SHAPE)


def in_groups() -> np.ndarray:
    """Four values in each group of two output channels, different ones for each group."""
    return few_values(4) + np.repeat(np.arange(4), 2).reshape(-1, 1, 1, 1)


def mostly_zero(weight: np.ndarray) -> np.ndarray:
    kept = rng().random(SHAPE) < 0.25
    kept[:, 0, 0, 0] = True  # the largest of a channel, where there is a grid
    return np.where(kept, weight, 0)


def linear(joint: bool = False, **keywords: Any) -> Callable[[Any, Any], Any]:
    def apply(optimize: Any, model: Any) -> Any:
        config = optimize.OpLinearQuantizerConfig(weight_threshold=0, **keywords)
        return optimize.linear_quantize_weights(
            model, optimize.OptimizationConfig(config), joint_compression=joint
        )

    return apply


def palettes(joint: bool = False, **keywords: Any) -> Callable[[Any, Any], Any]:
    def apply(optimize: Any, model: Any) -> Any:
        config = optimize.OpPalettizerConfig(weight_threshold=0, mode="unique", **keywords)
        return optimize.palettize_weights(
            model, optimize.OptimizationConfig(config), joint_compression=joint
        )

    return apply


def sparse(optimize: Any, model: Any) -> Any:
    config = optimize.OpThresholdPrunerConfig(threshold=1e-12, weight_threshold=0)
    return optimize.prune_weights(model, optimize.OptimizationConfig(config))


def sparse_then(then: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda optimize, model: then(optimize, sparse(optimize, model))


SYMMETRIC = {"mode": "linear_symmetric", "dtype": "int8"}
CASES: list[tuple[str, int, np.ndarray, Callable[[Any, Any], Any], set[str]]] = [
    (
        "linear-16",
        16,
        on_a_grid(127),
        linear(**SYMMETRIC, granularity="per_channel"),
        {"constexpr_affine_dequantize"},
    ),
    (
        "linear-18",
        18,
        on_a_grid(127),
        linear(**SYMMETRIC, granularity="per_channel"),
        {"constexpr_blockwise_shift_scale"},
    ),
    (
        "int4 by block",
        18,
        in_blocks(),
        linear(mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=3),
        {"constexpr_blockwise_shift_scale"},
    ),
    ("palette4-16", 16, few_values(16), palettes(), {"constexpr_lut_to_dense"}),
    ("palette6-16", 16, few_values(64), palettes(), {"constexpr_lut_to_dense"}),
    ("palette1-18", 18, few_values(2), palettes(), {"constexpr_lut_to_dense"}),
    ("palette3-18", 18, few_values(8), palettes(), {"constexpr_lut_to_dense"}),
    ("palette8-18", 18, few_values(200), palettes(), {"constexpr_lut_to_dense"}),
    (
        "palettes by group",
        18,
        in_groups(),
        palettes(granularity="per_grouped_channel", group_size=2, channel_axis=0),
        {"constexpr_lut_to_dense"},
    ),
    (
        "palettes of vectors",
        18,
        in_pairs(),
        palettes(cluster_dim=2, channel_axis=0),
        {"constexpr_lut_to_dense"},
    ),
    ("sparse-16", 16, mostly_zero(few_values(8)), sparse, {"constexpr_sparse_to_dense"}),
    ("sparse-18", 18, mostly_zero(few_values(8)), sparse, {"constexpr_sparse_to_dense"}),
    (
        "sparse integers",
        18,
        mostly_zero(on_a_grid(127)),
        sparse_then(linear(joint=True, **SYMMETRIC, granularity="per_channel")),
        {"constexpr_sparse_blockwise_shift_scale", "constexpr_sparse_to_dense"},
    ),
    (
        "sparse palette",
        18,
        mostly_zero(few_values(4)),
        sparse_then(palettes(joint=True)),
        {"constexpr_lut_to_sparse", "constexpr_sparse_to_dense"},
    ),
]


def compressed(weight: np.ndarray, ios: int, how: Callable[[Any, Any], Any]) -> dict[str, bytes]:
    """A package of one convolution without strides or pads, with its weight compressed."""
    ct = coremltools()
    from coremltools.converters.mil import Builder

    @Builder.program(
        input_specs=[Builder.TensorSpec((1, SHAPE[1], 3, 3))], opset_version=deployment_target(ios)
    )
    def program(x: Any) -> Any:
        return Builder.conv(x=x, weight=weight.astype(np.float32), name="y")

    with quiet():
        model = ct.convert(
            program,
            convert_to="mlprogram",
            minimum_deployment_target=deployment_target(ios),
            compute_precision=ct.precision.FLOAT32,
            skip_model_load=True,
        )
        from coremltools.optimize import coreml as optimize

        return package_of(how(optimize, model))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ios", "weight", "how", "kinds"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_coremltools_compresses(
    ios: int, weight: np.ndarray, how: Callable[[Any, Any], Any], kinds: set[str]
) -> None:
    program = read_program(compressed(weight, ios, how))
    assert {one.kind for one in program.operations if "constexpr" in one.kind} == kinds
    conv = next(one for one in program.operations if one.kind == "conv")
    (name,) = conv.inputs["weight"]
    x = rng().standard_normal((1, SHAPE[1], 3, 3)).astype(np.float32)
    results = Evaluator(program).run({"x": x}, keep=[name])
    np.testing.assert_allclose(results[name], weight, rtol=2e-7, atol=1e-12)
    np.testing.assert_allclose(
        results["y"][0, :, 0, 0], np.tensordot(weight, x[0], 3), rtol=1e-4, atol=1e-4
    )
