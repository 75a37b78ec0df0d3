"""What the demo makes of bundles: folders and zips, whole, damaged and hostile."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.android.plain_java import ask, refusals
from tests.android.unpacked import Unpacked
from tests.device_bench.small_files import chain

pytestmark = pytest.mark.slow

_PORT = {"name": "x", "dtype": "float32", "scale": None, "zero_point": None}
_CLASSES = {**_PORT, "shape": [1, 3], "layout": ""}


def _artifact(file: str = "net.tflite", **change: Any) -> dict[str, Any]:
    picture = {**_PORT, "shape": [1, 4, 4, 3], "layout": "NHWC"}
    return {"file": file, "target": "tflite", "inputs": [picture], "outputs": [_CLASSES], **change}


def _manifest(*artifacts: dict[str, Any], **change: Any) -> dict[str, Any]:
    plain = {"color_order": "RGB", "crop": 1.0, "scale": 1 / 255}
    return {
        "model": {"name": "net"},
        "preprocess": {**plain, "mean": [0.0] * 3, "std": [1.0] * 3},
        "artifacts": list(artifacts) or [_artifact()],
        **change,
    }


def _write(folder: Path, manifest: dict[str, Any] | bytes | None, **more: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if manifest is not None:
        data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        (folder / "manifest.json").write_bytes(data)
    for name, data in {"net.tflite": chain(), **more}.items():
        (folder / name).write_bytes(data)
    return folder


def _zip(folder: Path, within: str = "") -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, within + file.name)
    return path


def _take(unpacked: Unpacked, *sources: Path) -> list[dict[str, Any]]:
    jobs = [
        {"do": "bundle", "from": str(source), "to": str(source.parent / f"{source.name}.copy")}
        for source in sources
    ]
    return ask(unpacked, jobs)


def test_folders_and_zips_give_the_same_bundle(unpacked: Unpacked, tmp_path: Path) -> None:
    labels = "cat\ndog\n\u202eship\n".encode()
    folder = _write(tmp_path / "a", _manifest(), **{"labels.txt": labels})
    flat = _zip(folder)
    nested = _zip(_write(tmp_path / "b", _manifest(), **{"labels.txt": labels}), "out/net/")
    expected = {"model": "net", "files": ["net.tflite"], "labels": ["cat", "dog", "?ship"]}
    assert _take(unpacked, folder, flat, nested) == [expected] * 3
    copy = tmp_path / "a.copy"
    assert sorted(path.name for path in copy.iterdir()) == [
        "labels.txt",
        "manifest.json",
        "net.tflite",
    ]
    assert (copy / "net.tflite").read_bytes() == chain()


def test_files_that_the_demo_cannot_show_are_left_out(unpacked: Unpacked, tmp_path: Path) -> None:
    two = _artifact("two.tflite", inputs=[_artifact()["inputs"][0]] * 2)
    package = {"file": "net.mlpackage", "target": "coreml"}
    gone = _artifact("gone.tflite")
    manifest = _manifest(two, package, gone, _artifact())
    [result] = _take(unpacked, _write(tmp_path / "a", manifest, **{"two.tflite": chain()}))
    assert result["files"] == ["net.tflite"]


_TOO_LONG = {"dtype": "float32", "shape": [1, 1 << 20, 1 << 20], "layout": "", "scale": None}

_REFUSED: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "no manifest": ("refused_no_manifest", lambda at: _write(at, None)),
    "not JSON": ("refused_manifest", lambda at: _write(at, b"{")),
    "a list": ("refused_manifest", lambda at: _write(at, b"[1]")),
    "deep": ("refused_deep", lambda at: _write(at, b'{"a":' + b"[" * 1_000_000)),
    "not UTF-8": ("refused_text", lambda at: _write(at, b'{"model":"\xff"}')),
    "no pictures": ("refused_no_pictures", lambda at: _write(at, _manifest(preprocess=None))),
    "nothing in it": ("refused_no_artifact", lambda at: _write(at, _manifest(artifacts=[]))),
    "file elsewhere": (
        "refused_artifact",
        lambda at: _write(at, _manifest(_artifact("../net.tflite"))),
    ),
    "no .tflite": ("refused_artifact", lambda at: _write(at, _manifest(_artifact("net.so")))),
    "two inputs": (
        "refused_ports",
        lambda at: _write(at, _manifest(_artifact(inputs=[_CLASSES] * 2))),
    ),
    "endless shape": (
        "refused_port",
        lambda at: _write(at, _manifest(_artifact(outputs=[_TOO_LONG]))),
    ),
    "negative shape": (
        "refused_port",
        lambda at: _write(at, _manifest(_artifact(outputs=[{**_CLASSES, "shape": [1, -3]}]))),
    ),
    "unknown type": (
        "refused_type",
        lambda at: _write(at, _manifest(_artifact(outputs=[{**_CLASSES, "dtype": "object"}]))),
    ),
    "scale 0": (
        "refused_port",
        lambda at: _write(at, _manifest(_artifact(outputs=[{**_CLASSES, "scale": 0.0}]))),
    ),
    "file is gone": (
        "refused_no_artifact_file",
        lambda at: _write(at, _manifest(_artifact("gone.tflite"))),
    ),
    "file is cut off": (
        "refused_damaged",
        lambda at: _write(at, _manifest(), **{"net.tflite": chain()[:-100]}),
    ),
    "file is none": (
        "refused_not_tflite",
        lambda at: _write(at, _manifest(), **{"net.tflite": b"PK" * 100}),
    ),
    "labels are no text": (
        "refused_text",
        lambda at: _write(at, _manifest(), **{"labels.txt": b"a\0b"}),
    ),
    "labels without end": (
        "refused_too_large",
        lambda at: _write(at, _manifest(), **{"labels.txt": b"a\n" * (1 << 20)}),
    ),
    "no zip": (
        "refused_zip",
        lambda at: _write(at, None, **{"a.zip": b"no zip"}) / "a.zip",
    ),
    "empty zip": (
        "refused_zip",
        lambda at: _write(at, None, **{"a.zip": b""}) / "a.zip",
    ),
    "nothing of ours in a zip": ("refused_no_manifest", lambda at: _zip(_write(at, None))),
    "a bomb": ("refused_too_large", lambda at: _bomb(at)),
    "a link that leads out": ("refused_no_manifest", lambda at: _link(at)),
}


def _bomb(at: Path) -> Path:
    """20 MB of blanks in 20 kB."""
    at.mkdir(parents=True)
    with zipfile.ZipFile(at / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(_manifest()) + " " * 20_000_000)
    return at / "a.zip"


def _link(at: Path) -> Path:
    elsewhere = _write(at / "elsewhere", _manifest())
    folder = _write(at / "folder", None)
    (folder / "manifest.json").symlink_to(elsewhere / "manifest.json")
    return folder


def test_damaged_and_hostile_bundles_are_refused(unpacked: Unpacked, tmp_path: Path) -> None:
    cases = list(_REFUSED.items())
    sources = [make(tmp_path / str(number)) for number, (_, (_, make)) in enumerate(cases)]
    results = _take(unpacked, *sources)
    found = dict(zip(_REFUSED, refusals(results), strict=True))
    assert found == {name: sentence for name, (sentence, _) in _REFUSED.items()}
    left = [path for path in tmp_path.rglob("*.copy*") if path.exists()]
    assert left == []


def test_a_refused_bundle_leaves_the_one_before(unpacked: Unpacked, tmp_path: Path) -> None:
    good = _write(tmp_path / "good", _manifest())
    bad = _write(tmp_path / "bad", _manifest(), **{"net.tflite": b"no"})
    target = str(tmp_path / "copy")
    results = ask(
        unpacked, [{"do": "bundle", "from": str(each), "to": target} for each in (good, bad)]
    )
    assert refusals(results) == ["", "refused_not_tflite"]
    assert (tmp_path / "copy/net.tflite").read_bytes() == chain()


def test_folders_of_several_exports_show_the_newest_that_has_a_file(
    unpacked: Unpacked, tmp_path: Path
) -> None:
    """The names of classes beside it are shown where they are this network's."""
    package = _artifact("net.mlpackage", target="coreml")
    listed = [{"file": "labels.txt", "sha256": "", "count": 3, "output": "x"}]
    first = _manifest(model={"name": "first"}, labels=listed)
    second = _manifest(package, model={"name": "second"}, labels=[])
    labels = {"labels.txt": b"a\nb\nc\n"}
    folders = [
        _write(tmp_path / "old", {**second, "earlier": [second, first]}, **labels),
        _write(tmp_path / "new", {**first, "earlier": [second]}, **labels),
        _write(tmp_path / "foreign", {**first, "labels": [], "earlier": [second]}, **labels),
        _write(tmp_path / "alone", {**first, "labels": [], "earlier": []}, **labels),
        _write(tmp_path / "none", {**second, "earlier": [second]}, **labels),
    ]
    *found, refused = _take(unpacked, *folders)
    assert [one["model"] for one in found] == ["first"] * 4
    assert [one["labels"] for one in found] == [["a", "b", "c"], ["a", "b", "c"], [], list("abc")]
    assert refused["refused"] == "refused_no_artifact"


