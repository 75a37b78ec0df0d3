from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import check, check_all, lower_model, node_model, parse

KINDS = {
    "Equal": "equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "Less": "less",
    "LessOrEqual": "less_equal",
}
LOGICAL = {"And": "logical_and", "Or": "logical_or", "Xor": "logical_xor"}


@pytest.mark.parametrize("kind", ["float", "int32", "int64"])
def test_comparisons(kind: str) -> None:
    models, feeds = [], []
    numbers = np.random.default_rng(0).integers(-2, 3, (2, 3, 4))
    dtype = {"float": np.float32, "int32": np.int32, "int64": np.int64}[kind]
    for op_type in KINDS:
        body = f"{kind}[2,3,4] a, {kind}[3,1] b) => (bool[2,3,4] y) {{ y = {op_type}(a, b) }}"
        models.append(parse(f"agraph ({body}"))
        feeds.append({"a": numbers.astype(dtype), "b": np.array([[0], [1], [2]], dtype)})
    kinds = check_all(models, feeds=feeds, tolerance=0)
    assert [one for one in kinds if one != "cast"] == list(KINDS.values())


def test_logical_operators() -> None:
    both = np.array(list(itertools.product([False, True], repeat=2)))
    models = [
        parse(f"agraph (bool[4] a, bool[4] b) => (bool[4] y) {{ y = {op_type}(a, b) }}")
        for op_type in (*LOGICAL, "Equal")
    ]
    feeds = [{"a": both[:, 0], "b": both[:, 1]}] * len(models)
    kinds = [kind for kind in check_all(models, feeds=feeds, tolerance=0) if kind != "cast"]
    assert kinds == [*LOGICAL.values(), "logical_xor", "logical_not"]


def where(condition: Any, a: Any, b: Any, kind: str = "float") -> Any:
    def shape(extents: Any) -> str:
        return "[" + ",".join(map(str, extents)) + "]"

    result = shape(np.broadcast_shapes(condition, a, b))
    return parse(
        f"agraph (bool{shape(condition)} c, {kind}{shape(a)} a, {kind}{shape(b)} b)"
        f" => ({kind}{result} y) {{ y = Where(c, a, b) }}"
    )


def test_where_broadcasts() -> None:
    shapes = [
        ((2, 3, 4), (2, 3, 4), (2, 3, 4)),
        ((4,), (2, 3, 4), (3, 1)),
        ((2, 3, 4), (1,), (4,)),  # coremltools looks at the two choices alone
        ((2, 3, 1), (1, 4), (1,)),
        ((3, 4), (2, 1, 1), (1,)),
    ]
    models = [where(*one) for one in shapes]
    rng = np.random.default_rng(0)
    feeds = [
        {
            "c": rng.integers(0, 2, c).astype(bool),
            "a": rng.standard_normal(a).astype(np.float32),
            "b": rng.standard_normal(b).astype(np.float32),
        }
        for c, a, b in shapes
    ]
    kinds = check_all(models, feeds=feeds, tolerance=0)
    assert kinds.count("select") == len(shapes)


def test_where_of_integers_and_booleans() -> None:
    condition = np.array([True, False, True])
    feeds = {"c": condition, "a": np.array([1, 2, 3]), "b": np.array([4, 5, 70_001])}
    check(where((3,), (3,), (3,), "int64"), feeds=feeds, tolerance=0)
    feeds = {"c": condition, "a": np.array([True, False, False]), "b": ~condition}
    # ONNX Runtime chooses between numbers only.
    reference = parse(
        "agraph (bool[3] c, bool[3] a, bool[3] b) => (bool[3] y)"
        " { n = Not(c)  l = And(c, a)  r = And(n, b)  y = Or(l, r) }"
    )
    check(where((3,), (3,), (3,), "bool"), feeds=feeds, tolerance=0, reference=reference)


def test_where_with_constants() -> None:
    """What masked_fill becomes."""
    model = parse(
        "agraph (float[2,3] x) => (float[2,3] y)"
        " <float[1] low = {-1000}, float[1] zero = {0}>"
        " { c = Greater(x, zero)  y = Where(c, x, low) }"
    )
    assert check(model) == ["greater", "select"]


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL])
def test_triangles(dtype: int) -> None:
    models, feeds = [], []
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    name = {TensorProto.FLOAT: "float", TensorProto.INT64: "int64"}.get(dtype, "bool")
    numbers = np.random.default_rng(0).integers(0, 2, (2, 3, 5)).astype(kind)
    for upper, k in itertools.product((0, 1), (-2, 0, 1)):
        body = f"<int64 k = {{{k}}}> {{ y = Trilu<upper = {upper}>(x, k) }}"
        models.append(parse(f"agraph ({name}[2,3,5] x) => ({name}[2,3,5] y) {body}"))
        feeds.append({"x": numbers})
    check_all(models, feeds=feeds, tolerance=0)


def test_a_triangle_of_infinite_numbers() -> None:
    """As in causal masks: the other half is 0, not NaN."""
    full = np.full((3, 3), -np.inf, np.float32)
    model = node_model("Trilu", {"x": (3, 3), "k": np.array(1)})
    lowered = lower_model(model)
    assert lowered.io.outputs[0].shape == (3, 3)
    nodes = "m = Trilu<upper = 1>(x, k) y = Exp(m)"
    check(
        parse(f"agraph (float[3,3] x) => (float[3,3] y) <int64 k = {{1}}> {{ {nodes} }}"),
        feeds={"x": full},
    )


def test_a_computed_diagonal_is_unsupported() -> None:
    model = parse("agraph (float[3,3] x, int64 k) => (float[3,3] y) { y = Trilu(x, k) }")
    with pytest.raises(UnsupportedError) as error:
        lower_model(model)
    assert "the diagonal of Trilu must be a constant" in error.value.why
