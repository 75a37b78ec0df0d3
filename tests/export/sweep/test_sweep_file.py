"""A fault in a sweep file is one sentence that names the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.sweep.sweep_file import read_sweep

WHOLE = """
networks = ["shufflenet_v2_x0_5", {model = "a.onnx", name = "first", input = "1,3,32,32"}]
targets = ["tflite", "onnx"]
schemes = "none"

[options.plain]
[options.careful]
ranges = "mse"
keep-float = ["conv*"]
for = "gpu"

[[include]]
networks = ["first"]
schemes = ["int8"]

[[exclude]]
targets = ["onnx"]
options = ["careful"]

[limits]
memory = "1.5 GB"
minutes = 0.5

[measure]
on = ["Pixel 9"]
rounds = 3
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "sweep.toml"
    path.write_text(text)
    return path


def test_a_file_says_what_it_says(tmp_path):
    found = read_sweep(write(tmp_path, WHOLE))

    assert [one.model for one in found.networks] == ["shufflenet_v2_x0_5", "a.onnx"]
    assert found.networks[1].given() == {"input": ["1,3,32,32"]}
    assert found.schemes == ("none",)
    assert found.options["careful"].given() == {
        "ranges": "mse",
        "keep_float": ["conv*"],
        "for_": "gpu",
    }
    assert (found.limits.memory, found.limits.minutes) == (1_500_000_000, 0.5)
    assert (found.measure.on, found.measure.rounds) == (("Pixel 9",), 3)


@pytest.mark.parametrize(
    ("text", "what", "todo"),
    [
        ("targets = ['tflite']", "the key networks is missing", "add it"),
        ("networks = []", "networks is empty", "name something"),
        ("networks = ['a']\nnetwork = 1", "there is no key network.", "did you mean networks?"),
        ("networks = [{modl = 'a'}]", "there is no key networks[1].modl", "did you mean model?"),
        ("networks = [3]", "networks[1]: Input should be a valid dictionary", "mend it"),
        ("networks = ['a']\nschemes = ['none', 'none']", "schemes: 'none' is there twice", "mend"),
        ("networks = ['a']\n[limits]\nmemory = '4'", "limits.memory: '4' is no amount", "mend"),
        ("networks = ['a']\n[limits]\nmemory = '1 MB'", "limits.memory: Input should be", "mend"),
        ("networks = ['a']\n[limits]\nretries = -1", "limits.retries: Input should be", "mend"),
        ("networks = ['a']\n[measure]\nround = 1", "there is no key measure.round.", "rounds?"),
        ("networks = ['a']\n[options.b]\nranges = 'x'", "options.b.ranges: Input should", "mend"),
        ("networks = ['a']\n[options.b]\ninput = '1,x'", "'1,x' is not a list of whole", "mend"),
        ("networks = [", "is not TOML", "mend it"),
    ],
)
def test_a_fault_is_named(tmp_path, text, what, todo):
    with pytest.raises(InputError) as caught:
        read_sweep(write(tmp_path, text))

    assert what in caught.value.what
    assert todo in caught.value.todo
    assert "\n" not in caught.value.what


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_sweep(tmp_path / "none.toml")
    path = write(tmp_path, "")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_sweep(path)
