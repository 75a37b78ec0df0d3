"""Whatever the process of a user's network answers, or fails to, is an answer or one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from _edgeship.export.network import user_replies
from _edgeship.export.network.user_replies import NoReplyError, Replies


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until the test is done."""
    running = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    yield running
    assert running.stdin is not None
    running.stdin.close()
    running.kill()
    running.wait()


def _answered(
    process: subprocess.Popen[bytes], folder: Path, data: bytes, do: str = "load"
) -> object:
    """Return what is read of an answer."""
    printed = folder / "printed.txt"
    printed.touch()
    reading, writing = os.pipe()
    os.write(writing, data)
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"):
        return Replies(process, pipe, printed).next(do)


@pytest.mark.parametrize(
    ("do", "data"),
    [
        ("load", b'{"result": null}\n'),
        ("capture", b'{"result": {"folds": true, "traced": "", "parameters": 3}}\n'),
        ("run", b'{"refused": {"what": "a", "why": "b", "todo": "", "unsupported": false}}\n'),
    ],
)
def test_answers(process: subprocess.Popen[bytes], tmp_path: Path, do: str, data: bytes) -> None:
    assert isinstance(_answered(process, tmp_path, data, do), dict)


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"nonsense\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"{}\n",
        b"3\n",
        b"[" * 20000 + b"\n",
        b'{"result": {"folds": 1, "traced": "", "parameters": 3}}\n',
        b'{"result": null}\n',
        b'{"result": null, "raised": null}\n',
        b'{"raised": "odd"}\n',
        b'{"raised": {"kind": 3, "message": "", "where": "", "traceback": ""}}\n',
        b'{"refused": {"what": "a"}}\n',
    ],
)
def test_what_is_no_answer(process: subprocess.Popen[bytes], tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NoReplyError, match="answered something that is no answer"):
        _answered(process, tmp_path, data, "capture")


def test_more_answers_than_requests(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with pytest.raises(NoReplyError, match="answered what it was not asked"):
        _answered(process, tmp_path, b'{"result": null}\n{"result": null}\n')


def test_an_answer_without_end(
    process: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_replies, "_MOST_BYTES", 100)
    with pytest.raises(NoReplyError, match="answered something that is no answer"):
        _answered(process, tmp_path, b"x" * 200)


def test_no_answer(
    process: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_replies, "_LIMIT_S", 0.3)
    with pytest.raises(NoReplyError, match=r"its process gave no answer within 0\.3 s"):
        _answered(process, tmp_path, b"")


def test_prints_without_end(
    process: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_replies, "_MOST_PRINTED", 1 << 20)
    (tmp_path / "printed.txt").write_bytes(b"x" * ((1 << 20) + 1))
    with pytest.raises(NoReplyError, match="it printed more than 1 MiB"):
        _answered(process, tmp_path, b"")


def test_memory_without_end(
    process: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_replies, "_MOST_MEMORY", 1e-7)
    with pytest.raises(NoReplyError, match=r"it took more than .* GiB of memory, 0% of what"):
        _answered(process, tmp_path, b"")
    assert process.poll() is not None


def test_the_end_of_the_process(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    process.kill()
    process.wait()
    with pytest.raises(NoReplyError, match=r"^$"):
        _answered(process, tmp_path, b'{"result"')
