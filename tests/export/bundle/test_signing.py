"""Signatures that the program minisign accepts, and its own, which are accepted here."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import minisign
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.bundle import signing
from _edgeship.export.bundle.signing import check, sign

SUMS = b"0123  shufflenet_v2_int8.tflite\n"

here = pytest.mark.skipif(shutil.which("minisign") is None, reason="needs Debian's minisign")


def program(folder: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (a program of Debian)
        ["minisign", *words],  # noqa: S607
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the list, and a pair of keys without a password, as minisign makes them."""
    (tmp_path / "SHA256SUMS").write_bytes(SUMS)
    made = program(tmp_path, "-G", "-W", "-p", "key.pub", "-s", "key")
    assert made.returncode == 0, made.stderr
    return tmp_path


@pytest.fixture(scope="module")
def pair() -> minisign.KeyPair:
    return minisign.KeyPair.generate()


@pytest.fixture
def keys(tmp_path: Path, pair: minisign.KeyPair) -> tuple[Path, str]:
    """A secret key without a password and its public key, made by the library."""
    (tmp_path / "secret").write_bytes(bytes(pair.secret_key) + b"\n")
    (tmp_path / "secret.pub").write_bytes(bytes(pair.public_key) + b"\n")
    return tmp_path / "secret", str(tmp_path / "secret.pub")


@here
def test_minisign_accepts_our_signature_and_not_that_of_other_data(folder: Path) -> None:
    (folder / signing.NAME).write_bytes(sign(SUMS, folder / "key"))
    checked = program(folder, "-V", "-m", "SHA256SUMS", "-p", "key.pub")
    assert checked.returncode == 0, checked.stderr
    assert "Trusted comment: file:SHA256SUMS\thashed" in checked.stdout
    (folder / "SHA256SUMS").write_bytes(SUMS.replace(b"0", b"1"))
    assert program(folder, "-V", "-m", "SHA256SUMS", "-p", "key.pub").returncode != 0


@here
def test_we_accept_minisigns_signature_by_the_file_and_by_the_text_of_a_key(folder: Path) -> None:
    made = program(folder, "-S", "-m", "SHA256SUMS", "-s", "key", "-t", "release 7")
    assert made.returncode == 0, made.stderr
    signature = (folder / signing.NAME).read_bytes()
    text = (folder / "key.pub").read_text().splitlines()[1]
    assert check(SUMS, signature, str(folder / "key.pub")).endswith("(release 7)")
    assert check(SUMS, signature, text) == f"signed with the key {text} (release 7)"


