"""Reading labelled pictures from a folder and from a zip file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.models.training import data
from _edgeship.models.training.data import picture_side, read_split
from tests.models.training.pictures import write_pictures, zipped


def test_a_folder_and_its_zip_hold_the_same(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "data", 3)
    from_folder, from_zip = (read_split(p, "test", (32, 32)) for p in (root, zipped(root)))
    assert torch.equal(from_folder.images, from_zip.images)
    assert from_folder.labels.tolist() == from_zip.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert from_folder.classes == from_zip.classes == ("blue", "red")


def test_pixels_of_a_lossless_picture_come_through(tmp_path: Path) -> None:
    root = write_pictures(tmp_path, 1)
    with Image.open(root / "train" / "red" / "000.png") as image:
        pixels = np.asarray(image).transpose(2, 0, 1)
    split = read_split(root, "train", (32, 32))
    assert split.images.dtype == torch.uint8
    assert np.array_equal(split.images[1].numpy(), pixels)


def test_another_size_is_scaled_and_the_side_is_found(tmp_path: Path) -> None:
    root = write_pictures(tmp_path, 1, side=48)
    assert picture_side(root) == 48
    assert read_split(root, "train", (32, 24)).images.shape == (2, 3, 32, 24)


def test_the_side_of_a_damaged_first_picture_is_not_guessed(tmp_path: Path) -> None:
    root = write_pictures(tmp_path, 1)
    first = root / "train" / "blue" / "000.png"
    first.write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"blue/000\.png is damaged, or no picture"):
        picture_side(root)
    first.unlink()
    with pytest.raises(InputError, match="has a class without pictures"):
        picture_side(root)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("empty", r"has no train/ with a folder per class"),
        ("no classes", r"has no train/ with a folder per class"),
        ("no pictures", r"has no pictures in train/"),
        ("not a zip", r"(?s)pictures cannot be read.*It is not a zip file, or is damaged"),
        ("missing", r"(?s)pictures cannot be read.*No such file"),
    ],
)
def test_what_is_no_data_set_is_refused(tmp_path: Path, kind: str, message: str) -> None:
    path = tmp_path / "data"
    if kind != "missing":
        path.mkdir()
    if kind == "no classes":
        (path / "train").mkdir()
    if kind == "no pictures":
        (path / "train" / "cat").mkdir(parents=True)
    if kind == "not a zip":
        path = tmp_path / "data.zip"
        path.write_text("PK but not really")
    with pytest.raises(InputError, match=message):
        read_split(path, "train", (32, 32))


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "data", 2)
    (root / "train" / "red" / "001.png").write_bytes(b"not a picture")
    for path in (root, zipped(root)):
        with pytest.raises(InputError, match=r"red/001\.png"):
            read_split(path, "train", (32, 32))


def test_names_that_lead_out_of_a_zip_are_not_its_pictures(tmp_path: Path) -> None:
    picture = write_pictures(tmp_path / "data", 1) / "train" / "red" / "000.png"
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(picture, "../train/cat/1.png")
        archive.writestr("/train/cat/1.png", picture.read_bytes())
    with pytest.raises(InputError, match="has no train/ with a folder per class"):
        read_split(path, "train", (32, 32))


def test_pictures_that_do_not_fit_in_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_pictures(tmp_path, 2)
    monkeypatch.setattr(data, "_MAX_BYTES", 4 * 3 * 32 * 32)
    assert len(read_split(root, "train", (32, 32)).labels) == 4
    with pytest.raises(InputError, match="4 pictures of 33x32 do not fit in memory"):
        read_split(root, "train", (33, 32))
