"""What a reader must know of an app's conditions, each as a sentence that says what to do."""

from __future__ import annotations

import re

from _edgeship.device_bench.results.app_conditions import IN_FRONT, THERMAL_STATUS
from _edgeship.device_bench.results.records import Measurement, Properties
from _edgeship.device_bench.results.rows import granted
from _edgeship.device_bench.results.statistics import Summary

# The thermal headroom at which severe throttling begins.
_SEVERE = 1.0

_COOL = "let the phone cool, take it off its charger and out of its case, or lower --seconds"


def _warm(measurement: Measurement, summary: Summary, device: Properties) -> str:
    every = granted([measurement])
    warm = [one.worst_status for one in every if one.worst_status]
    if not warm:
        return ""
    return (
        f"In {len(warm)} of {len(every)} rounds Android told the app that the phone was warm "
        f"(thermal status {THERMAL_STATUS[max(warm)]} at worst): {_COOL}."
    )


def _near_throttling(measurement: Measurement, summary: Summary, device: Properties) -> str:
    known = [one.worst_headroom for one in granted([measurement]) if one.worst_headroom is not None]
    if max(known, default=0.0) < _SEVERE:
        return ""
    return (
        f"Android foresaw severe throttling (thermal headroom {max(known):.2f}, and it begins at "
        f"1): {_COOL}."
    )


def _behind(measurement: Measurement, summary: Summary, device: Properties) -> str:
    every = granted([measurement])
    behind = [one.importance for one in every if one.importance != IN_FRONT]
    if not behind:
        return ""
    return (
        f"In {len(behind)} of {len(every)} rounds the app was not in front for Android (importance "
        f"{max(behind)}, in front is {IN_FRONT}): unlock the phone, and leave it alone while it "
        "measures."
    )


def _fewer_cores(measurement: Measurement, summary: Summary, device: Properties) -> str:
    counts = [count for one in granted([measurement]) if (count := _count(one.cores)) is not None]
    if not counts or min(counts) >= len(device.cores):
        return ""
    return (
        f"The app may run on {min(counts)} of the {len(device.cores)} cores only, as Android "
        "limits apps in a power-saving mode or behind others: switch that mode off, and look at "
        "the cores of --runner native."
    )


def _count(cores: str) -> int | None:
    """Return the number of cores in a list of the kernel's, such as "0-3,7"; None if it is none."""
    if not re.fullmatch(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?){0,99}", cores):
        return None
    ranges = [part.partition("-") for part in cores.split(",")]
    counts = [int(last or first) - int(first) + 1 for first, _, last in ranges]
    return sum(counts) if min(counts) > 0 else None


#: The checks, for `warnings.py`: each returns a sentence, or "" where there is nothing to say.
CHECKS = (_warm, _near_throttling, _behind, _fewer_cores)
