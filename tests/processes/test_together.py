"""Several processes at once in one folder: nothing is lost, and nothing is left."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from _edgeship.artifacts import OutputFolder
from tests.processes.inputs import write_network
from tests.processes.work import done, started

_PROCESSES = 8


def _at_once(work: Callable[[int], None]) -> None:
    """Run a function in several forked processes at the same time."""
    pids = []
    for number in range(_PROCESSES):
        pid = os.fork()
        if not pid:
            code = 1
            try:
                work(number)
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0] * _PROCESSES


def test_what_is_made_of_what_lies_there_forgets_nobody(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def add(number: int) -> None:
        for turn in range(5):
            with OutputFolder(out) as folder:
                folder.write(f"{number}.{turn}", b"x")
                folder.write_folder("package", {"a": b"%d" % number, "b": b"%d" % number})
                with folder.alone():
                    known = out / "all.json"
                    names = json.loads(known.read_bytes()) if known.exists() else []
                    folder.write("all.json", json.dumps([*names, f"{number}.{turn}"]).encode())
                    folder.publish()

    _at_once(add)
    made = [f"{number}.{turn}" for number in range(_PROCESSES) for turn in range(5)]
    assert sorted(json.loads((out / "all.json").read_bytes())) == made
    assert sorted(path.name for path in out.iterdir()) == sorted([*made, "all.json", "package"])
    assert (out / "package" / "a").read_bytes() == (out / "package" / "b").read_bytes()


def test_who_fails_does_not_take_the_folder_from_the_others(tmp_path: Path) -> None:
    def fail(number: int) -> None:
        for _ in range(20):
            try:
                with OutputFolder(tmp_path / "a" / "b") as folder:
                    folder.write("x", b"x")
                    raise ValueError
            except ValueError:
                pass

    _at_once(fail)
    # An empty folder may stay: each leaves what it did not make, and what others still use.
    assert not [path for path in tmp_path.rglob("*") if path.name not in ("a", "b")]


@pytest.mark.slow
def test_two_exports_into_one_folder(tmp_path: Path) -> None:
    network, out = write_network(tmp_path / "in", 0), tmp_path / "out"
    processes = [
        started(("export", str(network), "--out", str(out), "--to", target), tmp_path)
        for target in ("tflite", "onnx")
    ]
    for process in processes:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_bytes())
    files = {one["file"] for each in (manifest, *manifest["earlier"]) for one in each["artifacts"]}
    assert files == {"net_fp32.tflite", "net_fp32.onnx"}
    assert {path.name for path in out.iterdir()} == {*files, "net.onnx", "manifest.json"}
    done(("export", "verify", str(out / "net_fp32.tflite")), tmp_path)
