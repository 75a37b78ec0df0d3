"""The app's preprocessing in Java against Pillow and ours in Python, pixel for pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from _edgeship.export.calibration.preprocess import (
    Preprocess,
    default_preprocess,
    load_image,
    raw_pixels,
)
from tests.android.plain_java import ask
from tests.android.unpacked import Unpacked

pytestmark = pytest.mark.slow

_RULES = {
    "RGB": default_preprocess(3),
    "BGR": Preprocess((0.4, 0.5, 0.6), (0.2, 0.25, 0.3), bgr=True),
    "grayscale": default_preprocess(1),
    "pixels": raw_pixels(3),
}
_IMAGES = sorted((Path(__file__).parents[2] / "export/calibration/images").glob("*.jpg"))

# Pillow resizes the height of tall pictures first since version 13, as the app does.
_HEIGHT_FIRST = int(PIL.__version__.split(".")[0]) >= 13


def _save(folder: Path, name: str, pixels: NDArray[np.uint8]) -> tuple[Path, dict[str, Any]]:
    """Write a picture as a PNG, and as what the app's classes read."""
    Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / f"{name}.rgb").write_bytes(pixels.tobytes())
    height, width, _ = pixels.shape
    picture = {"picture": str(folder / f"{name}.rgb"), "width": width, "height": height}
    return folder / f"{name}.png", picture


def _pictures() -> list[NDArray[np.uint8]]:
    """Photographs, noise and edges, of all sizes: smaller and larger than what is asked for."""
    rng = np.random.default_rng(0)
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in _IMAGES[:6]]
    for number in range(30):
        width, height = (int(extent) for extent in rng.integers(1, 400, 2))
        if not _HEIGHT_FIRST and height > width:
            width, height = height, width
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        pictures.append(noise if number % 2 else (noise > 127).astype(np.uint8) * 255)
    return pictures


@pytest.mark.parametrize("rule", _RULES)
def test_numbers_are_equal_to_those_of_python(
    rule: str, unpacked: Unpacked, tmp_path: Path
) -> None:
    rng = np.random.default_rng(1)
    jobs, expected = [], []
    for number, pixels in enumerate(_pictures()):
        height, width = (int(extent) for extent in rng.integers(1, 250, 2))
        size = (224, 224) if number % 3 else (height, width)
        crop = float(rng.choice([1.0, 0.875, 0.96, rng.uniform(0.2, 1)]))
        known = _RULES[rule]
        preprocess = Preprocess(known.mean, known.std, crop, known.bgr)
        path, picture = _save(tmp_path, str(number), pixels)
        out = tmp_path / f"{number}.floats"
        jobs.append(
            {
                "do": "preprocess",
                "preprocess": preprocess.describe(),
                "rows": size[0],
                "columns": size[1],
                "to": str(out),
                **picture,
            }
        )
        channels = len(known.mean)
        expected.append((out, load_image(path, size, channels, preprocess)))
    assert ask(unpacked, jobs) == [{}] * len(jobs)
    for out, array in expected:
        channels, height, width = array.shape
        got = np.frombuffer(out.read_bytes(), "<f4").reshape(height, width, channels)
        np.testing.assert_array_equal(got.transpose(2, 0, 1), array)


