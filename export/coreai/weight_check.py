"""Whether each weight of a file is the graph's, as near as its type allows.

Outputs tell little about one weight under the noise of 8 bits, so the constants that are read back
from the file are looked at one by one, unpacked by what its operators say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from _edgeship.errors import VerificationError
from _edgeship.export.coreai.stored import NAMES
from _edgeship.export.coreai.summary import Operation, Summary

Array = NDArray[np.float64]

#: From the graph's weight to how far from it each stored number may lie.
Allowed = Callable[[Array], Array]

#: The largest relative error of a float16, and its smallest and largest numbers.
_HALF, _TINY, _LARGEST = 2.0**-11, 2.0**-24, 65504.0

#: Smaller numbers have fewer digits in float16 than others.
_FEW_DIGITS = 2.0**-14

#: What the quantizer appends to the name of a weight that it makes integers of.
_INTEGERS = "_quantized"

#: For the rounding of scales, in steps.
_ROUNDING = 1e-2


def dequantized(graph: ir.Model) -> dict[str, Array]:
    """Return name -> what the integers of a graph stand for where a file has numbers: of biases."""
    found = {}
    for node in graph.graph:
        given = [value.const_value if value else None for value in node.inputs]
        if node.op_type != "DequantizeLinear" or any(one is None for one in given):
            continue
        data, scale, *zero = (one.numpy().astype(np.float64) for one in given if one is not None)
        if data.ndim == 1:
            found[str(node.outputs[0].name)] = (data - (zero[0] if zero else 0.0)) * scale
    return found


def check_weights(
    graph: ir.Model, summary: Summary, rounded: Mapping[str, Array] | None = None
) -> None:
    """Check the stored weights of a file.

    Args:
        graph: That it was made from.
        summary: The file, read back.
        rounded: Constants that the file has instead of the graph's.

    Raises:
        VerificationError: A number is further from the graph's than rounding explains.
    """
    weights = {
        str(value.name): value.const_value.numpy().astype(np.float64)
        for value in graph.graph.initializers.values()
        if value.const_value is not None and value.dtype == ir.DataType.FLOAT
    } | dict(rounded or {})
    for name, stored, allowed in _stored(summary):
        weight = weights.get(name.removesuffix(_INTEGERS))
        if weight is None:
            continue
        if not any(_near(one, stored, allowed) for one in _forms(weight, stored.shape)):
            raise VerificationError(
                f"The constant {name} is not stored as its type allows.",
                why="the numbers in the file are further from the network's than rounding explains",
                todo="report it, with the network",
            )


def _forms(weight: Array, shape: tuple[int, ...]) -> Iterator[Array]:
    """Yield a weight as it may lie in the file: with other axes, or turned for a product."""
    if weight.size == math.prod(shape):
        yield weight.reshape(shape)
        if weight.ndim == 2:
            yield weight.T.reshape(shape)


def _near(weight: Array, stored: Array, allowed: Allowed) -> bool:
    weight = np.clip(weight, -_LARGEST, _LARGEST)
    return bool((np.abs(weight - stored) <= allowed(weight)).all())


def _stored(summary: Summary) -> Iterator[tuple[str, Array, Allowed]]:
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
        if named and values.dtype == np.float16:
            yield name, values.astype(np.float64), _half
        elif named and values.dtype == np.float32:
            yield name, values.astype(np.float64), np.zeros_like


def _half(weight: Array) -> Array:
    """Return the error to expect of a float16."""
    error: Array = np.abs(weight) * _HALF + _TINY
    return error


def _scaled(
    sources: list[Operation], constants: Mapping[str, np.ndarray]
) -> tuple[str, Array, Allowed]:
    values, scale, zero, offset = (constants[one.constant].astype(np.float64) for one in sources)
    exact = (values - zero) * scale + offset
    # Where float16 has few digits for a scale, integers were rounded twice.
    half_a_step = np.abs(scale) * (0.5 + _ROUNDING + 0.5 * (np.abs(scale) < _FEW_DIGITS))
    return sources[0].constant, exact, lambda weight: half_a_step + np.abs(weight) * _HALF


def _looked_up(
    operation: Operation, sources: list[Operation], constants: Mapping[str, np.ndarray]
) -> tuple[str, Array, Allowed]:
    """Return a weight behind a palette: each number is the entry that is next to the graph's."""
    indices, table = sources[0], constants[sources[1].constant].astype(np.float64).reshape(-1)
    shape = operation.results[0].shape
    bits = NAMES[indices.results[0].dtype][1]
    data = constants[indices.constant]
    found = data if bits == 8 else unpacked(data, bits, math.prod(shape))

    def allowed(weight: Array) -> Array:
        entries = np.sort(table)
        places = np.searchsorted((entries[1:] + entries[:-1]) / 2, weight)
        nearest: Array = np.abs(weight - entries[places])
        # The entry is next to the weight as a float16, which may lie on the other side of a middle.
        return nearest + 2 * _half(weight)

    return indices.constant, table[found.reshape(shape)], allowed


def unpacked(data: np.ndarray, bits: int, count: int) -> NDArray[np.int64]:
    """Return integers that follow one another bit by bit in bytes, the lowest bit first."""
    ones = np.unpackbits(data.reshape(-1).view(np.uint8), bitorder="little")[: count * bits]
    weights = 1 << np.arange(bits)
    result: NDArray[np.int64] = (ones.reshape(count, bits) * weights).sum(axis=1)
    return result
