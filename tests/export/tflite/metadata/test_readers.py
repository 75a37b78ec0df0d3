"""What independent readers make of the files: TFLite Support's library, and MediaPipe's tasks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from _edgeship.export.tflite.described_file import described
from _edgeship.export.tflite.inspection import inspect
from _edgeship.export.tflite.metadata.contents import About, Contents, Picture, Tensor
from tests.export.command_line import run, write_network
from tests.export.tflite.metadata import readers
from tests.export.tflite.metadata.tables import random_table
from tests.export.tflite.schema_models import classifier
from tests.fetched_packages import FetchError


def pictures(count: int = 100) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(4, 1).repeat(4, 2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export a network on pictures: files that take bytes, and two that take normalised ones."""
    folder = tmp_path_factory.mktemp("exported")
    network = write_network(folder / "net.onnx")
    options = ("--author", "Ä. Author", "--license", "MIT", "--model-version", "1.2.3")
    run(network, "--io", "image", "--quant", "none,int8", *options, "--out", folder / "bytes")
    even = ("--mean", "0.5,0.5,0.5", "--std", "0.25,0.25,0.25")
    run(network, "--quant", "none", *even, "--out", folder / "even")
    run(network, "--quant", "none", "--out", folder / "each")
    write_by_hand((folder / "bytes" / "net_fp32.tflite").read_bytes(), folder)
    return folder


def write_by_hand(plain: bytes, folder: Path) -> None:
    """Write files with labels: right ones, and such as readers refuse."""
    picture = Tensor("image", picture=Picture((1.0,), (1.0,), "RGB", (16, 16)))
    contents = Contents(About("net"), [picture], [Tensor("scores", labels="labels.txt")])
    labels = [f"Ünit {number}\n".encode() for number in range(10)]
    compressed = io.BytesIO(described(plain, contents.table(), {}))
    with zipfile.ZipFile(compressed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.txt", b"".join(labels))
    files = {
        "right": described(plain, contents.table(), {"labels.txt": b"".join(labels)}),
        "short": described(plain, contents.table(), {"labels.txt": b"".join(labels[1:])}),
        "absent": described(plain, contents.table(), {}),
        "compressed": compressed.getvalue(),
    }
    for name, data in files.items():
        (folder / f"{name}.tflite").write_bytes(data)


@pytest.fixture(scope="module")
def classified(folder: Path) -> dict[str, Any]:
    """Path of a file below the folder -> what MediaPipe makes of the pictures with it."""
    try:
        tasks = readers.mediapipe()
    except FetchError as error:
        pytest.skip(f"MediaPipe is not there: {error}")
    found = readers.classify(tasks, sorted(folder.rglob("*.tflite")), pictures(), folder)
    return {Path(file).relative_to(folder).as_posix(): best for file, best in found.items()}


@pytest.fixture(scope="module")
def tables() -> list[dict[str, Any]]:
    return [random_table(np.random.default_rng(seed)) for seed in range(5)]


@pytest.fixture(scope="module")
def by_library(folder: Path, tables: list[dict[str, Any]], tmp_path_factory: Any) -> dict[str, Any]:
    """Name of a file -> what the library reads of it: of an exported one, and of random tables."""
    try:
        library = readers.displayer()
    except FetchError as error:
        pytest.skip(f"TFLite Support is not there: {error}")
    place = tmp_path_factory.mktemp("random")
    files = [place / f"{number}.tflite" for number in range(len(tables))]
    for file, table in zip(files, tables, strict=True):
        file.write_bytes(described(classifier(), table, {"labels.txt": b"a\n"}))
    found = readers.read_by_library(library, [folder / "bytes" / "net_int8.tflite", *files])
    return {Path(file).name: read for file, read in found.items()}


def test_the_library_reads_what_was_packed(
    by_library: dict[str, Any], tables: list[dict[str, Any]]
) -> None:
    """Random tables of the schema: flatc writes each as JSON."""
    for number, table in enumerate(tables):
        read = by_library[f"{number}.tflite"]
        assert as_flatc(read["metadata"]) == as_flatc(table)
        assert read["files"] == {"labels.txt": "a\n"}


def as_flatc(part: Any) -> Any:
    """A part of the metadata with bytes as lists, and no more digits than flatc writes."""
    if isinstance(part, dict):
        return {key: as_flatc(value) for key, value in part.items()}
    if isinstance(part, list | bytes):
        return [as_flatc(one) for one in part]
    return f"{part:.6g}" if isinstance(part, float) else part


def test_the_library_reads_an_exported_file(by_library: dict[str, Any], folder: Path) -> None:
    read = by_library["net_int8.tflite"]
    found = inspect((folder / "bytes" / "net_int8.tflite").read_bytes()).said
    whole = read["metadata"]
    assert as_flatc(whole) == as_flatc(found.table)
    assert (whole["name"], whole["author"]) == ("net", "Ä. Author")
    assert (whole["license"], whole["version"]) == ("MIT", "1.2.3")
    assert read["min_parser_version"] == whole["min_parser_version"]


def scores(file: Path, arrays: NDArray[Any]) -> NDArray[np.float32]:
    """What LiteRT alone gives for each array."""
    interpreter = Interpreter(str(file))
    interpreter.allocate_tensors()
    [feed], [result] = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for array in arrays:
        interpreter.set_tensor(feed["index"], array[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(result["index"])[0])
    return np.stack(found)


@pytest.mark.parametrize("scheme", ["fp32", "int8"])
def test_mediapipe_classifies_bytes_as_the_file_does(
    classified: dict[str, Any], folder: Path, scheme: str
) -> None:
    """100 pictures of the input's size, bit for bit; of equal scores it may name another class."""
    name = f"bytes/net_{scheme}.tflite"
    own = scores(folder / name, pictures())
    best = [one[0][:2] for one in classified[name]]
    assert [score for _, score in best] == own.max(1).tolist()
    assert all(row[index] == row.max() for row, (index, _) in zip(own, best, strict=True))


def test_mediapipe_normalises_as_the_metadata_say(classified: dict[str, Any], folder: Path) -> None:
    name = "even/net_fp32.tflite"
    given = (pictures() / np.float32(255) - np.float32(0.5)) / np.float32(0.25)
    own = scores(folder / name, given)
    best = [one[0][:2] for one in classified[name]]
    np.testing.assert_allclose([score for _, score in best], own.max(1), rtol=1e-4)


def test_mediapipe_cannot_normalise_each_channel_in_its_own_way(classified: dict[str, Any]) -> None:
    """Why its tasks need files that take bytes, as the manual says."""
    refused = classified["each/net_fp32.tflite"]
    assert "Per-channel image normalization is not available" in refused


def test_mediapipe_names_the_classes(classified: dict[str, Any]) -> None:
    for best in classified["right.tflite"]:
        assert all(name == f"Ünit {number}" for number, _, name in best)


@pytest.mark.parametrize("name", ["short", "absent", "compressed"])
def test_what_mediapipe_refuses_inspect_tells(
    classified: dict[str, Any], folder: Path, name: str
) -> None:
    assert isinstance(classified[f"{name}.tflite"], str)
    assert inspect((folder / f"{name}.tflite").read_bytes()).said.problems


def test_a_right_file_has_no_problems(folder: Path) -> None:
    for name in ("right.tflite", "bytes/net_int8.tflite", "each/net_fp32.tflite"):
        assert inspect((folder / name).read_bytes()).said.problems == ()
