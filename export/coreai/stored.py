"""How the numbers of a program are stored: as they are, or packed in one of Core AI's ways."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from _edgeship.export.coreai.summary import Operation, Summary, Tensor

#: MLIR's names of types -> the usual ones, and the bits of one number in the file.
NAMES: Mapping[str, tuple[str, int]] = {
    "f16": ("float16", 16),
    "f32": ("float32", 32),
    "f64": ("float64", 64),
    "bf16": ("bfloat16", 16),
    "i1": ("bool", 8),
    **{f"si{bits}": (f"int{bits}", bits) for bits in (2, 4, 8, 16, 32, 64)},
    **{f"ui{bits}": (f"uint{bits}", bits) for bits in (1, 2, 3, 4, 6, 8, 16, 32, 64)},
}

#: Operators that unpack what the first operand stores.
_PACKED = ("blockwise_shift_scale", "lut_to_dense", "dequantize")

#: Operators that compute nothing of their own, for the type of the arithmetic.
_SILENT = {"constant", "cast", "quantize", *_PACKED}


@dataclass(frozen=True)
class WeightKind:
    """The weights that are stored in one way.

    Attributes:
        kind: How, such as "float16", "int8" or "4-bit palette".
        tensors: How many tensors there are.
        values: How many numbers they hold once they are unpacked.
        stored_bytes: What they take in the file, with scales and palettes.
    """

    kind: str
    tensors: int
    values: int
    stored_bytes: int


def name_of(dtype: str) -> str:
    """Return the usual name of one of MLIR's types, such as float16 for f16."""
    return NAMES[dtype][0] if dtype in NAMES else dtype


def stored_weights(summary: Summary) -> tuple[WeightKind, ...]:
    """Return how the float constants of a program are stored, what takes most bytes first."""
    makers = {
        one.number: operation for operation in summary.operations for one in operation.results
    }
    packed: set[int] = set()
    found: dict[str, WeightKind] = {}
    for operation in summary.operations:
        sources = [makers[one] for one in operation.operands if one in makers]
        if operation.kind not in _PACKED or not sources or sources[0].kind != "constant":
            continue
        packed.update(operation.operands)
        bits = sum(_bits(one.results[0]) for one in sources)
        _add(found, _kind(operation, sources[0]), operation.results[0], bits)
    for operation in summary.operations:
        result = operation.results[0] if operation.results else None
        if operation.kind != "constant" or result is None or result.number in packed:
            continue
        if result.dtype.startswith(("f", "bf")) and result.shape:
            _add(found, name_of(result.dtype), result, _bits(result))
    return tuple(sorted(found.values(), key=lambda one: -one.stored_bytes))


def _kind(operation: Operation, data: Operation) -> str:
    dtype = data.results[0].dtype
    if operation.kind == "lut_to_dense":
        return f"{NAMES[dtype][1]}-bit palette" if dtype in NAMES else "palette"
    return name_of(dtype)


def _bits(tensor: Tensor) -> int:
    return math.prod(tensor.shape) * (NAMES[tensor.dtype][1] if tensor.dtype in NAMES else 8)


def _add(found: dict[str, WeightKind], kind: str, result: Tensor, bits: int) -> None:
    before = found.get(kind, WeightKind(kind, 0, 0, 0))
    found[kind] = WeightKind(
        kind,
        before.tensors + 1,
        before.values + math.prod(result.shape),
        before.stored_bytes + bits // 8,
    )


def computed_types(summary: Summary) -> dict[str, int]:
    """Return float type -> how many operators compute in it, the most frequent first."""
    found = Counter(
        name_of(operation.results[0].dtype)
        for operation in summary.operations
        if operation.kind not in _SILENT and operation.results
        if operation.results[0].dtype.startswith(("f", "bf"))
    )
    return dict(found.most_common())
