"""APKs: which one `--runner` names, and what is none."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.app import placing
from _edgeship.device_bench.runners import find as runners
from _edgeship.device_bench.runners.app_package import check_accelerator, read_package
from _edgeship.device_bench.runners.app_runner import AppRunner
from _edgeship.errors import InputError
from tests.device_bench.runners.scripted_phone import apk


def test_it_is_found_by_name_and_by_file(tmp_path: Path, monkeypatch) -> None:
    app = apk(tmp_path / "own: a.apk")
    monkeypatch.setattr(placing, "default_apk", lambda tell: app)
    for name in ("app", f"app:{app}"):
        assert runners.runner(name).name == "app"
    with pytest.raises(InputError, match="is no app") as caught:
        runners.runner("app:/nothing.apk")
    assert "app build" in caught.value.todo


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"\x7fELF"])
def test_a_file_that_is_no_app(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no app"):
        AppRunner(path)


def test_a_damaged_app_is_refused_or_read_and_nothing_else(tmp_path: Path) -> None:
    whole = apk(tmp_path / "whole.apk", arm64v8a=b"a library" * 100).read_bytes()
    path = tmp_path / "a.apk"
    refused = 0
    for index in range(len(whole)):
        for changed in (0, 0xFF):
            path.write_bytes(whole[:index] + bytes([changed]) + whole[index + 1 :])
            try:
                AppRunner(path)
            except InputError:
                refused += 1
    assert refused > len(whole) / 4


def test_another_kind_of_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.apk"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match="is no app") as caught:
        AppRunner(path)
    assert "AndroidManifest.xml" in caught.value.why


def with_accelerator(app: Path, name: str) -> Path:
    with zipfile.ZipFile(app, "a") as packed:
        packed.writestr(name, b"an accelerator")
    return app


def test_an_app_knows_for_which_phones_it_has_an_accelerator(tmp_path: Path) -> None:
    plain = read_package(apk(tmp_path / "a.apk", arm64v8a=b"a library"))
    assert plain.for_gpus == frozenset()
    check_accelerator(plain, "cpu", "arm64-v8a")
    with pytest.raises(InputError, match="no accelerator for GPUs for arm64-v8a") as caught:
        check_accelerator(plain, "gpu", "arm64-v8a")
    assert "app build --litert" in caught.value.todo
    name = "lib/arm64-v8a/libLiteRtGpuAccelerator.so"
    packed = read_package(with_accelerator(apk(tmp_path / "b.apk"), name))
    check_accelerator(packed, "gpu", "arm64-v8a")
    with pytest.raises(InputError, match="x86_64"):
        check_accelerator(packed, "gpu", "x86_64")
