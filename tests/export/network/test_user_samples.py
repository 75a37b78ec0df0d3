from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.samples import split_samples
from _edgeship.export.network import user_samples
from _edgeship.export.network.user_samples import is_function, resolved

RAW = Preprocess((0.0,) * 3, (1.0,) * 3)

GOOD = """
import numpy as np
import torch

def endless():
    number = 0
    while True:
        yield torch.full((2,), float(number))
        number += 1

def pairs():
    return [{"photo": np.full((3, 4, 4), i, np.float32), "age": np.array([i], np.int64)}
            for i in range(8)]
"""

BAD = """
import numpy as np

def none():
    return []

def number():
    return 3

def words():
    yield "cat"

def changing():
    yield np.zeros(2)
    yield np.zeros(3)

def mixed():
    yield {"a": np.zeros(2)}
    yield {"b": np.zeros(2)}

def fails():
    yield np.zeros(2)
    raise RuntimeError("no more pictures")
"""


def test_a_function_gives_samples_until_there_are_enough(tmp_path: Path) -> None:
    (tmp_path / "data.py").write_text(GOOD)
    named = f"{tmp_path / 'data.py'}:endless"
    source, name = resolved(named, 20)
    split = split_samples(source, {"x": InputSpec((1, 2))}, RAW, 20, name=name)
    assert (split.calibrated, split.verified) == (20, 8)
    assert split.source == f"{named} (28 of 32 samples)"
    numbers = [float(s["x"][0, 0]) for s in (*split.calibration, *split.verification)]
    assert len(set(numbers)) == 28
    assert set(numbers) <= set(range(32))


def test_samples_without_an_end_do_not_fill_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.py").write_text(GOOD)
    named = f"{tmp_path / 'data.py'}:endless"
    monkeypatch.setattr(user_samples, "MAX_BYTES", 50_000)
    source, _ = resolved(named)
    assert isinstance(source, dict)
    assert len(source[""]) == 49  # of 8 bytes each, and what an array takes
    with pytest.raises(InputError, match="1000000000 samples are too many") as error:
        resolved(named, 10**9)
    assert error.value.todo == "give --calib-samples 37 or less"


def test_a_function_feeds_several_inputs(tmp_path: Path) -> None:
    (tmp_path / "data.py").write_text(GOOD)
    source, name = resolved(f"{tmp_path / 'data.py'}:pairs")
    inputs = {
        "photo": InputSpec((1, 3, 4, 4)),
        "age": InputSpec((1, 1), np.dtype(np.int64), high=100),
    }
    split = split_samples(source, inputs, RAW, name=name)
    assert (split.calibrated, split.verified) == (6, 2)
    for sample in split.calibration:
        assert sample["photo"][0, 0, 0, 0] == sample["age"][0, 0]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("none", "gave no samples"),
        ("number", r"returned int"),
        ("words", "a sample of type str"),
        ("changing", "different shapes"),
        ("mixed", "for different inputs"),
        ("fails", r"failed"),
        ("absent", "has no function 'absent'"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(
    tmp_path: Path, function: str, expected: str
) -> None:
    (tmp_path / "data.py").write_text(BAD)
    with pytest.raises(InputError, match=expected):
        resolved(f"{tmp_path / 'data.py'}:{function}")


def test_what_is_a_function_and_what_a_place(tmp_path: Path) -> None:
    assert is_function("data.py:samples")
    assert is_function("package.data:samples")
    assert not is_function("photos")
    assert not is_function("photos.zip")
    assert not is_function("C:/photos")
    assert not is_function("random")
    odd = tmp_path / "a.py:b"
    odd.mkdir()
    assert not is_function(str(odd))