@here
def test_minisign_reads_a_protected_key_that_we_sign_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = minisign.KeyPair.generate()
    # minisign's own limits take 1 GiB and seconds; the file says which were used.
    pair.secret_key.encrypt("päss word", opslimit=1 << 15, memlimit=1 << 24)
    (folder / "own").write_bytes(bytes(pair.secret_key) + b"\n")
    (folder / "own.pub").write_bytes(bytes(pair.public_key) + b"\n")
    monkeypatch.setenv(signing.PASSWORD, "päss word")
    ours = sign(SUMS, folder / "own")
    made = program(
        folder, "-S", "-m", "SHA256SUMS", "-s", "own", "-t", "file:SHA256SUMS\thashed",
        typed="päss word\n",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert (folder / signing.NAME).read_bytes() == ours


def test_equal_data_have_equal_signatures(keys: tuple[Path, str]) -> None:
    secret, public = keys
    assert sign(SUMS, secret) == sign(SUMS, secret)
    assert "file:SHA256SUMS hashed" in check(SUMS, sign(SUMS, secret), public)


def test_other_data_other_keys_and_other_comments_are_refused(keys: tuple[Path, str]) -> None:
    secret, public = keys
    signature = sign(SUMS, secret, comment="release 1")
    with pytest.raises(VerificationError, match="not one of these files") as found:
        check(SUMS + b"x", signature, public)
    assert found.value.why == "what was signed is not what is here"
    with pytest.raises(VerificationError, match="not one of these files"):
        check(SUMS, signature.replace(b"release 1", b"release 2"), public)
    other = minisign.KeyPair.generate().public_key.to_base64().decode()
    with pytest.raises(VerificationError) as found:
        check(SUMS, signature, other)
    assert found.value.why == "it was made with another key"


@pytest.mark.parametrize("damaged", [b"", b"\xff" * 300, b"a\nb\nc\nd\n"])
def test_a_signature_that_is_none_is_a_failed_verification(
    keys: tuple[Path, str], damaged: bytes
) -> None:
    with pytest.raises(VerificationError, match="cannot be read"):
        check(SUMS, damaged, keys[1])


def test_every_byte_of_a_signature_counts(keys: tuple[Path, str]) -> None:
    secret, public = keys
    signature = sign(SUMS, secret)
    start = signature.index(b"\n") + 1  # the first line is a comment that nothing covers
    # The last character of each line in base64 is "=", or holds bits that base64 leaves unused.
    lasts = {signature.index(b"\n", start) - offset for offset in (1, 2)}
    lasts |= {len(signature) - offset for offset in (1, 2, 3, 4)}
    for place in range(start, len(signature), 7):
        if place in lasts:
            continue
        damaged = bytearray(signature)
        damaged[place] ^= 1
        with pytest.raises(VerificationError):
            check(SUMS, bytes(damaged), public)


def test_keys_that_are_none_are_wrong_input(tmp_path: Path, keys: tuple[Path, str]) -> None:
    secret, _ = keys
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    for wrong in (tmp_path / "text", tmp_path / "large", tmp_path / "none", tmp_path):
        with pytest.raises(InputError, match=wrong.name):
            sign(SUMS, wrong)
        with pytest.raises(InputError, match=wrong.name):
            check(SUMS, sign(SUMS, secret), str(wrong))
    with pytest.raises(InputError, match="public key"):  # the two exchanged
        check(SUMS, sign(SUMS, secret), str(secret))


def test_a_wrong_password_and_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = minisign.KeyPair.generate()
    pair.secret_key.encrypt("right", opslimit=1 << 15, memlimit=1 << 24)
    (tmp_path / "own").write_bytes(bytes(pair.secret_key) + b"\n")
    with pytest.raises(InputError, match="cannot be unlocked") as found:
        sign(SUMS, tmp_path / "own", password=lambda: "secret-word")
    assert "secret-word" not in str(found.value)
    monkeypatch.delenv(signing.PASSWORD, raising=False)
    with (tmp_path / "own").open() as nothing, monkeypatch.context() as patched:
        patched.setattr("sys.stdin", nothing)
        with pytest.raises(InputError, match="protected by a password") as found:
            sign(SUMS, tmp_path / "own")
    assert signing.PASSWORD in found.value.todo


def test_a_password_is_typed_blindly(tmp_path: Path) -> None:
    pair = minisign.KeyPair.generate()
    pair.secret_key.encrypt("right", opslimit=1 << 15, memlimit=1 << 24)
    (tmp_path / "own").write_bytes(bytes(pair.secret_key) + b"\n")
    code = (
        "import sys; from pathlib import Path; from _edgeship.export.bundle.signing import sign; "
        "sys.stderr.write(sign(b'data', Path(sys.argv[1])).decode())"
    )
    seen, status = _on_a_terminal(["-c", code, str(tmp_path / "own")], "right\n")
    assert status == 0, seen
    assert "Password of the secret key:" in seen
    assert "trusted comment: file:SHA256SUMS" in seen
    assert "right" not in seen


def _on_a_terminal(words: list[str], typed: str) -> tuple[str, int]:
    """Return what Python shows on a terminal of its own, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.pop(signing.PASSWORD, None)
        os.execv(sys.executable, [sys.executable, *words])  # noqa: S606  (no shell)
    seen = b""
    try:
        while b"key: " not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, typed.encode())
        while chunk := os.read(terminal, 1024):
            seen += chunk
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(terminal)
    _, status = os.waitpid(child, 0)
    return seen.decode(errors="replace"), os.waitstatus_to_exitcode(status)


def test_without_the_package_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minisign", None)
    with pytest.raises(InputError, match="py-minisign") as found:
        check(SUMS, b"", "RW")
    assert "edgeship[signing]" in found.value.todo
