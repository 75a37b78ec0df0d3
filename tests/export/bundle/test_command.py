"""`python -m export bundle`: the options of an export, and its own."""

from __future__ import annotations

import inspect
import json
import shutil
import zipfile
from pathlib import Path

import minisign
import pytest

from _edgeship.device_bench.results.records import Session
from _edgeship.device_bench.store.store import Store
from _edgeship.export.commands.bundle import bundle
from _edgeship.export.commands.convert import convert
from tests.device_bench.synthetic import PHONE, VIRTUAL, session
from tests.export.classifier import write_classifier
from tests.export.command_line import run


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """Return a copy of the exported files."""
    return Path(shutil.copytree(exported, tmp_path / "exported"))


def test_all_options_of_an_export_are_there() -> None:
    own = inspect.signature(bundle).parameters
    shared = inspect.signature(convert).parameters
    assert set(shared) - set(own) == set()
    assert set(own) - set(shared) == {"pictures", "store", "sign"}


def test_a_network_is_exported_and_bundled_without_what_lay_there(tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "classifier.onnx")
    out = tmp_path / "out"
    run(model, "--to", "onnx", "--out", out)
    stdout, _ = run("bundle", model, "--to", "onnx", "--quant", "fp16", "--out", out, "--quiet")
    assert stdout.split() == [str(out / f"classifier_bundle{end}") for end in ("", ".zip")]
    with zipfile.ZipFile(out / "classifier_bundle.zip") as archive:
        names = {Path(name).name for name in archive.namelist()}
    assert "classifier_fp16.onnx" in names
    assert "classifier_fp32.onnx" not in names


def test_a_folder_is_bundled_and_what_to_do_next_is_said(folder: Path) -> None:
    stdout, _ = run("bundle", folder)
    assert "WARNING: ACCURACY NOT MEASURED" in stdout
    assert f"python -m export verify {folder / 'classifier_bundle.zip'}" in stdout


@pytest.mark.parametrize("options", [("--quant", "int8"), ("--for", "gpu"), ("--license", "MIT")])
def test_options_of_an_export_do_not_go_with_a_folder(
    folder: Path, options: tuple[str, str]
) -> None:
    _, stderr = run("bundle", folder, *options, code=2)
    assert f"{options[0]} goes with a network" in stderr


def test_what_was_measured_is_in_the_card(folder: Path, tmp_path: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = manifest["artifacts"][0]["sha256"]
    with Store(tmp_path / "store.sqlite") as store:
        for whole in (_of(session(device=PHONE), digest), _of(_virtual(), digest)):
            store.begin(whole)
            store.finish(whole.id, True)
    run("bundle", folder, "--store", tmp_path / "store.sqlite")
    page = (folder / "classifier_bundle/card.html").read_text()
    assert "Pixel 9 Pro (Android 15 (API 35))" in page
    assert "EMULATED: what classifier_int8.tflite took on qemu-aarch64, cortex-a76" in page
    assert page.count("<strong>EMULATED</strong>") == 1
    run("bundle", folder, "--store", tmp_path / "nowhere", code=2)


def _virtual() -> Session:
    medians = (4.8e7, 3.1e7, 2.3e7)
    return session("20261122-152530-4f3b", VIRTUAL, medians)


def _of(whole: Session, digest: str) -> Session:
    """Return a session whose first file has this digest."""
    first, *others = whole.measurements
    subject = first.subject.model_copy(update={"sha256": digest})
    first = first.model_copy(update={"subject": subject})
    return whole.model_copy(update={"measurements": (first, *others)})


def test_a_signed_bundle_passes_with_the_right_key_only(folder: Path, tmp_path: Path) -> None:
    pair, other = minisign.KeyPair.generate(), minisign.KeyPair.generate()
    (tmp_path / "key").write_bytes(bytes(pair.secret_key) + b"\n")
    stdout, _ = run("bundle", folder, "--sign", tmp_path / "key", "--quiet")
    archive = stdout.split()[1]
    right, wrong = (one.public_key.to_base64().decode() for one in (pair, other))
    assert "signed with the key" in run("verify", archive, "--key", right)[0]
    assert "FAILED" in run("verify", archive, "--key", wrong, code=3)[0]
    assert "give the public key with --key" in run("verify", archive)[0]
    (folder / "classifier_bundle/SHA256SUMS.minisig").unlink()
    stdout, _ = run("verify", folder / "classifier_bundle", "--key", right, code=3)
    assert "has no SHA256SUMS.minisig" in stdout
