"""Generated Kotlin on a Java machine: it compiles, and computes what LiteRT in Python does."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from _edgeship.device_bench.app.tools import android_tools, check_available
from _edgeship.errors import DeviceError
from _edgeship.export.bundle.code.generating import generate
from _edgeship.export.bundle.code.view import view_of
from _edgeship.export.calibration.preprocess import Preprocess, load_image, read_pixels
from _edgeship.export.contract.manifest import Artifact, Port
from tests.export.bundle.code import jvm
from tests.export.bundle.code.exported import (
    IMAGES,
    LABELS,
    Exported,
    exported,
    interpreted,
    photographs,
    with_classes,
)
from tests.export.bundle.code.test_generating import HOSTILE, hostile

pytestmark = pytest.mark.slow

IMAGENET = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
BGR = Preprocess((0.4, 0.5, 0.6), (0.2, 0.25, 0.3), bgr=True)

SHARED = "CoverAndCrop.kt"

#: Kind of export -> options, and what pictures go through.
KINDS: dict[str, tuple[dict[str, Any], Preprocess | None]] = {
    "rgb": ({"quant": "none,int8"}, IMAGENET),
    "int8": ({"quant": "int8", "io_dtype": "int8"}, IMAGENET),
    "uint8": ({"quant": "int8", "io_dtype": "uint8", "color": "bgr", "mean": BGR.mean}, BGR),
    "nchw": ({"io_layout": "nchw"}, IMAGENET),
    "bytes": ({"quant": "int8", "io": "image"}, None),
    "gray": ({"quant": "int8"}, Preprocess((0.5,), (0.5,))),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    """All kinds of exports."""
    folder = tmp_path_factory.mktemp("exported")
    found = {}
    for kind, (options, preprocess) in KINDS.items():
        if kind == "uint8" and preprocess is not None:
            options = {**options, "std": preprocess.std}
        found[kind] = with_classes(exported(folder / kind, kind, **options))
    found["several"] = exported(folder / "several", "several")
    return found


@pytest.fixture(scope="module")
def jar(files: dict[str, Exported], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code for all of them, compiled in one go."""
    try:
        check_available()
    except DeviceError as error:
        pytest.skip(f"{error.what} {error.todo}")
    if shutil.which("npm") is None:
        pytest.skip("needs npm, which fetches the Kotlin compiler (Debian package npm)")
    try:
        jvm.compiler()
    except OSError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("kotlin")
    sources: dict[str, Path] = {}
    for kind, one in files.items():
        one.write_code(folder / kind)
        for path in sorted((folder / kind / "code/kotlin").glob("*.kt")):
            if path.name == SHARED:
                sources[SHARED] = path
                continue
            # Classes of several exports must differ.
            path.write_text(path.read_text().replace(path.stem, f"{kind.title()}{path.stem}"))
            sources[f"{kind} {path.name}"] = path
    for number, text in enumerate(HOSTILE):
        for path, content in generate(*hostile(text)).items():
            stem = Path(path).stem
            if path.endswith(".kt") and f"{stem}.kt" != SHARED:
                sources[text] = folder / f"Hostile{number}.kt"
                renamed = re.sub(rf"\b{stem}\b", f"Hostile{number}", content.decode())
                sources[text].write_text(renamed)
    return jvm.compiled(list(sources.values()), android_tools().android_jar, folder / "classes.jar")


def _save(folder: Path, pixels: NDArray[np.uint8], name: str) -> dict[str, Any]:
    path = folder / f"{name}.rgb"
    path.write_bytes(pixels.tobytes())
    return {"file": str(path), "width": pixels.shape[1]}


def _real(stored: NDArray[Any], port: Port) -> NDArray[Any]:
    if port.scale is None or port.colors:
        return stored
    return ((stored.astype(np.float64) - port.zero_point) * port.scale).astype(np.float32)


def _stored(real: NDArray[np.float32], port: Port) -> NDArray[Any]:
    if port.scale is None or port.colors:
        return real.astype(port.dtype)
    limits = np.iinfo(port.dtype)
    rounded = np.rint(real / np.float32(port.scale)) + port.zero_point
    return np.clip(rounded, limits.min, limits.max).astype(port.dtype)


def _job(one: Exported, artifact: Artifact, kind: str) -> dict[str, Any]:
    stem = artifact.file.removesuffix(".tflite")
    name = "".join(word[:1].upper() + word[1:] for word in stem.split("_"))
    return {"class": f"{kind.title()}{name}", "assets": str(one.folder)}


