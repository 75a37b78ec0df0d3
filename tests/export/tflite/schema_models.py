"""Small TFLite models made with the schema's object API."""

from __future__ import annotations

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

NHWC = (1, 8, 8, 4)


def tensor(dtype: int, shape: tuple[int, ...] = NHWC, scales: int | float = 0) -> schema.TensorT:
    """A tensor; ``scales`` is the number of scales of 1.0, or one scale if it is a float."""
    values = [scales] if isinstance(scales, float) else [1.0] * scales
    quantization = schema.QuantizationParametersT(
        scale=values or None, zeroPoint=[0] * len(values) or None
    )
    return schema.TensorT(
        name="t", shape=list(shape), type=dtype, buffer=0, quantization=quantization
    )


def one_operator(
    name: str,
    inputs: list[schema.TensorT | None],
    output: schema.TensorT,
    options: object = None,
) -> schema.ModelT:
    """A model of one operator under a version that is far too high."""
    tensors = [*(t for t in inputs if t is not None), output]
    indices = [-1 if t is None else tensors.index(t) for t in inputs]
    operator = schema.OperatorT(
        opcodeIndex=0, inputs=indices, outputs=[len(tensors) - 1], builtinOptions=options
    )
    code = getattr(schema.BuiltinOperator, name)
    return schema.ModelT(
        version=3,
        operatorCodes=[schema.OperatorCodeT(builtinCode=code, version=99)],
        subgraphs=[schema.SubGraphT(tensors=tensors, operators=[operator])],
        buffers=[schema.BufferT()],
    )


def packed(model: schema.ModelT) -> bytes:
    """The bytes of a file that holds the model."""
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def classifier() -> bytes:
    """A float network with a signature: 1x8x8x3 -> CONV_2D 3x3, 4 channels -> MEAN -> 1x4.

    Its weights are 3*3*3*4 + 4 floats, its only other constant the two axes of MEAN.
    """
    kernel = np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)
    constants = [kernel, np.ones(4, np.float32), np.array([1, 2], np.int32)]
    shapes = [(1, 8, 8, 3), (4, 3, 3, 3), (4,), (2,), (1, 8, 8, 4), (1, 4)]
    names = ["image", "kernel", "bias", "axes", "features", "scores"]
    tensors = []
    for index, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        is_constant = 1 <= index <= 3
        dtype = schema.TensorType.INT32 if name == "axes" else schema.TensorType.FLOAT32
        tensors.append(
            schema.TensorT(name=name, shape=list(shape), type=dtype, buffer=index * is_constant)
        )
    operators = [
        schema.OperatorT(
            opcodeIndex=0,
            inputs=[0, 1, 2],
            outputs=[4],
            builtinOptionsType=schema.BuiltinOptions.Conv2DOptions,
            builtinOptions=schema.Conv2DOptionsT(strideW=1, strideH=1, fusedActivationFunction=1),
        ),
        schema.OperatorT(
            opcodeIndex=1,
            inputs=[4, 3],
            outputs=[5],
            builtinOptionsType=schema.BuiltinOptions.ReducerOptions,
            builtinOptions=schema.ReducerOptionsT(),
        ),
    ]
    buffers = [schema.BufferT(data=array.ravel().view(np.uint8)) for array in constants]
    buffers.append(schema.BufferT(data=list(b"1.6.0".ljust(16, b"\0"))))
    buffers.append(schema.BufferT(data=list(b"anything")))
    signature = schema.SignatureDefT(
        signatureKey="serving_default",
        inputs=[schema.TensorMapT(name="input", tensorIndex=0)],
        outputs=[schema.TensorMapT(name="logits", tensorIndex=5)],
    )
    return packed(
        schema.ModelT(
            version=3,
            description="a classifier",
            operatorCodes=[
                schema.OperatorCodeT(deprecatedBuiltinCode=3, builtinCode=3),
                schema.OperatorCodeT(deprecatedBuiltinCode=40, builtinCode=40),
            ],
            subgraphs=[
                schema.SubGraphT(tensors=tensors, inputs=[0], outputs=[5], operators=operators)
            ],
            buffers=[schema.BufferT(), *buffers],
            metadata=[
                schema.MetadataT(name="min_runtime_version", buffer=4),
                schema.MetadataT(name="other", buffer=5),
            ],
            signatureDefs=[signature],
        )
    )