@pytest.mark.skipif(not _HEIGHT_FIRST, reason="Pillow 11 and 12 resize the width first")
def test_tall_pictures_lose_their_height_first(unpacked: Unpacked, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    preprocess = default_preprocess(3)
    jobs, expected = [], []
    # Either side of the line between both orders, by one row.
    for number, (width, height) in enumerate([(191, 645), (203, 418), (60, 3000), (256, 257)]):
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        path, picture = _save(tmp_path, str(number), pixels)
        out = tmp_path / f"{number}.floats"
        sizes: dict[str, Any] = {"rows": 96, "columns": 160, "to": str(out)}
        jobs.append({"do": "preprocess", "preprocess": preprocess.describe(), **sizes, **picture})
        expected.append((out, load_image(path, (96, 160), 3, preprocess)))
    assert ask(unpacked, jobs) == [{}] * len(jobs)
    for out, array in expected:
        got = np.frombuffer(out.read_bytes(), "<f4").reshape(96, 160, 3)
        np.testing.assert_array_equal(got.transpose(2, 0, 1), array)


def test_what_a_manifest_cannot_mean_is_refused(unpacked: Unpacked, tmp_path: Path) -> None:
    good: dict[str, Any] = default_preprocess(3).describe()
    _, picture = _save(tmp_path, "one", np.zeros((2, 2, 3), np.uint8))
    bad: list[dict[str, Any]] = [
        {"crop": 0},
        {"crop": 1.5},
        {"crop": -1},
        {"scale": 0},
        {"std": [0, 1, 1]},
        {"std": [1, 1]},
        {"mean": [0.5]},
        {"color_order": "none"},
        {"color_order": "grayscale"},
    ]
    jobs = [
        {"do": "preprocess", "preprocess": {**good, **change}, "rows": 2, "columns": 2}
        | {"to": str(tmp_path / "out"), **picture}
        for change in bad
    ]
    assert [each.get("refused") for each in ask(unpacked, jobs)] == ["refused_preprocess"] * len(
        bad
    )


def test_a_picture_that_would_become_too_large_is_refused(
    unpacked: Unpacked, tmp_path: Path
) -> None:
    _, picture = _save(tmp_path, "line", np.zeros((1, 2000, 3), np.uint8))
    job = {"do": "preprocess", "preprocess": default_preprocess(3).describe(), **picture}
    [result] = ask(unpacked, [{**job, "rows": 224, "columns": 224, "to": str(tmp_path / "out")}])
    assert result["refused"] == "refused_pixels"
    assert result["words"] == [512000, 256, 80_000_000]


def test_pictures_are_turned_as_their_exif_says(unpacked: Unpacked, tmp_path: Path) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    _, picture = _save(tmp_path, "one", pixels)
    job = {"do": "upright", **picture}
    jobs = [{**job, "orientation": each, "to": str(tmp_path / f"out{each}")} for each in range(10)]
    for orientation, result in enumerate(ask(unpacked, jobs)):
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(pixels).save(tmp_path / "exif.png", exif=exif)
        with Image.open(tmp_path / "exif.png") as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        assert (result["height"], result["width"]) == expected.shape[:2]
        got = np.frombuffer((tmp_path / f"out{orientation}").read_bytes(), np.uint8)
        np.testing.assert_array_equal(got.reshape(expected.shape), expected)


@pytest.mark.parametrize("pixel_stride", [1, 2])
def test_frames_of_a_camera_have_the_colours_of_jpeg(
    pixel_stride: int, unpacked: Unpacked, tmp_path: Path
) -> None:
    width, height, orientation = 6, 4, 6
    rng = np.random.default_rng(4)
    luma = rng.integers(0, 256, (height, width), dtype=np.uint8)
    colours = rng.integers(0, 256, (2, height // 2, width // 2), dtype=np.uint8)
    planes = [_plane(tmp_path / "y", luma, 1)]
    planes += [_plane(tmp_path / f"c{i}", one, pixel_stride) for i, one in enumerate(colours)]
    out = tmp_path / "out"
    job = {"do": "frame", "planes": planes, "orientation": orientation, "to": str(out)}
    assert ask(unpacked, [{**job, "width": width, "height": height}]) == [{}]
    whole = [luma, *(one.repeat(2, axis=0).repeat(2, axis=1) for one in colours)]
    image = Image.merge("YCbCr", [Image.fromarray(one) for one in whole]).convert("RGB")
    expected = np.asarray(image.transpose(Image.Transpose.ROTATE_270)).astype(int)
    got = np.frombuffer(out.read_bytes(), np.uint8).reshape(width, height, 3).astype(int)
    assert np.abs(got - expected).max() <= 1  # Pillow rounds each product, the app their sum.


def _plane(path: Path, values: NDArray[np.uint8], pixel_stride: int) -> dict[str, Any]:
    """Write a plane as cameras do: with room between pixels, and behind rows but for the last."""
    height, width = values.shape
    row = width * pixel_stride + 3
    room = np.full((height, row), 99, np.uint8)
    room[:, : width * pixel_stride : pixel_stride] = values
    last = row - (width - 1) * pixel_stride - 1
    path.write_bytes(room.tobytes()[:-last])
    return {"file": str(path), "row": row, "pixel": pixel_stride}
