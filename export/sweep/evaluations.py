"""The evaluations of a sweep: files that are there become jobs, what was evaluated is found."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from _edgeship.errors import InputError
from _edgeship.export.contract.labels import read_labels
from _edgeship.export.contract.recorded import MANIFEST
from _edgeship.export.evaluation.data import open_data
from _edgeship.export.sweep.artifacts import Artifacts, Made
from _edgeship.export.sweep.evaluated import Evaluated, Keeping, Kept
from _edgeship.export.sweep.evaluating import FUNCTION
from _edgeship.export.sweep.jobs import Job, Message, Outcome
from _edgeship.export.sweep.keys import own_code
from _edgeship.export.sweep.running import REFUSED, Finished, sentence
from _edgeship.export.sweep.sweep_file import Evaluate, Limits
from _edgeship.export.sweep.turns import Alone, Held, Turns
from _edgeship.export.sweep.variants import Variant, matches
from _edgeship.export.sweep.waiting import Waiting

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Judged:
    """What became of the evaluation of a variant.

    Attributes:
        variant: Which.
        status: ``ok``, ``refused`` (nothing here can run its file), or ``failed``.
        found: What was found, unless it failed.
        why: The sentence, unless it is there.
        before: Whether it was evaluated before this run.
    """

    variant: Variant
    status: Literal["ok", "refused", "failed"]
    found: Evaluated | None = None
    why: str = ""
    before: bool = False


@dataclass
class _Work:
    """Files of one export that are evaluated beside the network, with their keys."""

    files: list[tuple[Variant, Made, str]]
    lost: int = 0
    held: Held | None = None


@dataclass
class Evaluations(Waiting[_Work]):
    """The source of the jobs that evaluate.

    Attributes:
        wanted: What the sweep file says about them.
        artifacts: Where the files are.
        folder: That of the sweep file.
        limits: What one evaluation may take: as one export.
        tell: Called with each variant that was judged.
        say: Called with a sentence where an evaluation is run again.
        kept: Where evaluations are kept; in the folder of the sweep by default.
        turns: Whose turn each evaluation is.

    Raises:
        InputError: The pictures or the names of the classes cannot be read.
    """

    wanted: Evaluate
    artifacts: Artifacts
    folder: Path
    limits: Limits
    tell: Callable[[Judged], None]
    say: Callable[[str], None] = lambda text: None
    kept: Keeping | None = None
    turns: Turns = field(default_factory=Alone)
    started: int = 0
    _queue: deque[_Work] = field(default_factory=deque)
    _running: dict[str, _Work] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._kept = self.kept or Kept(self.artifacts.folder)
        self._data = (self.folder / self.wanted.data).resolve()
        named = self.wanted.labels
        self._labels = () if named is None else read_labels(self.folder / named)
        self._pictures = _digest(self._data, self.wanted)

    def add(self, group: Sequence[Finished]) -> None:
        """Queue the files of one export that are there now, but for those evaluated before."""
        chosen = [
            (one.variant, one.made, self._key(one.made))
            for one in group
            if one.made is not None and one.status == "ok" and matches(self.wanted, one.variant)
        ]
        missing = self._tell_what_is_there(chosen)
        if missing:
            self._queue.append(_Work(missing))

    def _tell_what_is_there(
        self, files: Sequence[tuple[Variant, Made, str]]
    ) -> list[tuple[Variant, Made, str]]:
        """Tell which files were evaluated before, and return the others."""
        missing = []
        for variant, made, key in files:
            found = self._kept.find(key)
            if found is None:
                missing.append((variant, made, key))
            else:
                self.tell(Judged(variant, found.status, found, found.why, before=True))
        return missing

    def _name(self, work: _Work) -> str:
        keys = "".join(key[:16] for _, _, key in work.files)
        return f"evaluation/{self.turns.place()}/{keys}"

    def _is_left(self, work: _Work) -> bool:
        work.files = self._tell_what_is_there(work.files)
        return bool(work.files)

    def _ended_elsewhere(self, work: _Work, why: str) -> None:
        for variant, _, _ in self._tell_what_is_there(work.files):
            self.tell(Judged(variant, "failed", why=why))

    def hear(self, message: Message) -> None:
        """Take no notice: they say nothing."""

    def done(self, outcome: Outcome) -> None:
        """Keep what was found; queue again what was lost, and files apart that failed together."""
        work = self._running.pop(outcome.job)
        error = outcome.value.get("error")
        why = outcome.why if error is None else sentence(error)
        if outcome.ending == "lost" and work.lost < self.limits.retries:
            self.say(f"evaluated again: {work.files[0][0].title}. {outcome.why}")
            self._queue.appendleft(replace(work, lost=work.lost + 1))
        elif outcome.ending == "done" and error is None:
            for variant, made, key in work.files:
                known = outcome.value["found"][self._path(made)]
                self._keep(variant, made, key, known, outcome)
            self._end(work)
        elif len(work.files) > 1:
            if work.held is not None:
                work.held.left += len(work.files) - 1
            parts = [_Work([one], work.lost, work.held) for one in work.files]
            self._queue.extendleft(reversed(parts))
        else:
            [(variant, made, key)] = work.files
            if error is not None and error["code"] == REFUSED:
                refused = Evaluated(key=key, status="refused", sha256=made.sha256, why=why)
                self._kept.keep(refused)
                self.tell(Judged(variant, "refused", refused, why))
                self._end(work)
            else:
                self.tell(Judged(variant, "failed", why=why))
                self._end(work, why)

    def _end(self, work: _Work, why: str = "") -> None:
        if work.held is not None:
            work.held.part_ended(self.turns, why)

    def _keep(
        self, variant: Variant, made: Made, key: str, known: dict[str, Any], outcome: Outcome
    ) -> None:
        found = Evaluated(
            key=key,
            status="ok",
            sha256=made.sha256,
            seconds=outcome.seconds,
            peak_bytes=outcome.peak_bytes,
            **known,
        )
        self._kept.keep(found)
        self.tell(Judged(variant, "ok", found))

    def _key(self, made: Made) -> str:
        """Return the digest of what decides an evaluation.

        The key of an export stands for its file, its network, its manifest and what runs them.
        """
        parts = [made.key, self._pictures, self._labels, self.wanted.ignore_labels, own_code()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _path(self, made: Made, name: str = "") -> str:
        place = self.artifacts.place(made.key).relative_to(self.artifacts.root)
        return (place / (name or made.file)).as_posix()

    def _network(self, made: Made) -> str:
        """Return the .onnx file that a file was made of, which lies beside it."""
        manifest = json.loads((self.artifacts.place(made.key) / MANIFEST).read_bytes())
        return self._path(made, manifest["onnx"]["file"])

    def _job(self, work: _Work) -> Job:
        self.started += 1
        name = f"evaluation-{self.started}"
        self._running[name] = work
        first = work.files[0][1]
        network = self._network(first)
        beside = [
            path.relative_to(self.artifacts.root).as_posix()
            for _, made, _ in work.files
            for path in sorted(self.artifacts.place(made.key).rglob("*"))
            if path.is_file()
        ]
        return Job(
            id=name,
            function=FUNCTION,
            payload={
                "network": network,
                "files": [self._path(made) for _, made, _ in work.files],
                "data": str(self._data),
                "labels": list(self._labels),
                "ignore_labels": self.wanted.ignore_labels,
                "limit": self.wanted.limit,
                "seed": self.wanted.seed,
            },
            memory_bytes=self.limits.memory,
            seconds=60 * self.limits.minutes,
            root=self.artifacts.root,
            inputs=tuple(beside),
        )


def _digest(data: Path, wanted: Evaluate) -> str:
    """Return the digest of the pictures that are taken: of their names, classes and bytes."""
    digest = hashlib.sha256()
    if not data.exists():
        raise InputError(
            f"{wanted.data}, which the sweep evaluates on, does not exist.",
            where=str(data.parent),
            todo="paths are relative to the sweep file",
        )
    with open_data(data) as pictures:
        if wanted.ignore_labels:
            pictures = pictures.without_labels()
        elif not pictures.labelled:
            raise InputError(
                f"The pictures in {wanted.data} have no classes.",
                todo="add ignore-labels = true to [evaluate], to compare files with networks only",
            )
        if wanted.limit is not None:
            pictures = pictures.limited(wanted.limit, wanted.seed)
        digest.update(pictures.source.encode())
        for one in pictures.pictures:
            digest.update(f"\0{one.name}\0{one.label}\0".encode())
            with one.open() as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
    return digest.hexdigest()
