"""The time of one operator: an overhead, and the longer of arithmetic and memory.

Williams, Waterman, Patterson: "Roofline: an insightful visual performance model for multicore
architectures" (CACM 52, 2009), with what calling an operator costs in front of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from _edgeship.device_bench.prediction.work import Work
from _edgeship.device_bench.results.record import Record


class Sample(NamedTuple):
    """An operator and the time that it took."""

    work: Work
    time: float


class Roof(Record):
    """What the operators of one kind and type take on a device.

    Attributes:
        kind: As in `Work`.
        dtype: As in `Work`.
        overhead: Time of an operator that has nothing to do, in the unit of the device.
        per_mult_add: Time of a mult-add where arithmetic is what takes long.
        per_byte: Time of a byte where memory is.
        tile_in: Channels that the kernels read at a time: they compute whole tiles.
        tile_out: Channels that they write at a time.
        finish: How many mult-adds it is worth to begin, round and store a value.
        per_row: Time of a place of the result, where an operator copies place by place.
        samples: Number of operators that it was fitted to.
        most_mult_adds: Mult-adds of the largest of them.
        most_bytes: Bytes of the one that moved most.
    """

    kind: str
    dtype: str
    overhead: float
    per_mult_add: float
    per_byte: float
    tile_in: int = 1
    tile_out: int = 1
    finish: int = 0
    per_row: float = 0.0
    samples: int
    most_mult_adds: int
    most_bytes: int

    def time(self, work: Work) -> float:
        """Return the time of an operator, in the unit of the device."""
        padded = work.padded(self.tile_in, self.tile_out, self.finish)
        longest = max(self.per_mult_add * padded, self.per_byte * work.bytes)
        return self.overhead + longest + self.per_row * work.rows

    def reaches(self, work: Work) -> bool:
        """Return whether an operator is no larger than what was measured."""
        return work.mult_adds <= self.most_mult_adds and work.bytes <= self.most_bytes


def roof(kind: str, dtype: str, works: Sequence[Work], **found: float) -> Roof:
    """Return what was found for operators of a kind.

    Args:
        kind: Their kind.
        dtype: Their type.
        works: The operators that it was fitted to.
        **found: The other fields of a `Roof`.
    """
    values = {"overhead": 0.0, "per_mult_add": 0.0, "per_byte": 0.0, **found}
    return Roof.model_validate(
        {
            **values,
            "kind": kind,
            "dtype": dtype,
            "samples": len(works),
            "most_mult_adds": max((work.mult_adds for work in works), default=0),
            "most_bytes": max((work.bytes for work in works), default=0),
        }
    )
