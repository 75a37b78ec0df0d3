"""ONNX's backend cases: every one is computed right, or refused for a reason in the table."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conformance.cases import Case, bound, within
from tests.conformance.refusals.refusal import idle_patterns
from tests.conformance.running import TOLERANCES, run
from tests.conformance.sources import MISSING, all_sources, libonnx_testdata, onnx_wheel
from tests.conformance.targets import TARGETS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("target", TARGETS)
def test_every_case_is_computed_or_refused_as_expected(target: str) -> None:
    runs = run(TARGETS[target](), all_sources())
    assert all(each.results for each in runs)
    failures = [
        f"{each.source}: {result.case}: {result.message}"
        for each in runs
        for result in each.failures
    ]
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("target", TARGETS)
def test_every_lowering_has_a_case(target: str) -> None:
    operators = TARGETS[target]().operators
    cases = within(onnx_wheel().cases, operators)
    assert set(operators) - {operator for case in cases for operator in case.operators} == set()


def test_debian_has_the_node_cases() -> None:
    source = libonnx_testdata()
    if source is None:
        pytest.skip(MISSING)
    assert len(source.cases) > 900
    assert {"test_conv_with_strides_padding", "test_gemm_all_attributes"} <= {
        case.name for case in source.cases
    }


@pytest.mark.parametrize("target", TARGETS)
def test_the_tables_name_cases_that_exist(target: str) -> None:
    if libonnx_testdata() is None:
        pytest.skip(MISSING)
    made = TARGETS[target]()
    names = {c.name for source in all_sources() for c in within(source.cases, made.operators)}
    assert idle_patterns((p for r in made.refusals for p in r.cases), names) == []
    assert idle_patterns(TOLERANCES, names) == []


def _case(name: str) -> Case:
    [case] = (case for case in onnx_wheel().cases if case.name == name)
    return case


def test_weights_become_constants_and_activations_stay_inputs() -> None:
    conv = _case("test_basic_conv_with_padding")
    model, inputs = bound(conv)
    assert [port.name for port in model.graph.input] == ["x"] == list(inputs)
    assert [tensor.name for tensor in model.graph.initializer] == ["W"]
    assert np.array_equal(inputs["x"], conv.data[0][0])


def test_the_identity_of_a_case_is_its_model_and_its_inputs() -> None:
    relu, other = _case("test_relu"), _case("test_sigmoid")
    assert relu.identity == Case("another name", relu.model, relu.read).identity
    assert relu.identity != other.identity
    changed = Case(relu.name, relu.model, lambda: ([relu.data[0][0] + 1], relu.data[1]))
    assert relu.identity != changed.identity
