"""Exported probes: made once, whole, and again where the code has changed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from _edgeship.device_bench.studies import probe_files as module
from _edgeship.device_bench.studies.probe_files import probe_files
from _edgeship.errors import VerificationError
from _edgeship.export import pipeline
from _edgeship.export.contract.request import Request
from _edgeship.models import catalog


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Put a quick export in place of the real one, and collect what it is asked for."""
    requests: list[Request] = []

    def export(request: Request) -> SimpleNamespace:
        requests.append(request)
        assert request.out is not None
        for suffix in ("fp32", "int8"):
            (request.out / f"{request.model}_{suffix}.tflite").write_bytes(b"a file")
        return SimpleNamespace(notes=["a note"])

    monkeypatch.setattr(pipeline, "export", export)
    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "cache"))
    return requests


def _fetch(schemes: tuple[str, ...] = ("none", "int8")) -> dict[str, Path]:
    return probe_files("probe_g1_arm_1to1", schemes, lambda text: None)


def test_files_are_exported_once(exports: list[Request]) -> None:
    said: list[str] = []
    files = probe_files("probe_g1_arm_1to1", ("none", "int8"), said.append)
    assert said == ["exporting probe_g1_arm_1to1 (none, int8)"]
    assert {scheme: path.name for scheme, path in files.items()} == {
        "none": "probe_g1_arm_1to1_fp32.tflite",
        "int8": "probe_g1_arm_1to1_int8.tflite",
    }
    assert all(path.read_bytes() == b"a file" for path in files.values())
    [request] = exports
    assert (request.schemes, request.calib) == (("none", "int8"), "random")
    assert probe_files("probe_g1_arm_1to1", ("none", "int8"), said.append) == files
    assert len(exports) == len(said) == 1


def test_a_damaged_file_is_exported_again(exports: list[Request]) -> None:
    files = _fetch()
    files["int8"].write_bytes(b"damaged")
    assert _fetch()["int8"].read_bytes() == b"a file"
    assert len(exports) == 2


def test_other_code_or_versions_give_other_files(
    exports: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = {_fetch()["none"].parent}
    monkeypatch.setattr(module, "_versions", lambda: [b"torch 99"])
    folders.add(_fetch()["none"].parent)
    monkeypatch.setattr(module, "_code", lambda: [b"other code"])
    folders.add(_fetch()["none"].parent)
    folders.add(_fetch(("none",))["none"].parent)
    assert len(folders) == len(exports) == 4


def test_the_code_is_that_of_compiler_and_networks() -> None:
    code = module._code()
    for source in (pipeline.__file__, catalog.__file__):
        assert Path(source).read_bytes() in code
    assert len(code) > 200


def test_a_failed_export_leaves_nothing(
    exports: list[Request], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(request: Request) -> None:
        assert request.out is not None
        (request.out / "half").write_bytes(b"")
        raise VerificationError("It differs.")

    monkeypatch.setattr(pipeline, "export", fail)
    with pytest.raises(VerificationError):
        _fetch()
    assert list((tmp_path / "cache").rglob("half")) == []


@pytest.mark.slow
def test_a_real_probe_has_a_manifest_with_its_mult_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from _edgeship.device_bench.measurement.subjects import read_subjects

    monkeypatch.setenv("EDGESHIP_CACHE", str(tmp_path / "cache"))
    files = probe_files("probe_g4_plain_c32", ("none", "int8"), lambda text: None)
    subjects = [subject for subject, _ in read_subjects(list(files.values()))]
    assert [subject.scheme for subject in subjects] == ["none", "int8"]
    assert {subject.mult_adds for subject in subjects} == {10 * 56 * 56 * (2 * 32 * 8 + 9 * 8 * 8)}
    assert all(subject.untrained for subject in subjects)
