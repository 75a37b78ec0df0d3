from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from _edgeship.errors import UnsupportedError
from tests.export.tflite.ops.harness import check, check_both, lower_model, node_model

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


def is_supported(model: Any) -> bool:
    """Whether the model is lowered; if it is, it must be right."""
    try:
        lower_model(model)
    except UnsupportedError as error:
        assert "Resize" in error.why
        return False
    check(model)
    return True


@pytest.mark.parametrize("by", ["sizes", "scales"])
@pytest.mark.parametrize("after", EXTENTS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_nearest(transformation: str, rounding: str, after: tuple[int, int], by: str) -> None:
    """Whatever is not refused must be right; what must not be refused is in the tests below."""
    is_supported(
        resize(
            after,
            by,
            mode="nearest",
            coordinate_transformation_mode=transformation,
            nearest_mode=rounding,
        )
    )


@pytest.mark.parametrize("by", ["sizes", "scales"])
@pytest.mark.parametrize("after", EXTENTS)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_linear(transformation: str, after: tuple[int, int], by: str) -> None:
    model = resize(after, by, mode="linear", coordinate_transformation_mode=transformation)
    supported = is_supported(model)
    # TFLite has each of these, but for results of one pixel, on which they differ.
    assert supported or after == (1, 1)


@pytest.mark.parametrize(
    ("transformation", "rounding", "after"),
    [
        # What PyTorch's "nearest" and "nearest-exact" are exported to.
        ("asymmetric", "floor", (8, 12)),
        ("asymmetric", "floor", (12, 18)),
        ("asymmetric", "floor", (2, 3)),
        ("asymmetric", "floor", (7, 9)),
        ("half_pixel", "round_prefer_floor", (8, 12)),
        ("half_pixel", "round_prefer_ceil", (8, 12)),
        ("half_pixel", "round_prefer_ceil", (7, 9)),
        ("align_corners", "round_prefer_ceil", (7, 11)),
    ],
)
def test_nearest_that_tflite_has(
    transformation: str, rounding: str, after: tuple[int, int]
) -> None:
    model = resize(
        after, mode="nearest", coordinate_transformation_mode=transformation, nearest_mode=rounding
    )
    assert is_supported(model)
    check_both(model)


def test_nearest_that_tflite_lacks() -> None:
    model = resize(
        (7, 9), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="ceil"
    )
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "Resize nearest with asymmetric and ceil from [4, 6] to [7, 9]" in error.value.why


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("opset", [10, 11, 13, 18, 19])
@pytest.mark.parametrize("scale", [2.0, 3.0, 0.5])
def test_opsets(mode: str, opset: int, scale: float) -> None:
    scales = np.array([1, 1, scale, scale], np.float32)
    if opset == 10:
        model = node_model("Resize", {"x": X, "s": scales}, opset=10, mode=mode)
    else:
        roi = np.zeros(0, np.float32)
        inputs = {"x": X, "roi": roi, "s": scales}
        model = node_model(
            "Resize", inputs, opset=opset, mode=mode, coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )  # fmt: skip
    assert is_supported(model)


def test_nearest_before_opset_11_rounds_up_where_it_shrinks() -> None:
    """4 * 0.6 and 6 * 0.6 are 2 and 3 pixels: 0, 2 and 0, 2, 4 are read, not 0, 1 and 0, 1, 3."""
    scales = np.array([1, 1, 0.6, 0.6], np.float32)
    assert is_supported(node_model("Resize", {"x": X, "s": scales}, opset=10, mode="nearest"))


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("opset", [7, 9])
def test_upsample(mode: str, opset: int) -> None:
    scales = [1.0, 1.0, 2.0, 3.0]
    if opset == 7:
        model = node_model("Upsample", {"x": X}, opset=7, mode=mode, scales=scales)
    else:
        inputs = {"x": X, "s": np.array(scales, np.float32)}
        model = node_model("Upsample", inputs, opset=9, mode=mode)
    check_both(model)


def test_scales_that_are_not_the_ratio_of_the_extents() -> None:
    """floor(7 * 1.3) = 9, and steps of 1 / 1.3 are not steps of 7 / 9."""
    scales = np.array([1, 1, 1.3, 1.3], np.float32)
    inputs = {"x": (1, 2, 7, 7), "roi": None, "scales": scales}
    attributes = {"coordinate_transformation_mode": "asymmetric"}
    with pytest.raises(UnsupportedError) as error:
        lower_model(node_model("Resize", inputs, mode="linear", **attributes))
    assert "from [7, 7] to [9, 9] by 1.3, 1.3" in error.value.why
    # Rounded down, they fall on the same pixels.
    model = node_model("Resize", inputs, mode="nearest", nearest_mode="floor", **attributes)
    assert is_supported(model)


@pytest.mark.parametrize("axes", [[2, 3], [3, 2], [-1], [1, 2, 3]])
@pytest.mark.parametrize("by", ["sizes", "scales"])
def test_axes(axes: list[int], by: str) -> None:
    factors = {1: 1, 2: 2, 3: 3, -1: 3}
    inputs: dict[str, Any] = {"x": X, "roi": None}
    if by == "sizes":
        inputs |= {"scales": None, "sizes": np.array([X[axis] * factors[axis] for axis in axes])}
    else:
        inputs |= {"scales": np.array([factors[axis] for axis in axes], np.float32)}
    assert is_supported(node_model("Resize", inputs, mode="linear", axes=axes))


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
@pytest.mark.parametrize("sizes", [(8, 18), (9, 13), (2, 3)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_keep_aspect_ratio(policy: str, sizes: tuple[int, int], mode: str) -> None:
    inputs = {"x": X, "roi": None, "scales": None, "sizes": np.array(sizes)}
    model = node_model("Resize", inputs, mode=mode, axes=[2, 3], keep_aspect_ratio_policy=policy)
    supported = is_supported(model)
    if mode == "linear" and sizes == (8, 18):
        assert supported


def test_no_change() -> None:
    assert check(resize((4, 6), mode="linear")) == ["RESHAPE"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (resize((8, 12), mode="cubic"), "Resize with mode cubic"),
        (resize((2, 3), mode="linear", antialias=1), "antialias"),
        (
            node_model(
                "Resize",
                {"x": X, "roi": None, "s": np.array([1, 2, 2, 2], np.float32)},
                mode="nearest",
            ),
            "only H and W may change",
        ),
        (
            node_model(
                "Resize",
                {"x": (1, 2, 4), "roi": None, "s": np.array([1, 1, 2], np.float32)},
                mode="nearest",
            ),
            "only H and W may change",
        ),
        (
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
            "coordinate transformation tf_crop_and_resize",
        ),
    ],
)
def test_unsupported(model: Any, reason: str) -> None:
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert reason in error.value.why
