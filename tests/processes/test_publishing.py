"""Killed at any step of publishing: files are old or new, and the next export finishes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from _edgeship import publishing
from _edgeship.artifacts import PREFIX, OutputFolder

OLD, NEW = b"old", b"new"

#: What each step of a publication calls.
_STEPS = ((Path, "replace"), (Path, "rename"), (Path, "mkdir"), (Path, "write_text"))


def _write(folder: OutputFolder, content: bytes) -> None:
    folder.write("net.tflite", content)
    folder.write_folder("net.mlpackage", {"Data/model": content, "Manifest.json": content})
    folder.write("manifest.json", content)


def _state(path: Path) -> list[bytes]:
    """Return what each file holds; those of a folder must all hold the same."""
    [package] = {one.read_bytes() for one in (path / "net.mlpackage").rglob("*") if one.is_file()}
    return [(path / "net.tflite").read_bytes(), package, (path / "manifest.json").read_bytes()]


def _killed_after(path: Path, steps: int, exchanges: bool) -> bool:
    """Publish in a process that is killed before a step; return whether it came to its end."""
    pid = os.fork()
    if not pid:
        try:
            _publish_until(path, steps, exchanges)
        finally:
            os._exit(7)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL)
    return code == 0


def _publish_until(path: Path, steps: int, exchanges: bool) -> None:
    left = [steps]

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return step

    with OutputFolder(path) as folder:
        _write(folder, NEW)
        folder.reserve("failed.tflite")
        for place, name in _STEPS:
            setattr(place, name, counted(getattr(place, name)))
        found = counted(publishing._exchange) if exchanges else lambda left, right: False
        publishing._exchange = found
        folder.publish(["failed.tflite"])
        os._exit(0)  # as a process that is killed as soon as all is published


@pytest.mark.parametrize("exchanges", [True, False])
def test_whatever_the_moment_nothing_is_lost_and_nothing_is_left(
    tmp_path: Path, exchanges: bool
) -> None:
    begun = 0
    for steps in range(100):
        path = tmp_path / str(steps)
        with OutputFolder(path) as folder:
            _write(folder, OLD)
            folder.write("failed.tflite", OLD)
            folder.publish()
        done = _killed_after(path, steps, exchanges)
        if exchanges:  # elsewhere the name of a folder is free for an instant
            assert set(_state(path)) <= {OLD, NEW}
        begun += (path / "failed.tflite.previous").exists()
        with OutputFolder(path) as folder:
            folder.write("other.tflite", b"")
        # Once the list is written, all of it is done; before that, nothing is.
        assert _state(path) in ([OLD] * 3, [NEW] * 3)
        assert (path / "failed.tflite").exists() == (_state(path) == [OLD] * 3)
        assert not list(path.glob(f"{PREFIX}*"))
        if done:
            assert _state(path) == [NEW] * 3
            break
    assert begun >= 3  # otherwise the process was never killed in the middle
