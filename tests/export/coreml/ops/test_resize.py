from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from tests.export.coreml.ops.harness import (
    check,
    check_all,
    graph_model,
    lower_model,
    node_model,
)

X = (1, 2, 4, 6)
TRANSFORMATIONS = [
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
EXTENTS = [(8, 12), (2, 3), (12, 18), (7, 9), (3, 11), (1, 1), (4, 12), (5, 6)]


def resize(after: tuple[int, ...], by: str = "sizes", opset: int = 19, **attributes: Any) -> Any:
    """Resize X to the extents by sizes, or by scales that are their ratio."""
    scales = np.array([b / a for a, b in zip(X, (1, 2, *after), strict=True)], np.float32)
    inputs: dict[str, Any] = {"x": X, "roi": None}
    if by == "sizes":
        inputs |= {"scales": None, "sizes": np.array([1, 2, *after])}
    else:
        inputs |= {"scales": scales}
    return node_model("Resize", inputs, opset=opset, **attributes)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_nearest(transformation: str) -> None:
    """Whatever is sampled can be picked."""
    models = [
        resize(
            after,
            by,
            mode="nearest",
            coordinate_transformation_mode=transformation,
            nearest_mode=rounding,
        )
        for rounding, by in zip(ROUNDINGS, ("sizes", "scales", "sizes", "scales"), strict=True)
        for after in EXTENTS
    ]
    kinds = check_all(models)
    assert "gather" in kinds
    assert set(kinds) <= {"upsample_nearest_neighbor", "slice_by_index", "gather"}


@pytest.mark.parametrize("by", ["sizes", "scales"])
def test_linear(by: str) -> None:
    models = [
        resize(after, by, mode="linear", coordinate_transformation_mode=transformation)
        for transformation in TRANSFORMATIONS
        for after in EXTENTS
    ]
    assert check_all(models) == ["resize_bilinear"] * len(models)


@pytest.mark.parametrize(
    ("transformation", "rounding", "after", "kinds"),
    [
        # What PyTorch's "nearest" and "nearest-exact" are exported to.
        ("asymmetric", "floor", (8, 12), ["upsample_nearest_neighbor"]),
        ("asymmetric", "floor", (4, 18), ["upsample_nearest_neighbor"]),
        ("half_pixel", "round_prefer_ceil", (12, 18), ["upsample_nearest_neighbor"]),
        ("asymmetric", "floor", (2, 3), ["slice_by_index"]),
        ("half_pixel", "round_prefer_ceil", (2, 2), ["slice_by_index"]),
        ("asymmetric", "floor", (7, 6), ["gather"]),
        ("asymmetric", "floor", (7, 9), ["gather", "gather"]),
        ("half_pixel", "floor", (8, 12), ["gather", "gather"]),
    ],
)
def test_operators_of_nearest(
    transformation: str, rounding: str, after: tuple[int, int], kinds: list[str]
) -> None:
    model = resize(
        after, mode="nearest", coordinate_transformation_mode=transformation, nearest_mode=rounding
    )
    lowered = lower_model(model).program.functions["main"].operations
    assert [op.op_type for op in lowered if op.op_type != "const"] == kinds


@pytest.mark.parametrize("opset", [10, 11, 13, 18])
def test_opsets(opset: int) -> None:
    models = []
    for mode, scale in (("nearest", 2.0), ("nearest", 0.5), ("linear", 3.0), ("linear", 0.5)):
        scales = np.array([1, 1, scale, scale], np.float32)
        if opset == 10:
            models.append(node_model("Resize", {"x": X, "s": scales}, opset=10, mode=mode))
            continue
        inputs = {"x": X, "roi": np.zeros(0, np.float32), "s": scales}
        models.append(
            node_model(
                "Resize", inputs, opset=opset, mode=mode, nearest_mode="floor",
                coordinate_transformation_mode="asymmetric",
            )
        )  # fmt: skip
    check_all(models)


def test_nearest_before_opset_11_rounds_up_where_it_shrinks() -> None:
    """4 * 0.6 and 6 * 0.6 are 2 and 3 pixels: 0, 2 and 0, 2, 4 are read, not 0, 1 and 0, 1, 3."""
    scales = np.array([1, 1, 0.6, 0.6], np.float32)
    check(node_model("Resize", {"x": X, "s": scales}, opset=10, mode="nearest"))


@pytest.mark.parametrize("opset", [7, 9])
def test_upsample(opset: int) -> None:
    scales = [1.0, 1.0, 2.0, 3.0]
    models = []
    for mode in ("nearest", "linear"):
        if opset == 7:
            models.append(node_model("Upsample", {"x": X}, opset=7, mode=mode, scales=scales))
        else:
            inputs = {"x": X, "s": np.array(scales, np.float32)}
            models.append(node_model("Upsample", inputs, opset=9, mode=mode))
    assert check_all(models) == ["upsample_nearest_neighbor", "resize_bilinear"]


def test_scales_that_are_not_the_ratio_of_the_extents() -> None:
    """floor(7 * 1.3) = 9, and steps of 1 / 1.3 are not steps of 7 / 9."""
    scales = np.array([1, 1, 1.3, 1.3], np.float32)
    inputs = {"x": (1, 2, 7, 7), "roi": None, "scales": scales}
    attributes: dict[str, Any] = {"coordinate_transformation_mode": "asymmetric"}
    assert "resize_bilinear" not in check(node_model("Resize", inputs, mode="linear", **attributes))
    check(node_model("Resize", inputs, mode="nearest", nearest_mode="floor", **attributes))


@pytest.mark.parametrize("by", ["sizes", "scales"])
def test_axes(by: str) -> None:
    factors = {1: 1, 2: 2, 3: 3, -1: 3}
    models = []
    for axes in ([2, 3], [3, 2], [-1], [1, 2, 3]):
        inputs: dict[str, Any] = {"x": X, "roi": None}
        if by == "sizes":
            sizes = np.array([X[axis] * factors[axis] for axis in axes])
            inputs |= {"scales": None, "sizes": sizes}
        else:
            inputs |= {"scales": np.array([factors[axis] for axis in axes], np.float32)}
        models.append(node_model("Resize", inputs, mode="linear", axes=axes))
    check_all(models)


def keeping_aspect_ratio(sizes: tuple[int, int], mode: str, policy: str) -> Any:
    inputs = {"x": X, "roi": None, "scales": None, "sizes": np.array(sizes)}
    return node_model("Resize", inputs, mode=mode, axes=[2, 3], keep_aspect_ratio_policy=policy)


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
def test_keep_aspect_ratio(policy: str) -> None:
    cases = [((8, 18), "nearest"), ((8, 18), "linear"), ((9, 13), "nearest")]
    cases += [((2, 3), "nearest"), ((2, 3), "linear")]
    if policy == "stretch":
        cases.append(((9, 13), "linear"))
    check_all([keeping_aspect_ratio(sizes, mode, policy) for sizes, mode in cases])


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_an_aspect_ratio_that_makes_scales_other_than_the_ratio_of_the_extents(policy: str) -> None:
    check(keeping_aspect_ratio((9, 13), "linear", policy))


def test_other_ranks() -> None:
    """An axis of a signal, the images of a clip, and the frames of a clip."""
    shapes: list[tuple[tuple[int, ...], list[float], str]] = [
        ((1, 3, 5), [1, 1, 2], "nearest"),
        ((1, 3, 5), [1, 1, 2], "linear"),
        ((1, 2, 3, 4, 4), [1, 1, 1, 2, 2], "linear"),
        ((1, 2, 3, 4, 4), [1, 1, 2, 2, 2], "nearest"),
        ((1, 2, 3, 4), [1, 2, 2, 2], "nearest"),
        ((3, 4), [2, 3], "nearest"),
    ]
    models = [
        node_model("Resize", {"x": x, "roi": None, "s": np.array(scales, np.float32)}, mode=mode)
        for x, scales, mode in shapes
    ]
    check_all(models)


def test_nearest_of_integers() -> None:
    node = helper.make_node(
        "Resize", ["x", "", "s"], ["y"], mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip
    inputs = {"x": (1, 1, 2, 3), "s": np.array([1, 1, 2, 2], np.float32)}
    model = graph_model([node], inputs, dtype=TensorProto.INT32)
    assert "gather" in check(model, tolerance=0)


def test_no_change() -> None:
    for mode in ("nearest", "linear"):
        assert check(resize((4, 6), mode=mode)) == ["identity"]


def test_in_float16() -> None:
    models = [resize((7, 9), mode=mode) for mode in ("nearest", "linear")]
    models.append(resize((8, 12), mode="nearest"))
    check_all(models, ios=17, precision="float16", tolerance=2e-3)


def test_forms_that_mil_has_not_are_composed() -> None:
    models = [
        resize((8, 12), mode="cubic"),
        resize((2, 3), mode="linear", antialias=1),
        node_model(
            "Resize",
            {
                "x": X,
                "roi": np.array([0, 0, 0, 0, 1, 1, 1, 1], np.float32),
                "s": None,
                "sizes": np.array([1, 2, 8, 8]),
            },
            mode="linear",
            coordinate_transformation_mode="tf_crop_and_resize",
        ),
    ]
    for model in models:
        check(model)
