"""The exports of a sweep: what is there already is found, and the rest becomes jobs."""

from __future__ import annotations

import hashlib
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from _edgeship.export.sweep.artifacts import Artifacts, Made
from _edgeship.export.sweep.exporting import FUNCTION
from _edgeship.export.sweep.jobs import Engine, Job, Message, Outcome
from _edgeship.export.sweep.keys import Decided, Digests
from _edgeship.export.sweep.sweep_file import Limits
from _edgeship.export.sweep.turns import Alone, Held, Turns
from _edgeship.export.sweep.variants import Variant, by_export
from _edgeship.export.sweep.waiting import Waiting

#: Seconds that a wait for results takes at most, so that Ctrl-C is seen.
_LOOK = 0.5

#: The exit code of `UnsupportedError`: it will be refused again, whatever is tried.
REFUSED = 4

Status = Literal["ok", "refused", "failed"]


@dataclass(frozen=True)
class Finished:
    """What became of a variant.

    Attributes:
        variant: Which.
        status: ``ok``, ``refused`` (the target cannot express it), or ``failed``.
        made: What is known of it, unless it failed.
        why: The sentence, unless it is there.
        code: The exit code that `python -m export` has for it; 0 if it is there.
        before: Whether it was made before this run.
        node: The machine that made it; "" for this one.
    """

    variant: Variant
    status: Status
    made: Made | None = None
    why: str = ""
    code: int = 0
    before: bool = False
    node: str = ""


@dataclass
class Counts:
    """How much was done.

    Attributes:
        started: Exports that were started.
        again: Of these, those that had been started before: lost with a machine, or taken apart.
        found: Variants that were made before.
    """

    started: int = 0
    again: int = 0
    found: int = 0


class Source(Protocol):
    """What gives jobs to an engine and takes their outcomes."""

    def take(self, engine: Engine) -> Sequence[Job]:
        """Return the jobs that can be submitted now."""

    def hear(self, message: Message) -> None:
        """Take what one of its jobs says."""

    def done(self, outcome: Outcome) -> None:
        """Take the outcome of one of its jobs."""

    @property
    def waiting(self) -> bool:
        """Whether it has jobs to submit, now or later."""


def drive(engine: Engine, sources: Sequence[Source], check: Callable[[], None]) -> None:
    """Run the jobs of all sources until none is left.

    Args:
        engine: Where they run.
        sources: What has them; the outcome of one's job may give another one further jobs.
        check: Called often; it raises what is to end everything.
    """
    owners: dict[str, Source] = {}
    while True:
        for source in sources:
            for job in source.take(engine):
                owners[job.id] = source
                engine.submit(job)
        if not owners and not any(source.waiting for source in sources):
            return
        for one in engine.wait(_LOOK):
            if isinstance(one, Message):
                owners[one.job].hear(one)
            else:
                owners.pop(one.job).done(one)
        check()


@dataclass
class _Export:
    """An export that is to be made, or is being made."""

    variants: list[Variant]
    lost: int = 0
    again: bool = False
    result: Path | None = None
    held: Held | None = None


