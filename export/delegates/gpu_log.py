"""Reading what the GPU accelerator prints: its driver, what it takes, and why it takes no more."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADAPTER = re.compile(r"Selected adapter: (?P<name>.*?), arch=.*adapterType=(?P<kind>.*)")
_COUNTS = re.compile(r"^(\d+) operations will run on the GPU, and the remaining (\d+) ", re.M)
_NONE = re.compile(r"^No operations will run on the GPU", re.M)
_REFUSALS = "Following operations are not supported by GPU delegate:"
_REFUSAL = re.compile(r"^(?P<kind>[A-Z][A-Z0-9_]*): ?(?P<reason>.*)$")
_PARTITION = "API from graph."


@dataclass(frozen=True)
class GpuLog:
    """What the accelerator printed about one file.

    Attributes:
        device: Name of the driver; "" if there was none.
        software: Whether that driver is a program on the CPU.
        refusals: Operator kind and reason, each pair once.
        taken: How many operators it takes; None if it takes all of them, or none was asked.
        partitions: Into how many pieces these fall.
    """

    device: str
    software: bool
    refusals: tuple[tuple[str, str], ...]
    taken: int | None
    partitions: int


def read_log(text: str) -> GpuLog:
    """Return what the accelerator printed as plain values."""
    adapter = _ADAPTER.search(text)
    counts = _COUNTS.search(text)
    taken = int(counts[1]) if counts else None
    if taken is None and _NONE.search(text):
        taken = 0
    return GpuLog(
        device=adapter["name"] if adapter else "",
        software="CPU" in adapter["kind"] if adapter else False,
        refusals=tuple(_refusals(text)),
        taken=taken,
        partitions=text.count(_PARTITION),
    )


def _refusals(text: str) -> list[tuple[str, str]]:
    """Return the lines between the heading and the count, as kind and reason."""
    found: list[tuple[str, str]] = []
    for line in text.partition(_REFUSALS)[2].splitlines()[1:]:
        match = _REFUSAL.match(line.strip())
        if match is None:
            break
        found.append((match["kind"], match["reason"].strip()))
    return found
