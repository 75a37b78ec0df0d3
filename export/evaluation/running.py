"""One pass over the pictures: each is read once, and every file and network runs on it."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from _edgeship.errors import InputError, VerificationError
from _edgeship.export.calibration.preprocess import check_channels, normalize, read_pixels
from _edgeship.export.evaluation.candidates import Candidate, Run
from _edgeship.export.evaluation.data import Picture

#: Outputs for one picture, without a batch axis.
Found = list[NDArray[np.float32]]

#: Pictures that a thread takes at once, in one batch where that can be.
BATCH = 32

#: Most bytes of outputs that wait to be counted, of all threads together.
MOST_BYTES = 1 << 30

#: How far outputs of a batch may be from those of single pictures, as a part of the largest: what
#: float32 rounds away where sums are taken in another order.
_SAME = 1e-5

Item = TypeVar("Item")


@dataclass
class Runner:
    """A candidate that has been opened.

    Attributes:
        candidate: What it is.
        run: Runs arrays of `batch` pictures.
        batch: Pictures in each of them.
        each: Seconds that a picture took, when it was tried.
        size: Bytes of the outputs for a picture.
        lock: Held while it runs, where threads have to take turns.
    """

    candidate: Candidate
    run: Run
    batch: int
    each: float
    size: int = 0
    lock: Lock | nullcontext[None] = field(default_factory=nullcontext)

    def outputs(self, pictures: NDArray[np.float32]) -> list[Found]:
        """Return the outputs for each picture (N, ...)."""
        count = len(pictures)
        # The last batch is filled up with its last picture.
        filled = -count % self.batch
        padded = np.concatenate([pictures, np.repeat(pictures[-1:], filled, axis=0)])
        batches = np.split(padded, len(padded) // self.batch)
        rows = [row for outputs in self.run(batches) for row in self._rows(outputs)]
        return rows[:count]

    def _rows(self, outputs: Sequence[NDArray[np.float32]]) -> Iterator[Found]:
        if self.batch == 1:
            yield [one[0] if one.ndim and len(one) == 1 else one for one in outputs]
            return
        for one in outputs:
            if one.ndim == 0 or len(one) != self.batch:
                raise InputError(
                    f"{self.candidate.name} gives no output for each picture of a batch.",
                    why=f"for {self.batch} pictures, an output has the shape {one.shape}",
                )
        yield from ([one[index] for one in outputs] for index in range(self.batch))


@dataclass(frozen=True)
class Chunk:
    """What came of some pictures that follow one another.

    Attributes:
        start: Number of the first of them.
        outputs: Per candidate, per picture.
        seconds: Per candidate, how long it ran.
    """

    start: int
    outputs: list[list[Found]]
    seconds: list[float]


def open_runner(candidate: Candidate, pictures: Sequence[Picture]) -> Runner:
    """Open a candidate, and find out whether it gives the same for pictures in batches.

    Files made for one picture may run on a batch and compute something else; so this is tried.

    Args:
        candidate: What to open.
        pictures: The first of them are what it is tried on.

    Raises:
        EdgeshipError: It does not run.
    """
    fixed = candidate.spec.shape[0]
    single = Runner(candidate, candidate.open(None), fixed, 0.0)
    [inputs] = _inputs([candidate], pictures[:1])
    # The first run prepares what later ones use.
    single.size = sum(one.nbytes for one in single.outputs(inputs)[0])
    count = (BATCH if _fits(BATCH * single.size) else 1) if fixed == 1 else fixed
    [inputs] = _inputs([candidate], pictures[:count])
    start = time.perf_counter()
    expected = single.outputs(inputs)
    single.each = (time.perf_counter() - start) / len(inputs)
    found = single
    if fixed == 1 and len(inputs) == BATCH:
        found = _batched(single, inputs, expected) or single
    if not candidate.parallel:
        found.lock = Lock()
    return found


def _fits(size: int) -> bool:
    """Return whether every thread may hold outputs of so many bytes."""
    return size * (workers() + 1) <= MOST_BYTES


def _batched(
    single: Runner, inputs: NDArray[np.float32], expected: Sequence[Found]
) -> Runner | None:
    """Return a runner on batches, if it is faster and gives the same as the one on pictures."""
    try:
        batched = Runner(single.candidate, single.candidate.open(BATCH), BATCH, 0.0, single.size)
        outputs = batched.outputs(inputs)
        start = time.perf_counter()
        batched.outputs(inputs)
    # What comes here depends on what the file computes: it is not made for batches.
    except (VerificationError, InputError):
        return None
    batched.each = (time.perf_counter() - start) / BATCH
    same = all(
        len(left) == len(right) and all(map(_alike, left, right))
        for left, right in zip(outputs, expected, strict=True)
    )
    return batched if same and batched.each < single.each else None


def _alike(left: NDArray[np.float32], right: NDArray[np.float32]) -> bool:
    if left.shape != right.shape:
        return False
    largest = float(np.abs(right).max(initial=0))
    return bool(np.allclose(left, right, rtol=0, atol=_SAME * largest, equal_nan=True))


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let PyTorch use one thread for each of ours, if anything here runs in PyTorch.

    Threads that work on pictures of their own never wait for one another, as those do that share
    the operators of one picture.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def workers() -> int:
    """Return how many threads run pictures side by side: of all cores, or OMP_NUM_THREADS."""
    most = os.environ.get("OMP_NUM_THREADS", "")
    cores = os.cpu_count() or 1
    return max(1, min(cores, int(most))) if most.isdigit() else cores


def run_all(runners: Sequence[Runner], pictures: Sequence[Picture]) -> Iterator[Chunk]:
    """Yield what all candidates give for all pictures, in order.

    Args:
        runners: The candidates.
        pictures: What they are fed.

    Raises:
        EdgeshipError: A picture cannot be read, or outputs do not fit.
        FailedError: A runtime fails on a candidate.
    """
    pool = ThreadPoolExecutor(workers())
    size = sum(runner.size for runner in runners)
    count = BATCH if _fits(BATCH * size) else 1
    starts = range(0, len(pictures), count)
    # More than one for each thread keeps all busy.
    ahead = max(1, min(2 * workers(), MOST_BYTES // max(count * size, 1) - 1))

    def work(start: int) -> Chunk:
        return _chunk(runners, pictures[start : start + count], start)

    try:
        yield from _ahead(pool, work, starts, ahead)
    finally:
        pool.shutdown(cancel_futures=True)


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[int], Item], starts: Sequence[int], ahead: int
) -> Iterator[Item]:
    """Yield results in order, with so many under way or waiting beside the one that is next."""
    waiting: deque[Future[Item]] = deque()
    for start in starts:
        waiting.append(pool.submit(work, start))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class FailedError(Exception):
    """A candidate that does not go on; the others may.

    Attributes:
        name: The candidate's.
        error: Why.
    """

    def __init__(self, name: str, error: VerificationError) -> None:
        super().__init__(name)
        self.name = name
        self.error = error


def _chunk(runners: Sequence[Runner], pictures: Sequence[Picture], start: int) -> Chunk:
    outputs: list[list[Found]] = []
    seconds: list[float] = []
    inputs = _inputs([runner.candidate for runner in runners], pictures)
    for runner, arrays in zip(runners, inputs, strict=True):
        with runner.lock:
            began = time.perf_counter()
            try:
                outputs.append(runner.outputs(arrays))
            except VerificationError as error:
                raise FailedError(runner.candidate.name, error) from error
            seconds.append(time.perf_counter() - began)
    return Chunk(start, outputs, seconds)


def _inputs(
    candidates: Sequence[Candidate], pictures: Sequence[Picture]
) -> list[NDArray[np.float32]]:
    """Return the pictures as each candidate takes them, (N, ...); each size is read once."""
    read: dict[tuple[tuple[int, int], int, float], list[NDArray[np.uint8]]] = {}
    inputs: list[NDArray[np.float32]] = []
    for one in candidates:
        channels, preprocess = one.picture[0], one.preprocess
        check_channels(channels, preprocess)
        key = one.size, channels, preprocess.crop
        if key not in read:
            read[key] = [_pixels(picture, *key) for picture in pictures]
        inputs.append(
            np.stack(
                [
                    one.spec.placed(normalize(each[::-1] if preprocess.bgr else each, preprocess))
                    for each in read[key]
                ]
            )
        )
    return inputs


def _pixels(
    picture: Picture, size: tuple[int, int], channels: int, crop: float
) -> NDArray[np.uint8]:
    with picture.open() as stream:
        return read_pixels(stream, size, channels, crop, name=picture.name)
