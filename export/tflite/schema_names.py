"""The names behind the numbers in a TFLite file."""

from __future__ import annotations

from ai_edge_litert import schema_py_generated as schema


def _names(enumeration: type) -> dict[int, str]:
    return {code: name for name, code in vars(enumeration).items() if isinstance(code, int)}


OPERATOR_NAMES = _names(schema.BuiltinOperator)
TYPE_NAMES = {code: name.lower() for code, name in _names(schema.TensorType).items()}
