"""Whether each weight of a file is the graph's, as near as its type allows.

Outputs tell little about one weight under the noise of 8 bits, so the constants that are read back
from the file are looked at one by one, unpacked by what its operators say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.errors import VerificationError
from _edgeship.export.coreai.stored import NAMES
from _edgeship.export.coreai.summary import Operation, Summary

Array = NDArray[np.float64]

#: The largest relative error of a float16, and its smallest and largest numbers.
_HALF, _TINY, _LARGEST = 2.0**-11, 2.0**-24, 65504.0

#: For the rounding of scales, in steps.
_ROUNDING = 1e-2


def check_weights(graph: ir.Model, summary: Summary) -> None:
    """Check the stored weights of a file.

    Args:
        graph: That it was made from.
        summary: The file, read back.

    Raises:
        VerificationError: A number is further from the graph's than rounding explains, or a
            weight of the graph is not there.
    """
    weights = {
        str(value.name): value.const_value.numpy().astype(np.float64)
        for value in graph.graph.initializers.values()
        if value.const_value is not None and value.dtype == ir.DataType.FLOAT
    }
    for name, stored, allowed in _stored(summary):
        weight = weights.get(name)
        if weight is None:
            continue
        if not _near(weight, stored, allowed):
            raise VerificationError(
                f"The constant {name} is not stored as its type allows.",
                why="the numbers in the file are further from the network's than rounding explains",
                todo="report it, with the network",
            )


def _near(weight: Array, stored: Array, allowed: Array) -> bool:
    """Return whether a constant is as near as it must be: as it lies, or turned for a product."""
    forms = [weight.reshape(stored.shape)] if weight.size == stored.size else []
    if weight.ndim == 2 and weight.T.shape == stored.shape:
        forms.append(weight.T)
    same = [one for one in forms if one.shape == weight.shape or one.size == weight.size]
    return any(bool((np.abs(_cut(one) - stored) <= allowed).all()) for one in same)


def _cut(weight: Array) -> Array:
    return np.clip(weight, -_LARGEST, _LARGEST)


def _stored(summary: Summary) -> Iterator[tuple[str, Array, Array]]:
    """Yield the constants that have a name: name, what they stand for, the error to expect."""
    makers = {one.number: op for op in summary.operations for one in op.results}
    packed: set[str] = set()
    for operation in summary.operations:
        sources = [makers[number] for number in operation.operands if number in makers]
        if operation.kind == "blockwise_shift_scale" and len(sources) == 4:
            packed.update(one.constant for one in sources)
            yield _scaled(sources, summary.constants)
        elif operation.kind == "lut_to_dense" and len(sources) == 3:
            packed.update(one.constant for one in sources)
            yield _looked_up(operation, sources, summary.constants)
    for name, values in summary.constants.items():
        named = not name.startswith("%") and name not in packed
        if named and values.dtype in (np.float32, np.float16):
            exact = values.astype(np.float64)
            relative = _HALF if values.dtype == np.float16 else 0.0
            yield name, exact, np.abs(exact) * relative * 2 + (_TINY if relative else 0.0)


def _scaled(
    sources: list[Operation], constants: Mapping[str, np.ndarray]
) -> tuple[str, Array, Array]:
    values, scale, zero, offset = (constants[one.constant].astype(np.float64) for one in sources)
    exact = (values - zero) * scale + offset
    allowed = np.broadcast_to(scale * (0.5 + _ROUNDING) + np.abs(exact) * _HALF, exact.shape)
    return sources[0].constant, exact, allowed


def _looked_up(
    operation: Operation, sources: list[Operation], constants: Mapping[str, np.ndarray]
) -> tuple[str, Array, Array]:
    """Return a weight behind a palette; each of its numbers is the entry next to the graph's.

    The palette itself is no part of the graph: the error to expect is half of the way to the next
    entry on either side, and for the outermost entries as much as the palette is wide.
    """
    indices, table = sources[0], constants[sources[1].constant].astype(np.float64).reshape(-1)
    shape = operation.results[0].shape
    bits = NAMES[indices.results[0].dtype][1]
    found = unpacked(constants[indices.constant], bits, int(np.prod(shape))).reshape(shape)
    entries, places = np.unique(table, return_inverse=True)
    width = entries[-1] - entries[0]
    gaps = np.diff(entries) / 2
    reach = np.maximum(np.append(gaps, width), np.insert(gaps, 0, width))
    allowed = reach[places][found] * (1 + _ROUNDING) + np.abs(table[found]) * _HALF + _TINY
    return indices.constant, table[found], allowed


def unpacked(data: np.ndarray, bits: int, count: int) -> NDArray[np.int64]:
    """Return integers that follow one another bit by bit in bytes, the lowest bit first."""
    ones = np.unpackbits(data.reshape(-1).view(np.uint8), bitorder="little")[: count * bits]
    weights = 1 << np.arange(bits)
    result: NDArray[np.int64] = (ones.reshape(count, bits) * weights).sum(axis=1)
    return result
