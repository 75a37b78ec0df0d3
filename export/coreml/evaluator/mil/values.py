"""Types and constants of an ML program: from protobuf messages to names, shapes and arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from _edgeship.errors import InputError, UnsupportedError
from _edgeship.export.coreml.evaluator.mil.blobs import BlobFile
from _edgeship.export.coreml.evaluator.mil.dtypes import NUMPY, decoded, nbytes
from _edgeship.export.coreml.evaluator.mil.program import Argument, Array, Variable

#: The constants of `MILSpec.DataType` -> MIL's names.
_NAMES = {
    1: "bool",
    2: "string",
    10: "fp16",
    11: "fp32",
    12: "fp64",
    13: "bf16",
    21: "int8",
    22: "int16",
    23: "int32",
    24: "int64",
    25: "int4",
    31: "uint8",
    32: "uint16",
    33: "uint32",
    34: "uint64",
    35: "uint4",
    36: "uint2",
    37: "uint1",
    38: "uint6",
    39: "uint3",
    40: "fp8e4m3fn",
    41: "fp8e5m2",
}

#: Element type -> the field of `TensorValue` that holds it as one number per element. Any type may
#: also be stored as bytes, and those that are missing here always are.
_FIELDS = {
    "bool": "bools",
    "string": "strings",
    "fp32": "floats",
    "fp64": "doubles",
    "int16": "ints",
    "uint16": "ints",
    "int32": "ints",
    "int64": "longInts",
    "uint64": "longInts",
}


def variable_of(name: str, value_type: Any) -> Variable:
    """Return a variable with the type and shape in a ``ValueType`` message.

    A list has the type of its elements, a dictionary the type ``dictionary``, and any other kind
    of value its protobuf name. Only tensors have a shape.
    """
    kind = value_type.WhichOneof("type")
    if kind == "tensorType":
        tensor = value_type.tensorType
        return Variable(name, dtype_name(tensor.dataType), shape_of(tensor))
    if kind == "listType" and value_type.listType.type.WhichOneof("type") == "tensorType":
        return Variable(name, dtype_name(value_type.listType.type.tensorType.dataType), None)
    return Variable(name, (kind or "unknown").removesuffix("Type"), None)


def dtype_name(code: int) -> str:
    """Return MIL's name of an element type, or its number if it is not known."""
    return _NAMES.get(code, f"type {code}")


def shape_of(tensor: Any) -> tuple[int, ...] | None:
    """Return the shape in a ``TensorType`` message, or None if a dimension is open."""
    if any(dimension.WhichOneof("dimension") != "constant" for dimension in tensor.dimensions):
        return None
    if len(tensor.dimensions) != tensor.rank:
        return None
    return tuple(int(dimension.constant.size) for dimension in tensor.dimensions)


def dtype_of(value: Any) -> str:
    """Return MIL's name of the element type of a ``Value`` message."""
    if value.type.WhichOneof("type") == "listType":
        return dtype_name(value.type.listType.type.tensorType.dataType)
    return dtype_name(value.type.tensorType.dataType)


def constant_of(value: Any, blobs: Mapping[str, BlobFile], where: str) -> Argument:
    """Return a constant: an array, a string, or a list of them.

    Args:
        value: A ``Value`` message.
        blobs: The files of weights by the names that the program has for them.
        where: The operator, for messages.

    Raises:
        InputError: The constant is damaged.
        UnsupportedError: It is of a kind or type that the evaluator does not know.
    """
    kind = value.type.WhichOneof("type")
    if kind == "listType" and value.immediateValue.WhichOneof("value") == "list":
        return [constant_of(item, blobs, where) for item in value.immediateValue.list.values]
    if kind != "tensorType":
        raise UnsupportedError(f"A constant of kind {kind} cannot be read.", where=where)
    dtype, shape = dtype_name(value.type.tensorType.dataType), shape_of(value.type.tensorType)
    if shape is None:
        raise InputError("A constant has no shape.", where=where)
    if dtype not in NUMPY and dtype != "string":
        raise UnsupportedError(f"Constants of {dtype} cannot be read.", where=where)
    if value.WhichOneof("value") == "blobFileValue":
        return _from_blob(value.blobFileValue, dtype, shape, blobs, where)
    if value.immediateValue.WhichOneof("value") != "tensor":
        raise InputError("A constant has no value.", where=where)
    if dtype == "string":
        return _strings(value.immediateValue.tensor, shape, where)
    return _immediate(value.immediateValue.tensor, dtype, shape, where)


def _from_blob(
    blob: Any, dtype: str, shape: tuple[int, ...], blobs: Mapping[str, BlobFile], where: str
) -> Array:
    if blob.fileName not in blobs:
        raise InputError(
            "The package lacks a file of weights.",
            where=where,
            why=f"The program reads {blob.fileName!r}.",
        )
    if dtype == "string":
        raise InputError("A string cannot lie in a file of weights.", where=where)
    return blobs[blob.fileName].load(int(blob.offset), dtype, math.prod(shape)).reshape(shape)


def _strings(tensor: Any, shape: tuple[int, ...], where: str) -> str | list[Any]:
    values = list(tensor.strings.values)
    _check_count(len(values), math.prod(shape), "string", where)
    return values if shape else str(values[0])


def _immediate(tensor: Any, dtype: str, shape: tuple[int, ...], where: str) -> Array:
    count = math.prod(shape)
    if tensor.WhichOneof("value") == "bytes":
        data = tensor.bytes.values
        _check_count(len(data), nbytes(dtype, count), f"bytes of {dtype}", where)
        return decoded(data, dtype, count).reshape(shape)
    values = getattr(tensor, _FIELDS[dtype]).values if dtype in _FIELDS else ()
    _check_count(len(values), count, dtype, where)
    wide = np.array(list(values))
    array = wide.astype(NUMPY[dtype])
    if array.dtype.kind in "iu" and not np.array_equal(wide, array):
        raise InputError(f"A constant does not fit into {dtype}.", where=where)
    return array.reshape(shape)


def _check_count(found: int, expected: int, what: str, where: str) -> None:
    if found != expected:
        raise InputError(
            "A constant is damaged.", where=where, why=f"It has {found} {what}; not {expected}."
        )
