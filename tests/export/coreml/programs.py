"""Small programs written by hand: what is counted in them does not depend on coremltools."""

from __future__ import annotations

from typing import Any

import numpy as np

from _edgeship.export.coreml.evaluator.mil.program import (
    Argument,
    Feature,
    ImagePort,
    MilProgram,
    Operation,
    Variable,
)


def tensor(name: str, *shape: int, dtype: str = "fp16") -> Variable:
    return Variable(name, dtype, shape)


def constant(name: str, value: Any) -> Operation:
    array = np.asarray(value)
    dtype = {"f": "fp16", "i": "int32", "b": "bool"}[array.dtype.kind]
    variable = Variable(name, dtype, array.shape)
    return Operation("const", {}, (variable,), {"val": array}, {"val": dtype})


def operation(kind: str, output: Variable, **inputs: tuple[str, ...] | Argument) -> Operation:
    return Operation(kind, inputs, (output,))


def program(*operations: Operation, image: Variable | None = None) -> MilProgram:
    image = image or tensor("image", 1, 3, 8, 8)
    return MilProgram(
        specification_version=8,
        opset="CoreML7",
        inputs=(Feature("image", "image", (1, 3, 8, 8), ImagePort("RGB", 8, 8), "a face"),),
        outputs=(Feature("label", "string", ()), Feature("scores", "dictionary", ())),
        variables=(image,),
        operations=operations,
        results=tuple(output.name for output in operations[-1].outputs),
        metadata={"author": "[bold]Ann\x1b", "license": "", "z": "last", "b": "first"},
        labels=("cat", "dog"),
        predicted_feature="label",
    )


def classifier() -> MilProgram:
    return program(
        constant("scale", np.float16(0.5)),
        constant("channels", np.ones(3, np.float16)),
        constant("weight", np.ones((2, 3), np.float16)),
        operation(
            "quantize", tensor("q", 1, 3, 8, 8, dtype="int8"), input=("image",), scale=("channels",)
        ),
        operation("dequantize", tensor("d", 1, 3, 8, 8), input=("q",), scale=("scale",)),
        operation("linear", tensor("y", 1, 2), x=("d",), weight=("weight",)),
        Operation(
            "classify",
            {"probabilities": ("y",), "classes": ["cat", "dog"]},
            (Variable("label", "string", ()), Variable("scores", "dictionary", None)),
        ),
    )
