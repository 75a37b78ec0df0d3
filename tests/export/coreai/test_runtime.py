"""Apple's runtime in a process of its own: what it refuses, crashes and hangs on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.coreai.file import open_asset
from _edgeship.export.coreai.format.asset import asset_of, read_asset, write_asset
from _edgeship.export.coreai.lowering import lower
from _edgeship.export.coreai.runtime import session as sessions
from _edgeship.export.coreai.runtime.session import Session
from tests.export.onnx.graphs import graph, node, normal

SHAPES = {"x": (1, 4, 6, 6)}


@pytest.fixture(scope="module")
def asset() -> dict[str, bytes]:
    made = graph([node("Conv", "x w", "y")], SHAPES, {"y": (1, 3, 4, 4)}, {"w": normal(3, 4, 3, 3)})
    return asset_of(lower(made).program)


def test_a_process_runs_several_samples_and_ends(asset: dict[str, bytes]) -> None:
    with Session(asset) as session:
        process = session._process
        first = session.run({"x": normal(1, 4, 6, 6)})["y"]
        second = session.run({"x": 2 * normal(1, 4, 6, 6)})["y"]
        assert np.allclose(2 * first, second)
        assert process.poll() is None
    assert process.poll() == -signal.SIGKILL


def test_a_process_that_nobody_holds_ends(asset: dict[str, bytes]) -> None:
    session = Session(asset)
    process = session._process
    del session
    assert process.poll() is not None


def test_a_sample_of_another_shape_is_refused(asset: dict[str, bytes]) -> None:
    with Session(asset) as session, pytest.raises(VerificationError, match="runtime fails"):
        session.run({"x": normal(1, 4, 5, 6)})


def test_a_process_that_dies_is_told(asset: dict[str, bytes]) -> None:
    with Session(asset) as session:
        os.kill(session._process.pid, signal.SIGSEGV)
        with pytest.raises(VerificationError) as caught:
            session.run({"x": normal(1, 4, 6, 6)})
    assert "SIGSEGV" in caught.value.why


def test_a_process_that_takes_too_long_is_ended(
    asset: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(sessions, "_PROGRAM", program)
    with pytest.raises(VerificationError) as caught:
        Session(asset, limit_s=0.2)
    assert caught.value.why == "it did not finish within 0.2 s."


def test_what_is_written_is_read_again(asset: dict[str, bytes], tmp_path: Path) -> None:
    write_asset(asset, tmp_path / "one.aimodel")
    assert read_asset(tmp_path / "one.aimodel") == asset
    read = open_asset(tmp_path / "one.aimodel")
    assert read.inputs == SHAPES
    assert read.constants()["w"].shape == (3, 4, 3, 3)
    assert np.array_equal(read.constants()["w"], normal(3, 4, 3, 3))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_program_is_refused_in_one_sentence(
    asset: dict[str, bytes], tmp_path: Path, damage: str
) -> None:
    data = bytearray(asset["main.mlirb"])
    if damage == "flipped":
        data[20:40] = bytes(255 - one for one in data[20:40])
    spoiled = {"cut": bytes(data[: len(data) // 2]), "flipped": bytes(data), "empty": b""}[damage]
    write_asset({**asset, "main.mlirb": spoiled}, tmp_path / "one.aimodel")
    with pytest.raises(InputError, match="cannot be read"):
        open_asset(tmp_path / "one.aimodel")


@pytest.mark.parametrize(
    ("missing", "why"), [("metadata.json", "holds no metadata"), ("main.mlirb", "holds no main")]
)
def test_a_folder_without_its_files_is_none(
    asset: dict[str, bytes], tmp_path: Path, missing: str, why: str
) -> None:
    write_asset({k: v for k, v in asset.items() if k != missing}, tmp_path / "one.aimodel")
    with pytest.raises(InputError) as caught:
        open_asset(tmp_path / "one.aimodel")
    assert why in caught.value.why


def test_samples_that_take_long_are_shared_out_in_their_order(
    asset: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [{"x": factor * normal(1, 4, 6, 6)} for factor in range(1, 7)]
    alone = sessions.run_all(asset, samples)
    asked: list[float] = []

    def two(seconds: float, count: int, size: int) -> int:
        asked.append(seconds)
        return 2

    monkeypatch.setattr(sessions, "_helpers", two)
    shared = sessions.run_all(asset, samples)
    assert len(asked) == 1
    for factor, (one, other) in enumerate(zip(alone, shared, strict=True), 1):
        assert np.array_equal(one["y"], other["y"])
        assert np.allclose(other["y"], factor * alone[0]["y"])


def test_a_sample_that_fails_in_any_process_is_told(
    asset: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = [{"x": normal(1, 4, extent, 6)} for extent in (6, 5, 5, 5)]
    monkeypatch.setattr(sessions, "_helpers", lambda seconds, count, size: 1)
    with pytest.raises(VerificationError, match="runtime fails"):
        sessions.run_all(asset, samples)


def test_processes_are_started_for_long_runs_and_many_cores_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sessions.os, "cpu_count", lambda: 8)
    found = [sessions._helpers(seconds, 11, 10**6) for seconds in (0.1, 2.9, 3.1, 60.0)]
    assert found == [0, 0, 1, 3]
    assert sessions._helpers(60.0, 2, 10**6) == 1
    assert [sessions._helpers(60.0, 11, size) for size in (10**8, 10**9)] == [1, 0]
    monkeypatch.setattr(sessions.os, "cpu_count", lambda: 1)
    assert sessions._helpers(60.0, 11, 10**6) == 0
