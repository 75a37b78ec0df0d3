"""One session: files under one set of settings on one device, in interleaved rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from device_bench.devices.base import Device
from device_bench.measurement.events import Event
from device_bench.records import Session, Settings
from device_bench.runners.base import Runner


def measure(
    device: Device,
    runner: Runner,
    files: Sequence[Path],
    settings: Settings,
    *,
    command: str,
    profile: bool = False,
    on_event: Callable[[Event], None],
) -> Session:
    """Measure files on a device and return all that was found."""
    raise NotImplementedError
