from pathlib import Path

import numpy as np
import pytest

from _edgeship.device_bench.studies.accuracy import evaluate, file_accuracy
from _edgeship.device_bench.studies.zoo import prepare
from _edgeship.errors import InputError
from _edgeship.models.training.evaluate import evaluate as evaluate_in_torch
from tests.export.tflite.small_graphs import Small
from tests.models.training.pictures import write_pictures

CIFAR = "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905


def _mean_of_channels(path: Path) -> Path:
    """Write a file whose scores are the means of the three channels."""
    small = Small(image=(1, 4, 4, 3))
    small.constant("axes", np.array([1, 2], np.int32))
    small.op("MEAN", "image axes", "scores", (1, 3))
    path.write_bytes(small.out("scores").data())
    return path


def test_the_accuracy_of_a_file_is_the_share_of_right_pictures(tmp_path: Path) -> None:
    path = _mean_of_channels(tmp_path / "mean.tflite")
    images = np.zeros((4, 4, 4, 3), np.float32)
    brightest = [0, 1, 2, 2]
    for image, channel in zip(images, brightest, strict=True):
        image[..., channel] = 1
    assert file_accuracy(path, images, np.array([0, 1, 2, 2]), 3) == 100
    assert file_accuracy(path, images, np.array([0, 1, 2, 0]), 3) == 75
    assert file_accuracy(path, images, np.array([1, 0, 0, 0]), 3) == 0


def test_another_number_of_scores_is_refused(tmp_path: Path) -> None:
    path = _mean_of_channels(tmp_path / "mean.tflite")
    with pytest.raises(InputError, match="3 scores for 10 classes"):
        file_accuracy(path, np.zeros((1, 4, 4, 3), np.float32), np.array([0]), 10)


@pytest.mark.slow
def test_a_float_file_is_as_accurate_as_its_network(tmp_path: Path) -> None:
    data = _ten_classes(tmp_path / "data")
    entries = prepare("effnet", ["none"], "cifar10", tmp_path / "zoo", lambda model: None)
    (entry,) = evaluate(entries, "cifar10", data, lambda name: None)
    assert entry.accuracy is not None
    assert entry.accuracy.of_file
    expected = evaluate_in_torch("effnet", "cifar10", data)
    assert 0 < expected.accuracy < 100
    assert entry.accuracy.percent == pytest.approx(expected.accuracy)


@pytest.mark.slow
def test_classes_that_are_not_the_networks_are_refused(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", 1, splits="test")
    entries = prepare("effnet", ["none"], "cifar10", tmp_path / "zoo", lambda model: None)
    with pytest.raises(InputError, match="classes"):
        evaluate(entries, "cifar10", data, lambda name: None)


def _ten_classes(root: Path) -> Path:
    """Write pictures of two colours under the names of CIFAR-10's classes."""
    for name in CIFAR:
        (root / "test" / name).mkdir(parents=True)
    pictures = write_pictures(root.parent / "pictures", 30, splits="test")
    for index, path in enumerate(sorted(pictures.rglob("*.png"))):
        path.rename(root / "test" / CIFAR[index % 10] / f"{index}.png")
    return root