def _picture(folder: Path, pixels: np.ndarray) -> dict[str, Any]:
    path = folder / f"{len(list(folder.iterdir()))}.rgb"
    path.write_bytes(pixels.astype(np.uint8).tobytes())
    return {"picture": str(path), "width": pixels.shape[1], "height": pixels.shape[0]}


def _classify(
    unpacked: Unpacked,
    folder: Path,
    manifest: dict[str, Any],
    outputs: list[float],
    *pictures: np.ndarray,
    labels: bytes = b"",
) -> tuple[dict[str, Any], bytes]:
    more = {"labels.txt": labels} if labels else {}
    bundle = _write(folder / "bundle", manifest, **more)
    shown = [_picture(folder, each) for each in pictures or (np.zeros((4, 4, 3)),)]
    job = {"do": "classify", "bundle": str(bundle), "outputs": outputs, "pictures": shown}
    [result] = ask(unpacked, [{**job, "to": str(folder / "fed")}])
    fed = folder / "fed"
    return result, fed.read_bytes() if fed.exists() else b""


@pytest.mark.parametrize(
    ("outputs", "kind", "values"),
    [
        ([0.1, 0.7, 0.2], "PROBABILITIES", [0.7, 0.2, 0.1]),
        ([0.0, 0.9, 0.8], "SCORES", [0.9, 0.8, 0.0]),
        ([-1.0, 3.0, 2.0], "SOFTMAX", [0.72139919, 0.26538793, 0.01321289]),
        ([1000.0, -1000.0, 1000.0], "SOFTMAX", [0.5, 0.5, 0.0]),
    ],
)
def test_only_logits_become_probabilities(
    outputs: list[float], kind: str, values: list[float], unpacked: Unpacked, tmp_path: Path
) -> None:
    result, _ = _classify(unpacked, tmp_path, _manifest(), outputs, labels=b"a\nb\nc")
    assert result["kind"] == kind
    assert [line["value"] for line in result["top"]] == pytest.approx(values, abs=1e-6)
    order = [line["class"] for line in result["top"]]
    assert order == sorted(range(3), key=lambda index: -outputs[index])
    assert [line["label"] for line in result["top"]] == ["abc"[index] for index in order]


