from __future__ import annotations

import numpy as np
import pytest

from _edgeship.errors import UnsupportedError
from tests.export.coreml.ops.harness import check, check_all, lower_model, parse


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_shifts(direction: str) -> None:
    for dtype, numbers in (("uint8", [16, 255, 1]), ("uint32", [16, 40_000, 1])):
        kind = np.dtype(dtype)
        body = f'<{dtype}[3] k = {{1, 2, 3}}> {{ y = BitShift<direction = "{direction}">(x, k) }}'
        model = parse(f"agraph ({dtype}[3] x) => ({dtype}[3] y) {body}")
        check(model, feeds={"x": np.array(numbers, kind)}, tolerance=0)


def test_shifts_by_computed_numbers() -> None:
    """By as many bits as there are, or more, nothing is left."""
    for direction in ("LEFT", "RIGHT"):
        body = f'{{ y = BitShift<direction = "{direction}">(x, k) }}'
        model = parse(f"agraph (uint8[4] x, uint8[4] k) => (uint8[4] y) {body}")
        feeds = {"x": np.array([255, 129, 16, 3], np.uint8), "k": np.array([7, 1, 0, 4], np.uint8)}
        check(model, feeds=feeds, tolerance=0)


def test_shifts_that_may_be_anything_are_unsupported() -> None:
    for port, constant in (("uint32[2] k", ""), ("uint32[2] z", "<uint32[2] k = {1, 31}>")):
        body = '{ y = BitShift<direction = "LEFT">(x, k) }'
        model = parse(f"agraph (uint32[2] x, {port}) => (uint32[2] y) {constant} {body}")
        with pytest.raises(UnsupportedError) as error:
            lower_model(model)
        assert "BitShift by" in error.value.why


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "int64"])
def test_bits(dtype: str) -> None:
    limits = np.iinfo(dtype if dtype != "int64" else "int32")
    numbers = np.array([0, 1, limits.min, limits.max, 85, 51, limits.max - 7], dtype)
    others = np.array([0, 3, limits.max, limits.min, 15, 102, 12], dtype)
    models, feeds = [], []
    for op_type in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        ports = f"{dtype}[7] a, {dtype}[7] b"
        models.append(parse(f"agraph ({ports}) => ({dtype}[7] y) {{ y = {op_type}(a, b) }}"))
        feeds.append({"a": numbers, "b": others})
        body = f"<{dtype}[2,1] b = {{85, 3}}> {{ y = {op_type}(a, b) }}"
        models.append(parse(f"agraph ({dtype}[7] a) => ({dtype}[2,7] y) {body}"))
        feeds.append({"a": numbers})
    models.append(parse(f"agraph ({dtype}[7] a) => ({dtype}[7] y) {{ y = BitwiseNot(a) }}"))
    feeds.append({"a": numbers})
    check_all(models, feeds=feeds, tolerance=0)
