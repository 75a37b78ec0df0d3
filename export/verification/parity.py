"""How far a candidate's outputs are from a reference's, part by part."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PartParity:
    """The distance of one output, or of a part of it whose numbers are of another size.

    Attributes:
        name: The output, and which part of it: ``scores`` or ``output0, channels 4..8``.
        max_abs: As in `Parity`.
        max_rel: As in `Parity`, for this part alone.
        sqnr_db: As in `Parity`, for this part alone.
        agreement: The fraction of elements that are equal, for an output of integers, truth values
            or whole numbers; None for one of real numbers.
        partial: Whether it is not the whole of an output.
        found: Whether the part was found by the size of its numbers, and not in the graph.
        grid_db: What the SQNR of the reference itself is in steps of 1/256, for what a Sigmoid
            computes, since that is what integer kernels of Sigmoid give; None for anything else.
        chosen: Whether the largest of several numbers decide what is in it.
        levels_db: The SQNR of integers of 8 bits that are no labels, without their mean; None for
            anything else.
    """

    name: str
    max_abs: float
    max_rel: float
    sqnr_db: float
    agreement: float | None = None
    partial: bool = False
    found: bool = False
    grid_db: float | None = None
    chosen: bool = False
    levels_db: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return its numbers for JSON; see `Parity.to_dict`."""
        return {
            "name": self.name,
            "max_abs": json_number(self.max_abs),
            "max_rel": json_number(self.max_rel),
            "sqnr_db": json_number(self.sqnr_db),
            "agreement": self.agreement,
            "partial": self.partial,
            "found": self.found,
            "grid_db": None if self.grid_db is None else json_number(self.grid_db),
        }


@dataclass(frozen=True)
class Parity:
    """The distance between two sets of outputs; the worst output, or part of one, counts.

    Attributes:
        max_abs: The largest absolute error, in the unit of the output.
        max_rel: The largest absolute error of an output divided by the range (maximum minus
            minimum over all samples, and a hundredth of the largest magnitude at least) of its
            reference. An output of range 0 is divided by its largest magnitude, and one that is
            all zeros by 1. For integers and truth values, the
            fraction of elements that differ.
        sqnr_db: Signal to quantization noise, ``10 log10(sum ref^2 / sum error^2)`` in dB. Both
            sums run over all samples and elements, and the mean is not taken off. Equal outputs
            have ``inf``, an error on an all-zero reference has ``-inf``. For integers and truth
            values, ``-10 log10`` of the fraction of elements that differ.
        top1_agreement: The fraction of rows with the same largest entry, when the first output
            is of shape (N, K) with K >= 2; None otherwise.
        parts: Every output, each followed by its parts where these are told apart.

    A candidate that is NaN or infinite where the reference is not (or the other way round) is as
    far off as can be: ``max_abs`` and ``max_rel`` are ``inf`` and ``sqnr_db`` is ``-inf``.
    """

    max_abs: float
    max_rel: float
    sqnr_db: float
    top1_agreement: float | None
    parts: tuple[PartParity, ...] = field(default=(), compare=False)

    @property
    def part(self) -> str:
        """The name of the part with the most noise; "" where outputs are one part."""
        if len(self.parts) < 2:
            return ""
        return min(self.parts, key=lambda part: (part.sqnr_db, -part.max_rel)).name

    def to_dict(self) -> dict[str, float | str | None]:
        """Return the four numbers for JSON, which knows no infinity: it becomes a string.

        The strings are ``"inf"`` and ``"-inf"``, which ``float()`` reads back.
        """
        return {
            "max_abs": json_number(self.max_abs),
            "max_rel": json_number(self.max_rel),
            "sqnr_db": json_number(self.sqnr_db),
            "top1_agreement": self.top1_agreement,
        }


def json_number(value: float) -> float | str:
    """Return a number as JSON takes it: an infinity as a string."""
    return value if math.isfinite(value) else str(value)
