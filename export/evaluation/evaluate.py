"""How good files and networks are on labelled pictures, and how far from one another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from _edgeship.errors import EdgeshipError, InputError, VerificationError
from _edgeship.export.evaluation.candidates import Asked, Candidate, load_candidate
from _edgeship.export.evaluation.classes import labels_of
from _edgeship.export.evaluation.counting import Counting
from _edgeship.export.evaluation.data import Pictures, open_data
from _edgeship.export.evaluation.disagreements import check_folder, save
from _edgeship.export.evaluation.results import Evaluation
from _edgeship.export.evaluation.running import (
    FailedError,
    Runner,
    one_thread_each,
    open_runner,
    run_all,
    workers,
)
from _edgeship.terminal.progress import Listener

#: Files that take longer are announced with the time that they will take.
_LONG_SECONDS = 60


@dataclass(frozen=True)
class Question:
    """What is to be evaluated.

    Attributes:
        names: Files and networks, the reference first.
        data: A folder, a zip file or a list of pictures.
        asked: What the user says about networks and pictures.
        labels: The classes in the order of the scores; empty to find out.
        ignore_labels: Whether to compare the files with the reference only.
        limit: The most pictures; None for all.
        seed: Draws these.
        disagreements: Folder for the pictures on which a file and the reference differ.
    """

    names: tuple[str, ...]
    data: Path
    asked: Asked = field(default_factory=Asked)
    labels: tuple[str, ...] = ()
    ignore_labels: bool = False
    limit: int | None = None
    seed: int = 0
    disagreements: Path | None = None


def evaluate(question: Question, listener: Listener | None = None) -> Evaluation:
    """Run files and networks on pictures.

    Args:
        question: What to run, and on what.
        listener: Is told how far it is.

    Raises:
        InputError: A file, the pictures, their labels or an option is wrong.
        UnsupportedError: Nothing here can run a file.
        VerificationError: A runtime fails on the first file; others that it fails on are in
            `Evaluation.failed`.
    """
    listener = listener or Listener()
    if question.disagreements is not None:
        check_folder(question.disagreements)
        if len(question.names) == 1:
            raise InputError(
                "--save-disagreements needs two files that can differ.",
                todo="name another file, or the one to compare with: --reference",
            )
    failed: dict[str, VerificationError] = {}
    with (
        open_data(question.data) as pictures,
        _loaded(question, failed, listener) as candidates,
    ):
        if question.ignore_labels:
            pictures = pictures.without_labels()
        if question.limit is not None:
            pictures = pictures.limited(question.limit, question.seed)
        with one_thread_each():
            runners = []
            for candidate in candidates:
                with _or_left_out(candidate.name, question, failed):
                    runners.append(open_runner(candidate, pictures.pictures))
                    _announce(runners[-1], len(pictures.pictures), listener)
            while True:
                try:
                    found = _evaluated(question, pictures, runners, listener)
                except FailedError as error:
                    with _or_left_out(error.name, question, failed):
                        raise error.error from None
                    # What was counted so far counts pictures with it.
                    runners = [one for one in runners if one.candidate.name != error.name]
                else:
                    return replace(found, failed={name: _line(e) for name, e in failed.items()})


def _line(error: VerificationError) -> str:
    return " ".join(f"{error.what} {error.why}".split())


@contextmanager
def _or_left_out(
    name: str, question: Question, failed: dict[str, VerificationError]
) -> Iterator[None]:
    """Note that a runtime fails on a file; if it is the first, the others have no reference.

    Raises:
        VerificationError: It is the first.
    """
    try:
        with _named(name):
            yield
    except VerificationError as error:
        if name.partition(" --weights ")[0] == question.names[0]:
            raise
        failed[name] = error


@contextmanager
def _loaded(
    question: Question, failed: dict[str, VerificationError], listener: Listener
) -> Iterator[list[Candidate]]:
    with ExitStack() as stack:
        candidates = []
        for name in question.names:
            listener.say(f"opening {name}")
            with _or_left_out(name, question, failed):
                candidates.append(load_candidate(name, question.asked))
                stack.callback(candidates[-1].close)
        yield candidates


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Say in errors which of the files is meant."""
    try:
        yield
    except EdgeshipError as error:
        if name not in str(error):
            error.where = f"{name}, {error.where}" if error.where else name
        raise


def _announce(runner: Runner, pictures: int, listener: Listener) -> None:
    """Tell how long a slow file will take."""
    threads = workers() if runner.candidate.parallel else 1
    seconds = runner.each * pictures / threads
    if seconds > _LONG_SECONDS:
        listener.announce(
            f"{runner.candidate.name} takes {runner.each * 1e3:.0f} ms a picture: about "
            f"{seconds / 60:.0f} min for {pictures:,} pictures"
        )


def _classes(candidate: Candidate, words: Collection[str | None]) -> tuple[str, ...]:
    """Return the classes of a file in the order of its scores, as the pictures are labelled."""
    if candidate.classes:
        return candidate.classes
    return candidate.labels if set(words) <= set(candidate.labels) else ()


def _evaluated(
    question: Question, pictures: Pictures, runners: Sequence[Runner], listener: Listener
) -> Evaluation:
    candidates = [runner.candidate for runner in runners]
    labels = None
    if pictures.labelled:
        words = {picture.label for picture in pictures.pictures}
        found = {one.name: _classes(one, words) for one in candidates}
        recorded = {name: classes for name, classes in found.items() if classes}
        labels = labels_of(pictures, question.labels, recorded)
    counted = Counting(candidates, labels, len(pictures.pictures))
    listener.begin(len(pictures.pictures))
    for chunk in run_all(runners, pictures.pictures):
        counted.add(chunk)
        if question.disagreements is not None and not chunk.start:
            counted.predictions()  # refuses what has none now, and not after the last picture
        listener.done(chunk.start + len(chunk.outputs[0]))
    if question.disagreements is not None:
        save(question.disagreements, pictures, labels, counted.predictions())
    return Evaluation(
        source=pictures.source,
        pictures=len(pictures.pictures),
        classes=counted.labels.order if counted.labels is not None else "",
        notes=(*(note for one in candidates for note in one.notes), *counted.notes()),
        files=tuple(counted.file(index, runner) for index, runner in enumerate(runners)),
        comparisons=tuple(counted.comparison(index) for index in range(1, len(runners))),
    )
