"""Where a layer stands under the roofline: does arithmetic or memory take longer?

Williams, Waterman, Patterson: "Roofline: an insightful visual performance model for multicore
architectures" (CACM 52, 2009). A machine does at most so many mult-adds per byte that it moves;
a layer with fewer per byte (its arithmetic intensity) waits for memory.

A layer's bytes are its MAC at 4 bytes a value, each moved once: what stays in a cache between two
layers moves less, and what a cache cannot hold within a layer moves more. With int8 the bytes are
a quarter, and a core with dot-product instructions does four times the mult-adds, so a layer
stands at the same place.
"""

from __future__ import annotations

from _edgeship.export.advice.steps import Step

BYTES_PER_VALUE = 4

#: Mult-adds per byte at which arithmetic and memory take equally long, on one core like the
#: Cortex-A76 of a phone: 8 float32 mult-adds per cycle (two FMLA of 128 bits, as Arm's Software
#: Optimization Guide of that core has it) over 4 bytes per cycle from main memory, 10 GB/s at
#: 2.5 GHz. The second is an assumption: give the device's own with --balance.
BALANCE = 2.0


def intensity(step: Step) -> float | None:
    """Return mult-adds per byte; None for a step that moves nothing."""
    access = step.memory_access
    return step.mult_adds / (BYTES_PER_VALUE * access) if access else None


def attainable(step: Step, balance: float) -> float | None:
    """Return the fraction of the peak arithmetic that memory lets a step reach, at most 1."""
    value = intensity(step)
    return None if value is None else min(1.0, value / balance)


def modelled_time(step: Step, balance: float) -> float:
    """Return the time of a step in units of one mult-add at peak speed.

    The longer of arithmetic and memory, as if they overlapped perfectly.
    """
    return max(step.mult_adds, balance * BYTES_PER_VALUE * step.memory_access)
