"""What is in a bundle, and that it is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.bundle.layout import inside, lone
from _edgeship.export.bundle.making import Made, Wishes, make
from _edgeship.export.bundle.packing import zipped
from _edgeship.export.bundle.vectors import read_index


def test_a_bundle_holds_files_vectors_cards_and_code(made: Made) -> None:
    names = set(made.files)
    assert {"classifier_int8.tflite", "classifier_int8.onnx", "manifest.json"} <= names
    assert {"README.md", "MODEL_CARD.md", "card.html", "SHA256SUMS"} <= names
    assert {"vectors/1.png", "vectors/vectors.json"} <= names
    # The float graph is no file of an app's.
    assert "classifier.onnx" not in names


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_digests_are_those_that_sha256sum_checks(made: Made) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    subprocess.run(command, cwd=made.folder, check=True)  # noqa: S603
    listed = {line[66:] for line in (made.folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == set(made.files) - {"SHA256SUMS"}


def test_the_zip_file_holds_the_same(made: Made) -> None:
    with zipfile.ZipFile(made.archive) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    on_disk = {
        f"{made.folder.name}/{name}": (made.folder / name).read_bytes() for name in made.files
    }
    assert found == on_disk


def test_equal_exports_give_equal_bytes(made: Made, exported: Path, tmp_path: Path) -> None:
    again = make(exported, Wishes(), out=tmp_path)
    assert again.archive.read_bytes() == made.archive.read_bytes()


def test_vectors_are_what_the_file_takes_and_gives(made: Made) -> None:
    from ai_edge_litert.interpreter import Interpreter

    index = read_index((made.folder / "vectors/vectors.json").read_bytes())
    record = index.of("classifier_int8.tflite")
    interpreter = Interpreter(str(made.folder / record.file))
    interpreter.allocate_tensors()
    [port_in], [port_out] = interpreter.get_input_details(), interpreter.get_output_details()
    assert len(record.vectors) == 3
    outputs = []
    for vector in record.vectors:
        interpreter.set_tensor(port_in["index"], np.load(made.folder / vector.inputs[0]))
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(port_out["index"]))
        np.testing.assert_array_equal(outputs[-1], np.load(made.folder / vector.outputs[0]))
    assert not np.array_equal(outputs[0], outputs[1])


def test_pictures_are_upright_small_and_say_nothing_about_their_makers(
    exported: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x013B] = "somebody"
    Image.new("RGB", (2000, 1000), "red").save(folder / "a.jpg", exif=exif)
    made = make(exported, Wishes(pictures=folder), out=tmp_path / "out")
    with Image.open(made.folder / "vectors/1.png") as picture:
        assert (picture.width, picture.height) == (512, 1024)
        assert not picture.getexif()
    index = json.loads((made.folder / "vectors/vectors.json").read_text())
    assert [one["name"] for one in index["pictures"]] == ["a.jpg"]


def test_a_changed_file_is_not_bundled(exported: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    with (copy / "classifier_int8.tflite").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(VerificationError, match="not the file that was exported"):
        make(copy, Wishes(), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no manifest\.json"):
        make(tmp_path, Wishes())


def test_a_failure_leaves_the_bundle_of_before(exported: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = make(exported, Wishes(), out=out)
    digest = hashlib.sha256(before.archive.read_bytes()).hexdigest()
    with pytest.raises(InputError, match="cannot be read"):
        make(exported, Wishes(pictures=tmp_path / "nowhere"), out=out)
    assert hashlib.sha256(before.archive.read_bytes()).hexdigest() == digest
    assert sorted(path.name for path in out.iterdir()) == [
        "classifier_bundle",
        "classifier_bundle.zip",
    ]


def test_only_the_wanted_files_are_bundled(exported: Path, tmp_path: Path) -> None:
    made = make(exported, Wishes(), {"classifier_int8.onnx"}, tmp_path)
    assert "classifier_int8.tflite" not in made.files
    manifest = json.loads((made.folder / "manifest.json").read_text())
    assert [one["file"] for one in manifest["artifacts"]] == ["classifier_int8.onnx"]


def test_zip_files_do_not_depend_on_the_order_of_the_files() -> None:
    files = {"b": b"1", "a/c": b"2"}
    assert zipped("x", files) == zipped("x", dict(reversed(files.items())))


@pytest.mark.parametrize(
    "name", ["", ".", "../a", "/a", "a/../b", "a//b", "a\\b", "C:a", "a/", "./a", "a\nb"]
)
def test_paths_that_lead_out_of_a_bundle_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        inside(name)


@pytest.mark.parametrize("name", ["a/b", ".hidden", ".."])
def test_files_lie_beside_their_manifest(name: str) -> None:
    with pytest.raises(InputError):
        lone(name)
