"""What a farm has and does: phones, works for them, and what became of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from _edgeship.device_bench.results.records import MeasurementSettings
from _edgeship.export.sweep.turns import Held

#: The target whose files phones measure.
TARGET = "tflite"

#: Stands for any model.
ANY = "any"

#: SHA-256 of a file -> models of phones and settings that it was measured in full with.
Before = Mapping[str, Sequence[tuple[str, MeasurementSettings]]]

State = Literal["new", "asked", "idle", "busy", "away", "out"]


@dataclass
class Phone:
    """A phone of the farm.

    Attributes:
        selector: What `--device` calls it.
        state: ``new`` before it was looked at, ``asked`` while that is done, ``away`` until it is
            looked for again, ``out`` for good.
        model: What it is; "" if not known yet.
        settings: What files are measured with on it.
        done: How many jobs it has done.
        why: What was wrong with it last.
        looks: How often it was looked for since it went away.
        next_look: When it is looked for again, on the clock of `time.monotonic`.
        strikes: How many jobs in a row failed on it.
    """

    selector: str
    state: State = "new"
    model: str = ""
    settings: MeasurementSettings | None = None
    done: int = 0
    why: str = ""
    looks: int = 0
    next_look: float = 0.0
    strikes: int = 0


@dataclass
class Work:
    """Files of one network that are to be measured beside one another.

    Attributes:
        title: What tables call it.
        files: Their paths below ``Phones.root``; SHA-256 of each.
        beside: Files that they read, such as manifests.
        on: The model of the phone, or `ANY`.
        whole: The digests of all its files, also of those that were measured before.
        tried: The phones that it failed on.
        held: The turn that this farm has for it; None until it has.
    """

    title: str
    files: Mapping[str, str]
    beside: tuple[str, ...] = ()
    on: str = ANY
    whole: Sequence[str] = ()
    tried: list[str] = field(default_factory=list)
    held: Held | None = None


@dataclass(frozen=True)
class Measured:
    """What became of a work.

    Attributes:
        work: Which.
        status: ``ok`` or ``failed``.
        phone: The phone that did it last; "" if it was measured before, or none was left.
        why: The sentence, if it failed.
        before: Whether all of it was measured before this run.
    """

    work: Work
    status: Literal["ok", "failed"]
    phone: str = ""
    why: str = ""
    before: bool = False
