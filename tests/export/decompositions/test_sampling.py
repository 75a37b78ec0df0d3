"""Resizing and sampling in simpler operators, against ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

from tests.export.decompositions.harness import Case, case, check, ints, rand

X = rand(2, 3, 6, 7)
UP = np.array([1, 1, 2, 2.5], np.float32)
DOWN = np.array([1, 1, 0.5, 0.4], np.float32)
SIZES = ints(2, 3, 9, 4)
ROI = np.array([0, 0, 0.4, 0.6, 1, 1, 0.6, 0.8], np.float32)
BEYOND = np.array([0, 0, 0.4, 0.6, 1, 1, 1.3, 0.8], np.float32)
MODES = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
BOXES = np.array([[0, 0, 5, 5], [1.5, 2, 6, 4.5], [-1, -2, 9, 9]], np.float32)


def resize(scales: object, sizes: object = None, **more: object) -> Case:
    given = [each for each in (2, 3) if (scales, sizes)[each - 2] is not None]
    inputs = (X, None, scales) if sizes is None else (X, None, scales, sizes)
    return case("Resize", *inputs, constants=given, opset=19, **more)


RESIZES = [
    *(
        resize(scales, mode=mode, coordinate_transformation_mode=where)
        for scales in (UP, DOWN)
        for mode in ("nearest", "linear", "cubic")
        for where in MODES
    ),
    *(resize(None, SIZES, mode=mode) for mode in ("nearest", "linear", "cubic")),
    *(
        resize(DOWN, mode=mode, antialias=1)
        for mode in ("linear", "cubic")
    ),
    *(
        resize(UP, mode="nearest", nearest_mode=rounding, coordinate_transformation_mode=where)
        for rounding in ("floor", "ceil", "round_prefer_ceil")
        for where in ("half_pixel", "asymmetric")
    ),
    resize(UP, mode="cubic", cubic_coeff_a=-0.5),
    resize(UP, mode="cubic", exclude_outside=1),
    resize(UP, mode="linear", coordinate_transformation_mode="half_pixel_symmetric"),
    case("Resize", X, None, None, ints(9, 8), constants=[3], opset=18, axes=[2, 3], mode="cubic"),
    case(
        "Resize", X, None, None, ints(9, 8), constants=[3], opset=18, axes=[3, 2], mode="linear",
        keep_aspect_ratio_policy="not_larger",
    ),
    case(
        "Resize", X, ROI, None, ints(2, 3, 3, 5), constants=[1, 3], mode="linear",
        coordinate_transformation_mode="tf_crop_and_resize",
    ),
    case(
        "Resize", X, BEYOND, None, ints(2, 3, 3, 5), constants=[1, 3], mode="linear",
        coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=10.0,
    ),
    *(
        resize(DOWN, mode=mode, antialias=1, exclude_outside=1)
        for mode in ("linear", "cubic")
    ),
]  # fmt: skip
CASES = [
    *RESIZES,
    *(
        case("GridSample", X, rand(2, 5, 4, 2, seed=5, low=-1.4, high=1.4), opset=20, mode=mode,
             padding_mode=border, align_corners=aligned)
        for mode in ("linear", "nearest", "cubic")
        for border in ("zeros", "border", "reflection")
        for aligned in (0, 1)
    ),
    *(
        case("GridSample", rand(1, 2, 4, 5, 3), rand(1, 2, 3, 4, 3, seed=5, low=-1.2, high=1.2),
             opset=20, mode=mode, padding_mode=border)
        for mode in ("linear", "nearest")
        for border in ("zeros", "border", "reflection")
    ),
    *(
        case("AffineGrid", rand(2, 2, 3), ints(2, 1, 5, 4), constants=[1], opset=20,
             align_corners=aligned)
        for aligned in (0, 1)
    ),
    case("AffineGrid", rand(1, 3, 4), ints(1, 1, 2, 5, 4), constants=[1], opset=20),
    *(
        case("RoiAlign", X, BOXES, ints(0, 1, 0), output_height=3, output_width=2,
             sampling_ratio=2, spatial_scale=0.8, mode=mode, coordinate_transformation_mode=where)
        for mode in ("avg", "max")
        for where in ("half_pixel", "output_half_pixel")
    ),
]  # fmt: skip


@pytest.mark.parametrize("each", CASES, ids=lambda each: each.op_type)
def test_resizing_and_sampling(each: Case) -> None:
    check(each)
