"""Generated Python: it needs nothing of ours, and prepares and computes as the export does."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from _edgeship.export.calibration.preprocess import Preprocess, load_image, read_pixels
from tests.export.bundle.code.exported import (
    IMAGES,
    LABELS,
    Exported,
    exported,
    interpreted,
    with_classes,
)

IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BGR = Preprocess((0.4, 0.5, 0.6), (0.2, 0.25, 0.3), bgr=True)


@pytest.fixture(scope="module")
def rgb(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """A classifier for both targets that Python runs, in integers where that can be."""
    folder = tmp_path_factory.mktemp("rgb")
    options: dict[str, Any] = {"to": "tflite,onnx", "quant": "int8", "io_dtype": "int8"}
    one = with_classes(exported(folder, "rgb", **options))
    one.write_code(folder)
    return one


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    folder = tmp_path_factory.mktemp("others")
    kinds: dict[str, dict[str, Any]] = {
        "uint8": {"quant": "int8", "io_dtype": "uint8", "color": "bgr"}
        | {"mean": BGR.mean, "std": BGR.std},
        "bytes": {"io": "image"},
        "several": {},
    }
    found = {kind: exported(folder / kind, kind, **options) for kind, options in kinds.items()}
    for kind, one in found.items():
        one.write_code(folder / kind)
    return found


def _loaded(one: Exported, end: str) -> ModuleType:
    [path] = (one.folder / "code/python").glob(f"*{end}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_picture_becomes_the_same_bits_as_in_the_export(rgb: Exported) -> None:
    module = _loaded(rgb, "int8")
    network = module.load(rgb.folder)
    artifact = rgb.artifact(".tflite")
    [feed] = artifact.inputs
    assert feed.scale is not None
    assert feed.zero_point is not None
    for path in IMAGES[:3]:
        real = load_image(path, (24, 32), 3, IMAGENET).transpose(1, 2, 0)[None]
        expected = np.rint(real / np.float32(feed.scale)) + feed.zero_point
        stored = network.prepare(path)
        assert stored.dtype == np.int8
        np.testing.assert_array_equal(stored, np.clip(expected, -128, 127).astype(np.int8))
        [output] = interpreted(rgb.folder / artifact.file, [stored])
        np.testing.assert_array_equal(network.run(stored)["output"], output)


def test_the_likeliest_classes_have_their_names(rgb: Exported) -> None:
    module = _loaded(rgb, "int8")
    network = module.load(rgb.folder)
    [port] = module.OUTPUTS
    real = module.real(port, network.run(network.prepare(IMAGES[0]))["output"])[0]
    guesses = network.classify(IMAGES[0], count=6)
    assert [name for name, _ in guesses] == [LABELS[i] for i in np.argsort(-real, kind="stable")]
    assert sum(score for _, score in guesses) == pytest.approx(1)


def test_onnx_files_are_run_by_onnx_runtime(rgb: Exported) -> None:
    network = _loaded(rgb, "onnx").load(rgb.folder)
    given = network.prepare(IMAGES[0])
    assert given.dtype == np.float32
    np.testing.assert_array_equal(given[0], load_image(IMAGES[0], (24, 32), 3, IMAGENET))
    both = [network.run(given)["output"], _run_tflite(rgb)]
    assert np.abs(both[0] - both[1]).max() < 0.1


def _run_tflite(rgb: Exported) -> np.ndarray:
    module = _loaded(rgb, "int8")
    network = module.load(rgb.folder)
    result: np.ndarray = module.real(
        module.OUTPUTS[0], network.run(network.prepare(IMAGES[0]))["output"]
    )
    return result


def test_it_runs_on_its_own_from_anywhere(rgb: Exported, tmp_path: Path) -> None:
    script = rgb.folder / "code/python/classifier_int8.py"
    words = [sys.executable, "-I", str(script), str(IMAGES[0])]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)  # noqa: S603
    lines = done.stdout.decode().splitlines()
    assert lines[0] == str(IMAGES[0])
    assert {line.split(maxsplit=1)[1] for line in lines[1:]} <= set(LABELS)
    assert len(lines) == 6
    text = script.read_text()
    assert "import edgeship" not in text
    assert "_edgeship" not in text


def test_blue_comes_first_where_the_network_wants_it(others: dict[str, Exported]) -> None:
    one = others["uint8"]
    network = _loaded(one, "int8").load(one.folder)
    [feed] = one.artifact(".tflite").inputs
    assert feed.scale is not None
    assert feed.zero_point is not None
    real = load_image(IMAGES[1], (24, 32), 3, BGR).transpose(1, 2, 0)[None]
    expected = np.clip(np.rint(real / np.float32(feed.scale)) + feed.zero_point, 0, 255)
    np.testing.assert_array_equal(network.prepare(IMAGES[1]), expected.astype(np.uint8))


def test_bytes_are_not_normalised(others: dict[str, Exported]) -> None:
    one = others["bytes"]
    network = _loaded(one, "fp32").load(one.folder)
    expected = read_pixels(IMAGES[1], (24, 32), 3, 0.875).transpose(1, 2, 0)[None]
    np.testing.assert_array_equal(network.prepare(IMAGES[1]), expected)


def test_several_inputs_and_outputs_go_by_their_names(others: dict[str, Exported]) -> None:
    one = others["several"]
    module = _loaded(one, "fp32")
    network = module.load(one.folder)
    assert not hasattr(network, "prepare")
    artifact = one.artifact(".tflite")
    image = np.random.default_rng(0).standard_normal(artifact.inputs[0].shape).astype(np.float32)
    stored = [image, np.array([5], np.int64), np.array([False])]
    outputs = interpreted(one.folder / artifact.file, stored)
    found = network.run(*stored)
    assert list(found) == [port.name for port in artifact.outputs]
    for given, output in zip(found.values(), outputs, strict=True):
        np.testing.assert_array_equal(given, output)


def test_another_file_is_refused(rgb: Exported, tmp_path: Path) -> None:
    artifact = rgb.artifact(".tflite")
    (tmp_path / artifact.file).write_bytes((rgb.folder / artifact.file).read_bytes() + b" ")
    with pytest.raises(ValueError, match="not the file that this was made for"):
        _loaded(rgb, "int8").load(tmp_path)
