"""What a run costs a battery, from its charge counter and voltage, and how exactly that is known.

A counter moves in steps: a fuel gauge counts coarsely, and Android hands its reading on only every
so often. What is read is therefore up to one step behind, and the difference of two readings is off
by up to one step. The largest step that was seen is taken for it. What the phone takes without the
file, for its screen and whatever else, is measured before in the same way and subtracted.

The gauge's own error, some per cent of every difference, is in no reading, and not in the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from _edgeship.device_bench.results.records import Conditions, Measurement, Round
from _edgeship.errors import InputError

#: Joules of a microampere hour at a volt.
_JOULES = 3.6e-3

_UNPLUG = (
    "connect it by network: `adb tcpip 5555`, unplug it, `adb connect ADDRESS:5555`, and name it "
    "with --device adb:ADDRESS:5555"
)


@dataclass(frozen=True)
class Energy:
    """What the runs of a file took out of the battery.

    Attributes:
        joules: Of one run, without what the phone takes at rest.
        error: By how much that may be wrong at most, for the counter's steps.
        runs: All runs that it is the mean of, warm-up included.
        watts: While the file ran, with all that the phone does besides.
        idle_watts: Before that, at rest.
        share: Part of the time that runs took, 0 to 1; in the rest, processes started.
        step: The largest step of the counter while the file ran, in microampere hours.
    """

    joules: float
    error: float
    runs: int
    watts: float
    idle_watts: float
    share: float
    step: int


@dataclass(frozen=True)
class _Drain:
    """How a counter fell: microampere hours, seconds, its largest step, and the mean voltage."""

    charge: int
    seconds: float
    step: int
    volts: float

    @property
    def watts(self) -> float:
        return self.charge * _JOULES * self.volts / self.seconds


def check(one: Conditions) -> None:
    """Check that a device tells what energy is computed from.

    Raises:
        InputError: It is connected to power, or has no such counters.
    """
    battery = one.battery
    if battery is not None and battery.frozen:
        raise InputError(
            "The energy cannot be measured: the phone shows a state of its battery that was set by "
            "hand.",
            todo="`adb shell dumpsys battery reset`",
        )
    if one.charging or (battery is not None and battery.draining is False):
        raise InputError(
            "The energy cannot be measured: the device is connected to power.", todo=_UNPLUG
        )
    if battery is None:
        raise InputError(
            "The energy cannot be measured: the device tells no charge and voltage of a battery.",
            why="neither /sys/class/power_supply nor `dumpsys battery` has both",
            todo="leave --energy out",
        )


def energy(idle: Sequence[Conditions], rounds: Sequence[Round]) -> Energy:
    """Return what a run takes.

    Args:
        idle: Readings at rest, the first and the last at its ends; at least one.
        rounds: What ran after them; at least one.

    Raises:
        InputError: The device was connected to power, tells too little, or its counter did not
            move; or the screen was switched.
    """
    busy = [rounds[0].before, *(one.after for one in rounds)]
    for one in (*idle, *busy):
        check(one)
    if len({one.screen_on for one in (*idle, *busy)}) > 1:
        raise InputError(
            "The energy cannot be measured: the screen was switched on or off meanwhile.",
            todo="measure again, with the screen left as it is: what it takes is subtracted",
        )
    rest, work = _drain(idle), _drain(busy)
    if work.charge <= 0:
        raise InputError(
            f"The energy cannot be measured: the battery's counter did not fall in "
            f"{work.seconds:.0f} seconds.",
            todo="use more --minutes",
        )
    # A counter that stood still at rest may have been a step behind, too.
    idle_step = rest.step or work.step
    uncertain = work.step + idle_step * work.seconds / rest.seconds
    runs = sum(_runs(one) for one in rounds)
    return Energy(
        joules=(work.watts - rest.watts) * work.seconds / runs,
        error=uncertain * _JOULES * work.volts / runs,
        runs=runs,
        watts=work.watts,
        idle_watts=rest.watts,
        share=sum(map(_seconds, rounds)) / work.seconds,
        step=work.step,
    )


def energy_text(measurement: Measurement) -> str:
    """Return what a run takes in words, or why that is not known; "" if it was not asked for."""
    if not measurement.idle or not measurement.rounds:
        return ""
    try:
        found = energy(measurement.idle, measurement.rounds)
    except InputError as error:
        return error.what
    return in_words(found)


def in_words(found: Energy) -> str:
    """Return the figures as sentences."""
    coarse = ""
    if found.error > abs(found.joules) / 2:
        coarse = " That is too coarse to tell: use more --minutes."
    return (
        f"{_joules(found.joules)} a run, ± {_joules(found.error)} by the steps of the battery's "
        f"counter ({found.step / 1000:.3g} mAh): {found.watts:.2f} W while it ran, "
        f"{found.idle_watts:.2f} W at rest before, {found.runs:,} runs in {100 * found.share:.0f} "
        f"% of the time.{coarse}"
    )


def _joules(value: float) -> str:
    return f"{value:.3g} J" if abs(value) >= 1 else f"{1000 * value:.3g} mJ"


def _drain(readings: Sequence[Conditions]) -> _Drain:
    batteries = [one.battery for one in readings if one.battery is not None]
    charges = [one.charge for one in batteries]
    start, end = (datetime.fromisoformat(one.at) for one in (readings[0], readings[-1]))
    seconds = (end - start).total_seconds()
    if len(readings) < 2 or seconds <= 0:
        raise InputError(
            "The energy cannot be measured: there are too few readings of the battery.",
            todo="use more --minutes, or a longer --idle",
        )
    steps = [abs(b - a) for a, b in pairwise(charges)]
    volts = sum(one.microvolts for one in batteries) / len(batteries) / 1e6
    return _Drain(charges[0] - charges[-1], seconds, max(steps), volts)


def _runs(one: Round) -> int:
    process = one.process
    return 1 + len(process.warmup) + len(process.runs) * process.runs_per_sample


def _seconds(one: Round) -> float:
    process = one.process
    timed = sum(process.runs) * process.runs_per_sample
    return (process.first + sum(process.warmup) + timed) / 1e9
