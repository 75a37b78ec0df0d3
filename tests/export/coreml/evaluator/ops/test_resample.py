"""Pictures read at coordinates, against PyTorch's grid_sample and NumPy's padding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from _edgeship.errors import InputError
from tests.export.coreml.evaluator.calling import compute
from tests.export.coreml.evaluator.ops.arrays import near, rand

X = rand(2, 3, 5, 4)
GRID = np.random.default_rng(3).uniform(-1.7, 1.7, (2, 6, 7, 2)).astype(np.float32)
PLAIN = {"padding_value": 0.0, "coordinates_mode": "normalized_minus_one_to_one"}


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding", ["constant", "border", "reflection"])
def test_as_pytorch(mode, padding, aligned):
    expected = torch.nn.functional.grid_sample(
        torch.tensor(X),
        torch.tensor(GRID),
        mode,
        {"constant": "zeros"}.get(padding, padding),
        aligned,
    )
    # PyTorch reflects at the edges of the outermost pixels unless their centres are the borders.
    if padding == "reflection" and not aligned:
        padding = "symmetric"
    found = compute(
        "resample",
        x=X,
        coordinates=GRID,
        sampling_mode=mode,
        padding_mode=padding,
        align_corners=aligned,
        **PLAIN,
    )
    near(found, expected.numpy(), 1e-5)


@pytest.mark.parametrize(
    ("padding", "numpys"),
    [
        ("constant", {"mode": "constant", "constant_values": 7}),
        ("border", {"mode": "edge"}),
        ("reflection", {"mode": "reflect"}),
        ("symmetric", {"mode": "symmetric"}),
    ],
)
def test_whole_pixels_beyond_the_borders(padding, numpys):
    reach = 9
    wide = np.pad(X, [(0, 0), (0, 0), (reach, reach), (reach, reach)], **numpys)
    down, across = np.mgrid[-reach : 5 + reach, -reach : 4 + reach]
    coordinates = np.stack([across, down], -1)[None].repeat(2, 0).astype(np.int32)
    for mode in ("nearest", "bilinear"):
        found = compute(
            "resample",
            x=X,
            coordinates=coordinates,
            sampling_mode=mode,
            padding_mode=padding,
            padding_value=7.0,
            coordinates_mode="unnormalized",
            align_corners=True,
        )
        near(found, wide)


def test_between_pixels_a_constant_border_counts():
    coordinates = np.float32([[[[-0.25, 0]]]] * 2)
    found = compute(
        "resample",
        x=X,
        coordinates=coordinates,
        sampling_mode="bilinear",
        padding_mode="constant",
        padding_value=2.0,
        coordinates_mode="unnormalized",
        align_corners=True,
    )
    near(found[..., 0, 0], 0.25 * 2 + 0.75 * X[:, :, 0, 0])


@pytest.mark.parametrize("aligned", [False, True])
def test_the_three_ranges_of_coordinates(aligned):
    height, width = X.shape[2:]
    found = {}
    for i, j in itertools.product((0.2, 0.7), (0.1, 0.9)):
        pixels = [
            part * (extent - 1) if aligned else part * extent - 0.5
            for part, extent in ((j, width), (i, height))
        ]
        for mode, pair in {
            "normalized_zero_to_one": [j, i],
            "normalized_minus_one_to_one": [2 * j - 1, 2 * i - 1],
            "unnormalized": pixels,
        }.items():
            found[mode] = compute(
                "resample",
                x=X,
                coordinates=np.float32([[[pair]]] * 2),
                sampling_mode="bilinear",
                padding_mode="border",
                padding_value=0.0,
                coordinates_mode=mode,
                align_corners=aligned,
            )
        for mode in ("normalized_zero_to_one", "normalized_minus_one_to_one"):
            near(found[mode], found["unnormalized"], 1e-5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sampling_mode": "bicubic"},
        {"padding_mode": "wrap"},
        {"coordinates_mode": "degrees"},
        {"coordinates": np.zeros((2, 3, 2), np.float32)},
    ],
)
def test_what_there_is_not_is_refused(wrong):
    given = {
        "x": X,
        "coordinates": GRID,
        "sampling_mode": "bilinear",
        "padding_mode": "border",
        "align_corners": True,
        **PLAIN,
    }
    with pytest.raises(InputError):
        compute("resample", **{**given, **wrong})
