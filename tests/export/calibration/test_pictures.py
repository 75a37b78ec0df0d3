import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.calibration import pictures
from _edgeship.export.calibration.picture_sets import open_pictures
from _edgeship.export.calibration.pictures import load_sample, picture_source, shipped_pictures
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.source import select

PLAIN = Preprocess((0.0,) * 3, (1.0,) * 3, crop=1.0)
IMAGES = Path(pictures.__file__).parent / "images"


def gray(path: Path, level: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (level,) * 3).save(path)


def levels(samples: list[np.ndarray]) -> list[int]:
    return [round(float(sample[0, 0, 0]) * 255) for sample in samples]


def folder_samples(
    folder: Path, shape: tuple[int, ...], preprocess: Preprocess, limit: int
) -> tuple[list[np.ndarray], str]:
    with open_pictures(folder, "") as pictures:
        found = picture_source(pictures, shape, preprocess)
        samples = found.loaded(select(found.groups, limit))
        return samples, found.words(len(samples))


def test_shipped_images_are_small_color_photographs() -> None:
    files = [IMAGES / picture.name for picture in shipped_pictures()]
    assert 8 <= len(files) <= 16
    assert sum(path.stat().st_size for path in files) <= 500_000
    for path in files:
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("JPEG", "RGB")
            assert 300 <= min(image.size) <= 320
            assert not image.getexif()
            pixels = np.asarray(image)
        assert pixels.std() > 20
        assert np.ptp(pixels.astype(int), axis=2).mean() > 5  # not gray


def test_the_licence_table_lists_exactly_the_shipped_images() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (IMAGES / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    listed = [row[0].strip("`") for row in rows]
    assert listed == [picture.name for picture in shipped_pictures()]
    assert {path.name for path in IMAGES.iterdir()} == {*listed, "README.md"}
    for _, shows, author, licence, original, box in rows:
        assert shows
        assert author
        assert licence in ("public domain", "CC0 1.0", "CC BY 2.0", "CC BY 4.0")
        assert re.search(r"`\S+` \[[123]\]$", original)
        assert box == "all" or re.fullmatch(r"\d+, \d+, \d+, \d+", box)


def test_folder_is_read_recursively_in_path_order(tmp_path: Path) -> None:
    gray(tmp_path / "b.png", 30)
    gray(tmp_path / "a" / "deep" / "x.JPEG", 10)
    gray(tmp_path / "a" / "y.bmp", 20)
    gray(tmp_path / "c.webp", 40)
    (tmp_path / "labels.txt").write_text("not an image")
    samples, words = folder_samples(tmp_path, (3, 8, 8), PLAIN, 32)
    assert levels(samples) == [10, 20, 30, 40]
    assert words == f"{tmp_path} (4 images)"


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    gray(tmp_path / "a.png", 10)
    (tmp_path / "._a.png").write_bytes(b"resource fork")
    gray(tmp_path / ".thumbnails" / "a.png", 20)
    samples, _ = folder_samples(tmp_path, (3, 8, 8), PLAIN, 32)
    assert levels(samples) == [10]


def test_evenly_spaced_images_are_taken_down_to_the_limit(tmp_path: Path) -> None:
    for level in range(10):
        gray(tmp_path / f"{level}.png", level)
    samples, words = folder_samples(tmp_path, (3, 8, 8), PLAIN, 4)
    assert levels(samples) == [0, 2, 5, 7]
    assert words == f"{tmp_path} (4 of 10 images)"


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no images") as caught:
        folder_samples(tmp_path, (3, 8, 8), PLAIN, 4)
    assert ".jpg" in caught.value.why


def test_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="holds no images") as caught:
        folder_samples(tmp_path, (3, 8, 8), PLAIN, 4)
    assert ".jpg" in caught.value.why


def test_unreadable_image_in_a_folder_is_named(tmp_path: Path) -> None:
    gray(tmp_path / "a.png", 10)
    (tmp_path / "b.png").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"b\.png cannot be read"):
        folder_samples(tmp_path, (3, 8, 8), PLAIN, 4)


def test_clip_pans_across_the_image(tmp_path: Path) -> None:
    # 10 columns for windows of 8: a pan of 8 // 4 = 2 in three steps of one column.
    row = np.arange(10, dtype=np.uint8) * 20
    pixels = np.repeat(np.repeat(row[None, :, None], 8, 0), 3, 2)
    Image.fromarray(pixels).save(tmp_path / "ramp.png")
    clip = load_sample(tmp_path / "ramp.png", (3, 3, 8, 8), PLAIN)
    assert clip.shape == (3, 3, 8, 8)
    assert clip.dtype == np.float32
    for frame in range(3):
        np.testing.assert_allclose(clip[0, frame, 4] * 255, row[frame : frame + 8], atol=1e-3)
