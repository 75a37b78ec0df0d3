"""Resizing against PyTorch, and against the grids that MIL's documentation lists."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from _edgeship.errors import InputError, UnsupportedError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

RAMP = np.float32([[[0, 1]]])
IMAGE = rand(2, 3, 5, 7)
SIZES = [(10, 14), (8, 9), (3, 4), (5, 7), (1, 1), (13, 2)]


# From the docstring of resize_bilinear: two elements, to five and to six.
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("UNALIGN_CORNERS", [0, 0.1, 0.5, 0.9, 1]),
        ("STRICT_ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1]),
        ("ALIGN_CORNERS", [0, 0.25, 0.5, 0.75, 1]),
        ("DEFAULT", [0, 0.4, 0.8, 1, 1]),
        ("OFFSET_CORNERS", [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("UNALIGN_CORNERS", [0, 0, 1 / 3, 2 / 3, 1, 1]),
        ("STRICT_ALIGN_CORNERS", [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ("DEFAULT", [0, 1 / 3, 2 / 3, 1, 1, 1]),
        ("OFFSET_CORNERS", [1 / 12, 3 / 12, 5 / 12, 7 / 12, 9 / 12, 11 / 12]),
    ],
)
def test_the_documented_grids(mode, expected):
    arguments = {"target_size_height": 1, "target_size_width": len(expected)}
    found = compute("resize_bilinear", x=RAMP, sampling_mode=mode, **arguments)
    near(found, [[expected]])


def test_the_default_mode():
    near(
        compute("resize_bilinear", x=RAMP, target_size_height=1, target_size_width=5),
        [[[0, 0.4, 0.8, 1, 1]]],
    )


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("ALIGN_CORNERS", 1.5),  # the middle of 0, 1, 2, 3
        ("STRICT_ALIGN_CORNERS", 0),
        ("DEFAULT", 0),
        ("UNALIGN_CORNERS", 1.5),
        ("OFFSET_CORNERS", 1.5),
    ],
)
def test_one_element_of_four(mode, expected):
    x = np.float32([[[0, 1, 2, 3]]])
    near(compute("resize_bilinear", x=x, target_size_width=1, sampling_mode=mode), [[[expected]]])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("mode", "align"), [("UNALIGN_CORNERS", False), ("STRICT_ALIGN_CORNERS", True)]
)
def test_bilinear_as_pytorch(mode, align, size):
    expected = functional.interpolate(
        torch.tensor(IMAGE), size, mode="bilinear", align_corners=align
    )
    arguments = {"target_size_height": size[0], "target_size_width": size[1]}
    found = compute("resize_bilinear", x=IMAGE, sampling_mode=mode, **arguments)
    near(found, expected.numpy(), 1e-5)
    found = compute("resize", opset=17, x=IMAGE, shape=size, resized_dims=2, sampling_mode=mode)
    near(found, expected.numpy(), 1e-5)


def test_resize_leaves_axes_of_0_as_they_are():
    arguments = {"resized_dims": 2, "sampling_mode": "UNALIGN_CORNERS"}
    found = compute("resize", opset=17, x=IMAGE, shape=[2, 0, 14], **arguments)
    expected = functional.interpolate(torch.tensor(IMAGE), (5, 14), mode="bilinear")
    near(found, expected.numpy(), 1e-5)


@pytest.mark.parametrize("factors", [(2, 3), (1.5, 2.5), (0.5, 1)])
@pytest.mark.parametrize("align", [False, True])
def test_upsample_bilinear_as_pytorch(align, factors):
    height, width = factors
    expected = functional.interpolate(
        torch.tensor(IMAGE),
        scale_factor=factors,
        mode="bilinear",
        align_corners=align,
        recompute_scale_factor=True,
    )
    found = compute(
        "upsample_bilinear",
        x=IMAGE,
        scale_factor_height=height,
        scale_factor_width=width,
        align_corners=align,
    )
    near(found, expected.numpy(), 1e-5)


def test_upsample_bilinear_between_corners_that_are_not_aligned():
    arguments = {"align_corners": False, "half_pixel_centers": False, "scale_factor_width": 3}
    found = compute("upsample_bilinear", opset=16, x=RAMP, **arguments)
    near(found, [[[0, 1 / 3, 2 / 3, 1, 1, 1]]])
    with pytest.raises(InputError, match="both true"):
        compute("upsample_bilinear", opset=16, x=RAMP, align_corners=True, half_pixel_centers=True)


@pytest.mark.parametrize("size", SIZES)
def test_resize_nearest_neighbor_as_pytorch(size):
    expected = functional.interpolate(torch.tensor(IMAGE), size, mode="nearest-exact")
    height, width = size
    found = compute(
        "resize_nearest_neighbor", x=IMAGE, target_size_height=height, target_size_width=width
    )
    near(found, expected.numpy())


# Of 4 to 6, the fourth is exactly element 2: a factor a little too large must not miss it.
@pytest.mark.parametrize(
    ("image", "size"), [*((IMAGE, size) for size in SIZES), (rand(1, 2, 4, 6), (6, 9))]
)
def test_upsample_nearest_neighbor_as_pytorch(image, size):
    expected = functional.interpolate(torch.tensor(image), size, mode="nearest")
    # As front ends write it: a little more, so that the floor of the product is the size.
    factors = [
        after / before if after % before == 0 else (after + 1e-4) / before
        for before, after in zip(image.shape[2:], size, strict=True)
    ]
    found = compute(
        "upsample_nearest_neighbor",
        x=image,
        scale_factor_height=factors[0],
        scale_factor_width=factors[1],
    )
    near(found, expected.numpy())


def test_a_factor_that_two_readings_take_differently_is_refused():
    x = np.float32([[[0, 1, 2, 3]]])
    # Six elements: 0 0 1 1 2 3 by 1.6, and 0 0 1 2 2 3 by 6 / 4.
    with pytest.raises(UnsupportedError, match=r"1\.6"):
        compute("upsample_nearest_neighbor", x=x, scale_factor_width=1.6)


def test_what_is_not_documented_is_refused():
    arguments = {"shape": [5, 7], "resized_dims": 2, "interpolation_mode": "NEAREST_NEIGHBOR"}
    with pytest.raises(UnsupportedError, match="rounds positions"):
        compute("resize", opset=17, x=IMAGE, **arguments)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="CUBIC"):
        compute("resize_bilinear", x=IMAGE, sampling_mode="CUBIC")
    with pytest.raises(InputError, match="the last 3"):
        compute("resize", opset=17, x=IMAGE, shape=[5, 7], resized_dims=3)
    with pytest.raises(InputError, match="too large"):
        compute("resize_bilinear", x=IMAGE, target_size_height=2**15, target_size_width=2**15)
