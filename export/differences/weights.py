"""How much of the weights changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WeightShare:
    """How much of the constants of a new file are not those of the old one.

    Attributes:
        tensors: How many constants the new file has.
        changed_tensors: How many of them are not as they were.
        size: Bytes of all.
        changed: Bytes of the elements that are not as they were; of a tensor that the old file
            does not have, or not in this shape and type, all.
    """

    tensors: int
    changed_tensors: int
    size: int
    changed: int

    @property
    def share(self) -> float:
        """The one over the other, 0 to 1."""
        return self.changed / self.size if self.size else 0.0


def compare_weights(
    before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]
) -> WeightShare:
    """Compare constants by their names, and those of other names by their content.

    Args:
        before: Name -> values as the old file stores them.
        after: The same of the new file.
    """
    contents = {_content(values) for name, values in before.items() if name not in after}
    changed = {
        name: _changed_bytes(before[name], values)
        if name in before
        else (0 if _content(values) in contents else values.nbytes)
        for name, values in after.items()
    }
    return WeightShare(
        tensors=len(after),
        changed_tensors=sum(map(bool, changed.values())),
        size=sum(values.nbytes for values in after.values()),
        changed=sum(changed.values()),
    )


def _changed_bytes(before: NDArray[Any], after: NDArray[Any]) -> int:
    if before.shape != after.shape or before.dtype != after.dtype:
        return after.nbytes
    if not after.size:
        return 0
    # By bytes: a NaN is what it was, and 0.0 is not -0.0.
    old, new = (
        np.frombuffer(one.tobytes(), np.uint8).reshape(one.size, one.dtype.itemsize)
        for one in (before, after)
    )
    return int(np.any(old != new, axis=1).sum()) * after.dtype.itemsize


def _content(values: NDArray[Any]) -> tuple[str, tuple[int, ...], bytes]:
    return str(values.dtype), values.shape, hashlib.sha256(values.tobytes()).digest()
