"""How the weights of an ML program are stored: as they are, or packed in one of Core ML's ways."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from _edgeship.export.coreml.evaluator.mil.dtypes import nbytes
from _edgeship.export.coreml.evaluator.mil.program import MilProgram, Operation
from _edgeship.export.coreml.wiring import Wiring, stores

#: MIL's names of float types -> the usual ones.
FLOATS = {"fp16": "float16", "fp32": "float32"}

#: Operators that unpack weights -> the parameter that holds what is packed.
_PACKED = {
    "constexpr_affine_dequantize": "quantized_data",
    "constexpr_blockwise_shift_scale": "data",
    "constexpr_cast": "source_val",
    "constexpr_sparse_blockwise_shift_scale": "nonzero_data",
    "constexpr_sparse_to_dense": "nonzero_data",
}

#: How many packings may be nested; Core ML nests at most three.
_DEEPEST = 8

#: Parameters that scale another tensor and are no weights.
_SCALES = {"quantize": ("scale", "zero_point"), "dequantize": ("scale", "zero_point")}


@dataclass(frozen=True)
class WeightKind:
    """The weights that are stored in one way.

    Attributes:
        kind: How, such as "float16", "int8", "6-bit palette" or "sparse float16".
        tensors: How many tensors there are.
        values: How many numbers they hold once they are unpacked.
        stored_bytes: What they take in the file, with scales and palettes.
    """

    kind: str
    tensors: int
    values: int
    stored_bytes: int


def float_name(dtype: str) -> str:
    """Return the usual name of one of MIL's types, such as float16 for fp16."""
    return FLOATS.get(dtype, dtype)


def stored_weights(program: MilProgram, wiring: Wiring) -> tuple[WeightKind, ...]:
    """Return how the weights of a program are stored, the kind that takes most bytes first."""
    found: dict[str, WeightKind] = {}
    for operation in _weight_tensors(program, wiring):
        kind = _kind(operation, wiring)
        size = sum(_stored_bytes(part) for part in _parts(operation, wiring))
        before = found.get(kind, WeightKind(kind, 0, 0, 0))
        values = math.prod(operation.outputs[0].shape or ())
        found[kind] = WeightKind(
            kind, before.tensors + 1, before.values + values, before.stored_bytes + size
        )
    return tuple(sorted(found.values(), key=lambda kind: -kind.stored_bytes))


def _weight_tensors(program: MilProgram, wiring: Wiring) -> Iterator[Operation]:
    """Yield the operators that store or unpack a tensor that a computing operator reads, once each.

    Constants that are not packed count only if they are float tensors with axes.
    """
    seen: set[str] = set()
    for operation in program.operations:
        if stores(operation):
            continue
        for parameter, name in wiring.names(operation):
            producer = wiring.producers.get(name)
            if producer is None or not stores(producer) or name in seen:
                continue
            if parameter in _SCALES.get(operation.kind, ()):
                continue
            seen.add(name)
            variable = wiring.variables[name]
            if producer.kind != "const" or (variable.dtype in FLOATS and variable.shape):
                yield producer


def _parts(operation: Operation, wiring: Wiring) -> list[Operation]:
    """Return an operator that stores or unpacks a constant, and all those that it unpacks."""
    parts = {operation.outputs[0].name: operation}
    waiting = [operation]
    while waiting:
        for _, name in wiring.names(waiting.pop()):
            producer = wiring.producers.get(name)
            if producer is not None and producer.outputs[0].name not in parts:
                parts[producer.outputs[0].name] = producer
                waiting.append(producer)
    return list(parts.values())


def _stored_bytes(operation: Operation) -> int:
    """Return the bytes of the arrays written in an operator; names and axes do not count."""
    held = {**operation.attributes, **operation.inputs}
    return sum(
        nbytes(operation.dtypes[name], value.size)
        for name, value in held.items()
        if isinstance(value, np.ndarray) and value.ndim > 0 and name in operation.dtypes
    )


def _kind(operation: Operation, wiring: Wiring, depth: int = 0) -> str:
    """Say how a weight is stored, the outermost packing first."""
    kind = operation.kind
    if kind == "const":
        return float_name(operation.outputs[0].dtype)
    if kind.startswith("constexpr_lut_to_"):
        return f"{_palette_bits(operation, wiring)}-bit palette"
    if kind not in _PACKED or depth == _DEEPEST:
        return kind
    parameter = _PACKED[kind]
    bound = operation.inputs.get(parameter)
    if isinstance(bound, tuple) and bound and bound[0] in wiring.producers:
        inner = _kind(wiring.producers[bound[0]], wiring, depth + 1)
    else:
        inner = float_name(operation.dtypes.get(parameter, "unknown"))
    return f"sparse {inner}" if kind == "constexpr_sparse_to_dense" else inner


def _palette_bits(operation: Operation, wiring: Wiring) -> int:
    """Return the width of the indices, from the size of the palette.

    Up to iOS 17 a palette is a vector; later one of shape (..., entries, entry's length).
    """
    bound = operation.inputs.get("lut", operation.attributes.get("lut"))
    if isinstance(bound, tuple) and bound:
        shape = wiring.variables[bound[0]].shape or ()
    else:
        shape = bound.shape if isinstance(bound, np.ndarray) else ()
    entries = shape[-2] if len(shape) > 1 else max(shape, default=1)
    return (entries - 1).bit_length()
