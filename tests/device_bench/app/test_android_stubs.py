"""Android's classes, out of a package of Debian 11 that apt or the user brings."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from _edgeship.device_bench.app import android_stubs
from _edgeship.device_bench.app.android_stubs import check_obtainable, put_stubs
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.running import run_process
from _edgeship.errors import DeviceError

MEMBER = android_stubs._MEMBER
DEB = android_stubs._DEB

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb")


def package(folder: Path, member: str = MEMBER) -> Path:
    """Write a small package of Debian with one file."""
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    control = ("Package: a", "Version: 1", "Architecture: all", "Maintainer: a", "Description: a")
    (root / "DEBIAN" / "control").write_text("\n".join(control) + "\n")
    (root / member).parent.mkdir(parents=True)
    (root / member).write_bytes(b"the classes")
    deb = folder / "small.deb"
    argv = ["dpkg-deb", "--root-owner-group", "-b", str(root), str(deb)]
    assert run_process(argv, timeout=30).code == 0
    return deb


@pytest.fixture(autouse=True)
def pins(tmp_path, monkeypatch, cache) -> Path:
    """A package that counts as the published one."""
    deb = package(tmp_path)
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    monkeypatch.setattr(android_stubs, "_DEB_SHA256", digest)
    jar = hashlib.sha256(b"the classes").hexdigest()
    monkeypatch.setattr(android_stubs, "_JAR_SHA256", jar)
    return deb


@pytest.fixture
def apt(pins, tmp_path, monkeypatch) -> list[str]:
    """Plays apt-get; the sources of the machine name a mirror. Returns what was called."""
    etc = tmp_path / "apt" / "sources.list.d"
    etc.mkdir(parents=True)
    (etc / "debian.sources").write_text(
        "# URIs: http://old.example/debian\nTypes: deb\nURIs: http://mirror.example/debian\n"
    )
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.delenv("EDGESHIP_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr(android_stubs, "_SOURCES", tmp_path / "apt")
    monkeypatch.setattr(android_stubs, "_KEYRING", keyring)
    called: list[str] = []
    real = android_stubs.run_tool

    def play(argv: list[str], package: str, *, seconds: float) -> Completed:
        if argv[0] != "sh":
            return real(argv, package, seconds=seconds)
        folder = Path(argv[4])
        called.append(" ".join(argv[5:]))
        assert "http://mirror.example/debian bullseye main" in (folder / "sources.list").read_text()
        assert str(folder) in (folder / "apt.conf").read_text()
        if argv[5] == "download":
            shutil.copy(pins, folder / DEB)
        return Completed(0, "", "")

    monkeypatch.setattr(android_stubs, "run_tool", play)
    return called


def test_apt_fetches_it_with_lists_of_its_own(apt, tmp_path) -> None:
    folder = tmp_path / "stubs"
    folder.mkdir()
    put_stubs(folder)
    assert (folder / "android.jar").read_bytes() == b"the classes"
    assert apt == ["update", "download libandroid-23-java=6.0.1+r72-6"]
    assert not list(tmp_path.glob("download.*"))


def test_a_package_that_lies_in_the_cache_is_taken(pins, apt, cache, tmp_path) -> None:
    (cache / "debs").mkdir(parents=True)
    shutil.copy(pins, cache / "debs" / DEB)
    put_stubs(tmp_path)
    assert (tmp_path / "android.jar").read_bytes() == b"the classes"
    assert apt == []


def test_another_package_is_refused(cache, tmp_path) -> None:
    (cache / "debs").mkdir(parents=True)
    (cache / "debs" / DEB).write_bytes(b"evil")
    with pytest.raises(DeviceError, match="is not the published one"):
        put_stubs(tmp_path)


def test_another_jar_is_refused(apt, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(android_stubs, "_JAR_SHA256", "0" * 64)
    with pytest.raises(DeviceError, match=r"android-23\.jar is not the published one"):
        put_stubs(tmp_path)


def test_a_machine_without_a_mirror_is_told_what_to_do(tmp_path, cache, monkeypatch) -> None:
    monkeypatch.delenv("EDGESHIP_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr(android_stubs, "_SOURCES", tmp_path / "none")
    with pytest.raises(DeviceError, match="cannot be fetched") as caught:
        put_stubs(tmp_path)
    assert f"put {DEB} into {cache / 'debs'}" in caught.value.todo
    assert "EDGESHIP_DEBIAN_MIRROR" in caught.value.todo
    with pytest.raises(DeviceError, match="cannot be fetched"):
        check_obtainable()


def test_a_machine_without_a_mirror_takes_one_that_is_named(apt, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(android_stubs, "_SOURCES", tmp_path / "none")
    monkeypatch.setattr(android_stubs, "_KEYRING", tmp_path / "none")
    monkeypatch.setenv("EDGESHIP_DEBIAN_MIRROR", "http://mirror.example/debian")
    check_obtainable()
    put_stubs(tmp_path)
    assert (tmp_path / "android.jar").read_bytes() == b"the classes"


@pytest.mark.parametrize(
    "named", ["mirror.example", "http://a b", "http://x [trusted=yes]", "file:/x"]
)
def test_what_is_no_address_is_refused(named: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("EDGESHIP_DEBIAN_MIRROR", named)
    with pytest.raises(DeviceError, match="is no address of a mirror"):
        put_stubs(tmp_path)


def test_apt_without_a_network_is_quoted(apt, tmp_path, monkeypatch) -> None:
    failed = Completed(100, "", "E: Failed to fetch the lists")
    monkeypatch.setattr(android_stubs, "run_tool", lambda *words, **rest: failed)
    with pytest.raises(DeviceError, match="cannot be fetched") as caught:
        put_stubs(tmp_path)
    assert caught.value.where == "apt-get update"
    assert "Failed to fetch" in caught.value.why
