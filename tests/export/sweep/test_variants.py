"""Which files a sweep asks for, and what is wrong where it asks for none."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.contract.about import About
from _edgeship.export.evaluation.labelled import LabelledFolder
from _edgeship.export.sweep.options import Options, request_of
from _edgeship.export.sweep.sweep_file import SweepFile
from _edgeship.export.sweep.variants import by_export, variants_of
from tests.export.command_line import write_network


@pytest.fixture
def folder(tmp_path) -> Path:
    for name in ("a.onnx", "b.onnx", "weights.pth"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def titles(folder: Path, **content: object) -> list[str]:
    return [one.title for one in variants_of(SweepFile.model_validate(content), folder)]


def test_networks_by_targets_by_schemes_that_the_target_has(folder):
    found = titles(
        folder,
        networks=["a.onnx", "b.onnx"],
        targets=["tflite", "coreml"],
        schemes=["none", "palette4"],
    )

    # Only Core ML has palettes.
    each = ("tflite none", "coreml none", "coreml palette4")
    assert found == [f"{name} {what}" for name in "ab" for what in each]


def test_patterns_stand_for_networks_of_the_registry_each_once(folder):
    found = titles(folder, networks=["shufflenet_v2_x0_*"])

    assert "shufflenet_v2_x0_5 tflite none" in found
    assert len(found) == len(set(found)) > 1


def test_options_include_and_exclude(folder):
    found = titles(
        folder,
        networks=["a.onnx", "b.onnx"],
        options={"plain": {}, "mse": {"ranges": "mse"}},
        schemes=["int8"],
        include=[{"networks": ["b"], "schemes": ["none"], "options": ["plain"]}],
        exclude=[{"networks": ["a"], "options": ["m*"]}],
    )

    assert found == [
        "a tflite int8 plain",
        "b tflite int8 plain",
        "b tflite none plain",  # the same export makes it
        "b tflite int8 mse",
    ]


def test_options_of_a_set_come_before_those_of_a_network(folder):
    network = {"model": "a.onnx", "ranges": "mse", "calib-samples": 8}
    content = {"networks": [network], "options": {"x": {"ranges": "min-max"}}, "schemes": ["int8"]}

    [one] = variants_of(SweepFile.model_validate(content), folder)

    assert one.given == {"ranges": "min-max", "calib_samples": 8}


def test_schemes_of_one_network_target_and_options_are_one_export(folder):
    content = {"networks": ["a.onnx"], "targets": ["tflite", "onnx"], "schemes": ["none", "int8"]}

    groups = by_export(variants_of(SweepFile.model_validate(content), folder))

    assert [[one.scheme for one in group] for group in groups] == [["none", "int8"]] * 2


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({"networks": ["shufflenet_v9"]}, "There is no network 'shufflenet_v9'"),
        ({"networks": ["vgg*"]}, "No model's name matches 'vgg*'"),
        ({"networks": ["c.onnx"]}, "The network c.onnx does not exist"),
        ({"networks": ["a.onnx", {"model": "b.onnx", "name": "a"}]}, "are called a."),
        ({"networks": ["a.onnx"], "targets": ["tfl"]}, "There is no target 'tfl'"),
        ({"networks": ["a.onnx"], "schemes": ["int9"]}, "There is no scheme 'int9'"),
        ({"networks": ["a.onnx"], "schemes": ["palette4"]}, "The sweep is empty"),
        ({"networks": ["a.onnx"], "exclude": [{"networks": ["x"]}]}, "There is no network 'x'"),
        ({"networks": ["a.onnx"], "exclude": [{}]}, "The sweep is empty"),
        ({"networks": [{"model": "a.onnx", "calib": "x.npz"}]}, "x.npz, which the sweep names"),
        (
            {"networks": [{"model": "a.onnx", "ios": 17}]},
            "--ios does not go with --to tflite",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_named_before_anything_begins(folder, content, what):
    with pytest.raises(InputError) as caught:
        titles(folder, **content)

    assert what in caught.value.what


def test_pictures_to_judge_on_and_words_about_a_network_reach_the_request(tmp_path):
    (tmp_path / "names.txt").write_text("cat\ndog\n")
    given = Options.model_validate(
        {
            "keep-float": "auto",
            "max-drop": 0.5,
            "eval": "pictures",
            "labels": str(tmp_path / "names.txt"),
            "author": "somebody",
            "model-version": "1.2",
        }
    )
    assert given.files() == [str(tmp_path / "names.txt"), "pictures"]

    request = request_of("net.onnx", "tflite", ("int8",), given.given(), None)

    assert (request.max_drop, request.keep_float) == (0.5, ("auto",))
    assert request.eval_data == LabelledFolder(Path("pictures"), ("cat", "dog"))
    assert request.about == About(author="somebody", version="1.2")
    assert request.labels == {"": ("cat", "dog")}


def test_pictures_that_cannot_judge_are_refused_before_anything_begins(tmp_path):
    write_network(tmp_path / "a.onnx")
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    options = {"eval": ".", "max-drop": 1, "keep-float": "auto"}
    sweep = SweepFile.model_validate(
        {"networks": ["a.onnx"], "schemes": ["int8"], "options": {"x": options}}
    )
    with pytest.raises(InputError, match="have no classes"):
        variants_of(sweep, tmp_path)
