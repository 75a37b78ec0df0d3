"""Keys and signatures: one key is made and kept, a user's key is used, tampering is found."""

from __future__ import annotations

import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from _edgeship.device_bench.app import signing
from _edgeship.device_bench.app.packing import data_offset
from _edgeship.device_bench.app.project import versions
from _edgeship.device_bench.app.signing import Key, sign, signing_key, verify
from _edgeship.device_bench.processes.base import Completed
from _edgeship.device_bench.processes.running import run_process
from _edgeship.errors import DeviceError, InputError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in ("keytool", "apksigner", "zipalign")),
        reason="needs the Debian packages openjdk-17-jdk-headless apksigner zipalign",
    ),
]


@pytest.fixture(scope="module")
def own_key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    """The key that is made for a cache without one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGESHIP_CACHE", str(tmp_path_factory.mktemp("cache")))
        return signing_key(None)


@pytest.fixture(scope="module")
def users_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key store as a user has one."""
    return store(tmp_path_factory.mktemp("key") / "own.p12", "a secret", "me")


def store(path: Path, password: str, *aliases: str) -> Path:
    for alias in aliases:
        done = run_process(
            [
                *("keytool", "-genkeypair", "-keystore", str(path), "-storetype", "PKCS12"),
                *("-storepass", password, "-alias", alias, "-dname", f"CN={alias}"),
                *("-keyalg", "RSA", "-keysize", "2048"),
            ],
            timeout=60,
        )
        assert done.code == 0, done.out
    return path


@pytest.fixture
def unsigned(tmp_path: Path) -> Path:
    """As little as apksigner takes: it reads no more of the app than the list of its files."""
    path = tmp_path / "unsigned.apk"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("AndroidManifest.xml", b"x" * 64)
        archive.writestr("classes.dex", b"dex")
    return path


def test_a_key_is_made_once_and_is_its_owners_alone(own_key: Key, monkeypatch) -> None:
    monkeypatch.setenv("EDGESHIP_CACHE", str(own_key.path.parent))
    assert own_key.path.stat().st_mode & 0o777 == 0o600
    before = own_key.path.read_bytes()
    assert signing_key(None) == own_key
    assert own_key.path.read_bytes() == before


def test_of_several_at_once_one_makes_it(cache, monkeypatch) -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_bytes(b"key")

    monkeypatch.setattr(signing, "_make", make)
    threads = [threading.Thread(target=signing_key, args=(None,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_the_same_key_gives_the_same_bytes(own_key: Key, unsigned: Path, tmp_path: Path) -> None:
    for name in ("a.apk", "b.apk"):
        sign(unsigned, tmp_path / name, own_key, versions())
    assert (tmp_path / "a.apk").read_bytes() == (tmp_path / "b.apk").read_bytes()
    signer = verify(tmp_path / "a.apk", versions())
    assert len(signer) == 64


def test_an_unsigned_app_and_a_changed_one_do_not_verify(
    own_key: Key, unsigned: Path, tmp_path: Path
) -> None:
    with pytest.raises(DeviceError, match="signatures do not hold"):
        verify(unsigned, versions())
    signed = tmp_path / "signed.apk"
    sign(unsigned, signed, own_key, versions())
    data = bytearray(signed.read_bytes())
    with signed.open("rb") as file, zipfile.ZipFile(file) as archive:
        data[data_offset(file, archive.getinfo("classes.dex"))] ^= 1
    signed.write_bytes(data)
    with pytest.raises(DeviceError, match="signatures do not hold"):
        verify(signed, versions())


def test_signatures_of_only_one_scheme_are_not_enough(
    own_key: Key, unsigned: Path, tmp_path: Path, monkeypatch
) -> None:
    real = signing.run_tool

    def without_v3(argv: list[str], package: str, *, seconds: float) -> Completed:
        at = argv.index("--v3-signing-enabled")
        return real([*argv[: at + 1], "false", *argv[at + 2 :]], package, seconds=seconds)

    with monkeypatch.context() as patch:
        patch.setattr(signing, "run_tool", without_v3)
        sign(unsigned, tmp_path / "v2.apk", own_key, versions())
    with pytest.raises(DeviceError, match="signatures do not hold"):
        verify(tmp_path / "v2.apk", versions())


class TestUsersKey:
    def test_it_signs(self, users_key, unsigned: Path, tmp_path: Path, monkeypatch) -> None:
        key = signing_key(users_key)
        monkeypatch.setenv("EDGESHIP_KEY_PASSWORD", "a secret")
        sign(unsigned, tmp_path / "signed.apk", key, versions())
        assert len(verify(tmp_path / "signed.apk", versions())) == 64

    @pytest.mark.parametrize("password", ["wrong", None])
    def test_a_wrong_or_missing_password(
        self, password: str | None, users_key, unsigned: Path, tmp_path: Path, monkeypatch
    ) -> None:
        key = signing_key(users_key)
        monkeypatch.delenv("EDGESHIP_KEY_PASSWORD", raising=False)
        if password is not None:
            monkeypatch.setenv("EDGESHIP_KEY_PASSWORD", password)
        with pytest.raises(InputError, match="cannot be signed with --key") as caught:
            sign(unsigned, tmp_path / "signed.apk", key, versions())
        assert "EDGESHIP_KEY_PASSWORD" in caught.value.todo
        assert not (tmp_path / "signed.apk").exists()

    def test_several_keys_in_a_store(
        self, users_key, unsigned: Path, tmp_path: Path, monkeypatch
    ) -> None:
        several = tmp_path / "several.p12"
        shutil.copy(users_key, several)
        key = signing_key(store(several, "a secret", "you"))
        monkeypatch.setenv("EDGESHIP_KEY_PASSWORD", "a secret")
        with pytest.raises(InputError, match="cannot be signed") as caught:
            sign(unsigned, tmp_path / "signed.apk", key, versions())
        assert "one key" in caught.value.todo

    def test_no_key_store(self, unsigned: Path, tmp_path: Path, monkeypatch) -> None:
        (tmp_path / "text").write_text("no key")
        monkeypatch.setenv("EDGESHIP_KEY_PASSWORD", "a secret")
        with pytest.raises(InputError, match="cannot be signed"):
            sign(unsigned, tmp_path / "signed.apk", signing_key(tmp_path / "text"), versions())
        with pytest.raises(InputError, match="there is no such file"):
            signing_key(tmp_path / "absent")
