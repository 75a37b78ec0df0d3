"""Watches a device that does nothing: what its battery gives then is no file's."""

from __future__ import annotations

import time
from functools import partial

from _edgeship.device_bench.devices import system
from _edgeship.device_bench.measurement.bench import Bench
from _edgeship.device_bench.measurement.pause import Pause
from _edgeship.device_bench.processes.base import Device
from _edgeship.device_bench.results.records import Conditions

#: Seconds between two readings; a reading wakes the device for some tenths of a second.
_EVERY = 10.0


def watch_at_rest(
    bench: Bench, device: Device, pause: Pause, seconds: float
) -> tuple[Conditions, ...]:
    """Return the states of a device over some seconds, the first and the last at their ends.

    Raises:
        DeviceError: The device did not come back.
        KeyboardInterrupt: The session is to end.
    """
    pause.announce("what the battery gives at rest", seconds)
    read = partial(bench.persistently, partial(system.read_conditions, device))
    found = [read()]
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        pause.sleep(min(_EVERY, left))
        found.append(read())
    return tuple(found)
