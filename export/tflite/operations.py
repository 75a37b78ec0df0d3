"""The operators of a file as plain values."""

from __future__ import annotations

from typing import Any

import numpy as np

from _edgeship.export.delegates.operation import Operand, Operation
from _edgeship.export.tflite.objects import kind_of, shape_of
from _edgeship.export.tflite.schema_names import OPERATOR_NAMES, TYPE_NAMES

#: Constants of more elements are no indices, sizes or axes.
_MOST_VALUES = 16

_INTEGERS = {"int32": np.int32, "int64": np.int64}


def operations(model: Any) -> list[Operation]:
    """Return the operators of the first subgraph, in order.

    Args:
        model: A schema ``ModelT``.
    """
    graph = model.subgraphs[0]
    operands = [_operand(model, index, tensor) for index, tensor in enumerate(graph.tensors)]
    return [
        Operation(
            kind=OPERATOR_NAMES[kind_of(model, op)],
            version=int(model.operatorCodes[op.opcodeIndex].version),
            inputs=tuple(operands[index] if index >= 0 else None for index in op.inputs),
            outputs=tuple(operands[index] for index in op.outputs),
            options={} if op.builtinOptions is None else vars(op.builtinOptions),
        )
        for op in graph.operators
    ]


def _operand(model: Any, index: int, tensor: Any) -> Operand:
    data = model.buffers[tensor.buffer].data
    constant = data is not None and len(data) > 0
    dtype = TYPE_NAMES[tensor.type]
    shape = shape_of(tensor)
    values = None
    if constant and dtype in _INTEGERS and np.prod(shape, dtype=np.int64) <= _MOST_VALUES:
        flat = np.frombuffer(np.asarray(data, np.uint8).tobytes(), _INTEGERS[dtype])
        values = tuple(map(int, flat))
    scales = getattr(tensor.quantization, "scale", None)
    return Operand(index, shape, dtype, constant, 0 if scales is None else len(scales), values)
