"""From a TFLite graph to the bytes of a file, and back to the schema's objects."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.runtimes.tflite_ports import FileIO
from _edgeship.export.tflite.building.graph import TENSOR_TYPES, Op, Tensor, TfliteGraph
from _edgeship.export.tflite.versions import set_lowest_versions

SIGNATURE = "serving_default"
MIN_RUNTIME_VERSION = "min_runtime_version"
#: TensorFlow pads this metadata to a fixed length with zeros.
_MIN_RUNTIME_BYTES = 16
_BUFFER_ALIGNMENT = 16


class _AlignedBuffer(schema.BufferT):  # type: ignore[misc]
    """A buffer whose bytes start on a 16-byte boundary, as the schema's force_align demands.

    The generated Python code ignores force_align, and kernels load weights by vectors.
    """

    def Pack(self, builder: Any) -> Any:  # noqa: N802 (the name is the generated code's)
        data = None
        if self.data is not None and len(self.data) > 0:
            raw = np.ascontiguousarray(self.data).view(np.uint8).tobytes()
            builder.StartVector(1, len(raw), _BUFFER_ALIGNMENT)
            builder.head -= len(raw)
            builder.Bytes[builder.head : builder.head + len(raw)] = raw
            data = builder.EndVector()
        schema.BufferStart(builder)
        if data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


def to_bytes(model: Any) -> bytes:
    """Serialize a schema ``ModelT``: lowest operator versions, aligned buffers, same bytes always.

    Writes the metadata entry ``min_runtime_version`` to agree with the operators.
    """
    runtime = set_lowest_versions(model)
    set_metadata(model, MIN_RUNTIME_VERSION, runtime.encode().ljust(_MIN_RUNTIME_BYTES, b"\0"))
    model.buffers = [_aligned(buffer) for buffer in model.buffers]
    size = sum(0 if buffer.data is None else len(buffer.data) for buffer in model.buffers)
    builder = flatbuffers.Builder(size + (1 << 16))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def from_bytes(data: bytes) -> Any:
    """Return the schema's ``ModelT`` of a file that this tool or litert-quantizer wrote.

    The quantizer puts large buffers behind the flatbuffer, where runtimes from before 2024 do not
    look; they are taken back in.
    """
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    for buffer in model.buffers:
        if buffer.data is None and buffer.size:
            buffer.data = np.frombuffer(data, np.uint8, buffer.size, buffer.offset)
    return model


def set_metadata(model: Any, name: str, value: bytes) -> None:
    """Write one metadata entry, into the buffer of an earlier one of that name if there is one."""
    data = np.frombuffer(value, np.uint8)
    model.metadata = list(model.metadata or [])
    for entry in model.metadata:
        if entry.name in (name, name.encode()):
            model.buffers[entry.buffer].data = data
            return
    entry = schema.MetadataT()
    entry.name = name
    entry.buffer = len(model.buffers)
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = data
    model.metadata.append(entry)


def clear_metadata(model: Any) -> None:
    """Remove all metadata, its data included."""
    for entry in model.metadata or []:
        model.buffers[entry.buffer].data = None
    model.metadata = []


def to_model(graph: TfliteGraph, io: FileIO, description: str) -> Any:
    """Return the schema's ``ModelT`` of a graph, with one signature naming its ports."""
    model = schema.ModelT()
    model.version = 3
    model.description = description
    model.buffers = [schema.BufferT()]
    model.operatorCodes = []
    subgraph = schema.SubGraphT()
    subgraph.name = "main"
    subgraph.tensors = [_tensor(tensor, model) for tensor in graph.tensors]
    subgraph.inputs = list(graph.inputs)
    subgraph.outputs = list(graph.outputs)
    codes: dict[str, int] = {}
    subgraph.operators = [_operator(op, model, codes) for op in graph.ops]
    model.subgraphs = [subgraph]
    model.signatureDefs = [_signature(graph, io)]
    return model


def _aligned(buffer: Any) -> _AlignedBuffer:
    """Return the buffer as one whose data lies inside the flatbuffer."""
    result = _AlignedBuffer()
    result.data = buffer.data
    return result


def _tensor(tensor: Tensor, model: Any) -> Any:
    result = schema.TensorT()
    result.name = tensor.name
    result.shape = list(tensor.shape)
    if tensor.signature is not None:
        result.shapeSignature = list(tensor.signature)
    result.type = TENSOR_TYPES[tensor.dtype]
    result.buffer = 0
    if tensor.data is not None:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(tensor.data.tobytes(), np.uint8)
        result.buffer = len(model.buffers)
        model.buffers.append(buffer)
    return result


def _operator(op: Op, model: Any, codes: dict[str, int]) -> Any:
    if op.kind not in codes:
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, op.kind)
        codes[op.kind] = len(model.operatorCodes)
        model.operatorCodes.append(code)
    result = schema.OperatorT()
    result.opcodeIndex = codes[op.kind]
    result.inputs = list(op.inputs)
    result.outputs = list(op.outputs)
    if op.options is not None:
        union = type(op.options).__name__.removesuffix("T")
        result.builtinOptionsType = getattr(schema.BuiltinOptions, union)
        result.builtinOptions = op.options
    return result


def _signature(graph: TfliteGraph, io: FileIO) -> Any:
    def port(name: str, index: int) -> Any:
        result = schema.TensorMapT()
        result.name = name
        result.tensorIndex = index
        return result

    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE
    signature.subgraphIndex = 0
    signature.inputs = [port(p.name, i) for p, i in zip(io.inputs, graph.inputs, strict=True)]
    signature.outputs = [port(p.name, i) for p, i in zip(io.outputs, graph.outputs, strict=True)]
    return signature
