"""`sensitivity`: what it prints, draws, and refuses in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from _edgeship.export.commands.sensitivity_view import draw
from _edgeship.export.sensitivity.layers import Layer
from _edgeship.export.sensitivity.results import LayerError, Sensitivity
from tests.export.command_line import run
from tests.export.sensitivity.graphs import bad_network, samples


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    """Return what names a network and its calibration data."""
    bad_network(tmp_path / "bad.onnx")
    np.savez(tmp_path / "noise.npz", image=np.concatenate([one["image"] for one in samples(24)]))
    return str(tmp_path / "bad.onnx"), "--calib", str(tmp_path / "noise.npz")


def test_the_bad_layer_comes_first_with_its_operator(words: tuple[str, ...]) -> None:
    stdout, stderr = run("sensitivity", *words, "--top", 2)
    assert stderr == ""
    lines = stdout.splitlines()
    assert lines[0].startswith("all 17 layers in 8 bits: ")
    assert "on 16 calibration samples" in lines[0]
    start = next(at for at, line in enumerate(lines) if line.startswith("layer "))
    rows = [line.split() for line in lines[start + 1 : start + 3]]
    assert {row[0] for row in rows} == {"layers.2", "mul2"}
    assert {"CONV_2D", "MUL"} == {row[2] for row in rows}
    assert "15 more: --top 17" in stdout
    assert "leave the first in float: --keep-float " in lines[-1]


def test_json_has_all_layers_and_a_picture_is_drawn(words: tuple[str, ...], tmp_path: Path) -> None:
    picture = tmp_path / "layers.png"
    stdout, _ = run("sensitivity", *words, "--samples", 4, "--json", "--picture", picture)
    found = json.loads(stdout)
    assert found["samples"] == 4
    assert sorted(one["place"] for one in found["layers"]) == list(range(17))
    alone = [one["alone_sqnr_db"] for one in found["layers"]]
    assert alone == sorted(alone)
    assert found["layers"][0]["keep_float"]
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 300


def test_names_of_layers_are_no_formulas(tmp_path: Path) -> None:
    layers = [
        LayerError(Layer(name, "Conv", (name,), (), ()), place, 30.0, 20.0)
        for place, name in enumerate(("$\\nothing$", "a\x1b[31m"))
    ]
    draw(Sensitivity(10.0, tuple(layers), 1, "mse"), tmp_path / "layers.svg")
    assert (tmp_path / "layers.svg").stat().st_size


def test_other_targets_have_operators_of_their_own(words: tuple[str, ...]) -> None:
    stdout, _ = run("sensitivity", *words, "--samples", 2, "--to", "onnx", "--json")
    assert {one["operator"] for one in json.loads(stdout)["layers"]} >= {"Conv", "Mul", "Sigmoid"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--to", "tflite,onnx"), "--to takes one target here"),
        (("--picture", "layers.txt"), "must end in .png, .svg or .pdf"),
        (("--picture", "no/such/folder/layers.png"), "the folder does not exist"),
        (("--ranges", "widest"), "widest"),
    ],
)
def test_wrong_options_are_refused(
    words: tuple[str, ...], more: tuple[str, ...], message: str
) -> None:
    _, stderr = run("sensitivity", *words, *more, code=2)
    assert message in " ".join(stderr.split())
