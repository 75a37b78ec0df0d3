"""What TFLite's float kernels take besides float32 tensors of up to six axes.

Found by running every operator with every type and rank through LiteRT's kernels; a file that asks
for more is written without complaint and fails on the device.
"""

from __future__ import annotations

import numpy as np

_MOVING = {
    "BROADCAST_TO",
    "CAST",
    "CONCATENATION",
    "GATHER",
    "MIRROR_PAD",
    "PAD",
    "PADV2",
    "RESHAPE",
    "SLICE",
    "STRIDED_SLICE",
    "TILE",
    "TRANSPOSE",
}
_INT64 = {
    *_MOVING,
    "ADD",
    "MAXIMUM",
    "MEAN",
    "MINIMUM",
    "MUL",
    "NEG",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "SPLIT",
    "SUB",
    "SUM",
}
_KINDS: dict[np.dtype[np.generic], set[str]] = {
    np.dtype(np.bool_): _MOVING,
    np.dtype(np.int32): {*_INT64, "ABS", "DIV"},
    np.dtype(np.int64): _INT64,
}

_MAX_RANK = 6
_MAX_RANKS = {"BATCH_MATMUL": 5, "PAD": 5, "PADV2": 5}


def problem(kind: str, dtype: np.dtype[np.generic], rank: int) -> str | None:
    """Return why no kernel takes such a tensor, or None if one does."""
    if dtype != np.float32 and kind not in _KINDS[dtype]:
        return f"TFLite's {kind} does not take {dtype.name}"
    most = _MAX_RANKS.get(kind, _MAX_RANK)
    return f"TFLite's {kind} takes {most} axes, not {rank}" if rank > most else None
