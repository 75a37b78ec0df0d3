"""Keys change with whatever decides a file, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from _edgeship.errors import InputError
from _edgeship.export.sweep import keys
from _edgeship.export.sweep.keys import Digests, imported_by
from _edgeship.export.sweep.variants import Variant
from tests.export.command_line import write_network

ONE = Variant("net", "net.onnx", "tflite", "none")


@pytest.fixture
def folder(tmp_path) -> Path:
    write_network(tmp_path / "net.onnx")
    return tmp_path


def key(folder: Path, one: Variant = ONE) -> str:
    return Digests(folder).decided(one).key


def test_what_is_asked_for_decides(folder):
    others = [
        replace(ONE, target="onnx"),
        replace(ONE, scheme="int8"),
        replace(ONE, given={"ranges": "mse"}),
    ]

    assert len({key(folder, one) for one in (ONE, *others)}) == 4
    # What tables call it does not.
    assert key(folder, replace(ONE, network="another", options="plain")) == key(folder)


def test_bytes_decide_and_times_do_not(folder):
    before = key(folder)
    content = (folder / "net.onnx").read_bytes()
    (folder / "net.onnx").write_bytes(content)
    (folder / "another.onnx").write_bytes(b"")
    assert key(folder) == before

    write_network(folder / "net.onnx", seed=1)
    assert key(folder) != before


def test_folders_of_pictures_and_weights_decide(folder):
    (folder / "pictures").mkdir()
    (folder / "pictures" / "1.png").write_bytes(b"1")
    (folder / "weights.pth").write_bytes(b"1")
    one = replace(ONE, files=("pictures", "weights.pth"))
    before = key(folder, one)

    (folder / "pictures" / "2.png").write_bytes(b"2")
    more = key(folder, one)
    (folder / "weights.pth").write_bytes(b"2")

    assert len({before, more, key(folder, one)}) == 3


def test_code_counts_with_what_it_imports_beside_it(folder):
    (folder / "net.py").write_text("def build():\n    from parts import block\n    import numpy\n")
    (folder / "parts.py").write_text("block = 1\n")
    (folder / "unused.py").write_text("")
    one = replace(ONE, model="net.py:build")
    before = key(folder, one)

    assert [path.name for path in imported_by(folder / "net.py")] == ["net.py", "parts.py"]
    (folder / "unused.py").write_text("changed = 1\n")
    assert key(folder, one) == before
    (folder / "parts.py").write_text("block = 2\n")
    assert key(folder, one) != before


def test_what_code_reads_can_be_named(folder):
    (folder / "net.py").write_text("def build(): ...\n")
    (folder / "table.csv").write_text("1")
    one = replace(ONE, model="net.py:build", depends=("*.csv",))
    before = key(folder, one)

    (folder / "table.csv").write_text("2")

    assert key(folder, one) != before
    with pytest.raises(InputError, match="Nothing matches"):
        key(folder, replace(one, depends=("*.txt",)))


def test_versions_and_our_own_code_decide(folder, monkeypatch):
    before = key(folder)

    monkeypatch.setattr(keys, "versions", lambda: {"torch": "9.9"})
    newer = key(folder)
    monkeypatch.setattr(keys, "own_code", lambda: "changed")

    assert len({before, newer, key(folder)}) == 3
