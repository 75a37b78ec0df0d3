"""The demo's answers for test pictures of CIFAR-10, where the data set is: those of Python."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.android.test_demo_network import compare
from tests.android.unpacked import Unpacked

pytestmark = pytest.mark.slow

#: Names a zip with test/CLASS/NUMBER.jpg or .png, as `python -m models train` takes it.
VARIABLE = "EDGESHIP_TEST_CIFAR10"

_COUNT = 200


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """As many of each class, decoded once for both sides."""
    if VARIABLE not in os.environ:
        pytest.skip(f"{VARIABLE} names no zip of CIFAR-10")
    folder = tmp_path_factory.mktemp("pictures")
    made = []
    with zipfile.ZipFile(os.environ[VARIABLE]) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("test/"))
        for name in names[:: len(names) // _COUNT][:_COUNT]:
            made.append(folder / f"{len(made)}.png")
            with archive.open(name) as file:
                Image.open(file).convert("RGB").save(made[-1])
    return made


@pytest.mark.parametrize("file", [0, 1], ids=["float32", "int8"])
def test_top_1_is_that_of_python(
    file: int,
    bundle: Path,
    pictures: list[Path],
    unpacked: Unpacked,
    litert: Path,
    tmp_path: Path,
) -> None:
    python, app, difference = compare(unpacked, litert, bundle, file, pictures, tmp_path)

    assert len(python) == _COUNT
    assert len(np.unique(python)) == 10
    np.testing.assert_array_equal(app, python)
    assert difference < 1e-5
