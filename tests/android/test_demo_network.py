"""The demo's answers with a real network: those of Python, picture by picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from _edgeship.export.calibration.preprocess import Preprocess, load_image
from tests.android.plain_java import ask
from tests.android.unpacked import Unpacked

pytestmark = pytest.mark.slow

_IMAGES = sorted((Path(__file__).parents[2] / "export/calibration/images").glob("*.jpg"))
_COUNT = 200


def _cuttings(folder: Path) -> list[Path]:
    """Cut small and large pieces out of the photographs."""
    rng = np.random.default_rng(0)
    paths = []
    for number in range(_COUNT):
        image = Image.open(_IMAGES[number % len(_IMAGES)]).convert("RGB")
        width, height = (int(rng.integers(16, extent)) for extent in image.size)
        # Wide ones only: how tall ones are resized depends on the version of Pillow.
        height = min(height, width)
        left = int(rng.integers(image.width - width + 1))
        top = int(rng.integers(image.height - height + 1))
        paths.append(folder / f"{number}.png")
        image.crop((left, top, left + width, top + height)).save(paths[-1])
    return paths


def compare(
    unpacked: Unpacked, litert: Path, bundle: Path, file: int, pictures: Sequence[Path], work: Path
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Return the classes that Python and the app find, and the largest difference of a softmax."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    artifact = manifest["artifacts"][file]
    known = manifest["preprocess"]
    preprocess = Preprocess(tuple(known["mean"]), tuple(known["std"]), known["crop"])
    size = (artifact["inputs"][0]["shape"][1], artifact["inputs"][0]["shape"][2])
    interpreter = Interpreter(str(bundle / artifact["file"]), num_threads=1)
    interpreter.allocate_tensors()
    jobs, classes, values = [], [], []
    for number, path in enumerate(pictures):
        pixels = np.asarray(Image.open(path).convert("RGB"))
        raw = work / f"{number}.rgb"
        raw.write_bytes(pixels.tobytes())
        jobs.append({"picture": str(raw), "width": pixels.shape[1], "height": pixels.shape[0]})
        fed = load_image(path, size, 3, preprocess).transpose(1, 2, 0)[None]
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], fed)
        interpreter.invoke()
        logits = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        powers = np.exp(logits.astype(np.float64) - logits.max())
        classes.append(int(logits.argmax()))
        values.append(powers.max() / powers.sum())
    job = {"do": "demo", "bundle": str(bundle), "file": file, "pictures": jobs}
    [result] = ask(unpacked, [job], litert)
    assert "refused" not in result, result
    differences = np.abs(np.array(result["values"]) - np.array(values))
    return np.array(classes), np.array(result["classes"]), float(differences.max())


@pytest.mark.parametrize("file", [0, 1])
def test_the_demo_answers_as_python_does(
    file: int, bundle: Path, unpacked: Unpacked, litert: Path, tmp_path: Path
) -> None:
    pictures = _cuttings(tmp_path)
    python, app, difference = compare(unpacked, litert, bundle, file, pictures, tmp_path)
    assert len(np.unique(python)) > 5  # A network that always says the same would prove nothing.
    np.testing.assert_array_equal(app, python)
    assert difference < 1e-5


def test_another_file_than_the_manifest_describes_is_refused(
    bundle: Path, unpacked: Unpacked, litert: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "bundle"
    changed.mkdir()
    manifest = json.loads((bundle / "manifest.json").read_text())
    for artifact in manifest["artifacts"]:
        artifact["outputs"][0]["shape"] = [1, 11]
        (changed / artifact["file"]).write_bytes((bundle / artifact["file"]).read_bytes())
    (changed / "manifest.json").write_text(json.dumps(manifest))
    job = {"do": "demo", "bundle": str(changed), "file": 0, "pictures": []}
    [result] = ask(unpacked, [job], litert)
    assert result["refused"] == "refused_other_file"


def test_without_litert_the_demo_says_so(bundle: Path, unpacked: Unpacked) -> None:
    job = {"do": "demo", "bundle": str(bundle), "file": 0, "pictures": []}
    [result] = ask(unpacked, [job])
    assert result["refused"] == "refused_by_litert"
    assert "LiteRT" in result["words"][0]
