"""libLiteRt.so for another machine than this one, with pip played by a function."""

from __future__ import annotations

import hashlib
import shutil
import zipfile

import pytest

from _edgeship.device_bench.building import litert_library, wheels
from _edgeship.device_bench.building.litert_library import copy_library, litert_version
from _edgeship.device_bench.processes.base import Completed
from _edgeship.errors import DeviceError

MEMBER = "ai_edge_litert/libLiteRt.so"


class TestWheel:
    ABI = "arm64-v8a"

    @pytest.fixture(autouse=True)
    def elsewhere(self, monkeypatch, cache) -> None:
        monkeypatch.setattr(litert_library, "host_abi", lambda: "x86_64")
        self.downloads = 0

    def publish(self, monkeypatch, tmp_path, *, member: str = MEMBER, known: bool = True) -> bytes:
        source = tmp_path / "litert.whl"
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr(member, b"the library")
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        table = {(litert_version(), self.ABI): digest} if known else {}
        monkeypatch.setattr(litert_library, "_WHEELS", table)

        def pip(argv: list[str], package: str, *, seconds: float) -> Completed:
            self.downloads += 1
            folder = next(word for word in argv if word.startswith("--dest=")).partition("=")[2]
            shutil.copy(source, folder)
            return Completed(0, "", "")

        monkeypatch.setattr(wheels, "run_tool", pip)
        return source.read_bytes()

    def test_it_is_fetched_once(self, monkeypatch, tmp_path) -> None:
        self.publish(monkeypatch, tmp_path)
        for _ in range(2):
            note = copy_library(self.ABI, tmp_path / "lib")
            assert (tmp_path / "lib").read_bytes() == b"the library"
            assert "SHA-256 is the published" in note
        assert self.downloads == 1

    def test_a_damaged_wheel_is_fetched_again(self, monkeypatch, tmp_path, cache) -> None:
        self.publish(monkeypatch, tmp_path)
        copy_library(self.ABI, tmp_path / "lib")
        (wheel,) = cache.glob("wheels/*/*.whl")
        wheel.write_bytes(b"damaged")
        copy_library(self.ABI, tmp_path / "lib")
        assert self.downloads == 2

    def test_another_wheel_than_the_published_is_refused(self, monkeypatch, tmp_path, cache):
        self.publish(monkeypatch, tmp_path)
        table = {(litert_version(), self.ABI): "0" * 64}
        monkeypatch.setattr(litert_library, "_WHEELS", table)
        with pytest.raises(DeviceError, match="not the published") as caught:
            copy_library(self.ABI, tmp_path / "lib")
        assert "0" * 64 in caught.value.why
        assert not list(cache.rglob("*.whl"))

    def test_a_version_without_a_known_digest_is_said(self, monkeypatch, tmp_path) -> None:
        self.publish(monkeypatch, tmp_path, known=False)
        assert "is not in our table" in copy_library(self.ABI, tmp_path / "lib")

    def test_a_wheel_without_the_library_is_refused(self, monkeypatch, tmp_path) -> None:
        self.publish(monkeypatch, tmp_path, member="other")
        with pytest.raises(DeviceError, match=r"no ai_edge_litert/libLiteRt\.so"):
            copy_library(self.ABI, tmp_path / "lib")

    def test_pip_s_failure_is_quoted(self, monkeypatch, tmp_path) -> None:
        failed = Completed(1, "", "ERROR: no matching distribution\x1b[0m\n")
        monkeypatch.setattr(wheels, "run_tool", lambda *words, **rest: failed)
        with pytest.raises(DeviceError, match="cannot be downloaded") as caught:
            copy_library(self.ABI, tmp_path / "lib")
        assert "no matching distribution?[0m" in caught.value.why
