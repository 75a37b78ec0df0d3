"""Readings of a device's state, waiting until it is cool, and runs that heat slowed down."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from _edgeship.device_bench.measurement.pause import Pause
from _edgeship.device_bench.results.records import Conditions, Core, Process

#: How many °C a sensor may be above its temperature at the start.
BAND = 5.0
#: The most seconds to wait for that.
PATIENCE = 60.0

_POLL = 2.0
# Sensors of the processor change within seconds; batteries and cases take many minutes.
_PROCESSOR = re.compile(r"cpu|soc|big|mid|little|pkg|core|apss|tsens", re.IGNORECASE)
# At Android's THERMAL_STATUS_LIGHT cores may be held back already; at MODERATE they are.
_LIGHT, _MODERATE = 1, 2


class Readings:
    """Readings of a device's state, one between two processes: it is after one and before the next.

    A reading takes tenths of a second of a phone's processor, and there is nothing between them.

    Args:
        read: Returns the state of the device now.
    """

    def __init__(self, read: Callable[[], Conditions]) -> None:
        self._read = read
        self._last: Conditions | None = None

    def after(self) -> Conditions:
        """Return the state now, which the next `before` returns once."""
        self._last = self._read()
        return self._last

    def before(self) -> Conditions:
        """Return the state that `after` found, or the state now if there is none since."""
        last, self._last = self._last, None
        return self._read() if last is None else last


class Cooling:
    """Lets a device cool down between processes.

    Args:
        read: Returns the state of the device now.
        pause: How to wait.
    """

    def __init__(self, read: Callable[[], Conditions], pause: Pause) -> None:
        self._read = read
        self._pause = pause
        self._start: dict[str, float] | None = None

    def settle(self) -> Conditions:
        """Return the state of the device once it is as cool as at the first call.

        After `PATIENCE` seconds it returns with the device as warm as it is, and later calls wait
        for that temperature: a device in balance with its own heat gives steady figures.
        """
        waited = 0.0
        while True:
            now = self._read()
            sensors = processor_sensors(now)
            if self._start is None:
                self._start = sensors
            reason = self._too_warm(now, sensors)
            if reason is None:
                return now
            if waited >= PATIENCE:
                self._start = sensors
                return now
            if waited == 0:
                self._pause.announce(reason, PATIENCE)
            self._pause.sleep(_POLL)
            waited += _POLL

    def _too_warm(self, now: Conditions, sensors: dict[str, float]) -> str | None:
        if (now.thermal_status or 0) >= _LIGHT:
            return f"the device to cool down: it reports thermal status {now.thermal_status}"
        start = self._start or {}
        for name, value in sensors.items():
            if name in start and value > start[name] + BAND:
                return (
                    f"the device to cool down: {value:.0f} °C at {name}, "
                    f"{start[name]:.0f} °C at the start"
                )
        return None


def processor_sensors(conditions: Conditions) -> dict[str, float]:
    """Return the processor's sensors, name -> °C, or all if none is recognised by its name."""
    temperatures = conditions.temperatures
    found = {name: value for name, value in temperatures.items() if _PROCESSOR.search(name)}
    return found or dict(temperatures)


def throttled_runs(
    process: Process,
    before: Conditions,
    after: Conditions,
    cores: Sequence[Core],
    pinned: Sequence[int],
) -> tuple[bool, ...]:
    """Return for each timed run whether the device was slowed down for heat during it.

    What Android reports, to the shell or to the app, holds for all runs of the process. Otherwise
    the runner's record of each run decides; without one, all runs count as throttled if, before or
    after the process, the highest frequency allowed for a core was below what that core is built
    for. In an app's mode for steady speed the clocks say nothing about heat, and only Android does.

    Args:
        process: What the runner reported.
        before: State before the process.
        after: State after it.
        cores: The cores of the device.
        pinned: Indices of the cores that the process was pinned to; empty for all.
    """
    count = len(process.runs)
    told = (process.app.worst_status or 0) if process.app else 0
    if max(before.thermal_status or 0, after.thermal_status or 0, told) >= _MODERATE:
        return (True,) * count
    if process.app is not None and process.app.sustained_performance:
        # This mode holds the clocks down on purpose, so that they need not fall later.
        return (False,) * count
    if len(process.capped) == count:
        return process.capped
    held = any(
        core.max_mhz is not None and state.mhz_cap.get(core.index, core.max_mhz) < core.max_mhz
        for state in (before, after)
        for core in cores
        if not pinned or core.index in pinned
    )
    return (held,) * count
