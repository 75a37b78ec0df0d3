"""Reading the schema's Python objects (``ModelT`` and what it holds)."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

_NUMPY = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT32: np.int32,
    schema.TensorType.INT64: np.int64,
    schema.TensorType.INT8: np.int8,
}


def kind_of(model: Any, op: Any) -> int:
    """Return the ``BuiltinOperator`` of an operator."""
    return builtin(model.operatorCodes[op.opcodeIndex])


def custom_code(model: Any, op: Any) -> str | None:
    """Return what runtimes know a custom operator by, None for one of the schema's."""
    code = model.operatorCodes[op.opcodeIndex]
    if builtin(code) != schema.BuiltinOperator.CUSTOM:
        return None
    return _text(code.customCode)


def builtin(code: Any) -> int:
    """Return the ``BuiltinOperator`` of an operator code, from the old field or the new one."""
    return int(max(code.builtinCode, code.deprecatedBuiltinCode or 0))


def name_of(tensor: Any) -> str:
    """Return a tensor's name; packed files hold bytes, new objects text."""
    return _text(tensor.name)


def _text(text: Any) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def shape_of(tensor: Any) -> tuple[int, ...]:
    """Return a tensor's shape; the shape of a scalar is absent."""
    return tuple(int(extent) for extent in (tensor.shape if tensor.shape is not None else ()))


def constant(model: Any, tensor: Any) -> NDArray[Any] | None:
    """Return the data of a constant tensor, or None for one that is computed or an input."""
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0:
        return None
    values = np.asarray(data, np.uint8).tobytes()
    return np.frombuffer(values, _NUMPY[tensor.type]).reshape(shape_of(tensor))
