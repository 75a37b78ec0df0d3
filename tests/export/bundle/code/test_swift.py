"""Generated Swift: it fits doubles of Apple's modules, and runs .tflite files as Python does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from _edgeship.export.bundle.code.generating import generate
from _edgeship.export.bundle.code.literals import swift_text
from _edgeship.export.calibration.preprocess import read_pixels
from tests.export.bundle.code import swift
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

pytestmark = [pytest.mark.slow, swift.needs_swift]

#: Kind of export -> options.
KINDS: dict[str, dict[str, Any]] = {
    "rgb": {"to": "tflite,coreml", "quant": "none,int8"},
    "int8": {"quant": "int8", "io_dtype": "int8"},
    "uint8": {"quant": "int8", "io_dtype": "uint8", "color": "bgr"}
    | {"mean": (0.4, 0.5, 0.6), "std": (0.2, 0.25, 0.3)},
    "nchw": {"io_layout": "nchw"},
    "bytes": {"to": "tflite,coreml", "io": "image"},
    "gray": {"to": "tflite,coreml", "io": "image"},
    "labelled": {"to": "coreml", "io": "image", "labels": LABELS},
    "several": {"to": "tflite"},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Exported]:
    """All kinds of exports, with their code, each in a class of its own."""
    folder = tmp_path_factory.mktemp("exported")
    found = {}
    for kind, options in KINDS.items():
        one = with_classes(exported(folder / kind, kind, **options))
        one.write_code(folder / kind)
        found[kind] = one
    return found


def _sources(one: Exported, end: str = "") -> list[Path]:
    paths = sorted((one.folder / "code/swift").glob("*.swift"))
    return [path for path in paths if path.name == "Pixels.swift" or path.stem.endswith(end)]


def test_all_of_it_fits_the_modules_of_apple(files: dict[str, Exported], tmp_path: Path) -> None:
    modules = swift.apple_modules(tmp_path)
    for one in files.values():
        assert swift.type_check(_sources(one), modules) == ""
    for number, text in enumerate(HOSTILE):
        folder = tmp_path / str(number)
        folder.mkdir()
        for target in ("tflite", "coreml"):
            for path, content in generate(*hostile(text, target)).items():
                if path.endswith(".swift"):
                    (folder / f"{path.split('/')[-1]}").write_bytes(content)
        assert swift.type_check(sorted(folder.iterdir()), modules) == ""


@pytest.fixture(scope="module")
def told(
    files: dict[str, Exported], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """Kind -> what its class makes of three photographs."""
    folder = tmp_path_factory.mktemp("swift")
    for number, pixels in enumerate(photographs(3)):
        (folder / f"{number}.rgb").write_bytes(pixels.tobytes())
    sources, calls = {}, []
    for kind, one in files.items():
        for artifact in one.manifest.artifacts:
            if artifact.target != "tflite" or kind == "several":
                continue
            scheme = artifact.scheme.replace("none", "fp32").title()
            [path] = _sources(one, f"{scheme}LiteRT")[:1]
            name = f"{kind.title()}{path.stem}"
            sources[name], sources["pixels"] = (
                folder / f"{name}.swift",
                path.parent / "Pixels.swift",
            )
            sources[name].write_text(path.read_text().replace(path.stem, name))
            labels = ", ".join(swift_text(label) for label in LABELS)
            for number, pixels in enumerate(photographs(3)):
                height, width = pixels.shape[:2]
                network = f'{name}(path: "{one.folder / artifact.file}", labels: [{labels}])'
                place = swift_text(str(folder / f"{number}.rgb"))
                picture = f"Pixels(width: {width}, height: {height}, rgb: bytes({place}))"
                calls.append(f'try show("{kind} {artifact.scheme}", {network}, {picture})')
    (folder / "main.swift").write_text(_MAIN.replace("CALLS", "\n".join(calls)) + _shows(sources))
    binary = swift.program([*sources.values(), folder / "main.swift"], folder)
    result: dict[str, list[dict[str, Any]]] = {}
    for line in swift.run(binary, []).splitlines():
        said = json.loads(line)
        result.setdefault(said["kind"], []).append(said)
    return result


_MAIN = """
import Foundation

func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

CALLS
"""

_SHOW = """
func show(_ kind: String, _ network: NAME, _ picture: Pixels) throws {
    let guesses = try network.classify(picture, count: 3)
    let said: [String: Any] = [
        "kind": kind,
        "prepared": network.prepare(picture).map { Double($0) },
        "output": try network.run(picture).output.map { Double($0) },
        "labels": guesses.map { $0.label },
        "scores": guesses.map { Double($0.score) },
    ]
    let line = try JSONSerialization.data(withJSONObject: said)
    print(String(decoding: line, as: UTF8.self))
}
"""


def _shows(sources: dict[str, Path]) -> str:
    return "".join(_SHOW.replace("NAME", name) for name in sources if name != "pixels")


@pytest.mark.parametrize("kind", ["rgb none", "rgb int8", "int8 int8", "uint8 int8", "nchw none"])
def test_a_picture_gives_the_same_bits_as_litert_in_python(
    kind: str, files: dict[str, Exported], told: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    one = files[kind.split()[0]]
    artifact = next(
        each
        for each in one.manifest.artifacts
        if (each.target, each.scheme) == ("tflite", kind.split()[1])
    )
    [feed], [result] = artifact.inputs, artifact.outputs
    preprocess = one.manifest.preprocess
    assert preprocess is not None
    mean, std = (np.array(preprocess[name], np.float32) for name in ("mean", "std"))
    for said, pixels in zip(told[kind], photographs(3), strict=True):
        Image.fromarray(pixels).save(tmp_path / "one.png")
        middle = read_pixels(tmp_path / "one.png", (24, 32), 3, 0.875).transpose(1, 2, 0)
        ordered = middle[..., ::-1] if preprocess["color_order"] == "BGR" else middle
        real = (ordered.astype(np.float32) / np.float32(255) - mean) / std
        batch = (real.transpose(2, 0, 1) if "nchw" in kind else real)[None]
        np.testing.assert_array_equal(np.array(said["prepared"], np.float32), batch.reshape(-1))
        stored = np.ascontiguousarray(batch)
        if feed.scale is not None:
            limits = np.iinfo(feed.dtype)
            rounded = np.rint(batch / np.float32(feed.scale)) + feed.zero_point
            stored = np.clip(rounded, limits.min, limits.max).astype(feed.dtype)
        [output] = interpreted(one.folder / artifact.file, [stored])
        expected = output.reshape(-1)
        if result.scale is not None:
            centred = expected.astype(np.float64) - (result.zero_point or 0)
            expected = (centred * result.scale).astype(np.float32)
        np.testing.assert_array_equal(np.array(said["output"], np.float32), expected)
        best = np.argsort(-expected, kind="stable")[:3]
        assert said["labels"] == [LABELS[index] for index in best]
        powers = np.exp(expected.astype(np.float64))
        np.testing.assert_allclose(said["scores"], (powers / powers.sum())[best], rtol=1e-6)


@pytest.mark.parametrize(("kind", "channels"), [("bytes", 3), ("gray", 1)])
def test_pixels_are_those_of_pillow(
    kind: str, channels: int, told: dict[str, list[dict[str, Any]]]
) -> None:
    for said, path in zip(told[f"{kind} none"], IMAGES, strict=False):
        expected = read_pixels(path, (24, 32), channels, 0.875).transpose(1, 2, 0)
        np.testing.assert_array_equal(np.array(said["prepared"], np.uint8), expected.reshape(-1))
