"""Integers narrower than 32 bits wrap around as in ONNX; those of 64 bits are held in 32."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, reference

from tests.export.coreml.ops.harness import check, graph_model, parse

NARROW = [TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.UINT16]


def wrapped(model: onnx.ModelProto, feeds: dict[str, np.ndarray]) -> onnx.ModelProto:
    """A model that returns what ONNX's own reference computes: not every runtime has kernels."""
    results = reference.ReferenceEvaluator(model).run(None, feeds)
    nodes, constants = [], {}
    for port, result in zip(model.graph.output, results, strict=True):
        constants[f"c_{port.name}"] = np.asarray(result)
        nodes.append(helper.make_node("Identity", [f"c_{port.name}"], [port.name]))
    names = [port.name for port in model.graph.output]
    made = graph_model(nodes, constants, names)
    made.graph.input.extend(model.graph.input)
    return made


@pytest.mark.parametrize("dtype", NARROW)
def test_arithmetic_wraps_around(dtype: int) -> None:
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    limits = np.iinfo(kind)
    feeds = {
        "a": np.array([limits.max, limits.min, 100, 7, 0], kind),
        "b": np.array([limits.max, 1, 100, 3, 1], kind),
    }
    nodes = [helper.make_node(one, ["a", "b"], [one]) for one in ("Add", "Sub", "Mul", "Div")]
    nodes += [helper.make_node("Max", ["a", "b"], ["Max"])]
    model = graph_model(nodes, {"a": (5,), "b": (5,)}, [n.op_type for n in nodes], dtype=dtype)
    check(model, feeds=feeds, tolerance=0, reference=wrapped(model, feeds))


@pytest.mark.parametrize("to", NARROW)
def test_casts_between_integers(to: int) -> None:
    name = TensorProto.DataType.Name(to).lower()
    numbers = np.array([0, 1, 127, 128, 255, 256, -1, -129, 32767, 40_000, 65_537])
    model = parse(f"agraph (int64[11] x) => ({name}[11] y) {{ y = Cast<to = {to}>(x) }}")
    check(model, feeds={"x": numbers}, tolerance=0)


def test_remainders() -> None:
    feeds = {
        "a": np.array([-7, 7, -7, 7, 6], np.int64),
        "b": np.array([3, -3, -3, 3, 3], np.int64),
    }
    nodes = [
        helper.make_node("Mod", ["a", "b"], ["down"]),
        helper.make_node("Mod", ["a", "b"], ["truncated"], fmod=1),
    ]
    model = graph_model(
        nodes, {"a": (5,), "b": (5,)}, ["down", "truncated"], dtype=TensorProto.INT64
    )
    check(model, feeds=feeds, tolerance=0)
    real = {name: value.astype(np.float32) * 1.25 for name, value in feeds.items()}
    node = helper.make_node("Mod", ["a", "b"], ["y"], fmod=1)
    check(graph_model([node], {"a": (5,), "b": (5,)}), feeds=real)


def test_means_of_integers_are_rounded_towards_zero() -> None:
    model = parse(
        "agraph (int32[3,2] x) => (int32[3] y) <int64[1] axes = {1}>"
        " { y = ReduceMean<keepdims = 0>(x, axes) }"
    )
    check(model, feeds={"x": np.array([[1, 2], [-1, -2], [4, 6]], np.int32)}, tolerance=0)


def test_powers() -> None:
    for exponent in ("float", "int32"):
        body = f"<{exponent}[3] e = {{3, 0, 2}}> {{ y = Pow(x, e) }}"
        model = parse(f"agraph (int32[3] x) => (int32[3] y) {body}")
        check(model, feeds={"x": np.array([5, -4, -30_001], np.int32)}, tolerance=0)
    model = parse("agraph (int32[3] x, float[3] e) => (int32[3] y) { y = Pow(x, e) }")
    feeds = {"x": np.array([5, 4, 9], np.int32), "e": np.array([2, 1.5, 0.6], np.float32)}
    check(model, feeds=feeds, tolerance=0)