def test_what_is_no_classifier_is_refused(unpacked: Unpacked, tmp_path: Path) -> None:
    picture = _artifact()["inputs"][0]
    cases = {
        "refused_no_classes": _artifact(outputs=[{**_CLASSES, "shape": [1, 2, 3]}]),
        "refused_batch": _artifact(inputs=[{**picture, "shape": [2, 4, 4, 3]}]),
        "refused_no_pictures": _artifact(inputs=[{**picture, "layout": ""}]),
        "refused_preprocess": _artifact(inputs=[{**picture, "shape": [1, 4, 4, 1]}]),
        "refused_not_finite": _artifact(),
    }
    for sentence, artifact in cases.items():
        folder = tmp_path / sentence
        folder.mkdir()
        count = int(np.prod(artifact["outputs"][0]["shape"]))
        result, _ = _classify(unpacked, folder, _manifest(artifact), [1e39] * count)
        assert result["refused"] == sentence
    result, _ = _classify(unpacked, tmp_path, _manifest(), [1, 2, 3], labels=b"a\nb")
    assert (result["refused"], result["words"]) == ("refused_labels", [2, 3])


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_pictures_are_stored_as_the_input_takes_them(
    layout: str, dtype: str, unpacked: Unpacked, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3))
    scale, zero_point = (0.0039, 3) if dtype == "int8" else (0.004, 128)
    shape = [1, 4, 4, 3] if layout == "NHWC" else [1, 3, 4, 4]
    port: dict[str, Any] = {**_PORT, "shape": shape, "layout": layout, "dtype": dtype}
    if dtype != "float32":
        port |= {"scale": scale, "zero_point": zero_point}
    _, fed = _classify(unpacked, tmp_path, _manifest(_artifact(inputs=[port])), [0, 0, 1], pixels)
    expected = pixels.astype(np.float32) / np.float32(255)
    if dtype != "float32":
        limits = np.iinfo(dtype)
        rounded = np.rint(expected / np.float32(scale)) + zero_point
        expected = np.clip(rounded, limits.min, limits.max)
    if layout == "NCHW":
        expected = expected.transpose(2, 0, 1)
    got = np.frombuffer(fed, dtype).reshape(expected.shape)
    np.testing.assert_array_equal(got, expected.astype(dtype))


