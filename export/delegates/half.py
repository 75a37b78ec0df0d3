"""A file of one operator whose result tells whether a driver computes in float16."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from _edgeship.export.delegates.query import Query

#: Less than half a step of float16 above 1: 1 plus this is 1 there.
_LITTLE = 2.0**-12

_SHAPE = (1, 2, 2, 4)


def probe(half: bool) -> Query:
    """Return a query that adds a little to 1, in float16 if the driver has it and ``half`` says so.

    What a driver does without it cannot be asked for: it computes in float32 and says nothing.
    """
    ones = np.ones(_SHAPE, np.float32)
    return Query(_file(), [[ones]], ["x"], ["y"], [_SHAPE], half=half)


def lost(outputs: list[list[np.ndarray]]) -> bool:
    """Return whether the little that the probe adds was lost."""
    return bool((outputs[0][0] == 1).all())


def _file() -> bytes:
    def tensor(name: str, buffer: int) -> schema.TensorT:
        return schema.TensorT(name=name, shape=list(_SHAPE), type=0, buffer=buffer)

    little = np.full(_SHAPE, _LITTLE, np.float32).tobytes()
    code = schema.BuiltinOperator.ADD
    model = schema.ModelT(
        version=3,
        operatorCodes=[schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=code)],
        subgraphs=[
            schema.SubGraphT(
                tensors=[tensor("x", 0), tensor("little", 1), tensor("y", 0)],
                inputs=[0],
                outputs=[2],
                operators=[
                    schema.OperatorT(
                        inputs=[0, 1],
                        outputs=[2],
                        builtinOptionsType=schema.BuiltinOptions.AddOptions,
                        builtinOptions=schema.AddOptionsT(),
                    )
                ],
            )
        ],
        buffers=[schema.BufferT(), schema.BufferT(data=np.frombuffer(little, np.uint8))],
    )
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
