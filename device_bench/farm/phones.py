"""Phones as resources: one job at a time on each, and jobs that go to another one.

A job is the files of one network, measured beside one another on one phone. When its phone dies,
another phone of the same model does the job; the rounds that were finished are in the store.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from _edgeship.device_bench.farm.phone_jobs import DESCRIBE, MEASURE
from _edgeship.device_bench.farm.values import ANY, Before, Measured, Phone, Work
from _edgeship.device_bench.farm.wire import from_json
from _edgeship.device_bench.measurement.events import Event
from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.errors import DeviceError
from _edgeship.export.sweep.jobs import Engine, Job, Message, Outcome
from _edgeship.export.sweep.turns import WINDOW, Alone, Held, Turns

#: The exit code of `DeviceError`: the phone's fault, as far as one can tell.
_DEVICE = 5

#: The most memory that a job takes on the machine that the phone hangs on.
_MEMORY = 2 * 10**9

_DESCRIBE_SECONDS = 120.0

#: Seconds until a phone that went away is looked for again, each time.
_LOOKS = (10.0, 30.0, 60.0, 120.0)

#: After so many jobs in a row that failed on it, a phone is left out.
_STRIKES = 3


@dataclass
class Phones:
    """The source of the jobs that need a phone.

    Attributes:
        selectors: The phones.
        on: Models to measure each work on, or `ANY`; None for each model that is there.
        options: Of `MeasurementOptions`, in JSON types.
        root: The folder that files lie in.
        command: The command line, for the record.
        known: Returns where files were measured in full, by their digests.
        keep: Called with each event of a session.
        tell: Called with each work that is finished.
        say: Called with a sentence about a phone.
        away_seconds: How long a session waits for a phone that went away.
        seconds: The most that a job may take.
        retries: How often a work goes to a phone again.
        turns: Whose turn each work is.
        shared: Whether other farms do the same sweep: what this one has no phone for is theirs.
    """

    selectors: Sequence[str]
    on: Sequence[str] | None
    options: Mapping[str, Any]
    root: Path
    command: str
    known: Callable[[Sequence[str]], Before]
    keep: Callable[[Event], None]
    tell: Callable[[Measured], None]
    say: Callable[[str], None] = lambda text: None
    away_seconds: float = 180.0
    seconds: float = 3600.0
    retries: int = 2
    turns: Turns = field(default_factory=Alone)
    shared: bool = False

    def __post_init__(self) -> None:
        self.phones = [Phone(selector) for selector in self.selectors]
        self.again = 0
        self.left = 0
        self._ready: deque[Work] = deque()
        self._queues: dict[str, deque[Work]] = {}  # by what works are wanted on
        self._running: dict[str, tuple[Phone, Work | None]] = {}
        self._count = 0

    def add(self, work: Work) -> None:
        """Queue files that are there now."""
        self._ready.append(work)

    @property
    def waiting(self) -> bool:
        """Whether works wait for a phone."""
        return bool(self._ready or any(self._queues.values()))

    def take(self, engine: Engine) -> list[Job]:
        """Return a job for each phone that is free and has something to do.

        Raises:
            DeviceError: No phone can be used at all.
        """
        jobs = [self._describe(phone) for phone in self.phones if phone.state == "new"]
        if any(phone.state == "asked" and not phone.model for phone in self.phones):
            return jobs
        self._spread()
        for phone in self.phones:
            if phone.state == "idle" and not engine.has(phone.selector):
                self._went_away(phone, "its node is gone")
            if phone.state == "away" and self._wanted(phone) and self._due(phone, engine):
                jobs.append(self._describe(phone))
            elif phone.state == "idle" and (work := self._next_for(phone)) is not None:
                jobs.append(self._measure(phone, work))
        self._give_up()
        return jobs

    def hear(self, message: Message) -> None:
        """Keep what a session says at once."""
        if "event" in message.value:
            self.keep(from_json(message.value))
        elif "busy" in message.value:
            self.say(f"{message.value['busy']} is in use by another farm: waiting")

    def done(self, outcome: Outcome) -> None:
        """Take a phone's answer, and free the phone or let another one do its job."""
        phone, work = self._running.pop(outcome.job)
        error = outcome.value.get("error")
        why = outcome.why if error is None else _sentence(error)
        if outcome.ending == "done" and error is None:
            phone.state, phone.looks, phone.strikes = "idle", 0, 0
            if work is None:
                self._known(phone, outcome.value)
            else:
                phone.done += 1
                self._end(work, Measured(work, "ok", phone.selector))
            return
        gone = error is not None and error["kind"] == "DeviceGone"
        if work is None or gone or outcome.ending == "lost":
            self._went_away(phone, why)
        else:
            self._strike(phone, why)
        if work is not None:
            self._failed(work, phone, why, outcome)

    def _failed(self, work: Work, phone: Phone, why: str, outcome: Outcome) -> None:
        """Queue a work for another phone first; give up where that cannot help."""
        work.tried.append(phone.selector)
        error = outcome.value.get("error")
        of_phone = error["code"] == _DEVICE if error else outcome.ending != "memory"
        if of_phone and len(work.tried) <= self.retries:
            self.again += 1
            self._queues.setdefault(work.on, deque()).appendleft(work)
            self.say(f"again, on another phone if there is one: {work.title}. {why}")
        else:
            self._end(work, Measured(work, "failed", phone.selector, why))

    def _end(self, work: Work, found: Measured) -> None:
        self.tell(found)
        if work.held is not None:
            work.held.part_ended(self.turns, found.why)

    def _known(self, phone: Phone, value: Mapping[str, Any]) -> None:
        phone.model = value["properties"]["model"] or phone.selector
        phone.settings = MeasurementSettings.model_validate(value["settings"])

    def _went_away(self, phone: Phone, why: str) -> None:
        phone.why = why
        if not phone.model or phone.looks >= len(_LOOKS):
            phone.state = "out"
            self.say(f"{phone.selector} is left out. {why}")
            return
        phone.state = "away"
        phone.next_look = time.monotonic() + _LOOKS[phone.looks]
        phone.looks += 1

    def _strike(self, phone: Phone, why: str) -> None:
        phone.strikes += 1
        phone.why, phone.state = why, "idle"
        if phone.strikes >= _STRIKES:
            phone.state = "out"
            self.say(f"{phone.selector} is left out after {_STRIKES} failures in a row. {why}")

    def _spread(self) -> None:
        """Queue each work that is ready for each model that it is wanted on."""
        if all(phone.state == "out" and not phone.model for phone in self.phones):
            raise DeviceError(
                "No phone of the farm can be used.",
                why="; ".join(f"{phone.selector}: {phone.why}" for phone in self.phones),
                todo="`python -m device_bench devices` lists what is there",
            )
        models = list(dict.fromkeys(phone.model for phone in self.phones if phone.model))
        while self._ready:
            ready = self._ready.popleft()
            before = self.known(list(ready.files.values()))
            for model in models if self.on is None else self.on:
                work = Work(ready.title, ready.files, ready.beside, model)
                self._enqueue(
                    work, [name for name in work.files if self._lacks(work, name, before)]
                )

    def _lacks(self, work: Work, name: str, before: Before) -> bool:
        """Return whether a file was not measured in full where and how a work wants it."""
        wanted = [
            phone.settings
            for phone in self.phones
            if phone.settings is not None and work.on in (ANY, phone.model)
        ]
        return not any(
            work.on in (ANY, model) and settings in wanted
            for model, settings in before.get(work.files[name], ())
        )

    def _enqueue(self, work: Work, missing: Sequence[str]) -> None:
        if not missing:
            self.tell(Measured(work, "ok", before=True))
            return
        work.whole = sorted(work.files.values())
        # Ratios are to the first file of a session, so that is measured beside the others.
        first = next(iter(work.files))
        work.files = {
            name: sha for name, sha in work.files.items() if name in missing or name == first
        }
        self._queues.setdefault(work.on, deque()).append(work)

    def _next_for(self, phone: Phone) -> Work | None:
        """Return the next work for a phone, which no other phone or farm should rather do."""
        for on in (phone.model, ANY):
            queue = self._queues.get(on, deque())
            able = [
                work
                for work in islice(queue, WINDOW)
                if phone.selector not in work.tried or not self._twins(work)
            ]
            held = next((work for work in able if work.held is not None), None)
            work = held or self._take_turn(on, queue, able)
            if work is not None:
                queue.remove(work)
                return work
        return None

    def _take_turn(self, on: str, queue: deque[Work], able: Sequence[Work]) -> Work | None:
        """Return the first work that no other farm has; tell of those that others have ended."""
        if not able:
            return None
        names = [self._name(work) for work in able]
        ours, ended = self.turns.take(names, 1)
        found = None
        for name, work in zip(names, able, strict=True):
            if name in ours:
                work.held, found = Held(name), work
            elif name in ended:
                queue.remove(work)
                why = ended[name]
                self.tell(Measured(work, "failed" if why else "ok", why=why, before=not why))
        if found is None:
            queue.rotate(-len(able))
        return found

    def _name(self, work: Work) -> str:
        parts = [work.on, work.whole, self.options]
        text = json.dumps(parts, sort_keys=True)
        return f"measure/{hashlib.sha256(text.encode()).hexdigest()}"

    def _twins(self, work: Work) -> list[Phone]:
        """Return the phones that may do a work and have not tried it."""
        return [one for one in self._able(work.on) if one.selector not in work.tried]

    def _able(self, on: str) -> list[Phone]:
        return [one for one in self.phones if one.state != "out" and on in (ANY, one.model)]

    def _wanted(self, phone: Phone) -> bool:
        return any(self._queues.get(on) for on in (phone.model, ANY))

    def _due(self, phone: Phone, engine: Engine) -> bool:
        """Return whether a phone is to be looked for now; one without a node stays away."""
        if time.monotonic() < phone.next_look:
            return False
        if engine.has(phone.selector):
            return True
        self._went_away(phone, "its node is gone")
        return False

    def _give_up(self) -> None:
        """Let works fail that no phone is left for."""
        for on, queue in self._queues.items():
            if not queue or self._able(on):
                continue
            there = [phone for phone in self.phones if on in (ANY, phone.model)]
            why = f"No phone {'' if on == ANY else f'of model {on} '}is left."
            if there:
                why += f" {there[-1].selector}: {there[-1].why}"
            while queue:
                work = queue.popleft()
                if self.shared:
                    self.left += 1
                    if work.held is not None:
                        self.turns.give_back(work.held.name)
                else:
                    self._end(work, Measured(work, "failed", why=why))

    def _describe(self, phone: Phone) -> Job:
        phone.state = "asked"
        return self._job(phone, None, DESCRIBE, {}, _DESCRIBE_SECONDS)

    def _measure(self, phone: Phone, work: Work) -> Job:
        phone.state = "busy"
        payload = {
            "files": list(work.files),
            "command": self.command,
            "away_seconds": self.away_seconds,
        }
        return self._job(phone, work, MEASURE, payload, self.seconds)

    def _job(
        self,
        phone: Phone,
        work: Work | None,
        function: str,
        payload: Mapping[str, Any],
        seconds: float,
    ) -> Job:
        self._count += 1
        name = f"phone-{self._count}"
        self._running[name] = (phone, work)
        return Job(
            id=name,
            function=function,
            payload={"selector": phone.selector, "options": dict(self.options), **payload},
            memory_bytes=_MEMORY,
            seconds=seconds,
            root=self.root,
            inputs=() if work is None else (*work.files, *work.beside),
            device=phone.selector,
        )


def _sentence(error: Mapping[str, Any]) -> str:
    parts = [error["what"], error["why"] and f"({error['why']})"]
    return " ".join(" ".join(filter(None, parts)).split())
