"""Outputs of the network that it also reads itself, kept apart while a file is quantized.

litert-quantizer inserts a conversion either in front of an output or in front of the operators that
read a tensor. Where one tensor is both, version 0.11 mixes the two up: the last operator
reads what was meant for the output, or the output gets the scale of another operator. So such an
output is first made a tensor of its own, by a RESHAPE that is taken out again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.objects import name_of, shape_of

#: What is appended to the name of a copied tensor.
_OWN = "/own"


def copy_outputs(model: Any) -> set[str]:
    """Put a RESHAPE between outputs that operators read and those operators, in place.

    Args:
        model: The float file as the schema's ``ModelT``.

    Returns:
        Names of the tensors added.
    """
    graph = model.subgraphs[0]
    read = {int(index) for op in graph.operators for index in op.inputs}
    added = set()
    for index in [int(index) for index in graph.outputs]:
        if index in read:
            added.add(_copy(model, index))
    return added


def remove_copies(model: Any, added: set[str]) -> None:
    """Take the RESHAPE operators out again, in place.

    Args:
        model: The quantized file; the copies have the types and scales of what they copy.
        added: What `copy_outputs` returned.
    """
    graph = model.subgraphs[0]
    sources = {
        int(op.outputs[0]): int(op.inputs[0])
        for op in graph.operators
        if name_of(graph.tensors[op.outputs[0]]) in added
    }
    graph.operators = [op for op in graph.operators if int(op.outputs[0]) not in sources]
    for op in graph.operators:
        op.inputs = [sources.get(int(index), int(index)) for index in op.inputs]
    graph.outputs = [sources.get(int(index), int(index)) for index in graph.outputs]
    for port in _ports(model):
        port.tensorIndex = sources.get(port.tensorIndex, port.tensorIndex)


def original_of(copy: str) -> str:
    """Return the name of the tensor that one of the added tensors is a copy of."""
    return copy.removesuffix(_OWN)


def _copy(model: Any, index: int) -> str:
    graph = model.subgraphs[0]
    tensor = graph.tensors[index]
    new = len(graph.tensors)
    copy = schema.TensorT()
    copy.name = name_of(tensor) + _OWN
    copy.shape, copy.type, copy.buffer = np.array(shape_of(tensor), np.int32), tensor.type, 0
    graph.tensors.append(copy)

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RESHAPE
    code.version = 1
    model.operatorCodes.append(code)
    op = schema.OperatorT()
    op.opcodeIndex = len(model.operatorCodes) - 1
    op.inputs, op.outputs = [index], [new]
    op.builtinOptions = options("ReshapeOptions", newShape=list(shape_of(tensor)))
    op.builtinOptionsType = schema.BuiltinOptions.ReshapeOptions
    graph.operators.append(op)

    graph.outputs = [new if int(output) == index else int(output) for output in graph.outputs]
    for port in _ports(model):
        if port.tensorIndex == index:
            port.tensorIndex = new
    return str(copy.name)


def _ports(model: Any) -> list[Any]:
    return [port for signature in model.signatureDefs or [] for port in signature.outputs]