@dataclass
class Exports(Waiting[_Export]):
    """The source of all exports of a sweep.

    Attributes:
        artifacts: Where they are kept.
        folder: That of the sweep file.
        limits: What one export may take.
        tell: Called with each variant that is finished, those that were made before first.
        say: Called with a sentence where an export is run again.
        turns: Whose turn each export is.
        counts: How much was done so far.
    """

    artifacts: Artifacts
    folder: Path
    limits: Limits
    tell: Callable[[Finished], None]
    say: Callable[[str], None] = lambda text: None
    turns: Turns = field(default_factory=Alone)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self._digests = Digests(self.folder)
        self._queue: deque[_Export] = deque()
        self._running: dict[str, _Export] = {}

    def plan(self, variants: Sequence[Variant], check: Callable[[], None]) -> None:
        """Tell what is there already, and queue the rest.

        Args:
            variants: Everything that is wanted.
            check: Called often; it raises what is to end everything.

        Raises:
            InputError: A file that decides an export cannot be read.
        """
        for group in by_export(variants):
            check()
            missing = self._tell_what_is_there(group)
            if missing:
                self._queue.append(_Export(missing))

    def _tell_what_is_there(self, group: Sequence[Variant]) -> list[Variant]:
        """Tell which variants were made before, and return the others."""
        missing = []
        for one in group:
            made = self.artifacts.find(self._decided(one).key)
            if made is None:
                missing.append(one)
                continue
            self.counts.found += 1
            status: Status = "ok" if made.status == "ok" else "refused"
            code = 0 if status == "ok" else REFUSED
            self.tell(Finished(one, status, made, made.why, code, before=True))
        return missing

    def _is_left(self, export: _Export) -> bool:
        export.variants = self._tell_what_is_there(export.variants)
        return bool(export.variants)

    def _ended_elsewhere(self, export: _Export, why: str) -> None:
        for one in self._tell_what_is_there(export.variants):
            self.tell(Finished(one, "failed", why=why, code=3))

    def _name(self, export: _Export) -> str:
        keys = "".join(self._decided(one).key for one in export.variants)
        return f"export/{self.turns.place()}/{hashlib.sha256(keys.encode()).hexdigest()}"

    def hear(self, message: Message) -> None:
        """Take no notice of the stage that an export is in."""

    def done(self, outcome: Outcome) -> None:
        """Keep what an export made; queue again what was lost, or may do better in parts."""
        export = self._running.pop(outcome.job)
        try:
            if outcome.ending == "lost" and export.lost < self.limits.retries:
                self.say(
                    f"again: {' '.join(filter(None, export.variants[0].export))}. {outcome.why}"
                )
                self._queue.appendleft(replace(export, lost=export.lost + 1, again=True))
            elif self._apart(export, outcome):
                parts = [
                    _Export([one], export.lost, again=True, held=export.held)
                    for one in export.variants
                ]
                if export.held is not None:
                    export.held.left += len(parts) - 1
                self._queue.extendleft(reversed(parts))
            else:
                why = ""
                for finished in self._finished(export, outcome):
                    why = why or (finished.why if finished.status == "failed" else "")
                    self.tell(finished)
                if export.held is not None:
                    export.held.part_ended(self.turns, why)
        finally:
            if export.result is not None:
                shutil.rmtree(export.result, ignore_errors=True)

    def _job(self, export: _Export) -> Job:
        self.counts.started += 1
        self.counts.again += export.again
        name = f"export-{self.counts.started}"
        first = export.variants[0]
        export.result = self.artifacts.work(name)
        self._running[name] = export
        files = [self._decided(one).files for one in export.variants]
        return Job(
            id=name,
            function=FUNCTION,
            payload={
                "model": first.model,
                "target": first.target,
                "schemes": [one.scheme for one in export.variants],
                "given": dict(first.given),
            },
            memory_bytes=self.limits.memory,
            seconds=60 * self.limits.minutes,
            root=self.folder,
            inputs=tuple(dict.fromkeys(name for some in files for name in some)),
            result=export.result,
        )

    def _decided(self, one: Variant) -> Decided:
        return self._digests.decided(one)

    def _apart(self, export: _Export, outcome: Outcome) -> bool:
        """Return whether some schemes may come out well without the others."""
        if len(export.variants) == 1:
            return False
        if outcome.ending in ("memory", "time", "died"):
            return True
        failed = outcome.value.get("failed", {})
        codes = {error["code"] for error in failed.values()}
        return bool(outcome.value.get("whole")) and codes == {3}

    def _finished(self, export: _Export, outcome: Outcome) -> Iterator[Finished]:
        if outcome.ending != "done":
            # Of limits and lost machines, not of what the network is.
            for one in export.variants:
                yield Finished(one, "failed", why=outcome.why, code=3, node=outcome.node)
            return
        if "error" in outcome.value:
            value = {
                "failed": dict.fromkeys([v.scheme for v in export.variants], outcome.value["error"])
            }
        else:
            value = dict(outcome.value)
        for one in export.variants:
            known = value.get("made", {}).get(one.scheme)
            if known is not None:
                yield self._keep(one, known, export, outcome)
                continue
            error = value["failed"][one.scheme]
            why = sentence(error)
            if error["code"] != REFUSED:
                yield Finished(one, "failed", why=why, code=error["code"], node=outcome.node)
                continue
            decided = self._decided(one)
            made = Made(
                key=decided.key,
                status="refused",
                why=why,
                seconds=outcome.seconds,
                peak_bytes=outcome.peak_bytes,
                decided_by=dict(decided.parts),
            )
            made = self.artifacts.keep(made, None)
            yield Finished(one, "refused", made, why, REFUSED, node=outcome.node)

    def _keep(
        self, one: Variant, known: Mapping[str, Any], export: _Export, outcome: Outcome
    ) -> Finished:
        if export.result is None:
            raise RuntimeError("an export without a folder")
        decided = self._decided(one)
        made = Made(
            key=decided.key,
            status="ok",
            seconds=outcome.seconds,
            peak_bytes=outcome.peak_bytes,
            decided_by=dict(decided.parts),
            **known,
        )
        made = self.artifacts.keep(made, export.result / one.scheme)
        return Finished(one, "ok", made, node=outcome.node)


def sentence(error: Mapping[str, Any]) -> str:
    """Return an error of a job as one line, with its reason."""
    parts = [error["what"], error["why"] and f"({error['why']})", error["where"]]
    return " ".join(" ".join(filter(None, parts)).split())
