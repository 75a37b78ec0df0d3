"""How much of the weights changed."""

from __future__ import annotations

import numpy as np
import pytest

from _edgeship.export.differences.weights import compare_weights


def test_elements_are_counted_with_their_bytes() -> None:
    generator = np.random.default_rng(0)
    before = {"w": generator.standard_normal((10, 10)).astype(np.float32), "b": np.arange(5)}
    after = {name: values.copy() for name, values in before.items()}
    after["w"].flat[:7] += 1
    found = compare_weights(before, after)
    assert (found.tensors, found.changed_tensors) == (2, 1)
    assert (found.size, found.changed) == (440, 28)
    assert found.share == pytest.approx(28 / 440)


def test_equal_weights_are_unchanged_whatever_is_in_them() -> None:
    values = {"w": np.array([np.nan, -0.0, np.inf], np.float32), "e": np.zeros((0, 3), np.int8)}
    copies = {name: one.copy() for name, one in values.items()}
    assert compare_weights(values, copies).changed_tensors == 0
    assert compare_weights({}, {}).share == 0


def test_other_shapes_and_types_are_all_new_and_other_names_are_not() -> None:
    values = np.arange(12, dtype=np.float32)
    assert compare_weights({"w": values}, {"w": values.reshape(3, 4)}).changed == 48
    assert compare_weights({"w": values}, {"w": values.astype(np.float16)}).changed == 24
    assert compare_weights({"w": values}, {"renamed": values}).changed == 0
    assert compare_weights({"w": values}, {"w": values, "more": values}).changed == 48
