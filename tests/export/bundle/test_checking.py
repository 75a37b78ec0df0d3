"""Every fault of a bundle is found and named, and nothing that is not ours is run."""

from __future__ import annotations

import json
import py_compile
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.bundle import opening
from _edgeship.export.bundle.checking import check_bundle
from _edgeship.export.bundle.making import Made
from _edgeship.export.bundle.sums import read_sums, sums_of
from tests.export.command_line import run


def problems(bundle: Path) -> dict[str, str]:
    """Return the checks that fail, and why."""
    return {one.name: one.problem for one in check_bundle(bundle) if one.problem}


def list_again(bundle: Path) -> None:
    """Write the digests as they are now, as somebody would who changes a bundle on purpose."""
    files = {
        path.relative_to(bundle).as_posix(): path.read_bytes()
        for path in bundle.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    }
    (bundle / "SHA256SUMS").write_bytes(sums_of(files))


def test_a_bundle_as_it_was_made_passes(made: Made) -> None:
    for path in (made.folder, made.archive):
        checks = check_bundle(path)
        assert not [one for one in checks if one.problem or one.skipped]
        names = [one.name for one in checks]
        assert "classifier_int8.tflite on its vectors" in names
        same = next(one for one in checks if one.name == "classifier_int8.tflite on its vectors")
        assert "the same bits" in same.compared


def test_a_changed_byte_a_missing_and_a_new_file_are_named(bundle: Path) -> None:
    with (bundle / "README.md").open("ab") as file:
        file.write(b"x")
    (bundle / "vectors/1.png").unlink()
    (bundle / "extra").write_text("x")
    found = problems(bundle)["digests"]
    assert "README.md has another digest" in found
    assert "vectors/1.png is missing" in found
    assert "extra is not listed" in found


