"""Both files run apart from us on the same samples, and the distances are those known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.differences import outputs
from _edgeship.export.differences.compare import Asked, compare_deliveries
from _edgeship.export.differences.outputs import run_apart
from tests.export.evaluation.colours import SIDE, write_scores


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures whose channels each hold one number, twelve times."""
    means = np.array([[3, 1, 2], [1, 3, 2], [1, 2, 4]] * 12, np.float32)
    path = tmp_path_factory.mktemp("samples") / "samples.npy"
    np.save(path, np.tile(means[:, :, None, None], (1, 1, SIDE, SIDE)))
    return path


def test_distances_are_those_known_by_hand(tmp_path: Path, samples: Path) -> None:
    before = write_scores(tmp_path / "before.onnx")
    after = write_scores(tmp_path / "after.onnx", (1, 0.5, 1))
    found = compare_deliveries(before, after, Asked(samples=str(samples)))
    ran = found.files[0].outputs
    assert ran is not None
    [one] = ran.outputs
    # Green counts half: of (1, 3, 2), blue is the best then.
    halves = {(3, 1, 2): 0.5, (1, 3, 2): 1.5, (1, 2, 4): 1.0}
    inputs = np.load(samples)
    rows = [tuple(int(x) for x in each[:, 0, 0]) for each in inputs]
    assert ran.samples == 9  # a quarter of them, as for a verification
    assert one.max_abs == 1.5
    assert one.max_rel == pytest.approx(1.5 / 3)  # of numbers from 1 to 4
    assert one.top1_agreement == pytest.approx(2 / 3, abs=0.12)
    assert {rows[0], rows[1], rows[2]} == set(halves)
    assert "outputs differ: the same top-1 on" in found.in_words


def test_files_with_the_same_bytes_are_not_run(tmp_path: Path) -> None:
    before, after = (write_scores(tmp_path / f"{name}.onnx") for name in "ab")
    found = compare_deliveries(before, after, Asked())
    assert found.files[0].outputs is None
    assert found.files[0].same_bytes


def test_outputs_of_other_shapes_are_said_to_be_so(tmp_path: Path, samples: Path) -> None:
    before = write_scores(tmp_path / "before.onnx")
    after = write_scores(tmp_path / "after.onnx", (1, 1, 1), batch=3)
    found = compare_deliveries(before, after, Asked(samples=str(samples)))
    ran = found.files[0].outputs
    assert ran is not None
    assert "9 samples for the one and 3 for the other" in ran.problem
    assert found.verdict == "the app must change"


def test_a_process_that_ends_itself_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "crash.py"
    program.write_text("import os\nos.abort()\n")
    monkeypatch.setattr(outputs, "_PROGRAM", program)
    before = write_scores(tmp_path / "before.onnx")
    after = write_scores(tmp_path / "after.onnx", (1, 0.5, 1))
    ran = compare_deliveries(before, after, Asked()).files[0].outputs
    assert ran is not None
    assert ran.problem.startswith("before.onnx: before.onnx does not run. its process was ended")


def test_a_file_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(VerificationError) as found:
        run_apart(write_scores(tmp_path / "scores.onnx"), "random", limit_s=0.05)
    assert "did not finish" in found.value.why


def test_errors_of_the_process_keep_their_kind_and_words(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.npy"
    np.save(wrong, np.zeros((4, 5, 5), np.float32))
    with pytest.raises(InputError) as found:
        run_apart(write_scores(tmp_path / "scores.onnx"), str(wrong))
    assert "wrong.npy" in str(found.value)
