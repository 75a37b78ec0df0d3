"""ONNX's backend cases: every one is computed right, or refused for a reason in the table."""

from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np
import pytest

from export.errors import UnsupportedError
from export.tflite.ops import LOWERINGS
from export.verification.metrics import compare
from tests.export.tflite.conformance.cases import Case, all_cases, bound, expected
from tests.export.tflite.conformance.refusals import REFUSALS
from tests.export.tflite.ops.harness import lower_model, run_lowered

CASES = all_cases()

#: Cases that are no more exact than this fraction of the range: the results are rounded to 16
#: bits, or typed by hand.
TOLERANCES = {
    "test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3,
    "test_cast_*_to_BFLOAT16": 4e-3,
    "test_cast_*_to_FLOAT16": 1e-3,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    model, inputs = bound(case)
    reasons = [reason for pattern, reason in REFUSALS.items() if fnmatchcase(case.name, pattern)]
    if reasons:
        with pytest.raises(UnsupportedError) as error:
            lower_model(model)
        assert any(reason in error.value.why for reason in reasons)
        return
    found = run_lowered(lower_model(model), inputs)
    wanted = expected(case)[: len(found)]
    shaped = [
        # A scalar comes back as an array of one element.
        a.reshape(w.shape) if w.ndim == 0 else a
        for a, w in zip(found, wanted, strict=True)
    ]
    tolerance = max(t for p, t in {**TOLERANCES, "*": 1e-5}.items() if fnmatchcase(case.name, p))
    assert compare([wanted], [shaped]).max_rel <= tolerance


def test_the_tables_name_cases_that_exist() -> None:
    names = [case.name for case in CASES]
    for pattern in (*REFUSALS, *TOLERANCES):
        assert any(fnmatchcase(name, pattern) for name in names), pattern


def test_every_lowering_has_a_case() -> None:
    covered = {node.op_type for case in CASES for node in case.model.graph.node}
    assert set(LOWERINGS) - covered == set()


def test_weights_become_constants_and_activations_stay_inputs() -> None:
    (conv,) = (case for case in CASES if case.name == "test_basic_conv_with_padding")
    model, inputs = bound(conv)
    assert [port.name for port in model.graph.input] == ["x"] == list(inputs)
    assert [tensor.name for tensor in model.graph.initializer] == ["W"]
    assert np.array_equal(inputs["x"], conv.inputs[0])