def _artifacts(one: Exported) -> list[Artifact]:
    return [each for each in one.manifest.artifacts if each.target == "tflite"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_gives_the_same_bits_as_litert_in_python(
    kind: str, files: dict[str, Exported], jar: Path, tmp_path: Path
) -> None:
    one, preprocess = files[kind], KINDS[kind][1]
    jobs, expected = [], []
    for artifact in _artifacts(one):
        [feed], [result] = artifact.inputs, artifact.outputs
        for number, (path, pixels) in enumerate(zip(IMAGES, photographs(3), strict=False)):
            png = tmp_path / f"{number}.png"
            Image.fromarray(pixels).save(png)
            channels = 1 if kind == "gray" else 3
            if preprocess is None:
                values = read_pixels(png, (24, 32), channels, 0.875).astype(np.uint8)
            else:
                values = load_image(png, (24, 32), channels, preprocess)
            batch = values[None] if kind == "nchw" else values.transpose(1, 2, 0)[None]
            stored = _stored(np.ascontiguousarray(batch), feed)
            assert list(stored.shape) == feed.shape, path
            [output] = interpreted(one.folder / artifact.file, [stored])
            expected.append((batch, _real(output, result)))
            job = {"picture": _save(tmp_path, pixels, f"{number}"), "classify": True}
            jobs.append({**_job(one, artifact, kind), **job})
    for (batch, output), found in zip(expected, jvm.ask(jar, jobs), strict=True):
        given = np.array(found["prepared"]).astype(batch.dtype)
        np.testing.assert_array_equal(given, batch.reshape(-1))
        [numbers] = found["outputs"]
        np.testing.assert_array_equal(np.array(numbers["values"], np.float32), output.reshape(-1))
        powers = np.exp(output.astype(np.float64).reshape(-1))
        best = np.argsort(-output.reshape(-1), kind="stable")[:3]
        assert [guess[:2] for guess in found["guesses"]] == [[i, LABELS[i]] for i in best]
        scores = [guess[2] for guess in found["guesses"]]
        np.testing.assert_allclose(scores, (powers / powers.sum())[best], rtol=1e-6)


def test_several_inputs_and_outputs_of_several_types(files: dict[str, Exported], jar: Path) -> None:
    one = files["several"]
    [artifact] = _artifacts(one)
    rng = np.random.default_rng(0)
    image = rng.standard_normal(artifact.inputs[0].shape).astype(np.float32)
    stored = [image, np.array([5], np.int64), np.array([False])]
    assert [port.dtype for port in artifact.inputs] == [str(each.dtype) for each in stored]
    outputs = interpreted(one.folder / artifact.file, stored)
    inputs = [each.reshape(-1).tolist() for each in stored]
    [found] = jvm.ask(jar, [{**_job(one, artifact, "several"), "inputs": inputs}])
    assert len(found["outputs"]) == len(outputs) == 4
    for given, output in zip(found["outputs"], outputs, strict=True):
        values = np.array(given["values"]).astype(output.dtype)
        np.testing.assert_array_equal(values, output.reshape(-1))


def test_pixels_are_those_of_pillow(jar: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pictures = photographs(8)
    pictures += [rng.integers(0, 256, (*rng.integers(1, 300, 2), 3), np.uint8) for _ in range(16)]
    jobs, expected = [], []
    for number, pixels in enumerate(pictures):
        channels = 1 if number % 4 == 3 else 3
        height, width = (int(extent) for extent in rng.integers(1, 225, 2))
        crop = float(rng.choice([1.0, 0.875, 0.96, 0.5]))
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        picture, to = _save(tmp_path, pixels, str(number)), tmp_path / f"{number}.out"
        job = {"picture": picture, "height": height, "width": width, "channels": channels}
        jobs.append({**job, "crop": crop, "to": str(to)})
        wanted = read_pixels(tmp_path / f"{number}.png", (height, width), channels, crop)
        expected.append((to, wanted.transpose(1, 2, 0)))
    jvm.ask(jar, jobs)
    gaps = []
    for to, wanted in expected:
        got = np.frombuffer(to.read_bytes(), np.uint8).reshape(wanted.shape).astype(int)
        gaps.append(np.abs(got - wanted).max())
    # Pillow 11 and 12 resize the width of tall pictures first, which shows in the last bit.
    assert max(gaps) <= 1
    print(f"largest difference of a pixel: {max(gaps)} of 255")


def test_another_file_is_refused(files: dict[str, Exported], jar: Path, tmp_path: Path) -> None:
    one = files["bytes"]
    [artifact] = _artifacts(one)
    data = bytearray((one.folder / artifact.file).read_bytes())
    data[-1] ^= 1
    (tmp_path / artifact.file).write_bytes(data)
    shutil.copy(one.folder / "names.txt", tmp_path)
    job = {**_job(one, artifact, "bytes"), "assets": str(tmp_path), "inputs": [[]]}
    [result] = jvm.ask(jar, [job])
    assert result["refused"] == "the file is not the one that this class was made for"


def test_arrays_of_another_size_are_refused(files: dict[str, Exported], jar: Path) -> None:
    one = files["bytes"]
    [artifact] = _artifacts(one)
    size = view_of(one.manifest, artifact).inputs[0].size
    job = {**_job(one, artifact, "bytes"), "inputs": [[0] * (size - 1)]}
    [result] = jvm.ask(jar, [job])
    assert str(size - 1) in result["refused"]
