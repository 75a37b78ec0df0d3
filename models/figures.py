"""Published figures beside counted ones, and the rule by which they agree.

A published figure is met if the count is within 1 % of it or within rounding: no further from it
than half a unit of its last printed digit, so that "1.4 M" is met from 1.35 M to 1.45 M. An entry
with a figure that is not met says why in `ModelSpec.note`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from _edgeship.models.catalog.spec import ModelSpec

if TYPE_CHECKING:
    from _edgeship.models.complexity import Complexity

TOLERANCE = 0.01
RULE = "A figure is met within 1 % or within rounding: half a unit of its last published digit."


@dataclass(frozen=True)
class Figure:
    """One published figure and its count.

    Attributes:
        published: As published, in single units: 41e6 for "41 M".
        digit: Size of one unit in its last published digit.
        counted: What the layers add up to.
    """

    published: float
    digit: float
    counted: int

    @property
    def difference(self) -> float:
        """How far the count is from the published figure, in percent of it."""
        return 100 * (self.counted / self.published - 1)

    @property
    def agreement(self) -> str:
        """The part of the rule by which the figure is met, or "" if it is not."""
        distance = abs(self.counted - self.published)
        if distance <= TOLERANCE * self.published:
            return "within 1 %"
        return "within rounding" if distance <= self.digit / 2 else ""

    @property
    def met(self) -> bool:
        """Whether the count agrees with the published figure."""
        return bool(self.agreement)


def compare(entry: ModelSpec, counted: Complexity) -> dict[str, Figure]:
    """Return the published figures with their counts, by "mult_adds" and "params"."""
    found = {}
    if entry.mult_adds is not None:
        found["mult_adds"] = Figure(entry.mult_adds, entry.mult_adds_digit, counted.mult_adds)
    if entry.params is not None:
        found["params"] = Figure(entry.params, entry.params_digit, counted.params)
    return found


def as_printed(value: float | None, digit: float) -> str:
    """Return a published figure with the digits it was published with: "0.40 G", "-" for none."""
    if value is None:
        return "-"
    scale, unit = (1e9, "G") if digit > 1e6 else (1e6, "M")
    return f"{value / scale:.{max(0, round(math.log10(scale / digit)))}f} {unit}"


def in_units(value: int) -> str:
    """Return a count with three decimals: "40.476 M", "9.408 k"; below 1000 as it is."""
    for scale, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= scale:
            return f"{value / scale:.3f} {unit}"
    return str(value)
