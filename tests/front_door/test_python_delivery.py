"""The Python API's functions on several files: evaluate, bundle, verify_bundle, diff."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import edgeship

_COLORS = {"blue": (20, 30, 230), "green": (10, 220, 30), "red": (230, 20, 10)}


class _Brightest(nn.Module):
    """Scores pictures by the mean of each of their channels: class 0 is the bluest."""

    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1, bias=False)
        self.conv.weight.data = torch.eye(3)[list(order)].reshape(3, 3, 1, 1)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.conv(pixels).mean((2, 3))


def _export(order: tuple[int, ...], folder: Path) -> edgeship.Result:
    return edgeship.export(
        _Brightest(order),
        example_inputs=torch.zeros(1, 3, 16, 16),
        quant=["none", "int8"],
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        labels=list(_COLORS),
        out=folder,
        progress=False,
    )


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> edgeship.Result:
    return _export((2, 1, 0), tmp_path_factory.mktemp("right"))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> edgeship.Result:
    """Takes red for blue, and blue for red."""
    return _export((0, 1, 2), tmp_path_factory.mktemp("wrong"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures of each of three colours, with noise."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, color in _COLORS.items():
        (folder / name).mkdir()
        for number in range(5):
            noise = random.integers(-9, 10, (16, 16, 3))
            pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_evaluate_counts_what_is_known(
    right: edgeship.Result, wrong: edgeship.Result, pictures: Path
) -> None:
    told: list[str] = []
    files = [right.file("tflite", "int8").path, wrong.file("tflite", "none").path]
    found = edgeship.evaluate(files, pictures, progress=told.append)
    shares: list[Any] = [one.top1 for one in found.files]
    assert [(share.count, share.total) for share in shares] == [(15, 15), (5, 15)]
    [beside] = found.comparisons
    assert beside.agreement is not None
    assert beside.agreement.count == 5
    assert told


def test_evaluate_takes_one_file_and_a_limit(right: edgeship.Result, pictures: Path) -> None:
    path = str(right.file("tflite", "none").path)
    found = edgeship.evaluate(path, str(pictures), limit=6, progress=False)
    [one] = found.files
    assert one.top1 is not None
    assert (one.top1.count, one.top1.total) == (6, 6)


def test_diff_says_whether_an_app_can_take_the_other(
    right: edgeship.Result, wrong: edgeship.Result, pictures: Path
) -> None:
    same = edgeship.diff(right.folder, right.folder, progress=False)
    assert (same.verdict, same.breaking) == ("no difference", ())
    other = edgeship.diff(
        right.file("tflite", "none").path,
        wrong.file("tflite", "none").path,
        eval_data=pictures,
        labels=list(_COLORS),
        progress=False,
    )
    [file] = other.files
    assert not file.computes_the_same
    assert file.accuracy is not None
    assert [one.top1.count for one in file.accuracy.files if one.top1] == [15, 5]


def test_a_bundle_holds_the_files_of_a_result_and_verifies(
    right: edgeship.Result, pictures: Path, tmp_path: Path
) -> None:
    made = edgeship.bundle(
        right, pictures=pictures, eval_data=pictures, out=tmp_path, progress=False
    )
    assert made.folder.parent == made.archive.parent == tmp_path
    assert {file.path.name for file in right.files} < set(made.files)
    for place in (made.folder, str(made.archive)):
        checks = edgeship.verify_bundle(place, progress=False)
        assert checks
        assert [one.problem for one in checks if one.problem] == []
    (made.folder / right.files[0].path.name).write_bytes(b"something else")
    assert any(one.problem for one in edgeship.verify_bundle(made.folder, progress=False))


def test_a_folder_without_a_manifest_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(edgeship.InputError, match="manifest"):
        edgeship.bundle(tmp_path, progress=False)
