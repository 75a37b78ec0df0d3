from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from litert_quantizer import params_generator, qtyping

from _edgeship.errors import UnsupportedError
from _edgeship.export.tflite import quantization
from _edgeship.export.tflite.building.graph import options
from _edgeship.export.tflite.refused_operators import refused_by_kernels
from tests.export.tflite.small_graphs import Small, add, sqnr_db, types


def sums() -> Small:
    """X + c, rectified, and twice that: three operators with integer kernels."""
    small = Small(x=(1, 4, 8)).constant("c", np.ones((1, 1, 8), np.float32))
    small.op("ADD", "x c", "first", (1, 4, 8), opts=add())
    small.op("RELU", "first", "second", (1, 4, 8))
    return small.op("ADD", "second second", "y", (1, 4, 8), opts=add()).out("y")


def refuse(monkeypatch: pytest.MonkeyPatch, *refused: str) -> None:
    """Let litert-quantizer's rules fail on operators."""
    manager = params_generator.algorithm_manager
    rule_of = manager.get_quantization_func

    def failing(algorithm: Any, operator: Any, mode: Any) -> Any:
        def fail(**options: Any) -> Any:
            raise ValueError(f"no rule for {operator}")

        return fail if operator in refused else rule_of(algorithm, operator, mode)

    monkeypatch.setattr(manager, "get_quantization_func", failing)


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_operators_whose_rules_fail_stay_in_float(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = sums()
    refuse(monkeypatch, qtyping.TFLOperationName.ADD)
    data = small.quantized(scheme)
    found = types(data)
    assert found["first"] == found["y"] == "float32"
    assert found["second"] == ("int8" if scheme == "int8" else "int16")
    (sample,) = small.samples(1)
    assert sqnr_db(small.run(small.data(), sample)[0], small.run(data, sample)[0]) > 35


def test_a_rule_for_what_the_network_is_given_cannot_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse(monkeypatch, qtyping.TFLOperationName.INPUT)
    with pytest.raises(UnsupportedError, match="litert-quantizer cannot"):
        sums().quantized("int8", "int8")


def test_operators_that_kernels_refuse_stay_in_float(monkeypatch: pytest.MonkeyPatch) -> None:
    """A product whose constant is on the left, where the kernel takes weights on the right."""
    small = Small(x=(1, 3, 8, 5)).constant("w", np.ones((9, 8), np.float32))
    opts = options("BatchMatMulOptions")
    small.op("BATCH_MATMUL", "w x", "y", (1, 3, 9, 5), opts=opts)
    small.op("RELU", "y", "z", (1, 3, 9, 5)).out("z")
    monkeypatch.setattr(quantization, "constants_on_the_left", lambda model: set())
    data = small.quantized("int16x8")
    assert types(data)["y"] == "float32"
    assert refused_by_kernels(data) == set()
    (sample,) = small.samples(1)
    assert sqnr_db(small.run(small.data(), sample)[0], small.run(data, sample)[0]) > 60