@pytest.mark.parametrize("order", ["RGB", "BGR"])
def test_a_file_that_normalises_itself_gets_the_bytes(
    order: str, unpacked: Unpacked, tmp_path: Path
) -> None:
    """Red first, whatever the network reads, and whatever its mean, std and the port's scale."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 3))
    grid = {"dtype": "uint8", "scale": 0.0174, "zero_point": 114, "colors": "RGB"}
    port = {**_PORT, "shape": [1, 4, 4, 3], "layout": "NHWC", **grid}
    rules = {"color_order": order, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
    manifest = _manifest(_artifact(inputs=[port]))
    manifest["preprocess"] |= rules
    _, fed = _classify(unpacked, tmp_path, manifest, [0, 0, 1], pixels)
    np.testing.assert_array_equal(np.frombuffer(fed, np.uint8).reshape(4, 4, 3), pixels)


@pytest.mark.parametrize("layout", ["NDHWC", "NCDHW"])
def test_a_clip_holds_the_newest_frames(layout: str, unpacked: Unpacked, tmp_path: Path) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (5, 4, 4, 3))
    shape = [1, 2, 4, 4, 3] if layout == "NDHWC" else [1, 3, 2, 4, 4]
    port = {**_PORT, "shape": shape, "layout": layout}
    manifest = _manifest(_artifact(inputs=[port]))
    for count in (1, 2, 5):
        folder = tmp_path / str(count)
        folder.mkdir()
        _, fed = _classify(unpacked, folder, manifest, [0, 0, 1], *frames[:count])
        # The first frame stands for those that came before it.
        last = frames[[max(index, 0) for index in range(count - 2, count)]]
        expected = last.astype(np.float32) / np.float32(255)
        if layout == "NCDHW":
            expected = expected.transpose(3, 0, 1, 2)
        got = np.frombuffer(fed, "<f4").reshape(expected.shape)
        np.testing.assert_array_equal(got, expected)
