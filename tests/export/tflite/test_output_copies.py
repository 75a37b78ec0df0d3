"""Outputs that the network reads itself; the quantizer alone writes files that corrupt memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.output_copies import copy_outputs, remove_copies
from _edgeship.export.tflite.writer import from_bytes
from tests.export.tflite.small_graphs import Small, add, kinds, sqnr_db, types

NHWC = (1, 4, 4, 8)


def logits_and_softmax() -> Small:
    small = Small(x=NHWC).constant("half", np.float32(0.5))
    small.op("ADD", "x half", "logits", NHWC, opts=add())
    small.op("SOFTMAX", "logits", "scores", NHWC, opts=options("SoftmaxOptions", beta=1.0))
    return small.out("logits scores")


def output_in_the_middle() -> Small:
    """``a`` is an output, and joined with ``b`` of a wider range."""
    small = Small(x=NHWC).constant("tenth", np.float32(0.1)).constant("ten", np.float32(10))
    small.op("MUL", "x tenth", "a", NHWC, opts=options("MulOptions"))
    small.op("MUL", "x ten", "b", NHWC, opts=options("MulOptions"))
    join = options("ConcatenationOptions", axis=3)
    small.op("CONCATENATION", "a b", "joined", (1, 4, 4, 16), opts=join)
    return small.op("RELU", "joined", "y", (1, 4, 4, 16)).out("a y")


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
@pytest.mark.parametrize("build", [logits_and_softmax, output_in_the_middle])
def test_both_outputs_are_right(build: Callable[[], Small], scheme: str) -> None:
    small = build()
    data = small.quantized(scheme)
    assert "RESHAPE" not in kinds(data)
    (sample,) = small.samples(1)
    pairs = zip(small.run(small.data(), sample), small.run(data, sample), strict=True)
    for reference, values in pairs:
        assert sqnr_db(reference, values) > (35 if scheme == "int8" else 75)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_integer_outputs_keep_their_own_scale(dtype: str) -> None:
    small = output_in_the_middle()
    data = small.quantized("int8", dtype)
    (sample,) = small.samples(1)
    (reference, _) = small.run(small.data(), sample)
    # The scale of ``joined`` is a hundred times as coarse, which would leave nothing of ``a``.
    assert sqnr_db(reference, small.run(data, sample)[0]) > 30


def test_a_graph_without_such_outputs_is_left_alone() -> None:
    model = from_bytes(Small(x=NHWC).op("RELU", "x", "y", NHWC).out("y").data())
    assert copy_outputs(model) == set()
    assert len(model.subgraphs[0].operators) == 1


def test_copies_come_and_go() -> None:
    model = from_bytes(logits_and_softmax().data())
    outputs = list(model.subgraphs[0].outputs)
    names = copy_outputs(model)
    assert len(names) == 1
    assert len(model.subgraphs[0].operators) == 3
    assert list(model.subgraphs[0].outputs) != outputs
    remove_copies(model, names)
    assert [int(index) for index in model.subgraphs[0].outputs] == outputs
    assert len(model.subgraphs[0].operators) == 2
    ports = model.signatureDefs[0].outputs
    assert [port.tensorIndex for port in ports] == outputs


def test_all_ports_are_float_by_default() -> None:
    data = logits_and_softmax().quantized("int8")
    model = from_bytes(data)
    ports = [*model.subgraphs[0].inputs, *model.subgraphs[0].outputs]
    found = list(types(data).values())
    assert {found[index] for index in ports} == {"float32"}
