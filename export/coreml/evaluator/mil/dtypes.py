"""Element types of ML programs, and how arrays of them lie in memory.

Types of fewer than eight bits are held as NumPy integers of eight bits. Where they are packed, they
fill each byte from its lowest bit on, and an element may straddle two bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: MIL's name of an element type -> NumPy's type that holds it.
NUMPY: dict[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    "fp16": np.dtype(np.float16),
    "fp32": np.dtype(np.float32),
    "fp64": np.dtype(np.float64),
    "int4": np.dtype(np.int8),
    "int8": np.dtype(np.int8),
    "int16": np.dtype(np.int16),
    "int32": np.dtype(np.int32),
    "int64": np.dtype(np.int64),
    "uint1": np.dtype(np.uint8),
    "uint2": np.dtype(np.uint8),
    "uint3": np.dtype(np.uint8),
    "uint4": np.dtype(np.uint8),
    "uint6": np.dtype(np.uint8),
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
    "uint32": np.dtype(np.uint32),
    "uint64": np.dtype(np.uint64),
}

#: Bits of an element, for the types that are packed.
PACKED: dict[str, int] = {"int4": 4, "uint1": 1, "uint2": 2, "uint3": 3, "uint4": 4, "uint6": 6}


def bits(dtype: str) -> int:
    """Return how many bits an element takes.

    Args:
        dtype: A key of `NUMPY`.
    """
    return PACKED.get(dtype, 8 * NUMPY[dtype].itemsize)


def nbytes(dtype: str, count: int) -> int:
    """Return how many bytes ``count`` elements take, rounded up to whole bytes."""
    return -(-count * bits(dtype) // 8)


def decoded(data: bytes | memoryview, dtype: str, count: int) -> Array:
    """Return the elements in ``data``, which are stored little-endian, as a vector.

    The vector is read-only and shares memory with ``data`` unless the type is packed.

    Args:
        data: At least `nbytes` bytes.
        dtype: A key of `NUMPY`.
        count: How many elements.
    """
    if dtype not in PACKED:
        return np.frombuffer(data, NUMPY[dtype].newbyteorder("<"), count)
    return unpacked(np.frombuffer(data, np.uint8), PACKED[dtype], count, dtype.startswith("int"))


def unpacked(data: NDArray[np.uint8], width: int, count: int, signed: bool = False) -> Array:
    """Return packed integers of ``width`` bits as uint8, or int8 if they are signed.

    Args:
        data: At least ``count * width`` bits.
        width: 1 to 8.
        count: How many integers.
        signed: Whether the highest bit is a sign, in two's complement.
    """
    needed = -(-count * width // 8)
    stream = np.unpackbits(data[:needed], bitorder="little", count=count * width)
    weights = (1 << np.arange(width)).astype(np.uint8)
    values: Array = (stream.reshape(count, width) * weights).sum(axis=1, dtype=np.uint8)
    if not signed:
        return values
    # Moves the sign to the highest bit, and back with the sign filled in.
    extended: Array = (values << (8 - width)).view(np.int8) >> (8 - width)
    return extended
