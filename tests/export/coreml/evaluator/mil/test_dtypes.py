from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.coreml.evaluator.mil.dtypes import bits, decoded, nbytes, unpacked


def packed(values: list[int], width: int) -> bytes:
    """The integers as one long binary number, the first one at its low end."""
    number = sum((value % (1 << width)) << (width * i) for i, value in enumerate(values))
    return number.to_bytes(-(-len(values) * width // 8), "little")


def test_the_example_of_the_documentation() -> None:
    """Of `constexpr_lut_to_dense`: i3 i2 i1 i0 = 01 10 11 00, then i4 = 11."""
    data = np.array([0b01101100, 0b00000011], np.uint8)
    np.testing.assert_array_equal(unpacked(data, 2, 5), [0, 3, 2, 1, 3])


@pytest.mark.parametrize("width", range(1, 9))
def test_packed_integers_of_any_width(width: int) -> None:
    values = np.random.default_rng(width).integers(0, 1 << width, 29).tolist()
    data = np.frombuffer(packed(values, width), np.uint8)
    found = unpacked(data, width, 29)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, values)


def test_signed_integers_of_four_bits() -> None:
    values = list(range(-8, 8))
    found = decoded(packed(values, 4), "int4", 16)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8, np.uint16, np.int32, np.bool_])
def test_whole_bytes(dtype: type[np.generic]) -> None:
    array = np.array([0, 1, 1, 0, 1], dtype)
    name = {"float16": "fp16", "float32": "fp32"}.get(array.dtype.name, array.dtype.name)
    found = decoded(array.tobytes(), name, 5)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, array)


def test_no_elements() -> None:
    assert decoded(b"", "uint3", 0).shape == (0,)
    assert decoded(b"", "fp16", 0).shape == (0,)


def test_sizes() -> None:
    assert (bits("uint6"), bits("fp16"), bits("bool")) == (6, 16, 8)
    assert (nbytes("uint3", 3), nbytes("int4", 4), nbytes("fp32", 2)) == (2, 2, 8)
