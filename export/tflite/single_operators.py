"""One operator of a file as a file of its own, to ask a delegate about it alone."""

from __future__ import annotations

from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import builtin


def single_operator(model: Any, index: int) -> bytes | None:
    """Return a file that holds an operator of the first subgraph, and the constants it reads.

    Args:
        model: A schema ``ModelT``; it is left as it is.
        index: Of the operator.

    Returns:
        The file; None for an operator that reads constants only, which no file can consist of.
    """
    graph = model.subgraphs[0]
    operator = graph.operators[index]
    read = [int(tensor) for tensor in operator.inputs]
    written = [int(tensor) for tensor in operator.outputs]
    order = list(dict.fromkeys(tensor for tensor in (*read, *written) if tensor >= 0))
    buffers = [schema.BufferT()]
    tensors = [_tensor(model, graph.tensors[tensor], buffers) for tensor in order]
    inputs = [place for place, one in enumerate(tensors) if one.buffer == 0]
    outputs = [order.index(tensor) for tensor in written]
    inputs = [place for place in inputs if place not in outputs]
    if not inputs:
        return None
    single = schema.OperatorT(
        inputs=[order.index(tensor) if tensor >= 0 else -1 for tensor in read],
        outputs=outputs,
        builtinOptionsType=operator.builtinOptionsType,
        builtinOptions=operator.builtinOptions,
        builtinOptions2Type=operator.builtinOptions2Type,
        builtinOptions2=operator.builtinOptions2,
        customOptions=operator.customOptions,
    )
    part = schema.SubGraphT(tensors=tensors, inputs=inputs, outputs=outputs, operators=[single])
    code = model.operatorCodes[operator.opcodeIndex]
    return _packed(
        schema.ModelT(version=3, operatorCodes=[code], subgraphs=[part], buffers=buffers)
    )


def kinds_of(model: Any, names: dict[int, str]) -> list[str]:
    """Return the kind of every operator of the first subgraph."""
    codes = model.operatorCodes
    return [names[builtin(codes[one.opcodeIndex])] for one in model.subgraphs[0].operators]


def _tensor(model: Any, tensor: Any, buffers: list[Any]) -> Any:
    data = model.buffers[tensor.buffer].data
    place = 0
    if data is not None and len(data) > 0:
        place = len(buffers)
        buffers.append(schema.BufferT(data=data))
    return schema.TensorT(
        name=tensor.name,
        shape=tensor.shape,
        type=tensor.type,
        buffer=place,
        quantization=tensor.quantization,
    )


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 12)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