def test_only_code_that_was_compared_is_run(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Python keeps beside a module runs in its place where its time says that it is newer."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    script = bundle / "code" / "python" / "classifier_int8.py"
    ours = script.read_text()
    trace = tmp_path / "trace"
    script.write_text(f"{ours}\nPath({str(trace)!r}).touch()\n")
    py_compile.compile(str(script), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    script.write_text(ours)
    # It is there, and Python takes it.
    importer = [sys.executable, "-c", "import classifier_int8"]
    subprocess.run(importer, cwd=script.parent, check=True)  # noqa: S603
    assert trace.exists()
    trace.unlink()

    list_again(bundle)
    assert problems(bundle) == {}
    assert not trace.exists()


def test_a_check_leaves_a_bundle_as_it_is(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    before = sorted(bundle.rglob("*"))
    assert problems(bundle) == {}
    assert sorted(bundle.rglob("*")) == before


def test_another_network_under_the_same_name_is_found(bundle: Path) -> None:
    """Its digests are right, and so are its ports: only the manifest and the vectors tell."""
    file = bundle / "classifier_int8.onnx"
    import onnx
    from onnx import numpy_helper

    model = onnx.load(file)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.int8:
            tensor.CopyFrom(numpy_helper.from_array(-np.clip(values, -127, 127), tensor.name))
    onnx.save(model, str(file))
    list_again(bundle)
    found = problems(bundle)
    assert "digest is not the one" in found["classifier_int8.onnx"]
    assert "of its range off" in found["classifier_int8.onnx on its vectors"]
    assert "digests" not in found


def test_a_manifest_that_says_something_else_is_found(bundle: Path) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    artifact = manifest["artifacts"][0]
    artifact["outputs"][0]["name"] = "renamed"
    artifact["operators"] = {"CONV_2D": 1}
    path.write_text(json.dumps(manifest))
    list_again(bundle)
    found = problems(bundle)[artifact["file"]]
    assert "its outputs are scores" in found
    assert "it has the operators" in found


def test_expected_outputs_that_are_others_are_found(bundle: Path) -> None:
    path = bundle / "vectors/classifier_int8.tflite/2.output0.npy"
    np.save(path, np.load(path)[:, ::-1])
    list_again(bundle)
    assert "of sample 2 is" in problems(bundle)["classifier_int8.tflite on its vectors"]


def test_arrays_are_no_pickles(bundle: Path) -> None:
    path = bundle / "vectors/classifier_int8.tflite/1.input0.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    list_again(bundle)
    assert "no readable array" in problems(bundle)["classifier_int8.tflite on its vectors"]


def test_digests_name_nothing_outside(bundle: Path) -> None:
    path = bundle / "SHA256SUMS"
    path.write_text(path.read_text() + f"{'0' * 64}  ../outside\n")
    assert "names the file '../outside'" in problems(bundle)["digests"]


@pytest.mark.parametrize("text", ["", "x  a\n", f"{'0' * 64} a\n", f"{'0' * 64}  a\n" * 2])
def test_damaged_digests_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_sums(text.encode())


def _write(path: Path, *names: str, mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, b"x")
    return path


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out"])
def test_names_that_lead_out_are_refused_before_anything_is_unpacked(
    tmp_path: Path, name: str
) -> None:
    archive = _write(tmp_path / "a.zip", "b/manifest.json", name)
    with pytest.raises(InputError, match="lie in it"), opening.opened(archive):
        pass


def test_links_are_refused(tmp_path: Path, bundle: Path) -> None:
    archive = _write(tmp_path / "a.zip", "b/manifest.json", mode=stat.S_IFLNK | 0o777)
    with pytest.raises(InputError, match="link or a special file"), opening.opened(archive):
        pass
    (bundle / "link").symlink_to("README.md")
    with pytest.raises(InputError, match="link or a special file"), opening.opened(bundle):
        pass


def test_too_many_and_too_large_files_are_refused(
    tmp_path: Path, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 10_000)
    with pytest.raises(InputError, match="too large"), opening.opened(made.archive):
        pass
    monkeypatch.setattr(opening, "MOST_FILES", 2)
    with pytest.raises(InputError, match="at most 2"), opening.opened(made.archive):
        pass


def test_an_archive_that_promises_less_than_it_holds_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("manifest.json", b"x" * 100_000)
    data = archive.read_bytes()
    size = (100_000).to_bytes(4, "little")
    archive.write_bytes(data.replace(size, (10).to_bytes(4, "little")))
    monkeypatch.setattr(opening, "MOST_BYTES", 1_000)
    with pytest.raises(InputError), opening.opened(archive):
        pass
    assert not list(tmp_path.glob("manifest.json"))


def test_the_same_name_in_another_case_is_refused(tmp_path: Path) -> None:
    archive = _write(tmp_path / "a.zip", "manifest.json", "Manifest.json")
    with pytest.raises(InputError, match="twice"), opening.opened(archive):
        pass


def test_what_is_no_zip_file_and_no_bundle_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip file")
    with pytest.raises(InputError, match="cannot be unpacked"), opening.opened(tmp_path / "a.zip"):
        pass
    archive = _write(tmp_path / "b.zip", "a/readme")
    with pytest.raises(InputError, match="no bundle"), opening.opened(archive):
        pass


def test_the_folder_of_an_export_is_no_bundle(exported: Path) -> None:
    _, stderr = run("verify", exported, code=2)
    assert f"export bundle {exported}` makes one of it" in stderr


def test_the_command_prints_checks_and_ends_with_3_where_one_fails(bundle: Path) -> None:
    assert "all that was checked holds" in run("verify", bundle)[0]
    (bundle / "MODEL_CARD.md").write_text("another")
    stdout, _ = run("verify", bundle, "--json", code=3)
    found = json.loads(stdout)
    assert not found["ok"]
    assert "MODEL_CARD.md has another digest" in next(
        one["problem"] for one in found["checks"] if one["name"] == "digests"
    )
    run("verify", bundle, "--runtime", "litert", code=2)
    run("verify", bundle / "classifier_int8.tflite", "--key", "x", code=2)
