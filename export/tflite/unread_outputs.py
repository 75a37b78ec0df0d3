"""Parts of a cut tensor that nobody reads, which litert-quantizer leaves in float beside integers.

Kernels refuse a SPLIT whose parts are of another type than what it cuts.
"""

from __future__ import annotations

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.tflite.objects import kind_of

_B = schema.BuiltinOperator

#: Operators that cut a tensor into several -> which of their inputs that is.
_CUTTING = {_B.SPLIT: 1, _B.SPLIT_V: 0, _B.UNPACK: 0}


def match_unread_parts(model: Any) -> None:
    """Give parts that nobody reads the type and the scale of what they are cut from, in place.

    Args:
        model: A quantized file as the schema's ``ModelT``.
    """
    graph = model.subgraphs[0]
    read = {int(index) for op in graph.operators for index in op.inputs}
    read.update(int(index) for index in graph.outputs)
    for op in graph.operators:
        kind = kind_of(model, op)
        if kind not in _CUTTING:
            continue
        source = graph.tensors[op.inputs[_CUTTING[kind]]]
        for index in op.outputs:
            part = graph.tensors[index]
            if int(index) not in read and part.type != source.type:
                part.type, part.quantization = source.type, source.quantization
