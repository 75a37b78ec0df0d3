"""What the GPU takes of whole files: by rules as when it is asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from _edgeship.export.delegates.report import RULES
from _edgeship.export.tflite.building.graph import Tensor, options
from _edgeship.export.tflite.gpu_by_rules import UNPACKS, gpu_by_rules
from _edgeship.export.tflite.gpu_run import run_on_gpu
from tests.export.delegates.gpu_here import accelerator
from tests.export.tflite.small_graphs import Small, add
from tests.export.tflite.test_gpu_run import SHAPE, whole, with_five_axes

KERNEL = np.random.default_rng(0).standard_normal((8, 3, 3, 8)).astype(np.float32)
CONV = options(
    "Conv2DOptions", strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1, padding=0
)


def convolved(deep: bool) -> Small:
    """A convolution, between two ways to rank 5 and back if ``deep``."""
    small = Small(x=SHAPE).constant("w", KERNEL).constant("b", np.ones(8, np.float32))
    small.op("ABS", "x", "a", SHAPE)
    small.op("CONV_2D", "a w b", "c", SHAPE, opts=CONV)
    if not deep:
        return small.op("NEG", "c", "y", SHAPE).out("y")
    axes = (1, 4, 4, 2, 4)
    small.constant("deep", np.array(axes, np.int32)).constant("flat", np.array(SHAPE, np.int32))
    small.op("RESHAPE", "c deep", "d", axes, opts=add("Reshape", newShape=list(axes)))
    small.op("RESHAPE", "d flat", "e", SHAPE, opts=add("Reshape", newShape=list(SHAPE)))
    return small.op("NEG", "e", "y", SHAPE).out("y")


def of_constants(kind: str, second: type, opts: str) -> Small:
    """An operator that reads constants only."""
    small = Small(x=SHAPE).constant("c", np.arange(8, dtype=np.float32))
    small.constant("d", np.ones(8, second))
    small.op(kind, "c d", "m", (8,), opts=add(opts))
    return small.op("MUL", "x m", "y", SHAPE, opts=add("Mul")).out("y")


def cast() -> Small:
    """An int64 output."""
    small = whole()
    small.graph.tensors.append(Tensor("wide", SHAPE, np.dtype(np.int64)))
    small.graph.add("CAST", [2], [3], options("CastOptions", inDataType=0, outDataType=4))
    small.graph.outputs = [3]
    return small


FILES: dict[str, Callable[[], tuple[Small, bytes]]] = {
    "whole": lambda: (whole(), whole().data()),
    "five axes": lambda: (with_five_axes(), with_five_axes().data()),
    **{
        kind: lambda arguments=(kind, *types): (
            of_constants(*arguments),
            of_constants(*arguments).data(),
        )
        for kind, *types in (
            ("MAXIMUM", np.float32, "MaximumMinimum"),
            ("GATHER", np.int32, "Gather"),
        )
    },
    "int64": lambda: (cast(), cast().data()),
    **{
        f"{scheme}, {'deep' if deep else 'flat'}": lambda scheme=scheme, deep=deep: (
            convolved(deep),
            convolved(deep).quantized(scheme),
        )
        for scheme in ("none", "fp16", "dynamic", "int8", "int16x8")
        for deep in (False, True)
    },
}


@pytest.mark.parametrize("name", FILES)
def test_by_rules_as_when_it_is_asked(name: str) -> None:
    accelerator()
    small, data = FILES[name]()
    ruled = gpu_by_rules(data)
    asked = run_on_gpu(data, [], small.io()).delegate
    assert asked is not None
    assert (ruled.taken, ruled.operators) == (asked.taken, asked.operators)
    refused = {one.index for one in asked.left if one.index is not None}
    assert refused <= {one.index for one in ruled.left}
    assert ruled.source == RULES


def test_what_only_unpacks_constants_is_left_with_an_operator_that_is() -> None:
    whole_file = gpu_by_rules(convolved(False).quantized("fp16"))
    assert whole_file.left == ()
    cut = gpu_by_rules(convolved(True).quantized("fp16"))
    assert [one.kind for one in cut.left if one.reason == UNPACKS] == ["DEQUANTIZE"]
    assert {one.reason for one in cut.left if one.kind == "RESHAPE"} == {
        "Tensor dimensions must be less than 5."
    }
