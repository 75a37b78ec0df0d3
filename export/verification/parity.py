"""How far a candidate's outputs are from a reference's, in four numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Parity:
    """The distance between two sets of outputs; the worst output counts.

    Attributes:
        max_abs: The largest absolute error, in the unit of the output.
        max_rel: The largest absolute error of an output divided by the range (maximum minus
            minimum over all samples) of its reference. An output of range 0 is divided by its
            largest magnitude, and one that is all zeros by 1.
        sqnr_db: Signal to quantization noise, ``10 log10(sum ref^2 / sum error^2)`` in dB. Both
            sums run over all samples and elements, and the mean is not taken off. Equal outputs
            have ``inf``, an error on an all-zero reference has ``-inf``.
        top1_agreement: The fraction of rows with the same largest entry, when the first output
            is of shape (N, K) with K >= 2; None otherwise.

    A candidate that is NaN or infinite where the reference is not (or the other way round) is as
    far off as can be: ``max_abs`` and ``max_rel`` are ``inf`` and ``sqnr_db`` is ``-inf``.
    """

    max_abs: float
    max_rel: float
    sqnr_db: float
    top1_agreement: float | None

    def to_dict(self) -> dict[str, float | str | None]:
        """Return the four numbers for JSON, which knows no infinity: it becomes a string.

        The strings are ``"inf"`` and ``"-inf"``, which ``float()`` reads back.
        """
        return {
            "max_abs": _json_number(self.max_abs),
            "max_rel": _json_number(self.max_rel),
            "sqnr_db": _json_number(self.sqnr_db),
            "top1_agreement": self.top1_agreement,
        }


def _json_number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
