"""Pictures are fed one by one, or in batches where that gives the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.input_spec import InputSpec
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.evaluation import running
from _edgeship.export.evaluation.candidates import Candidate, load_candidate
from _edgeship.export.evaluation.data import Pictures, open_data
from _edgeship.export.evaluation.running import BATCH, FailedError, open_runner, run_all
from _edgeship.export.runtimes.values import Outputs
from tests.export.evaluation.colours import PLAIN, SIDE, write_picture, write_scores

COUNT = 75


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(COUNT):
        write_picture(folder / f"{index:03}.png", (index, 2 * index, 3 * index))
    with open_data(folder) as found:
        return found


#: Means of the channels as the networks are to give them.
MEANS = np.outer(np.arange(COUNT), (1, 2, 3)) / 255


def outputs(candidate: Candidate, pictures: Pictures) -> tuple[np.ndarray, int]:
    runner = open_runner(candidate, pictures.pictures)
    chunks = list(run_all([runner], pictures.pictures))
    assert [chunk.start for chunk in chunks] == list(range(0, COUNT, 32))
    assert all(chunk.seconds[0] > 0 for chunk in chunks)
    return np.array([one[0] for chunk in chunks for one in chunk.outputs[0]]), runner.batch


@pytest.mark.parametrize("batch", [1, 5, "N"])
def test_onnx_files_get_the_batches_that_they_take(
    tmp_path: Path, pictures: Pictures, batch: int | str
) -> None:
    candidate = load_candidate(str(write_scores(tmp_path / "a.onnx", batch=batch)), PLAIN)
    found, used = outputs(candidate, pictures)
    assert np.allclose(found, MEANS, atol=1e-6)
    # Whether a batch is faster for so small a network is a matter of luck.
    assert used in {1: (1,), 5: (5,), "N": (1, BATCH)}[batch]


def a_candidate(compute: Callable[[np.ndarray], np.ndarray], seconds: float = 0.0) -> Candidate:
    def open_it(batch: int | None) -> Callable[[Sequence[np.ndarray]], Outputs]:
        def run(arrays: Sequence[np.ndarray]) -> Outputs:
            import time

            time.sleep(seconds * len(arrays))
            return [[compute(array)] for array in arrays]

        return run

    plain = Preprocess((0.0,) * 3, (1.0,) * 3, 1.0)
    return Candidate("it", InputSpec((1, 3, SIDE, SIDE)), plain, open_it)


def means(array: np.ndarray) -> np.ndarray:
    return array.mean(axis=(2, 3))


def test_batches_that_give_the_same_sooner_are_used(pictures: Pictures) -> None:
    found, batch = outputs(a_candidate(means, 0.004), pictures)
    assert batch == BATCH
    assert np.allclose(found, MEANS, atol=1e-6)


@pytest.mark.parametrize(
    "compute",
    [
        lambda array: np.repeat(means(array)[:1], len(array), axis=0),  # the first, for all
        lambda array: means(array)[:1],  # no batch in the output
        lambda array: means(array) + 0.01 * (len(array) > 1),
        lambda array: means(array).reshape(1, -1),
    ],
)
def test_batches_that_give_anything_else_are_not(
    pictures: Pictures, compute: Callable[[np.ndarray], np.ndarray]
) -> None:
    found, batch = outputs(a_candidate(compute, 0.004), pictures)
    assert batch == 1
    assert np.allclose(found, MEANS, atol=1e-6)


def test_a_file_that_refuses_a_batch_is_fed_single_pictures(pictures: Pictures) -> None:
    def refuse(array: np.ndarray) -> np.ndarray:
        if len(array) > 1:
            raise VerificationError("No batches.")
        return means(array)

    assert outputs(a_candidate(refuse), pictures)[1] == 1


def test_a_batch_that_a_file_demands_must_be_in_its_outputs(pictures: Pictures) -> None:
    one = replace(a_candidate(lambda array: means(array)[:1]), spec=InputSpec((4, 3, SIDE, SIDE)))
    with pytest.raises(InputError, match="no output for each picture of a batch"):
        open_runner(one, pictures.pictures)


def test_errors_of_a_thread_are_those_of_the_pass(pictures: Pictures, tmp_path: Path) -> None:
    def fail(array: np.ndarray) -> np.ndarray:
        if array.max() > 0.7:
            raise VerificationError("It fails.")
        return means(array)

    runner = open_runner(a_candidate(fail), pictures.pictures)
    with pytest.raises(FailedError) as caught:
        list(run_all([runner], pictures.pictures))
    assert caught.value.name == runner.candidate.name
    assert caught.value.error.what == "It fails."


def test_damaged_pictures_are_named(tmp_path: Path) -> None:
    write_picture(tmp_path / "0.png", (1, 2, 3))
    (tmp_path / "1.png").write_bytes(b"\x89PNG and nothing else")
    with open_data(tmp_path) as found:
        runner = open_runner(a_candidate(means), found.pictures[:1])
        with pytest.raises(InputError, match=r"1\.png cannot be read"):
            list(run_all([runner], found.pictures))


def test_large_outputs_do_not_wait_by_the_hundred(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs of 4 kB, of which memory is to hold as many as there are threads, and four more."""
    monkeypatch.setattr(running, "MOST_BYTES", (running.workers() + 4) * 4096)
    computed: list[int] = []

    def large(x: np.ndarray) -> np.ndarray:
        computed.append(len(x))
        return np.zeros((len(x), 1024), np.float32)

    runner = open_runner(a_candidate(large), pictures.pictures)
    assert (runner.batch, runner.size, max(computed)) == (1, 4096, 1)
    computed.clear()
    for number, chunk in enumerate(run_all([runner], pictures.pictures), 1):
        assert [len(found) for found in chunk.outputs] == [1]
        # Those that wait, this one, and what threads have begun since.
        assert len(computed) <= number + running.workers() + 4
    assert number == COUNT
